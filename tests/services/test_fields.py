"""Texts that staff type in."""

import unicodedata

import pytest

from app.domain.errors import InvalidInput
from app.services.fields import many_lines, one_line


def test_a_line_is_trimmed_and_normalised() -> None:
    assert one_line("name", "  Ays\u0327e  ", 10) == "Ay\u015fe"


WELL = ["👩\u200d🍳", "5\u00a0€", "می\u200cخواهم", "soft\u00adly", "e\u0301", "🇹🇷", "\U0001fae8", "\ufeffa"]


@pytest.mark.parametrize("text", WELL)
def test_what_people_paste_is_kept(text: str) -> None:
    plain = unicodedata.normalize("NFC", text)
    assert one_line("name", text, 10) == plain
    assert many_lines("text", f"{text}\n\t{text}", 30) == f"{plain}\n\t{plain}"


UNSEEN = ["\u200d", "\u00ad\u200c", "\u200b", "\ufeff", "a\u2028b", "a\u2066b", "a\ud800"]


@pytest.mark.parametrize("text", ["", " ", "x" * 11, "a\nb", "a\0b", "a\u202eb", *UNSEEN])
def test_a_line_that_will_not_do(text: str) -> None:
    with pytest.raises(InvalidInput):
        one_line("name", text, 10)


def test_lines_have_plain_ends() -> None:
    assert many_lines("text", " a\r\nb\rc\n\n", 10) == "a\nb\nc"


@pytest.mark.parametrize("text", ["x" * 11, "a\0b", "a\x1bb", "a\u202eb", "a\u2029b"])
def test_lines_that_will_not_do(text: str) -> None:
    with pytest.raises(InvalidInput):
        many_lines("text", text, 10)
