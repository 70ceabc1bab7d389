"""Search keys: one for every spelling, and what begins a text begins its key."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.search_keys import LAST, MAX_LENGTH, keys_of, search_key


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("Ayşe  YILMAZ", "ayse yilmaz"),
        ("İSTANBUL ığır", "istanbul igir"),
        ("Straße", "strasse"),
        ("ＦＵＬＬ width", "full width"),
        (" Zoë\tO’Neil\0 ", "zoe o’neil"),
        ("Σίσυφος", "σισυφοσ"),
        ("", ""),
    ],
)
def test_spellings(typed: str, key: str) -> None:
    assert search_key(typed) == key


def test_a_name_has_a_key_from_each_word_on() -> None:
    assert keys_of("Anna-Lena de Vries", "A@Example.org") == (
        "anna-lena de vries",
        "lena de vries",
        "de vries",
        "vries",
        "a@example.org",
    )
    assert keys_of("anna anna", "anna") == ("anna anna", "anna")
    assert len(keys_of("a b c d e f g h", "x")) == 7


@given(st.text(max_size=60), st.integers(0, 60))
def test_a_beginning_finds_the_whole(text: str, length: int) -> None:
    whole, part = search_key(text), search_key(text[:length])
    assert len(whole) <= MAX_LENGTH
    # A letter that is only whole with what follows (Hangul, combining marks) may need that to be found.
    if whole.startswith(part):
        assert part <= whole < part + LAST or part == ""


@given(st.text(alphabet="abcçğıIİöşüÇĞÖŞÜ -'", max_size=40), st.integers(0, 40))
def test_in_turkish_every_beginning_finds_the_whole(text: str, length: int) -> None:
    assert search_key(text).startswith(search_key(text[:length]))
