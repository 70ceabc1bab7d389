"""Texts that staff type in."""

import pytest

from app.domain.errors import InvalidInput
from app.services.fields import many_lines, one_line


def test_a_line_is_trimmed_and_normalised() -> None:
    assert one_line("name", "  Ays\u0327e  ", 10) == "Ay\u015fe"


@pytest.mark.parametrize("text", ["", " ", "x" * 11, "a\nb", "a\0b", "a\u202eb"])
def test_a_line_that_will_not_do(text: str) -> None:
    with pytest.raises(InvalidInput):
        one_line("name", text, 10)


def test_lines_have_plain_ends() -> None:
    assert many_lines("text", " a\r\nb\rc\n\n", 10) == "a\nb\nc"


@pytest.mark.parametrize("text", ["x" * 11, "a\0b", "a\x1bb"])
def test_lines_that_will_not_do(text: str) -> None:
    with pytest.raises(InvalidInput):
        many_lines("text", text, 10)
