"""A look is read leniently, written sparingly, and what is wrong with it is told field by field."""

import pytest

from app.domain.palette import Ground
from app.domain.pictures import Picture
from app.domain.theme import (
    MAX_PARENTS,
    USUAL,
    Corners,
    Fonts,
    Mode,
    Theme,
    Tone,
    parse,
    read_origin,
)

PICTURE = Picture("0123456789abcdef" * 2, 1200, 800)
FULL = Theme(
    logo=PICTURE,
    logo_tone=Tone.DARK,
    hero=PICTURE,
    hero_alt="A beach at dusk",
    colour="#0a7cff",
    ground=Ground.COOL,
    fonts=Fonts.SERIF,
    mode=Mode.DARK,
    corners=Corners.ROUND,
    parents=("https://shop.example.org",),
)


@pytest.mark.parametrize("theme", [USUAL, FULL, Theme(colour="#000000"), Theme(corners=Corners.SHARP)])
def test_a_look_comes_back_as_it_was(theme: Theme) -> None:
    reading = parse(theme.to_document())
    assert (reading.theme, reading.problems) == (theme, ())


def test_the_usual_look_writes_nothing_down() -> None:
    assert USUAL.to_document() == {}
    assert USUAL.has_usual_style
    assert Theme(logo=PICTURE, parents=("https://example.org",)).has_usual_style
    assert not FULL.has_usual_style


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ({"logo": "../../etc/passwd"}, "logo"),
        ({"hero": "nothing"}, "hero"),
        ({"hero_alt": "x" * 201}, "hero_alt"),
        ({"hero_alt": "a\u202eb"}, "hero_alt"),
        ({"colour": "red;}"}, "colour"),
        ({"ground": "velvet"}, "ground"),
        ({"fonts": "comic"}, "fonts"),
        ({"mode": ["dark"]}, "mode"),
        ({"corners": None}, "corners"),
        ({"logo_tone": "grey"}, "logo_tone"),
        ({"parents": "https://example.org"}, "parents"),
        ({"parents": ["http://example.org"]}, "parents"),
        ({"parents": ["https://" + "a" * 200 + ".org"]}, "parents"),
        ({"parents": [f"https://a{number}.example.org" for number in range(MAX_PARENTS + 1)]}, "parents"),
        ([], "theme"),
        (None, "theme"),
    ],
)
def test_what_will_not_do_is_told_and_replaced(document: object, field: str) -> None:
    reading = parse(document)
    assert reading.theme == USUAL
    assert [problem.field for problem in reading.problems] == [field]


def test_what_is_right_stays_beside_what_is_wrong() -> None:
    reading = parse(
        {"colour": "FFF", "ground": "velvet", "hero": 7, "parents": ["https://EXAMPLE.org/", "x"]}
    )
    assert reading.theme == Theme(colour="#ffffff", parents=("https://example.org",))
    assert [problem.field for problem in reading.problems] == ["ground", "parents"]


def test_without_a_colour_of_its_own_a_campaign_has_that_of_its_accent() -> None:
    assert Theme().brand("teal") == "#007270"
    assert Theme().brand("no such word") == Theme().brand("indigo")
    assert FULL.brand("teal") == "#0a7cff"


def test_a_settled_mode_has_one_palette() -> None:
    light, dark = Theme().palettes("rose")
    assert (light.is_dark, dark.is_dark) == (False, True)
    assert Theme(mode=Mode.LIGHT).palettes("rose") == (light, light)
    assert Theme(mode=Mode.DARK).palettes("rose") == (dark, dark)


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://shop.example.org", "https://shop.example.org"),
        (" https://Shop.Example.org/ ", "https://shop.example.org"),
        ("https://shop.example.org:443", "https://shop.example.org"),
        ("https://shop.example.org:8443", "https://shop.example.org:8443"),
        ("https://çiçek.example", "https://xn--iek-1lab.example"),
        ("http://localhost:5000", "http://localhost:5000"),
        ("http://127.0.0.1", "http://127.0.0.1"),
    ],
)
def test_origins_are_written_as_browsers_compare_them(text: str, origin: str) -> None:
    assert read_origin(text) == origin


@pytest.mark.parametrize(
    "text",
    [
        *("", "*", "https://", "shop.example.org", "https://*.example.org", "https://example.org/shop"),
        *("http://example.org", "https://a b.org", "https://user@example.org", "https://example.org?x=1"),
        *("https://example.org#", "https://example.org:99999", "javascript:alert(1)", "https://intranet"),
        *("https://example.org;script-src", "https://example.org 'self'", "https://[::1]", "http://[zz]"),
        *("https://.example.org", "https://-a.org", "data:text/html,x", "https://exam\nple.org'"),
    ],
)
def test_what_is_no_origin_never_gets_into_a_header(text: str) -> None:
    assert read_origin(text) is None
