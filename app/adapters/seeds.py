"""Sealed seeds: AES-256-GCM under a key that is not in the database, bound to the campaign; and what stands
for people who were erased.
"""

import hashlib
import hmac
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.domain.chance import Rng
from app.domain.errors import SeedUnreadable

NONCE_BYTES = 12


class SeedVault:
    """Seals and opens campaign seeds with one 32-byte key."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)
        self._waiting_key = hmac.digest(key, b"prizewell/waiting", hashlib.sha256)
        self._hiding_key = hmac.digest(key, b"prizewell/erased", hashlib.sha256)

    def pseudonym(self, email: str) -> str:
        """What stands for the canonical address of somebody who was erased: always the same for it, and with
        nothing to read or try out for whoever has the database alone. No address looks like it.
        """
        return f"erased:{hmac.digest(self._hiding_key, email.encode(), hashlib.sha256).hex()}"

    def address_key(self, email: str) -> str:
        """What tells whether a canonical address was there before, without keeping it: 64 hex digits, nothing
        to try out for whoever has the database alone.
        """
        return hmac.digest(self._waiting_key, email.encode(), hashlib.sha256).hex()

    def seal(self, campaign: UUID, seed: bytes, rng: Rng) -> bytes:
        """The seed as it may stand in the database."""
        nonce = rng.token_bytes(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, seed, campaign.bytes)

    def open(self, campaign: UUID, sealed: bytes) -> bytes:
        """The seed; raises SeedUnreadable under another key, or when moved to another campaign."""
        try:
            return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], campaign.bytes)
        except (InvalidTag, ValueError) as error:
            raise SeedUnreadable(
                "the campaign's seed cannot be opened with this PRIZEWELL_SEED_KEY"
            ) from error
