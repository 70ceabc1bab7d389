"""Signed tokens: what links and hidden fields carry. One salt per purpose, SHA-256, an expiry, keys that rotate."""

import hashlib
from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Any

from itsdangerous import BadSignature, URLSafeTimedSerializer


class Purpose(StrEnum):
    """What a token is good for; one made for another purpose is not valid."""

    RESULT = "result"  # an entry's result page
    ATTRIBUTION = "attribution"  # the partner behind a form
    PARTNER = "partner"  # a partner's own figures
    SIGN_IN = "sign-in"  # a one-time link for staff


LIFETIMES = {
    Purpose.RESULT: timedelta(days=180),
    Purpose.ATTRIBUTION: timedelta(days=2),
    Purpose.PARTNER: timedelta(days=366),
    Purpose.SIGN_IN: timedelta(days=2),
}


class Signer:
    """Signs small JSON values and reads them back; the first key signs, the others still verify."""

    def __init__(self, keys: Sequence[str]) -> None:
        oldest_first = list(reversed(keys))
        self._serializers = {
            purpose: URLSafeTimedSerializer(
                oldest_first,
                salt=f"prizewell/{purpose}",
                signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac"},
            )
            for purpose in Purpose
        }

    def sign(self, purpose: Purpose, value: Any) -> str:
        """A URL-safe token."""
        token = self._serializers[purpose].dumps(value)
        return token if isinstance(token, str) else token.decode()

    def read(self, purpose: Purpose, token: str) -> Any | None:
        """The value; None for a token that is malformed, forged, expired or made for something else."""
        try:
            return self._serializers[purpose].loads(token, max_age=int(LIFETIMES[purpose].total_seconds()))
        except BadSignature:
            return None
