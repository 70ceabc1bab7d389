"""The code for people without JavaScript: six digits in a picture, and the same digits spoken.

Nothing is stored: the digits follow from the challenge's token and a key. What a try uses up is spent in the
database like every other CAPTCHA, whether its digits were right or not. A program that reads pictures gets
through: docs/entries.md says what that costs whom.
"""

import base64
import hashlib
import hmac
import io
import unicodedata
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from math import pi, sin
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from app.adapters.captcha import Solved, Unsolved, Verdict
from app.domain.chance import Rng
from app.domain.languages import DEFAULT
from app.domain.outcomes import RefusalReason

DIGITS = 6
LIFETIME = timedelta(minutes=20)
SIZE = (300, 96)
LIGHT, DARK = ("#fbf9f5", "#2a2520"), ("#1c1a17", "#f1eee9")  # ground and ink
_ID_BYTES, _MOMENT_BYTES, _MAC_BYTES = 12, 5, 16
_TOKEN_BYTES = _ID_BYTES + _MOMENT_BYTES + _MAC_BYTES
_FONT_SIZE = 62
_RECORDINGS = Path(__file__).parent / "spoken_digits"


@dataclass(frozen=True, slots=True)
class _Challenge:
    """A genuine token of one campaign, taken apart."""

    token: bytes
    expires_at: datetime


class PictureCode:
    """Makes and checks such codes; `secret` is the application's."""

    def __init__(self, secret: str) -> None:
        self._sign_key = _derive(secret, b"prizewell/picture/sign")
        self._answer_key = _derive(secret, b"prizewell/picture/answer")
        self._noise_key = _derive(secret, b"prizewell/picture/noise")

    def challenge(self, campaign: str, now: datetime, rng: Rng) -> str:
        """A fresh token for the campaign of this slug."""
        expires = int((now + LIFETIME).timestamp())
        body = rng.token_bytes(_ID_BYTES) + expires.to_bytes(_MOMENT_BYTES, "big")
        return base64.urlsafe_b64encode(body + self._mac(campaign, body)).decode()

    def is_open(self, token: str, campaign: str, now: datetime) -> bool:
        """Whether that is a token of ours for the campaign whose time has not run out."""
        found = self._read(token, campaign)
        return found is not None and now < found.expires_at

    def verify(self, token: str, typed: str, campaign: str, now: datetime) -> Verdict:
        """Check what was typed. A wrong code uses its challenge up: `Unsolved.uses_up`. Never raises."""
        found = self._read(token, campaign)
        if found is None:
            return Unsolved(RefusalReason.CAPTCHA_INVALID)
        if now >= found.expires_at:
            return Unsolved(RefusalReason.CAPTCHA_EXPIRED)
        spent = Solved(hashlib.sha256(found.token).digest(), found.expires_at)
        if not hmac.compare_digest(self._digits(found).encode(), _plain_digits(typed).encode()):
            return Unsolved(RefusalReason.CAPTCHA_INVALID, uses_up=spent)
        return spent

    def picture(self, token: str, campaign: str, now: datetime, *, dark: bool = False) -> bytes | None:
        """The digits as a PNG, the same each time; None for a token that is not open."""
        found = self._open(token, campaign, now)
        return None if found is None else _drawn(self._digits(found), self._noise(found), dark=dark)

    def sound(self, token: str, campaign: str, language: str, now: datetime) -> bytes | None:
        """The digits spoken in that language, as a WAV, the same each time; None as for `picture`."""
        found = self._open(token, campaign, now)
        return None if found is None else _spoken(self._digits(found), self._noise(found), language)

    def _open(self, token: str, campaign: str, now: datetime) -> _Challenge | None:
        found = self._read(token, campaign)
        return found if found is not None and now < found.expires_at else None

    def _read(self, token: str, campaign: str) -> _Challenge | None:
        try:
            raw = base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True)
        except ValueError:
            return None
        body, mac = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
        if len(raw) != _TOKEN_BYTES or not hmac.compare_digest(mac, self._mac(campaign, body)):
            return None
        expires = int.from_bytes(body[_ID_BYTES:], "big")
        return _Challenge(raw, datetime.fromtimestamp(expires, UTC))

    def _mac(self, campaign: str, body: bytes) -> bytes:
        return hmac.digest(self._sign_key, body + campaign.encode(), hashlib.sha256)[:_MAC_BYTES]

    def _digits(self, challenge: _Challenge) -> str:
        drawn = hmac.digest(self._answer_key, challenge.token, hashlib.sha256)
        return f"{int.from_bytes(drawn, 'big') % 10**DIGITS:0{DIGITS}d}"

    def _noise(self, challenge: _Challenge) -> "_Noise":
        return _Noise(hmac.digest(self._noise_key, challenge.token, hashlib.sha256))


class _Noise:
    """An endless stream of numbers out of a seed: asking again for a picture shows nothing new of it."""

    def __init__(self, seed: bytes) -> None:
        self._seed = seed
        self._bytes = self._stream()

    def between(self, low: float, high: float) -> float:
        """A number from `low` to `high`."""
        return (
            low + (high - low) * int.from_bytes(bytes((next(self._bytes), next(self._bytes))), "big") / 65535
        )

    def many(self, count: int) -> bytes:
        """So many bytes at once."""
        return hashlib.shake_128(self._seed + b"many").digest(count)

    def _stream(self) -> Iterator[int]:
        block = 0
        while True:
            yield from hashlib.shake_128(self._seed + block.to_bytes(4, "big")).digest(256)
            block += 1


