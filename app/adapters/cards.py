"""Cards: the picture that stands beside a shared link, drawn from a campaign's look."""

import io
import threading
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, ImageOps

from app.adapters.pictures import PictureStore
from app.domain.palette import Palette
from app.domain.pictures import Picture
from app.domain.theme import Fonts, Theme

SIZE = WIDTH, HEIGHT = 1200, 630
_EDGE = 72
_SIZES = (100, 92, 84, 76, 68, 60, 52, 46, 42, 38)
_MOST_LINES = 6
_LEADING = 1.12
_QUALITY = 88
_BLEND = 3  # rings are drawn so many times larger, which makes them smooth
# The whole releases, since a card may hold any of their letters: Latin first, then the further Latin ones.
_FACES: dict[Fonts, tuple[str, float | None]] = {
    Fonts.GROTESK: ("familjen-grotesk@5.3.0/familjen-grotesk-{part}-wght-normal.woff2", 600),
    Fonts.SERIF: ("fraunces@5.3.0/fraunces-{part}-wght-normal.woff2", 600),
    Fonts.ROUNDED: ("nunito@5.3.0/nunito-{part}-wght-normal.woff2", 800),
    Fonts.POSTER: ("barlow-condensed@5.3.0/barlow-condensed-{part}-700-normal.woff2", None),
}
_LATIN = {0x131, 0x152, 0x153, 0x2C6, 0x2DA, 0x2DC, 0x20AC, 0x2122}
_one_at_a_time = threading.Lock()

Face = tuple[ImageFont.FreeTypeFont, ImageFont.FreeTypeFont]  # of the two files


@dataclass(frozen=True, slots=True)
class Card:
    """What is on a card. A title in letters that the face does not have is left out."""

    theme: Theme
    accent: str
    title: str
    sponsor: str


class CardPress:
    """Draws cards, and keeps the last ones."""

    def __init__(self, pictures: PictureStore, fonts: Path) -> None:
        self._pictures = pictures
        self._fonts = fonts
        self._kept = lru_cache(maxsize=32)(self._draw)

    def draw(self, card: Card) -> bytes:
        """The card as JPEG, 1200 by 630."""
        with _one_at_a_time:
            return self._kept(card)

    def _draw(self, card: Card) -> bytes:
        palette = card.theme.palettes(card.accent)[0]
        hero = self._picture(card.theme.hero)
        can_write = all(_has(letter) for letter in card.title)
        if hero is not None:
            image = self._beside_picture(card, palette, hero) if can_write else _filled(hero, SIZE)
        else:
            image = self._on_rings(card, palette, with_title=can_write)
        body = io.BytesIO()
        image.save(body, "JPEG", quality=_QUALITY, optimize=True)
        return body.getvalue()

    def _beside_picture(self, card: Card, palette: Palette, hero: Image.Image) -> Image.Image:
        image = Image.new("RGB", SIZE, palette["paper"])
        image.paste(_filled(hero, (WIDTH - 640, HEIGHT)), (640, 0))
        draw = ImageDraw.Draw(image)
        draw.rectangle((0, HEIGHT - 18, 640, HEIGHT), fill=palette["accent"])
        top = self._name(image, card, palette["accent-ink"], palette, 640 - _EDGE - 56)
        room = (640 - _EDGE - 56, HEIGHT - top - 2 * 56)
        self._title(draw, card, palette["ink"], (_EDGE, top + 56), room)
        return image

    def _on_rings(self, card: Card, palette: Palette, *, with_title: bool) -> Image.Image:
        image = _rings(palette["accent"], palette["on-accent"])
        text = palette["on-accent"]
        top = self._name(image, card, text, palette, WIDTH - 2 * _EDGE)
        if with_title:
            draw = ImageDraw.Draw(image)
            self._title(draw, card, text, (_EDGE, top + 48), (880, HEIGHT - top - 2 * 48))
        return image

    def _name(self, image: Image.Image, card: Card, colour: str, palette: Palette, width: int) -> int:
        """The logo, on a plate where it needs one, or the sponsor's name; returns where it ends."""
        logo = self._picture(card.theme.logo)
        if logo is not None:
            logo.thumbnail((min(width, 360), 84), Image.Resampling.LANCZOS)
            if card.theme.hero is None:
                box = (_EDGE - 24, 40, _EDGE + logo.width + 24, 40 + logo.height + 36)
                ImageDraw.Draw(image).rounded_rectangle(box, 14, fill=palette["card"])
            image.paste(logo, (_EDGE, 58), logo if logo.mode == "RGBA" else None)
            return 58 + logo.height
        if card.sponsor and all(map(_has, card.sponsor)):
            face = _face(self._fonts, card.theme.fonts, 34)
            if _width(face, card.sponsor) <= width:
                _write(ImageDraw.Draw(image), (_EDGE, 56), card.sponsor, face, colour)
        return 100

    def _title(
        self,
        draw: ImageDraw.ImageDraw,
        card: Card,
        colour: str,
        corner: tuple[int, int],
        room: tuple[int, int],
    ) -> None:
        """As large as it fits; cut off where even the smallest size does not."""
        size, lines = next(
            (found for found in self._set(card, room) if len(found[1]) * found[0] * _LEADING <= room[1]),
            (_SIZES[-1], None),
        )
        face = _face(self._fonts, card.theme.fonts, size)
        if lines is None:
            lines = _cut(face, card.title, room[0], int(room[1] / (size * _LEADING)))
        top = corner[1] + max(0, room[1] - len(lines) * size * _LEADING) / 2
        for number, line in enumerate(lines):
            _write(draw, (corner[0], top + number * size * _LEADING), line, face, colour)

    def _set(self, card: Card, room: tuple[int, int]) -> Iterator[tuple[int, list[str]]]:
        """The title in each size in which it takes few lines, the largest first."""
        for size in _SIZES:
            lines = _lines(_face(self._fonts, card.theme.fonts, size), card.title, room[0])
            if lines is not None and len(lines) <= _MOST_LINES:
                yield size, lines

    def _picture(self, picture: Picture | None) -> Image.Image | None:
        body = self._pictures.read(picture.file_name(picture.width)) if picture else None
        if body is None:
            return None
        with Image.open(io.BytesIO(body), formats=["WEBP"]) as image:
            return image.convert("RGBA" if image.has_transparency_data else "RGB")


