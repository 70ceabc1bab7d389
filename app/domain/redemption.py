"""Redemption: what a code is worth at the till now, decided from what is stored about it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

MAX_USES = 1_000_000
MAX_ORDER_VALUE = 10**14
MAX_REFERENCE = 120
MAX_LOCATION = 120
UNDO_WITHIN = timedelta(minutes=10)


class Verdict(StrEnum):
    """What to tell a shop about a code.

    Unknown covers all that is none of its business: a code that does not exist, was not won, belongs to
    another campaign, is held back or was declared void. The answers are the same, whichever it is.
    """

    VALID = "valid"
    USED = "used"
    EXPIRED = "expired"
    UNKNOWN = "unknown"
    NOT_ENOUGH = "not_enough"  # it can be used, but not so many times


@dataclass(frozen=True, slots=True)
class CodeFacts:
    """What is stored about a code: `is_issued` while it is won, its winner may know it, and the win counts.

    `uses` and `uses_left` are those of the code, or of its prize while the code has not been used.
    """

    campaign_id: UUID
    is_issued: bool
    uses: int
    uses_left: int
    expires_at: datetime | None


def verdict(facts: CodeFacts | None, campaign_id: UUID | None, now: datetime, units: int = 1) -> Verdict:
    """The verdict on a code of which `units` uses are wanted, for somebody who takes codes of that campaign,
    or of all (None).
    """
    if facts is None or not facts.is_issued or campaign_id not in {None, facts.campaign_id}:
        return Verdict.UNKNOWN
    if not facts.uses_left:
        return Verdict.USED
    if facts.expires_at is not None and facts.expires_at <= now:
        return Verdict.EXPIRED
    return Verdict.VALID if units <= facts.uses_left else Verdict.NOT_ENOUGH
