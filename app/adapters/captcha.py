"""CAPTCHA: ALTCHA proof of work, self-hosted. Fails closed: whatever cannot be checked is not solved.

The library has no replay protection. A solution is therefore handed on with its challenge's signature, which
the entry's transaction spends (`SpentChallenge`); the payload's text is no identity, since many texts verify.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import altcha

from app.domain.chance import Rng
from app.domain.outcomes import RefusalReason

ALGORITHM = "PBKDF2/SHA-256"
LIFETIME = timedelta(minutes=20)
ACTION = "entry"
MAX_PAYLOAD = 4096


@dataclass(frozen=True, slots=True)
class Solved:
    """A solved challenge: `signature` (32 bytes) is what gets spent, kept until `expires_at`."""

    signature: bytes
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Unsolved:
    """No valid solution, and the stable word for why; `uses_up` is the challenge that this try has cost."""

    reason: RefusalReason
    uses_up: Solved | None = None


Verdict = Solved | Unsolved


class Captcha(Protocol):
    """What the entry form needs of a CAPTCHA."""

    def challenge(self, campaign: str, now: datetime, rng: Rng) -> dict[str, Any]:
        """A fresh challenge for the campaign of this slug, as JSON for the widget."""
        ...

    def verify(self, payload: str, campaign: str, now: datetime) -> Verdict:
        """Check what the widget sent back. Never raises on bad input."""
        ...


class AltchaCaptcha:
    """ALTCHA with a bounded solving time: 50 to 149 key derivations of `cost` rounds each."""

    def __init__(self, secret: str, cost: int) -> None:
        self._sign_key = _derive(secret, b"prizewell/captcha/sign")
        self._solution_key = _derive(secret, b"prizewell/captcha/solution")
        self._cost = cost

    def challenge(self, campaign: str, now: datetime, rng: Rng) -> dict[str, Any]:
        """See `Captcha.challenge`."""
        made: dict[str, Any] = altcha.create_challenge(
            ALGORITHM,
            self._cost,
            counter=rng.randbelow(100) + 50,
            expires_at=now + LIFETIME,
            data={"campaign": campaign, "action": ACTION},
            hmac_secret=self._sign_key,
            hmac_key_secret=self._solution_key,
        ).to_dict()
        return made

    def verify(self, payload: str, campaign: str, now: datetime) -> Verdict:
        """See `Captcha.verify`."""
        if not payload or len(payload) > MAX_PAYLOAD:
            return Unsolved(RefusalReason.CAPTCHA_INVALID)
        try:
            return self._verify(altcha.Payload.from_base64(payload), campaign, now)
        except Exception:  # noqa: BLE001 -- hostile input reaches deep into the parser; what breaks it is no solution
            return Unsolved(RefusalReason.CAPTCHA_INVALID)

    def _verify(self, payload: altcha.Payload, campaign: str, now: datetime) -> Verdict:
        result = altcha.verify_solution(
            payload, hmac_secret=self._sign_key, hmac_key_secret=self._solution_key
        )
        parameters = payload.challenge.parameters
        genuine = not result.invalid_signature and parameters.expires_at is not None
        if not genuine or parameters.data != {"campaign": campaign, "action": ACTION}:
            return Unsolved(RefusalReason.CAPTCHA_INVALID)
        expires_at = datetime.fromtimestamp(parameters.expires_at or 0, UTC)
        if result.expired or now >= expires_at:
            return Unsolved(RefusalReason.CAPTCHA_EXPIRED)
        if not result.verified or payload.challenge.signature is None:
            return Unsolved(RefusalReason.CAPTCHA_INVALID)
        return Solved(bytes.fromhex(payload.challenge.signature), expires_at)


def _derive(secret: str, purpose: bytes) -> bytes:
    return hmac.digest(secret.encode(), purpose, hashlib.sha256)
