"""The code in a picture: bound to its campaign, expiring, and the same picture and sound each time."""

import io
import wave
from datetime import UTC, datetime, timedelta

import pytest
from PIL import Image

from app.adapters.captcha import Solved, Unsolved
from app.adapters.picture_code import LIFETIME, SIZE, PictureCode
from app.domain.outcomes import RefusalReason
from tests.support.fakes import NOON, FakeRng
from tests.support.visitor import read_code

MAKER = PictureCode("0123456789abcdef" * 4)
TOKEN = MAKER.challenge("summer", NOON, FakeRng())
DIGITS = read_code(MAKER, TOKEN)


def test_the_digits_open_it_and_are_spent() -> None:
    found = MAKER.verify(TOKEN, DIGITS, "summer", NOON)
    assert isinstance(found, Solved)
    assert len(found.signature) == 32
    assert found.expires_at == NOON + LIFETIME


@pytest.mark.parametrize("write", [lambda d: f" {d[:3]} {d[3:]}", lambda d: f"{d[:3]}-{d[3:]}"])
def test_spaces_and_dashes_do_not_count(write: object) -> None:
    assert isinstance(MAKER.verify(TOKEN, write(DIGITS), "summer", NOON), Solved)  # type: ignore[operator]


@pytest.mark.parametrize("zero", ["٠", "۰", "０"])
def test_digits_of_other_scripts_are_digits(zero: str) -> None:
    typed = "".join(chr(ord(zero) + int(digit)) for digit in DIGITS)
    assert isinstance(MAKER.verify(TOKEN, typed, "summer", NOON), Solved)


@pytest.mark.parametrize("typed", ["", "000000x", DIGITS[:-1], f"{DIGITS}0", DIGITS[::-1] + "9", "²²²²²²"])
def test_a_wrong_code_uses_the_challenge_up(typed: str) -> None:
    right = MAKER.verify(TOKEN, DIGITS, "summer", NOON)
    found = MAKER.verify(TOKEN, typed, "summer", NOON)
    assert found == Unsolved(RefusalReason.CAPTCHA_INVALID, uses_up=right)  # type: ignore[arg-type]


def test_a_token_is_good_for_its_campaign_and_its_time() -> None:
    assert MAKER.is_open(TOKEN, "summer", NOON)
    assert not MAKER.is_open(TOKEN, "winter", NOON)
    assert not MAKER.is_open(TOKEN, "summer", NOON + LIFETIME)
    assert MAKER.verify(TOKEN, DIGITS, "winter", NOON) == Unsolved(RefusalReason.CAPTCHA_INVALID)
    late = MAKER.verify(TOKEN, DIGITS, "summer", NOON + LIFETIME)
    assert late == Unsolved(RefusalReason.CAPTCHA_EXPIRED)
    assert MAKER.picture(TOKEN, "summer", NOON + LIFETIME) is None
    assert MAKER.sound(TOKEN, "winter", "en", NOON) is None


@pytest.mark.parametrize("token", ["", "x", "ä", "A" * 44, TOKEN[:-4], TOKEN + "AAAA", TOKEN.lower()])
def test_what_is_no_token_of_ours_opens_nothing(token: str) -> None:
    assert MAKER.verify(token, DIGITS, "summer", NOON) == Unsolved(RefusalReason.CAPTCHA_INVALID)
    assert MAKER.picture(token, "summer", NOON) is None


def test_another_key_makes_other_digits() -> None:
    other = PictureCode("fedcba9876543210" * 4)
    assert other.verify(TOKEN, DIGITS, "summer", NOON) == Unsolved(RefusalReason.CAPTCHA_INVALID)


def test_the_picture_is_one_and_the_same() -> None:
    content = MAKER.picture(TOKEN, "summer", NOON)
    assert content is not None
    assert content == MAKER.picture(TOKEN, "summer", NOON + timedelta(minutes=1))
    light, dark = (
        Image.open(io.BytesIO(MAKER.picture(TOKEN, "summer", NOON, dark=on) or b"")).convert("L")
        for on in (False, True)
    )
    assert light.size == SIZE
    assert light.getpixel((2, 2)) != dark.getpixel((2, 2))
    histogram = light.histogram()
    assert sum(histogram[:128]) > 900, "there is ink on it"


@pytest.mark.parametrize("language", ["en", "tr", "de", "es", "ar", "xx"])
def test_the_sound_has_every_digit(language: str) -> None:
    content = MAKER.sound(TOKEN, "summer", language, NOON)
    assert content is not None
    assert content == MAKER.sound(TOKEN, "summer", language, NOON)
    with wave.open(io.BytesIO(content)) as sound:
        seconds = sound.getnframes() / sound.getframerate()
        frames = sound.readframes(sound.getnframes())
    assert 3 < seconds < 12
    assert len(set(frames)) > 60, "it is more than hiss"


def test_each_challenge_is_another() -> None:
    now = datetime.now(UTC)
    rng = FakeRng(3)
    assert len({read_code(MAKER, MAKER.challenge("summer", now, rng)) for _ in range(50)}) == 50
