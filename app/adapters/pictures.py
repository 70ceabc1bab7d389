"""Pictures: what staff upload is decoded, drawn anew without anything that came along, and kept in a folder.

Nothing of the uploaded bytes is kept: only pixels come through, as WebP files named by their fingerprint.
"""

import hashlib
import io
import os
import struct
import threading
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from operator import mul
from pathlib import Path
from typing import BinaryIO

from PIL import Image, ImageOps

from app.domain.errors import Worded
from app.domain.pictures import WIDTHS, Picture, key_in
from app.domain.theme import Tone

MAX_BYTES = 8 * 1024 * 1024
MAX_PIXELS = 40_000_000
FORMATS = ("JPEG", "PNG", "WEBP", "GIF")

_QUALITY = 82
_DARK, _LIGHT = 90, 200  # of 255: what is drawn in such greys is hard to see on a dark, on a light page
# What Pillow raises over files that are broken, cut off, or made to break it.
_BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    EOFError,
    MemoryError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)
# A decoded picture takes up to 160 MB: one at a time.
_one_at_a_time = threading.Lock()
# The size is checked below, before anything is decoded; Pillow's own check would only warn in between.
Image.MAX_IMAGE_PIXELS = None


@dataclass(frozen=True, slots=True)
class Shape:
    """What size a picture may have: pixels each way at least, and how many times as long as wide at most."""

    least_side: int
    max_ratio: int


PICTURE = Shape(48, 4)
LOGO = Shape(24, 10)


class NotAPicture(Worded, ValueError):
    """The file cannot be taken as a picture; the text says why."""


class PictureStore:
    """The folder pictures are kept in; it is made when the first one comes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def take_in(self, file: BinaryIO, shape: Shape = PICTURE) -> Picture:
        """Keep the picture in a file, in all its widths; the same picture again is the same files.

        Raises NotAPicture.
        """
        content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise NotAPicture(
                "the picture is too large: at most %(most)s MB", most=MAX_BYTES // (1024 * 1024)
            )
        with _one_at_a_time:
            drawn = _drawn(content, shape)
        widest = drawn[max(drawn)]
        with Image.open(io.BytesIO(widest), formats=["WEBP"]) as image:
            width, height = image.size
        picture = Picture(hashlib.sha256(widest).hexdigest()[:32], width, height)
        for each, body in drawn.items():
            self._put(picture.file_name(each), body)
        return picture

    def has(self, picture: Picture) -> bool:
        """True when all its files are there."""
        return all((self._folder / name).is_file() for name in picture.file_names)

    def read(self, file_name: str) -> bytes | None:
        """A file's content; None for a name that is none of ours, or a file that is not there."""
        if key_in(file_name) is None:
            return None
        try:
            return (self._folder / file_name).read_bytes()
        except FileNotFoundError:
            return None

    def tone(self, picture: Picture) -> Tone:
        """What a picture that lets the ground through is drawn in, if it is dark or light as a whole."""
        body = self.read(picture.file_name(picture.widths[0]))
        if body is None:
            return Tone.ANY
        with Image.open(io.BytesIO(body), formats=["WEBP"]) as image:
            if not image.has_transparency_data:
                return Tone.ANY
            drawn, clear = image.convert("LA").resize((64, 64)).split()
        weights = clear.tobytes()
        if not any(weights):
            return Tone.ANY
        mean = sum(map(mul, drawn.tobytes(), weights)) / sum(weights)
        return Tone.DARK if mean < _DARK else Tone.LIGHT if mean > _LIGHT else Tone.ANY

    def keys(self, *, before: datetime) -> set[str]:
        """The pictures here that nobody has brought since that moment."""
        newest: dict[str, float] = {}
        for path, key in self._files():
            newest[key] = max(newest.get(key, 0.0), path.stat().st_mtime)
        return {key for key, at in newest.items() if at < before.timestamp()}

    def remove(self, key: str) -> None:
        """Delete all files of a picture."""
        for path, found in self._files():
            if found == key:
                path.unlink(missing_ok=True)

    def _files(self) -> Iterator[tuple[Path, str]]:
        if not self._folder.is_dir():
            return
        for path in list(self._folder.iterdir()):
            key = key_in(path.name)
            if key is not None:
                yield path, key

    def _put(self, name: str, body: bytes) -> None:
        """A whole file or none: whoever reads it at that moment never meets half of it."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self._folder / f"{name}.{os.getpid()}.{threading.get_ident()}.new"
        draft.write_bytes(body)
        draft.replace(self._folder / name)


def _drawn(content: bytes, shape: Shape) -> dict[int, bytes]:
    """The picture as WebP by width. Raises NotAPicture."""
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            _check_size(*image.size, shape)
            image.draft("RGB", (2 * WIDTHS[-1], 2 * WIDTHS[-1]))  # JPEGs can be decoded smaller at once
            image.load()
            plain = _plain(image)
        return dict(_in_widths(plain))
    except NotAPicture:
        raise
    except _BROKEN as error:
        raise NotAPicture("this is not a picture that can be read: use JPEG, PNG, WebP or GIF") from error


def _check_size(width: int, height: int, shape: Shape) -> None:
    if width * height > MAX_PIXELS:
        raise NotAPicture(
            "the picture has too many pixels: at most %(most)s million", most=MAX_PIXELS // 1_000_000
        )
    if min(width, height) < shape.least_side:
        raise NotAPicture(
            "the picture is too small: at least %(least)s pixels each way", least=shape.least_side
        )
    if max(width, height) > shape.max_ratio * min(width, height):
        raise NotAPicture(
            "the picture is too long: at most %(most)s times as long as wide", most=shape.max_ratio
        )


def _plain(image: Image.Image) -> Image.Image:
    """Its pixels the right way up, as RGB or, where some let the ground through, as RGBA."""
    mode = "RGBA" if image.has_transparency_data else "RGB"
    converted = image if image.mode == mode else image.convert(mode)
    converted.thumbnail((2 * WIDTHS[-1], 2 * WIDTHS[-1]), reducing_gap=2.0)
    upright = ImageOps.exif_transpose(converted)
    bare = Image.new(mode, upright.size)
    bare.paste(upright)  # nothing else comes along
    return bare


def _in_widths(image: Image.Image) -> Iterator[tuple[int, bytes]]:
    width, height = image.size
    widest = min(width, WIDTHS[-1])
    for each in (*(one for one in WIDTHS if one < widest), widest):
        size = (each, max(1, round(height * each / width)))
        body = io.BytesIO()
        image.resize(size, Image.Resampling.LANCZOS).save(body, "WEBP", quality=_QUALITY, method=4)
        yield each, body.getvalue()
