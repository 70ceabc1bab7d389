"""A campaign's look: pictures, colour, type and shape, and which sites may show it in a frame."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar
from urllib.parse import urlsplit

from app.domain.colours import read_colour
from app.domain.errors import InvalidInput
from app.domain.identity import is_loopback
from app.domain.palette import ACCENT_COLOURS, Ground, Palette, palette
from app.domain.pictures import Picture, read_picture
from app.domain.texts import is_showable

MAX_ALT = 200
MAX_PARENTS = 20
MAX_PARENT = 200

Word = TypeVar("Word", bound=StrEnum)
_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+")


class Mode(StrEnum):
    """Light, dark, or as the visitor's device has it."""

    FOLLOW = "follow"
    LIGHT = "light"
    DARK = "dark"


class Corners(StrEnum):
    """How round boxes, fields and buttons are."""

    SHARP = "sharp"
    SOFT = "soft"
    ROUND = "round"


class Fonts(StrEnum):
    """A face for titles and one for reading that go together."""

    GROTESK = "grotesk"
    SERIF = "serif"
    ROUNDED = "rounded"
    POSTER = "poster"


class Tone(StrEnum):
    """What a logo that lets the ground through is drawn in: it vanishes on a ground of the same tone."""

    ANY = ""
    DARK = "dark"
    LIGHT = "light"


@dataclass(frozen=True, slots=True)
class Theme:
    """How a campaign looks. `colour` is `#rrggbb`, or "" for that of the campaign's accent; `parents` are the
    origins of the sites that may show it in a frame.
    """

    logo: Picture | None = None
    logo_tone: Tone = Tone.ANY
    hero: Picture | None = None
    hero_alt: str = ""
    colour: str = ""
    ground: Ground = Ground.WARM
    fonts: Fonts = Fonts.GROTESK
    mode: Mode = Mode.FOLLOW
    corners: Corners = Corners.SOFT
    parents: tuple[str, ...] = ()

    def to_document(self) -> dict[str, Any]:
        """What is stored: only what differs from the usual look."""
        written: dict[str, Any] = {
            "logo": str(self.logo or ""),
            "logo_tone": self.logo_tone.value,
            "hero": str(self.hero or ""),
            "hero_alt": self.hero_alt,
            "colour": self.colour,
            "ground": self.ground.value,
            "fonts": self.fonts.value,
            "mode": self.mode.value,
            "corners": self.corners.value,
            "parents": list(self.parents),
        }
        usual: dict[str, Any] = {**_USUAL_WORDS, "parents": []}
        return {name: value for name, value in written.items() if value != usual.get(name, "")}

    @property
    def has_usual_style(self) -> bool:
        """True when the style sheets all pages share are enough for it."""
        chosen = (self.colour, self.ground, self.fonts, self.mode, self.corners, self.logo_tone)
        return chosen == ("", Ground.WARM, Fonts.GROTESK, Mode.FOLLOW, Corners.SOFT, Tone.ANY)

    def brand(self, accent: str) -> str:
        """The colour of a campaign with that accent."""
        return self.colour or ACCENT_COLOURS.get(accent, ACCENT_COLOURS["indigo"])

    def palettes(self, accent: str) -> tuple[Palette, Palette]:
        """The colours of its pages in light and in dark; the same twice where the mode is settled."""
        brand = self.brand(accent)
        light = palette(brand, self.ground)
        dark = palette(brand, self.ground, dark=True)
        return {Mode.FOLLOW: (light, dark), Mode.LIGHT: (light, light), Mode.DARK: (dark, dark)}[self.mode]


@dataclass(frozen=True, slots=True)
class Reading:
    """A theme as far as it could be read, and what is wrong with the rest, a field each."""

    theme: Theme
    problems: tuple[InvalidInput, ...] = ()


_USUAL_WORDS = {"ground": "warm", "fonts": "grotesk", "mode": "follow", "corners": "soft"}
USUAL = Theme()


