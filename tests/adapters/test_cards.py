"""Cards are drawn from the look: readable titles of any length, pictures, and no letters the faces lack."""

import io
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from app.adapters.cards import Card, CardPress
from app.adapters.pictures import LOGO, PictureStore
from app.config import ROOT
from app.domain.pictures import Picture
from app.domain.theme import Fonts, Theme

LONG = (
    "Büyük bahar çekilişinde İstanbul’da iki kişilik unutulmaz bir hafta sonu ve yüzlerce sürpriz ödül seni"
    " bekliyor"
)
RED = Theme(colour="#e4002b")


@pytest.fixture
def store(tmp_path: Path) -> PictureStore:
    return PictureStore(tmp_path)


@pytest.fixture
def press(store: PictureStore) -> CardPress:
    return CardPress(store, ROOT / "static" / "fonts")


def picture(store: PictureStore, colour: tuple[int, ...], size: tuple[int, int] = (1300, 700)) -> Picture:
    mode = "RGBA" if len(colour) == 4 else "RGB"
    image = Image.new(mode, size, (0, 0, 0, 0) if mode == "RGBA" else colour)
    image.paste(colour, (0, 0, size[0] * 2 // 3, size[1]))
    body = io.BytesIO()
    image.save(body, "PNG")
    body.seek(0)
    return store.take_in(body, LOGO)


def drawn(press: CardPress, theme: Theme, title: str, sponsor: str = "Corner & Pine") -> Image.Image:
    body = press.draw(Card(theme, "indigo", title, sponsor))
    assert len(body) < 200_000
    image = Image.open(io.BytesIO(body))
    assert (image.format, image.size) == ("JPEG", (1200, 630))
    return image.convert("RGB")


def near(one: object, other: tuple[int, int, int]) -> bool:
    assert isinstance(one, tuple)
    return all(abs(a - b) < 12 for a, b in zip(one, other, strict=True))


def inked(image: Image.Image, box: tuple[int, int, int, int], ground: tuple[int, int, int]) -> bool:
    part = image.crop(box)
    bounds = ImageChops.difference(part, Image.new("RGB", part.size, ground)).point(lambda v: v > 90 and 255)
    return bounds.getbbox() is not None


@pytest.mark.parametrize("fonts", Fonts)
@pytest.mark.parametrize("title", ["Win", "Win your perfect weekend", LONG, "x" * 120, "Ğ" * 60 + " ş"])
def test_a_title_is_written_and_stays_on_the_card(press: CardPress, fonts: Fonts, title: str) -> None:
    image = drawn(press, Theme(colour="#101840", fonts=fonts), title, "")
    assert inked(image, (60, 120, 1000, 600), (16, 24, 64))
    assert not inked(image, (0, 0, 60, 630), (16, 24, 64))
    assert not inked(image, (0, 600, 500, 630), (16, 24, 64))


def test_the_ground_is_the_brands_colour(press: CardPress) -> None:
    image = drawn(press, RED, "Win")
    assert near(image.getpixel((20, 20)), (228, 0, 43))
    assert inked(image, (60, 40, 600, 110), (228, 0, 43))  # the sponsor


def test_a_picture_stands_beside_the_title(press: CardPress, store: PictureStore) -> None:
    theme = Theme(colour="#e4002b", hero=picture(store, (10, 120, 40)))
    image = drawn(press, theme, LONG)
    assert near(image.getpixel((700, 300)), (10, 120, 40))
    assert near(image.getpixel((300, 625)), (228, 0, 43))
    assert inked(image, (60, 120, 600, 600), (251, 249, 245))


@pytest.mark.parametrize("ink", [(20, 20, 60, 255), (20, 20, 60)])
def test_the_logo_stands_in_place_of_the_sponsor(
    press: CardPress, store: PictureStore, ink: tuple[int, ...]
) -> None:
    logo = picture(store, ink, (600, 100))
    image = drawn(press, Theme(colour="#e4002b", logo=logo), "Win")
    assert near(image.getpixel((120, 80)), (20, 20, 60))
    assert near(image.getpixel((60, 60)), (255, 255, 255))  # its plate


def test_letters_the_faces_lack_are_left_out(press: CardPress, store: PictureStore) -> None:
    title = "اربح عطلة نهاية الأسبوع"
    bare = drawn(press, RED, title, "شركة")
    assert not inked(bare, (0, 0, 400, 400), (228, 0, 43))
    full = drawn(press, Theme(hero=picture(store, (10, 120, 40))), title)
    assert near(full.getpixel((60, 300)), (10, 120, 40))


def test_a_picture_that_is_gone_is_done_without(press: CardPress) -> None:
    image = drawn(press, Theme(colour="#e4002b", hero=Picture("ab" * 16, 800, 600)), "Win")
    assert near(image.getpixel((1100, 40)), (228, 0, 43))


def test_a_sponsor_too_long_for_a_line_is_left_out(press: CardPress, store: PictureStore) -> None:
    theme = Theme(hero=picture(store, (10, 120, 40)))
    assert not inked(drawn(press, theme, "Win", "A very long name " * 6), (0, 30, 630, 110), (251, 249, 245))


def test_the_same_card_is_drawn_once(press: CardPress) -> None:
    card = Card(RED, "indigo", "Win", "")
    assert press.draw(card) is press.draw(card)