def _derive(secret: str, purpose: bytes) -> bytes:
    return hmac.digest(secret.encode(), purpose, hashlib.sha256)


def _plain_digits(typed: str) -> str:
    """What was typed as 0 to 9, whatever script the digits were in; spaces and dashes do not count."""
    kept = (char for char in typed[:64] if not char.isspace() and char not in "-–.")
    return "".join(str(unicodedata.decimal(char, "x")) for char in kept)


# ---- The picture ------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _font() -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(_FONT_SIZE)
    assert isinstance(font, ImageFont.FreeTypeFont)  # noqa: S101 -- Pillow's wheels come with FreeType
    return font


def _drawn(digits: str, noise: _Noise, *, dark: bool) -> bytes:
    ground, ink = DARK if dark else LIGHT
    mask = Image.new("L", SIZE, 0)
    step = (SIZE[0] - 40) / DIGITS
    for place, digit in enumerate(digits):
        _put(mask, digit, 20 + step * place, noise)
    mask = _waved(mask, noise)
    pen = ImageDraw.Draw(mask)
    for _ in range(3):
        pen.line(_curve(noise), fill=255, width=2)
    for _ in range(160):
        x, y = noise.between(0, SIZE[0]), noise.between(0, SIZE[1])
        pen.point((x, y), fill=255)
    picture = Image.new("RGB", SIZE, ground)
    picture.paste(ink, mask=mask)
    out = io.BytesIO()
    picture.quantize(16).save(out, "PNG", optimize=True)
    return out.getvalue()


def _put(mask: Image.Image, digit: str, left: float, noise: _Noise) -> None:
    """One digit: turned, larger or smaller, higher or lower, close to its neighbours."""
    side = 84
    glyph = Image.new("L", (side, side), 0)
    ImageDraw.Draw(glyph).text((side / 2, side / 2), digit, font=_font(), fill=255, anchor="mm")
    size = round(side * noise.between(0.85, 1.05))
    glyph = glyph.rotate(noise.between(-24, 24), Image.Resampling.BICUBIC).resize((size, size))
    place = (
        round(left - (size - 43) / 2 + noise.between(-3, 3)),
        round((SIZE[1] - size) / 2 + noise.between(-9, 9)),
    )
    mask.paste(255, place, glyph)


def _waved(mask: Image.Image, noise: _Noise) -> Image.Image:
    """The picture bent along two waves."""
    across, turn, height = noise.between(90, 150), noise.between(0, 2 * pi), noise.between(3, 6)

    def shift(x: int) -> int:
        return round(height * sin(2 * pi * x / across + turn))

    width = 6
    mesh = []
    for x in range(0, SIZE[0], width):
        end = min(x + width, SIZE[0])
        here, there = shift(x), shift(end)
        corners = (x, here, x, SIZE[1] + here, end, SIZE[1] + there, end, there)
        mesh.append(((x, 0, end, SIZE[1]), corners))
    return mask.transform(SIZE, Image.Transform.MESH, mesh, Image.Resampling.BILINEAR)


def _curve(noise: _Noise) -> list[tuple[float, float]]:
    start, end = noise.between(15, SIZE[1] - 15), noise.between(15, SIZE[1] - 15)
    bend, turn = noise.between(8, 18), noise.between(0, 2 * pi)
    return [
        (x, start + (end - start) * x / SIZE[0] + bend * sin(2 * pi * x / SIZE[0] + turn))
        for x in range(0, SIZE[0] + 1, 4)
    ]


# ---- The sound --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Voice:
    rate: int
    digits: tuple[bytes, ...]  # 8 bits, 128 is silence


@lru_cache
def _voice(language: str) -> _Voice:
    path = _RECORDINGS / f"{language}.wav"
    with wave.open(str(path if path.exists() else _RECORDINGS / f"{DEFAULT}.wav"), "rb") as recording:
        frames = recording.readframes(recording.getnframes())
        length = len(frames) // 10
        return _Voice(
            recording.getframerate(),
            tuple(frames[digit * length : (digit + 1) * length].rstrip(b"\x80") for digit in range(10)),
        )


def _spoken(digits: str, noise: _Noise, language: str) -> bytes:
    voice = _voice(language)
    said = bytearray(b"\x80" * (voice.rate // 2))
    for digit in digits:
        said += _at_another_pitch(voice.digits[int(digit)], noise.between(0.92, 1.1))
        said += b"\x80" * round(voice.rate * noise.between(0.35, 0.7))
    behind = _murmur(voice, noise, len(said))
    hiss = noise.many(len(said))
    mixed = bytes(
        max(0, min(255, 128 + (ours - 128) * 9 // 10 + (theirs - 128) // 7 + (rush - 128) // 24))
        for ours, theirs, rush in zip(said, behind, hiss, strict=True)
    )
    out = io.BytesIO()
    with wave.open(out, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(1)
        sound.setframerate(voice.rate)
        sound.writeframes(mixed)
    return out.getvalue()


def _at_another_pitch(sound: bytes, speed: float) -> bytes:
    return bytes(sound[int(place * speed)] for place in range(int(len(sound) / speed)))


def _murmur(voice: _Voice, noise: _Noise, length: int) -> bytes:
    """Speech that says nothing: digits backwards, one after the other."""
    murmured = bytearray()
    while len(murmured) < length:
        murmured += voice.digits[int(noise.between(0, 9.999))][::-1]
    return bytes(murmured[:length])
