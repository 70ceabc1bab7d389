"""Every pair of colours that may meet on a page is readable, in light and in dark, for every accent."""

import re
from itertools import product
from pathlib import Path

import pytest

TOKENS = Path(__file__).parents[2] / "static" / "css" / "tokens.css"
ACCENTS = ("indigo", "teal", "rose", "amber", "forest", "violet", "sky", "ink")
MODES = ("light", "dark")
TEXT, GRAPHIC = 4.5, 3.0


def declared(css: str) -> dict[str, str]:
    """Return the custom properties of `css` whose value is a six-digit colour."""
    return dict(re.findall(r"--([\w-]+):\s*(#[0-9a-f]{6});", css))


def palette(mode: str, accent: str) -> dict[str, str]:
    """Return the colours a page with this accent has in this mode, as the cascade would choose them."""
    light, dark = TOKENS.read_text(encoding="utf-8").split("@media (prefers-color-scheme: dark)")
    colours: dict[str, str] = {}
    for css in (light, dark) if mode == "dark" else (light,):
        for selector, body in re.findall(r"([^{}]+)\{([^{}]*)\}", css):
            if ":root" in selector or f"[data-accent={accent}]" in selector:
                colours |= declared(body)
    return colours


def luminance(colour: str) -> float:
    """Return the relative luminance of WCAG 2.2."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of WCAG 2.2, from 1 to 21."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_contrast_knows_its_ends() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#777777") == 1


@pytest.mark.parametrize(("mode", "accent"), list(product(MODES, ACCENTS)))
def test_an_accent_is_readable_with_its_companions(mode: str, accent: str) -> None:
    c = palette(mode, accent)
    pairs = [("on-accent", "accent"), ("on-accent", "accent-hover"), ("ink", "accent-soft")]
    pairs += [("accent-ink", ground) for ground in ("paper", "card", "sunk", "accent-soft")]
    for text, ground in pairs:
        assert contrast(c[text], c[ground]) >= TEXT, f"{text} on {ground}"
    for ground in ("paper", "card"):
        assert contrast(c["accent-border"], c[ground]) >= GRAPHIC, f"accent-border on {ground}"


@pytest.mark.parametrize("mode", MODES)
def test_ink_muted_and_status_are_readable_on_every_ground(mode: str) -> None:
    c = palette(mode, "indigo")
    for text, ground in product(("ink", "muted", "good", "warn", "bad", "info"), ("paper", "card", "sunk")):
        assert contrast(c[text], c[ground]) >= TEXT, f"{text} on {ground}"
    for status in ("good", "warn", "bad", "info"):
        assert contrast(c[status], c[f"{status}-soft"]) >= TEXT, status
    for ground in ("paper", "card"):
        assert contrast(c["field"], c[ground]) >= GRAPHIC, f"field on {ground}"


@pytest.mark.parametrize("accent", ACCENTS)
def test_dark_is_not_light_again(accent: str) -> None:
    assert palette("light", accent)["accent"] != palette("dark", accent)["accent"]
