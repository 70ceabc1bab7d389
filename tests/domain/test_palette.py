"""Whatever colour a brand has, everything on its pages can be read."""

import re
from itertools import product
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.domain.colours import GRAPHIC, TEXT
from app.domain.palette import ACCENT_COLOURS, Ground, palette

COLOURS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")
TOKENS = Path(__file__).parents[2] / "static" / "css" / "tokens.css"


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("ground", Ground)
@given(brand=COLOURS)
@example(brand="#000000")
@example(brand="#ffffff")
@example(brand="#ffff00")
@example(brand="#0188b1")
def test_every_text_and_outline_is_readable(brand: str, ground: Ground, dark: bool) -> None:
    found = palette(brand, ground, dark=dark)
    grounds = ("paper", "card", "sunk")
    pairs = [("on-accent", "accent"), ("on-accent", "accent-hover"), ("accent-ink", "accent-soft")]
    pairs += [("ink", "accent-soft"), *((name, f"{name}-soft") for name in ("good", "warn", "bad", "info"))]
    pairs += product(("ink", "muted", "accent-ink", "good", "warn", "bad", "info"), grounds)
    for text, behind in pairs:
        assert found.contrast(text, behind) >= TEXT, (text, behind)
    for outline, behind in product(("accent-border", "field"), grounds[:2]):
        assert found.contrast(outline, behind) >= GRAPHIC, (outline, behind)


@given(brand=COLOURS)
def test_a_light_page_shows_the_brands_colour_untouched(brand: str) -> None:
    found = palette(brand)
    assert found["accent"] == brand
    assert found["accent-hover"] != brand
    assert not found.is_dark


def test_a_dark_page_keeps_the_colour_where_it_can_be_seen() -> None:
    assert palette("#e4002b", dark=True)["accent"] == "#e4002b"
    assert palette("#1a1a2e", dark=True)["accent"] != "#1a1a2e"


def test_the_grounds_differ_and_the_card_stays_white() -> None:
    papers = {palette("#e4002b", ground)["paper"] for ground in Ground}
    assert len(papers) == len(Ground)
    assert {palette("#e4002b", ground)["card"] for ground in Ground} == {"#ffffff"}


@pytest.mark.parametrize("dark", [False, True])
def test_the_usual_neutrals_are_those_of_the_style_sheet(dark: bool) -> None:
    light, after = TOKENS.read_text(encoding="utf-8").split("@media (prefers-color-scheme: dark)")
    declared = dict(
        re.findall(r"--([\w-]+):\s*(#[0-9a-f]{6});", (after if dark else light).split("[data")[0])
    )
    found = palette("#000000", dark=dark)
    shared = declared.keys() & found.colours.keys()
    assert {"paper", "ink", "bad-soft"} <= shared
    names = {name for name in shared if not name.startswith(("accent", "on-accent"))}
    assert {name: found[name] for name in names} == {name: declared[name] for name in names}


def test_each_accent_word_has_its_colour() -> None:
    light = TOKENS.read_text(encoding="utf-8").split("@media (prefers-color-scheme: dark)")[0]
    declared = dict(re.findall(r"\[data-accent=(\w+)\] \{.*?--accent: (#[0-9a-f]{6})", light))
    assert declared == ACCENT_COLOURS
