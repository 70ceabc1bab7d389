"""Pictures: real ones come in without what came along; bombs, scripts and halves do not."""

import io
import os
import random
import struct
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin

from app.adapters.pictures import LOGO, MAX_BYTES, NotAPicture, PictureStore
from app.domain.pictures import Picture
from app.domain.theme import Tone


@pytest.fixture
def store(tmp_path: Path) -> PictureStore:
    return PictureStore(tmp_path / "pictures")


def photo(
    size: tuple[int, int] = (900, 600), kind: str = "JPEG", mode: str = "RGB", **options: object
) -> bytes:
    """A picture red on the left and blue on the right."""
    image = Image.new("RGB", size, (200, 20, 20))
    image.paste((20, 20, 200), (size[0] // 2, 0, *size))
    body = io.BytesIO()
    image.convert(mode).save(body, kind, **options)
    return body.getvalue()


def png(width: int, height: int, pixels: bytes = b"") -> bytes:
    """A PNG that says it has that size, whatever it holds."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def kept(store: PictureStore, picture: Picture, width: int | None = None) -> Image.Image:
    body = store.read(picture.file_name(width or picture.width))
    assert body is not None
    return Image.open(io.BytesIO(body))


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        *(("JPEG", "RGB"), ("JPEG", "CMYK"), ("JPEG", "L"), ("PNG", "RGB"), ("PNG", "P"), ("PNG", "1")),
        *(("PNG", "LA"), ("PNG", "I;16"), ("WEBP", "RGB"), ("GIF", "P")),
    ],
)
def test_a_picture_is_kept_as_webp_in_three_widths(store: PictureStore, kind: str, mode: str) -> None:
    if mode == "I;16":
        body = io.BytesIO()
        Image.new("I;16", (1600, 1000), 40000).save(body, "PNG")
        content = body.getvalue()
    else:
        content = photo((1600, 1000), kind, mode)
    picture = store.take_in(io.BytesIO(content))
    assert (picture.width, picture.height) == (1200, 750)
    for width in (320, 640, 1200):
        with kept(store, picture, width) as image:
            assert (image.format, image.size[0]) == ("WEBP", width)
    assert store.has(picture)
    assert not store.has(Picture("f" * 32, 320, 200))


def test_the_colours_come_through_and_what_lets_the_ground_through_still_does(store: PictureStore) -> None:
    with kept(store, store.take_in(io.BytesIO(photo()))) as image:
        left, right = image.convert("RGB").getpixel((100, 300)), image.convert("RGB").getpixel((800, 300))
    assert isinstance(left, tuple)
    assert isinstance(right, tuple)
    assert left[0] > 150 > left[2]
    assert right[2] > 150 > right[0]
    body = io.BytesIO()
    Image.new("RGBA", (400, 400), (10, 200, 10, 0)).save(body, "PNG")
    with kept(store, store.take_in(io.BytesIO(body.getvalue()))) as image:
        assert image.mode == "RGBA"
        assert image.getpixel((200, 200))[3] == 0  # type: ignore[index]


def test_nothing_that_came_along_is_kept(store: PictureStore) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    exif[0x010E] = "SECRET-PLACE"
    content = photo(exif=exif.tobytes(), icc_profile=b"SECRET-PROFILE") + b"<script>SECRET-TAIL</script>"
    picture = store.take_in(io.BytesIO(content))
    assert (picture.width, picture.height) == (600, 900)
    with kept(store, picture) as image:
        assert not image.getexif()
        assert "icc_profile" not in image.info
        assert image.convert("RGB").getpixel((300, 100))[0] > 150  # type: ignore[index]
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", "SECRET-TEXT")
    other = store.take_in(io.BytesIO(photo(kind="PNG", pnginfo=info)))
    for name in (*picture.file_names, *other.file_names):
        assert b"SECRET" not in (store.read(name) or b"SECRET")


def test_of_an_animation_the_first_picture_stays(store: PictureStore) -> None:
    frames = [Image.new("RGB", (100, 100), colour) for colour in ("green", "red")]
    body = io.BytesIO()
    frames[0].save(body, "GIF", save_all=True, append_images=frames[1:])
    with kept(store, store.take_in(io.BytesIO(body.getvalue()))) as image:
        assert getattr(image, "n_frames", 1) == 1
        red, green, _blue = image.convert("RGB").getpixel((50, 50))  # type: ignore[misc]
        assert green > red


def test_the_same_picture_is_the_same_files(store: PictureStore) -> None:
    assert store.take_in(io.BytesIO(photo())) == store.take_in(io.BytesIO(photo()))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "not a picture"),
        (b"#!/bin/sh\nrm -rf /\n", "not a picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "not a picture"),
        (b"GIF89a<script>alert(1)</script>" + bytes(200), "not a picture"),
        (b"\xff\xd8\xff\xe0" + bytes(500), "not a picture"),
        (png(100, 100, zlib.compress(b"")), "not a picture"),
        (photo()[:2000], "not a picture"),
        (photo(kind="BMP"), "not a picture"),
        (photo(kind="TIFF"), "not a picture"),
        (png(60000, 60000, zlib.compress(bytes(10_000))), "too many pixels"),
        (png(2**31 - 1, 2**31 - 1), "too many pixels"),
        (png(8001, 5000), "too many pixels"),
        (photo((47, 300)), "too small"),
        (photo((1000, 240)), "too long"),
        (bytes(MAX_BYTES + 1), "too large"),
    ],
)
def test_what_is_no_picture_of_ours_is_refused(
    store: PictureStore, tmp_path: Path, content: bytes, says: str
) -> None:
    with pytest.raises(NotAPicture, match=says):
        store.take_in(io.BytesIO(content))
    assert not (tmp_path / "pictures").exists()


def test_a_bomb_costs_nothing_and_a_huge_picture_that_is_allowed_comes_in(store: PictureStore) -> None:
    """400 MB of pixels behind 400 KB are told from the header; 40 million pixels are still a picture."""
    bomb = png(20000, 20000, zlib.compress(bytes(20001) * 20000, 9))
    assert len(bomb) < 500_000
    with pytest.raises(NotAPicture, match="too many pixels"):
        store.take_in(io.BytesIO(bomb))
    body = io.BytesIO()
    Image.new("L", (8000, 5000), 128).save(body, "PNG")
    picture = store.take_in(io.BytesIO(body.getvalue()))
    assert (picture.width, picture.height) == (1200, 750)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_broken_bytes_are_refused_or_harmless(store: PictureStore, kind: str) -> None:
    chance = random.Random(7)
    whole = photo((120, 80), kind)
    for _ in range(150):
        content = bytearray(whole)
        for _hit in range(chance.randint(1, 8)):
            content[chance.randrange(len(content))] = chance.randrange(256)
        try:
            picture = store.take_in(io.BytesIO(bytes(content[: chance.randint(1, len(content))])))
        except NotAPicture:
            continue
        assert store.has(picture)


def test_only_our_own_names_are_read(store: PictureStore, tmp_path: Path) -> None:
    (tmp_path / "secrets.json").write_text("{}")
    store.take_in(io.BytesIO(photo()))
    for name in ("../secrets.json", "/etc/passwd", "", "..", "0" * 32 + "-320.webp"):
        assert store.read(name) is None


def test_files_nobody_brings_any_more_are_told_and_go(store: PictureStore, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    assert store.keys(before=now) == set()
    first, second = store.take_in(io.BytesIO(photo())), store.take_in(io.BytesIO(photo((400, 400))))
    (tmp_path / "pictures" / "notes.txt").write_text("somebody's")
    for name in first.file_names:
        os.utime(tmp_path / "pictures" / name, (0, 0))
    assert store.keys(before=now - timedelta(days=1)) == {first.key}
    store.remove(first.key)
    assert not store.has(first)
    assert store.has(second)
    assert (tmp_path / "pictures" / "notes.txt").exists()


def test_a_logo_may_be_long_and_low(store: PictureStore) -> None:
    body = photo((600, 80), "PNG")
    with pytest.raises(NotAPicture, match="too long"):
        store.take_in(io.BytesIO(body))
    assert store.take_in(io.BytesIO(body), LOGO).height == 80
    with pytest.raises(NotAPicture, match="too long"):
        store.take_in(io.BytesIO(photo((600, 50), "PNG")), LOGO)
    with pytest.raises(NotAPicture, match="too small"):
        store.take_in(io.BytesIO(photo((90, 20), "PNG")), LOGO)


@pytest.mark.parametrize(
    ("ink", "tone"),
    [
        ((10, 10, 40, 255), Tone.DARK),
        ((250, 250, 240, 255), Tone.LIGHT),
        ((230, 0, 40, 255), Tone.DARK),
        ((60, 160, 90, 255), Tone.ANY),
        ((0, 0, 0, 0), Tone.ANY),
    ],
)
def test_what_a_logo_is_drawn_in_is_seen(
    store: PictureStore, ink: tuple[int, int, int, int], tone: Tone
) -> None:
    image = Image.new("RGBA", (200, 100), (0, 0, 0, 0))
    image.paste(ink, (40, 20, 160, 80))
    body = io.BytesIO()
    image.save(body, "PNG")
    body.seek(0)
    assert store.tone(store.take_in(body, LOGO)) is tone


def test_a_picture_with_a_ground_of_its_own_has_no_tone(store: PictureStore) -> None:
    assert store.tone(store.take_in(io.BytesIO(photo()))) is Tone.ANY
    assert store.tone(Picture("ab" * 16, 320, 320)) is Tone.ANY
