"""Phone numbers: one way of writing for each, and nothing that is none."""

import pytest

from app.adapters.phones import e164


@pytest.mark.parametrize(
    ("text", "country", "number"),
    [
        ("0532 123 45 67", "TR", "+905321234567"),
        ("+90 (532) 123-45-67", "", "+905321234567"),
        ("0090 532 1234567", "", "+905321234567"),
        ("+49 30 901820", "TR", "+4930901820"),
        ("0532 123 45 67", "", None),
        ("0532 123 45 67", "-", None),
        ("+90 532", "", None),
        ("+90 532 123 45 67 ext. 8", "", None),
        ("call me", "TR", None),
        ("+", "", None),
    ],
)
def test_numbers(text: str, country: str, number: str | None) -> None:
    assert e164(text, country) == number
