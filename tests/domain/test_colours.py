"""Colours are read, compared and changed as the standards they follow say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.colours import (
    BLACK,
    TEXT,
    WHITE,
    Oklch,
    contrast,
    luminance,
    read_colour,
    readable,
    text_on,
    to_hex,
    to_oklch,
)

COLOURS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


@pytest.mark.parametrize(
    ("text", "colour"),
    [("#0A7CFF", "#0a7cff"), (" 0a7cff ", "#0a7cff"), ("#abc", "#aabbcc"), ("fff", WHITE)],
)
def test_colours_are_read_as_people_write_them(text: str, colour: str) -> None:
    assert read_colour(text) == colour


@pytest.mark.parametrize("text", ["", "#", "#12345", "red", "#ggg", "#0a7cff;}", "#٠٠٠٠٠٠", "0x123456"])
def test_what_is_no_colour_is_none(text: str) -> None:
    assert read_colour(text) is None


def test_contrast_is_that_of_the_standard() -> None:
    assert contrast(BLACK, WHITE) == pytest.approx(21)
    assert contrast("#777777", "#777777") == 1
    assert contrast("#767676", WHITE) == pytest.approx(4.54, abs=0.005)  # the lightest grey that passes
    assert luminance("#ff0000") == pytest.approx(0.2126)


def test_lightness_is_that_of_its_author() -> None:
    red = to_oklch("#ff0000")
    assert red.lightness == pytest.approx(0.62796, abs=1e-4)
    assert red.chroma == pytest.approx(0.25768, abs=1e-4)


@given(COLOURS)
def test_a_colour_comes_back_as_it_was(colour: str) -> None:
    assert to_hex(to_oklch(colour)) == colour


def test_a_colour_no_screen_has_loses_its_strength_and_not_its_hue() -> None:
    shown = to_oklch(to_hex(Oklch(0.7, 0.5, 1.0)))
    assert shown.chroma < 0.2
    assert shown.hue == pytest.approx(1.0, abs=0.02)


@given(COLOURS, COLOURS)
def test_a_colour_is_made_readable(colour: str, ground: str) -> None:
    darker, lighter = readable(colour, [ground]), readable(colour, [ground], lighter=True)
    assert max(contrast(darker, ground), contrast(lighter, ground)) >= TEXT


def test_a_readable_colour_is_left_as_it_is() -> None:
    assert readable("#0b5fff", [WHITE]) == "#0b5fff"
    assert readable("#0b5fff", [WHITE], 7) != "#0b5fff"


def test_where_nothing_helps_it_ends_at_black_or_white() -> None:
    assert readable("#404040", [BLACK]) == BLACK
    assert readable("#808080", [WHITE], lighter=True) == WHITE


@given(COLOURS)
def test_there_is_a_text_for_every_ground(ground: str) -> None:
    assert contrast(text_on(ground), ground) >= TEXT
