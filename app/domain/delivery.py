"""When a message is sent, sent again, and given up."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from app.domain.chance import Rng

LEASE = timedelta(minutes=5)  # longer than any attempt takes: then others may take the message over
QUIET = timedelta(hours=1)  # between two messages to one address that nobody has proven
TOO_OLD = timedelta(days=4)  # nobody expects the news any more; past the last try of a message tried in time
# 2, 8, 32 minutes, 2, 8 hours, then daily: the last try comes three days after the first.
_FIRST_WAIT = timedelta(minutes=2)
_LONGEST_WAIT = timedelta(hours=21)
MAX_TRIES = 9


class Trouble(StrEnum):
    """Why a message did not arrive. Stable words: they are stored, and pages translate them."""

    UNREACHABLE = "unreachable"  # no mail server answers
    LOGIN = "login"  # it does not know our user and password
    NO_TLS = "no_tls"  # it offers no encryption, or a certificate that cannot be trusted
    SENDER = "sender"  # it takes no mail from our address
    RECIPIENT = "recipient"  # it takes no mail to this address
    CONTENT = "content"  # it does not take this mail
    ADDRESS = "address"  # the address cannot be written to
    TOO_OLD = "too_old"  # it waited too long for mail to be on
    GONE = "gone"  # what it was about is no more
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Sent:
    """The message was taken over for delivery."""


@dataclass(frozen=True, slots=True)
class NotSent:
    """The message was not taken. `code` is the answer's digits alone: its words may name people."""

    trouble: Trouble
    for_good: bool
    code: str = ""

    def __str__(self) -> str:
        return f"{self.trouble} {self.code}".rstrip()


Sending = Sent | NotSent


def next_try(tries: int, now: datetime, rng: Rng) -> datetime | None:
    """When to try again after that many tries that failed; None to give up.

    Waits grow fourfold up to a day, and are spread by a tenth, so that what failed together comes back apart.
    """
    if tries >= MAX_TRIES:
        return None
    wait: timedelta = min(_FIRST_WAIT * int(4 ** (tries - 1)), _LONGEST_WAIT)
    return now + wait + wait * rng.randbelow(1000) / 10_000


def is_too_old(created_at: datetime, now: datetime) -> bool:
    """True when a message has waited past its use."""
    return now - created_at > TOO_OLD


def free_at(last_to_same: datetime | None, now: datetime) -> datetime | None:
    """Until when the address is to be left alone; None when it may be written to now."""
    if last_to_same is None or now - last_to_same >= QUIET:
        return None
    return last_to_same + QUIET