def parse(document: object) -> Reading:
    """Read what `to_document` wrote, or what staff ask for; whatever will not do gets its usual value."""
    if not isinstance(document, Mapping):
        return Reading(USUAL, (InvalidInput("theme", "this is no look of a campaign"),))
    reader = _Reader(document)
    theme = Theme(
        logo=reader.picture("logo"),
        logo_tone=reader.word("logo_tone", Tone.ANY),
        hero=reader.picture("hero"),
        hero_alt=reader.line("hero_alt"),
        colour=reader.colour("colour"),
        ground=reader.word("ground", Ground.WARM),
        fonts=reader.word("fonts", Fonts.GROTESK),
        mode=reader.word("mode", Mode.FOLLOW),
        corners=reader.word("corners", Corners.SOFT),
        parents=reader.parents("parents"),
    )
    return Reading(theme, tuple(reader.problems))


def read_origin(text: str) -> str | None:
    """The origin of a site (`https://shop.example.org`), as browsers compare it; None for what is none.

    Plain http is taken from this machine alone.
    """
    try:
        parts = urlsplit(text.strip())
        port, host = parts.port, (parts.hostname or "").encode("idna").decode("ascii").lower()
    except ValueError:
        return None
    if parts.path not in {"", "/"} or parts.query or parts.fragment or "@" in parts.netloc or "#" in text:
        return None
    usual = {"https": 443, "http": 80}.get(parts.scheme)
    is_here = is_loopback(host) and ":" not in host
    if usual is None or (parts.scheme == "http" and not is_here) or not (is_here or _HOST.fullmatch(host)):
        return None
    return f"{parts.scheme}://{host}" + ("" if port in {None, usual} else f":{port}")


class _Reader:
    """Reads one field after another, and keeps what was wrong."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self.problems: list[InvalidInput] = []

    def picture(self, name: str) -> Picture | None:
        text = self._text(name)
        found = read_picture(text)
        if text and found is None:
            self.problems.append(InvalidInput(name, "this is no picture that was taken in"))
        return found

    def word(self, name: str, usual: Word) -> Word:
        value = self._document.get(name, usual.value)
        try:
            return type(usual)(value)
        except ValueError:
            names = ", ".join(word.value for word in type(usual) if word.value)
            self.problems.append(InvalidInput(name, "choose one of %(names)s", names=names))
            return usual

    def line(self, name: str) -> str:
        text = unicodedata.normalize("NFC", " ".join(self._text(name).split()))
        if len(text) > MAX_ALT or not is_showable(text):
            self.problems.append(InvalidInput(name, "use at most %(limit)s characters", limit=MAX_ALT))
            return ""
        return text

    def colour(self, name: str) -> str:
        text = self._text(name)
        found = read_colour(text) if text.strip() else ""
        if found is None:
            self.problems.append(
                InvalidInput(name, "use a colour such as #0a7cff: six digits from 0 to 9 and a to f")
            )
        return found or ""

    def parents(self, name: str) -> tuple[str, ...]:
        given = self._document.get(name, [])
        if not isinstance(given, Sequence) or isinstance(given, str):
            self.problems.append(InvalidInput(name, "this is no list of sites"))
            return ()
        if len(given) > MAX_PARENTS:
            self.problems.append(InvalidInput(name, "at most %(most)s sites", most=MAX_PARENTS))
            return ()
        found: dict[str, None] = {}
        for text in map(str, given):
            origin = read_origin(text) if len(text) <= MAX_PARENT else None
            if origin is None:
                self.problems.append(
                    InvalidInput(
                        name,
                        "“%(text)s” is no address of a site: use one such as https://shop.example.org",
                        text=text[:60],
                    )
                )
            else:
                found[origin] = None
        return tuple(found)

    def _text(self, name: str) -> str:
        value = self._document.get(name, "")
        return value if isinstance(value, str) else ""
