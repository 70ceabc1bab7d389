"""All colours of a page, worked out from a brand's one colour so that each is read where it stands.

The neutrals of the ground WARM, and the status colours, are those of static/css/tokens.css.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from app.domain.colours import (
    BLACK,
    GRAPHIC,
    TEXT,
    WHITE,
    Oklch,
    contrast,
    readable,
    text_on,
    to_hex,
    to_oklch,
)


class Ground(StrEnum):
    """The tone of the page behind everything."""

    WARM = "warm"
    COOL = "cool"
    PLAIN = "plain"
    BRAND = "brand"


# The colour each word of campaign.accent stands for, where no colour of one's own is chosen.
ACCENT_COLOURS = {
    "indigo": "#3f4eca",
    "teal": "#007270",
    "rose": "#b00d4c",
    "amber": "#f6ae2f",
    "forest": "#1d723e",
    "violet": "#7838b6",
    "sky": "#026a9d",
    "ink": "#2a2520",
}
_LIGHT = {
    "paper": "#fbf9f5",
    "card": "#ffffff",
    "sunk": "#f4f1ed",
    "line": "#e5e3dd",
    "line-strong": "#cdcac3",
    "field": "#857f77",
    "muted": "#655f58",
    "ink": "#1f1b16",
}
_DARK = {
    "paper": "#12100e",
    "card": "#1c1a17",
    "sunk": "#0d0b09",
    "line": "#2f2c28",
    "line-strong": "#433f3a",
    "field": "#7f7973",
    "muted": "#ada9a1",
    "ink": "#f1eee9",
}
_STATUS_LIGHT = {
    "good": "#006129",
    "good-soft": "#e5f5e7",
    "warn": "#704500",
    "warn-soft": "#fbeedf",
    "bad": "#970818",
    "bad-soft": "#feebe9",
    "info": "#005486",
    "info-soft": "#e4f2ff",
}
_STATUS_DARK = {
    "good": "#9ad5a5",
    "good-soft": "#1b2e1f",
    "warn": "#eaba83",
    "warn-soft": "#352513",
    "bad": "#feaba4",
    "bad-soft": "#401d1b",
    "info": "#92cbfb",
    "info-soft": "#182b3b",
}
_COOL_HUE = 4.45  # radians: a blue that is nearly grey


@dataclass(frozen=True, slots=True)
class Palette:
    """A page's colours by the names static/css/tokens.css gives them, in light or in dark."""

    colours: Mapping[str, str]
    is_dark: bool

    def __getitem__(self, name: str) -> str:
        return self.colours[name]

    def contrast(self, text: str, ground: str) -> float:
        """How well one colour is read on another, both by name."""
        return contrast(self.colours[text], self.colours[ground])


def palette(brand: str, ground: Ground = Ground.WARM, *, dark: bool = False) -> Palette:
    """The colours of a page in this brand's colour (`#rrggbb`).

    Text has a contrast of 4.5 at least wherever it may stand, outlines of 3.
    """
    neutral = _neutrals(brand, ground, dark=dark)
    status = _STATUS_DARK if dark else _STATUS_LIGHT
    return Palette(neutral | status | _accents(brand, neutral, dark=dark), dark)


def _neutrals(brand: str, ground: Ground, *, dark: bool) -> dict[str, str]:
    usual = _DARK if dark else _LIGHT
    if ground is Ground.WARM:
        return dict(usual)
    return {name: _toned(colour, brand, ground) for name, colour in usual.items()}


def _toned(colour: str, brand: str, ground: Ground) -> str:
    if colour == WHITE:
        return colour
    warm = to_oklch(colour)
    if ground is Ground.PLAIN:
        return to_hex(replace(warm, chroma=0.0))
    if ground is Ground.COOL:
        return to_hex(replace(warm, chroma=1.3 * warm.chroma, hue=_COOL_HUE))
    own = to_oklch(brand)
    return to_hex(Oklch(warm.lightness, min(2.4 * warm.chroma, own.chroma), own.hue))


def _accents(brand: str, neutral: Mapping[str, str], *, dark: bool) -> dict[str, str]:
    own = to_oklch(brand)
    paper, card = neutral["paper"], neutral["card"]
    accent = readable(brand, (paper, card), GRAPHIC, lighter=True) if dark else brand
    on_accent = text_on(accent)
    if dark:
        soft = to_hex(Oklch(0.27, min(0.4 * own.chroma, 0.05), own.hue))
    else:
        soft = to_hex(Oklch(0.955, min(0.25 * own.chroma, 0.03), own.hue))
    grounds = (paper, card, neutral["sunk"], soft)
    start = replace(own, lightness=max(own.lightness, 0.74) if dark else min(own.lightness, 0.47))
    return {
        "accent": accent,
        "accent-hover": _hover(accent, on_accent),
        "on-accent": on_accent,
        "accent-soft": soft,
        "accent-border": readable(
            replace(own, lightness=0.58 if dark else 0.62), (paper, card), GRAPHIC, lighter=dark
        ),
        "accent-ink": readable(start, grounds, TEXT, lighter=dark),
    }


def _hover(accent: str, text: str) -> str:
    """A little further away from the text on it; nearer, and still read, where there is no room."""
    own = to_oklch(accent)
    away = -0.05 if contrast(text, BLACK) > contrast(text, WHITE) else 0.05
    shades = (
        to_hex(replace(own, lightness=min(max(own.lightness + change, 0.0), 1.0)))
        for change in (away, -2 * away)
    )
    return next(shade for shade in shades if shade != accent)
