"""Signed tokens for links and hidden fields: one salt per purpose, SHA-256, an expiry, keys that rotate."""

import hashlib
import hmac
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from itsdangerous import BadSignature, URLSafeSerializer

from app.domain.chance import Rng
from app.domain.draw import NONCE_BYTES

MARK_BYTES = 4


class Purpose(StrEnum):
    """What a token is good for; one made for another purpose is not valid."""

    RESULT = "result"  # an entry's result page
    ATTRIBUTION = "attribution"  # the partner behind a form
    PROOF = "proof"  # shows that the address of an entry can be read
    MY_PRIZES = "my-prizes"  # all that one person has won
    REFERRAL = "referral"  # somebody's link for friends
    FURTHER = "further"  # somebody's link to a further entry that friends have earned them
    NO_REPORTS = "no-reports"  # takes back that a member of staff wants figures by mail
    REMINDER = "reminder"  # takes back that somebody wants to hear of an opening
    PARTNER = "partner"  # a partner's own figures, by a link of the first kind
    PARTNER_LINK = "partner-link"  # a one-time link to them
    SIGN_IN = "sign-in"  # a one-time link for staff
    LOOK = "look"  # a look that staff try on
    PAGE = "page"  # the entry form of a page inside another site
    COUNTER = "counter"  # a shift at a shop's counter
    TILL = "till"  # a browser somebody has opened a counter with
    DEVICE = "device"  # a browser somebody of the staff has signed in with


LIFETIMES = {
    Purpose.RESULT: timedelta(days=180),
    Purpose.ATTRIBUTION: timedelta(days=2),
    Purpose.PROOF: timedelta(days=180),
    Purpose.MY_PRIZES: timedelta(days=30),
    Purpose.REFERRAL: timedelta(days=180),
    Purpose.FURTHER: timedelta(days=180),
    Purpose.NO_REPORTS: timedelta(days=366),
    Purpose.REMINDER: timedelta(days=366),
    Purpose.PARTNER: timedelta(days=366),
    Purpose.PARTNER_LINK: timedelta(days=7),
    Purpose.SIGN_IN: timedelta(days=2),
    Purpose.LOOK: timedelta(hours=12),
    Purpose.PAGE: timedelta(hours=6),
    Purpose.COUNTER: timedelta(hours=12),
    Purpose.TILL: timedelta(days=180),
    Purpose.DEVICE: timedelta(days=180),
}


class Signer:
    """Signs small JSON values and reads them back; the first key signs, the others still verify.

    The moment of signing is an argument: what was signed for the same moment is the same text.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        oldest_first = list(reversed(keys))
        self._serializers = {
            purpose: URLSafeSerializer(
                oldest_first,
                salt=f"prizewell/{purpose}",
                signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac"},
            )
            for purpose in Purpose
        }

    def sign(self, purpose: Purpose, value: Any, now: datetime) -> str:
        """A URL-safe token."""
        return str(self._serializers[purpose].dumps([int(now.timestamp()), value]))

    def read(self, purpose: Purpose, token: str, now: datetime) -> Any | None:
        """The value; None for a token that is malformed, forged, expired or made for something else."""
        try:
            signed_at, value = self._serializers[purpose].loads(token)
        except BadSignature:
            return None
        is_fresh = now < datetime.fromtimestamp(signed_at, UTC) + LIFETIMES[purpose]
        return value if is_fresh else None


class NonceMint:
    """Nonces for browsers without JavaScript: 12 random bytes and a 4-byte mark by which we know our own."""

    def __init__(self, secret: str) -> None:
        self._key = hmac.digest(secret.encode(), b"prizewell/nonce", "sha256")

    def mint(self, rng: Rng) -> bytes:
        """A fresh nonce of 16 bytes."""
        body = rng.token_bytes(NONCE_BYTES - MARK_BYTES)
        return body + self._mark(body)

    def is_ours(self, nonce: bytes) -> bool:
        """True for a nonce the server made; a browser's own passes for one once in 2^32."""
        return hmac.compare_digest(nonce[-MARK_BYTES:], self._mark(nonce[:-MARK_BYTES]))

    def _mark(self, body: bytes) -> bytes:
        return hmac.digest(self._key, body, "sha256")[:MARK_BYTES]
