"""Proof of address: when an entrant has to show that the mail address given is theirs.

Entering stores and draws an entry as always, whatever is set. What waits for proof is only the telling.
"""

from datetime import datetime, timedelta
from enum import StrEnum

HOURS = range(1, 721)  # how long a code may be kept for somebody
PROOF_HOURS = 48
REMIND_DAYS = range(61)
REMIND = 3


class Proof(StrEnum):
    """What has to wait until the address is proved."""

    NEVER = "never"
    CODE = "code"  # who wins learns what, and gets the code once the address is proved
    REVEAL = "reveal"  # nothing of the outcome is told before, to winners and losers alike


def asked(setting: Proof, *, is_won: bool, is_proved: bool) -> Proof:
    """What one entry is asked for: nothing of who has proved the address, and of losers only where the
    outcome itself is kept back.
    """
    if is_proved or (setting is Proof.CODE and not is_won):
        return Proof.NEVER
    return setting


def deadline(entered_at: datetime, hours: int) -> datetime:
    """Until when a code is kept for an address to be proved. The same for all, so that it tells nothing."""
    return entered_at + timedelta(hours=hours)
