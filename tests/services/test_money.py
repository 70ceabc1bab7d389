"""Money as people type it."""

import pytest

from app.domain.errors import InvalidInput
from app.services.money import currency_code, minor_units


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("49.90", "EUR", 4990),
        ("49,90", "TRY", 4990),
        (" 5 ", "EUR", 500),
        ("0.5", "EUR", 50),
        ("0", "EUR", 0),
        ("1200", "JPY", 1200),
        ("1200.00", "JPY", 1200),
        ("1.000", "KWD", 1000),
    ],
)
def test_what_people_write_is_read(text: str, currency: str, minor: int) -> None:
    assert minor_units(text, currency) == minor


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        *((text, "EUR") for text in ("", "1.000", "1,000", "1.234,50", "-5", "1e3", "NaN", "٥", "1_0")),
        *((text, "EUR") for text in (".5", "5.", "5 €")),
        ("9" * 14, "EUR"),
        ("12.50", "JPY"),
    ],
)  # fmt: skip
def test_what_may_be_meant_otherwise_is_refused(text: str, currency: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        minor_units(text, currency, "total")
    assert caught.value.field == "total"


def test_a_currency_has_three_letters() -> None:
    assert currency_code(" try ") == "TRY"
    for wrong in ("", "EURO", "₺", "ÄÖÜ", "EU1"):
        with pytest.raises(InvalidInput, match="three letters"):
            currency_code(wrong)
