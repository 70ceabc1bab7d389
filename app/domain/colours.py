"""Colours: sRGB as `#rrggbb`, how well one is read on another, and what may stand beside a brand's colour.

Contrast is that of WCAG 2.2 ("contrast ratio" and "relative luminance", https://www.w3.org/TR/WCAG22/).
Lightness is changed in OKLCH, which keeps the hue (Björn Ottosson, https://bottosson.github.io/posts/oklab/).
"""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

TEXT = 4.5  # the least contrast of text (WCAG 1.4.3)
GRAPHIC = 3.0  # the least contrast of an outline one has to see (WCAG 1.4.11)
WHITE, BLACK = "#ffffff", "#000000"

_COLOUR = re.compile(r"#?([0-9a-f]{6}|[0-9a-f]{3})", re.ASCII | re.IGNORECASE)
_STEP = 0.01


@dataclass(frozen=True, slots=True)
class Oklch:
    """A colour by lightness (0 to 1), chroma (0 is grey) and hue (radians)."""

    lightness: float
    chroma: float
    hue: float


def read_colour(text: str) -> str | None:
    """The colour as `#rrggbb`; None for what is no colour. `#abc` and missing signs are understood."""
    found = _COLOUR.fullmatch(text.strip())
    if found is None:
        return None
    digits = found[1].lower()
    return "#" + (digits if len(digits) == 6 else "".join(digit * 2 for digit in digits))


def luminance(colour: str) -> float:
    """The relative luminance of WCAG 2.2, from 0 (black) to 1 (white)."""
    red, green, blue = _linear(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2.2, from 1 to 21."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def to_oklch(colour: str) -> Oklch:
    """A colour's lightness, chroma and hue."""
    red, green, blue = _linear(colour)
    long = math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue)
    middle = math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue)
    short = math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue)
    lightness = 0.2104542553 * long + 0.7936177850 * middle - 0.0040720468 * short
    a = 1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short
    b = 0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short
    return Oklch(lightness, math.hypot(a, b), math.atan2(b, a))


def to_hex(colour: Oklch) -> str:
    """The colour as `#rrggbb`; with less chroma where the screen has no such colour."""
    low, high = 0.0, colour.chroma
    if _fits(_to_linear(colour)):
        low = high
    else:
        for _turn in range(20):
            middle = (low + high) / 2
            low, high = (middle, high) if _fits(_to_linear(replace(colour, chroma=middle))) else (low, middle)
    return "#" + "".join(f"{_encoded(channel):02x}" for channel in _to_linear(replace(colour, chroma=low)))


def readable(
    colour: str | Oklch, grounds: Iterable[str], least: float = TEXT, *, lighter: bool = False
) -> str:
    """The colour, as little darker (or lighter) as it takes to be read on each of these grounds.

    Ends at black (or white), which may still fall short.
    """
    behind = tuple(grounds)
    tried = to_oklch(colour) if isinstance(colour, str) else colour
    found = colour if isinstance(colour, str) else to_hex(colour)
    while not all(contrast(found, ground) >= least for ground in behind):
        lightness = tried.lightness + (_STEP if lighter else -_STEP)
        if not 0 <= lightness <= 1:
            return WHITE if lighter else BLACK
        tried = replace(tried, lightness=lightness)
        found = to_hex(tried)
    return found


def text_on(ground: str) -> str:
    """White, or a very dark tint of the ground, or black: the first that is read on it. One always is."""
    tint = to_oklch(ground)
    dark = to_hex(Oklch(0.19, min(tint.chroma, 0.04), tint.hue))
    return next(one for one in (WHITE, dark, BLACK) if contrast(one, ground) >= TEXT)


def _linear(colour: str) -> tuple[float, float, float]:
    """The channels, each as light and not as the screen's number."""
    red, green, blue = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    return _decoded(red), _decoded(green), _decoded(blue)


def _decoded(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4


def _encoded(light: float) -> int:
    light = min(max(light, 0.0), 1.0)
    channel = 12.92 * light if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055
    return round(channel * 255)


def _to_linear(colour: Oklch) -> tuple[float, float, float]:
    a, b = colour.chroma * math.cos(colour.hue), colour.chroma * math.sin(colour.hue)
    long = (colour.lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (colour.lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (colour.lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short,
    )


def _fits(channels: tuple[float, float, float]) -> bool:
    return all(-0.0005 <= channel <= 1.0005 for channel in channels)
