"""Second factors: time-based one-time passwords (RFC 6238: six digits, steps of 30 s), sealed secrets."""

import hmac
from base64 import b32encode
from datetime import datetime
from uuid import UUID

import pyotp
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.domain.chance import Rng
from app.domain.errors import SecretUnreadable

ISSUER = "Prizewell"
STEP_SECONDS = 30
SECRET_BYTES = 20
NONCE_BYTES = 12


class SecretVault:
    """Seals the secrets of accounts, or what the `purpose` says, each bound to its owner, under a key
    of its own that is derived from the one for the seeds.
    """

    def __init__(self, key: bytes, purpose: bytes = b"prizewell/second-factor") -> None:
        self._cipher = AESGCM(hmac.digest(key, purpose, "sha256"))

    def seal(self, owner: UUID, secret: str, rng: Rng) -> bytes:
        """The secret as it may stand in the database."""
        nonce = rng.token_bytes(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, secret.encode(), owner.bytes)

    def open(self, owner: UUID, sealed: bytes) -> str:
        """The secret; raises SecretUnreadable under another key, or when moved to another owner."""
        try:
            return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], owner.bytes).decode()
        except (InvalidTag, ValueError) as error:
            raise SecretUnreadable(
                "the second factor cannot be opened with this PRIZEWELL_SEED_KEY"
            ) from error


def new_secret(rng: Rng) -> str:
    """160 random bits in base 32, as apps take them."""
    return b32encode(rng.token_bytes(SECRET_BYTES)).decode()


def matching_step(secret: str, code: str, now: datetime) -> int | None:
    """The step whose code this is: the present one, or the one before or after, since clocks differ."""
    present = int(now.timestamp()) // STEP_SECONDS
    app = pyotp.TOTP(secret)
    right = [
        step
        for step in (present - 1, present, present + 1)
        if hmac.compare_digest(app.at(step * STEP_SECONDS).encode(), code.encode())
    ]
    return right[-1] if right else None


def provisioning_uri(secret: str, email: str) -> str:
    """What an authenticator app reads from a picture or a link."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=ISSUER)