@lru_cache(maxsize=64)
def _face(folder: Path, fonts: Fonts, size: int) -> Face:
    name, weight = _FACES[fonts]
    found = [ImageFont.truetype(folder / name.format(part=part), size) for part in ("latin", "latin-ext")]
    if weight is not None:
        for font in found:
            font.set_variation_by_axes([weight])
    return found[0], found[1]


def _has(letter: str) -> bool:
    """Whether the faces have it: Latin letters, figures and the usual signs."""
    code = ord(letter)
    return 0x20 <= code < 0x250 or 0x1E00 <= code < 0x1F00 or 0x2010 <= code < 0x2027 or code in _LATIN


def _runs(text: str) -> list[tuple[int, str]]:
    """The text in parts, each with the number of the file that has its letters."""
    runs: list[tuple[int, str]] = []
    for letter in text:
        code = ord(letter)
        file = 0 if code < 0x100 or code in _LATIN or 0x2000 <= code < 0x2070 else 1
        if runs and runs[-1][0] == file:
            runs[-1] = (file, runs[-1][1] + letter)
        else:
            runs.append((file, letter))
    return runs


def _width(face: Face, text: str) -> float:
    return sum(face[file].getlength(part) for file, part in _runs(text))


def _write(
    draw: ImageDraw.ImageDraw, corner: tuple[float, float], text: str, face: Face, colour: str
) -> None:
    left, base = corner[0], corner[1] + face[0].size
    for file, part in _runs(text):
        draw.text((left, base), part, font=face[file], fill=colour, anchor="ls")
        left += face[file].getlength(part)


def _lines(face: Face, text: str, width: int) -> list[str] | None:
    """The text in as few lines as it takes, about equally long; None when a word alone is too wide."""
    words = text.split()
    if any(_width(face, word) > width for word in words):
        return None
    fewest = len(_broken(face, words, width))
    # The least width that needs no further line evens them out.
    widths = range(width // 3, width + 1, 8)
    place = bisect_left(widths, True, key=lambda narrow: len(_broken(face, words, narrow)) <= fewest)
    return _broken(face, words, widths[place] if place < len(widths) else width)


def _broken(face: Face, words: Sequence[str], width: int) -> list[str]:
    lines: list[str] = []
    for word in words:
        if lines and _width(face, f"{lines[-1]} {word}") <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def _cut(face: Face, text: str, width: int, most: int) -> list[str]:
    """The first lines of the text, wherever it may break, with a sign that there is more."""
    lines = [""]
    for letter in text:
        if _width(face, f"{lines[-1]}{letter}…") > width:
            if len(lines) == most:
                lines[-1] += "…"
                break
            lines.append("")
        lines[-1] += letter
    return [line.strip() for line in lines]


def _filled(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The middle of the picture in that size, on white where it lets the ground through."""
    ground = Image.new("RGB", picture.size, "#ffffff")
    ground.paste(picture, mask=picture if picture.mode == "RGBA" else None)
    return ImageOps.fit(ground, size, Image.Resampling.LANCZOS)


def _rings(colour: str, line: str) -> Image.Image:
    """The well of the pages: rings on water, at the lower right."""
    mask = Image.new("L", (WIDTH * _BLEND, HEIGHT * _BLEND), 0)
    draw = ImageDraw.Draw(mask)
    middle = (980 * _BLEND, 500 * _BLEND)
    for number, strength in enumerate((26, 34, 44, 58, 76)):
        across = (520 - number * 96) * _BLEND
        box = (middle[0] - across, middle[1] - across * 0.36, middle[0] + across, middle[1] + across * 0.36)
        draw.ellipse(box, outline=strength, width=4 * _BLEND)
    image = Image.new("RGB", SIZE, colour)
    image.paste(Image.new("RGB", SIZE, line), mask=mask.resize(SIZE, Image.Resampling.LANCZOS))
    return image
