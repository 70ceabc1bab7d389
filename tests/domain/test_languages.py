"""Which language a tag names."""

import pytest

from app.domain.languages import STAFF, direction, spoken


@pytest.mark.parametrize(
    ("tag", "language"),
    [("de", "de"), ("de-AT", "de"), ("TR", "tr"), ("ar_EG", "ar"), ("fr", None), ("", None), (None, None)],
)
def test_a_tag_names_a_language_we_speak_or_none(tag: str | None, language: str | None) -> None:
    assert spoken(tag) == language


def test_the_console_speaks_fewer() -> None:
    assert spoken("de", STAFF) is None


def test_arabic_runs_from_right_to_left() -> None:
    assert (direction("ar"), direction("tr")) == ("rtl", "ltr")
