"""The draw of PW-FAIR/1, sections 1, 3 and 4. Integers and HMAC-SHA-256 only; no clock, no chance, no floats.

An outcome is a function of the campaign's sealed seed and of the nonce made in the entrant's own browser:
nobody can steer it, re-roll it or time it, and anyone can recompute it once the seed is published.
"""

import hashlib
import hmac
from dataclasses import dataclass, field
from uuid import UUID

from app.domain.odds import OddsTable, Redraw

SEED_BYTES = 32
NONCE_BYTES = 16
_SPAN = 2**64


@dataclass(frozen=True, slots=True)
class Draw:
    """What was drawn for one entry: its ticket, the tier the ticket falls on (None: no win), and the tickets
    of drawing again, for `OddsTable.ways_to_award`.
    """

    ticket: int
    tier: UUID | None
    redraw: Redraw = field(compare=False, repr=False)


def seed_commitment(campaign: UUID, seed: bytes) -> str:
    """`seed_commit` (64 hex digits): published before any entry, it fixes the seed without showing it."""
    return hashlib.sha256(b"prizewell/seed/1\0" + campaign.bytes + seed).hexdigest()


def entry_commitment(campaign: UUID, nonce: bytes, email: str) -> bytes:
    """`entry_commit` (32 bytes) for a canonical e-mail address; it reveals neither address nor nonce."""
    return hmac.digest(nonce, b"prizewell/entry/1\0" + campaign.bytes + email.encode(), "sha256")


def ticket(seed: bytes, campaign: UUID, commitment: bytes, total: int) -> int:
    """A number in `[0, total)`, each equally likely: values past the last whole multiple are drawn again."""
    return _number(seed, b"prizewell/draw/1\0" + campaign.bytes + commitment, total)


def redraw(seed: bytes, campaign: UUID, commitment: bytes) -> Redraw:
    """The tickets of an entry that is drawn again: a function of the seed and the entrant's nonce, too."""

    def ticket_of(rounds: int, total: int) -> int:
        message = b"prizewell/redraw/1\0" + campaign.bytes + commitment + rounds.to_bytes(4, "big")
        return _number(seed, message, total)

    return ticket_of


def past_the_end(_rounds: int, total: int) -> int:
    """For `OddsTable.ways_to_award`: ends the ways at a drawing again, where the seed is not to be had."""
    return total


def _number(seed: bytes, message: bytes, total: int) -> int:
    limit = _SPAN - _SPAN % total
    counter = 0
    while True:
        digest = hmac.digest(seed, message + counter.to_bytes(4, "big"), "sha256")
        value = int.from_bytes(digest[:8], "big")
        if value < limit:
            return value % total
        counter += 1


def draw(seed: bytes, commitment: bytes, odds: OddsTable) -> Draw:
    """Decide one entry under one odds table."""
    number = ticket(seed, odds.campaign, commitment, odds.total)
    return Draw(number, odds.tier_hit(number), redraw(seed, odds.campaign, commitment))
