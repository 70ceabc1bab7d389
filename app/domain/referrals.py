"""Referrals: who brought a friend may enter once more. Pure decisions; what a further entry is drawn with is
no different from any other.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

MOST = range(101)  # further entries one person can earn; 0: the campaign has no referrals
FRIENDS_PERIOD = "*"  # of what carries the code a friend is given
_FURTHER = re.compile(r"\+([1-9][0-9]{0,2})")


class NotCounted(StrEnum):
    """Why a friend earns nobody a further entry. Stable words: they are stored, and pages translate them."""

    SELF = "self"  # both are one person
    NETWORK = "network"  # both entered from one network
    LOOP = "loop"  # the friend is who brought this person
    NOT_FIRST = "not_first"  # the friend had entered before
    LIMIT = "limit"  # this person has earned all they can


@dataclass(frozen=True, slots=True)
class Brought:
    """A friend's entry that came by somebody's link."""

    is_self: bool
    is_same_network: bool
    is_loop: bool
    is_first: bool
    earned: int  # by the one who brought them, so far
    most: int


def not_counted(brought: Brought) -> NotCounted | None:
    """Why it earns nothing; None where it does."""
    reasons = {
        NotCounted.SELF: brought.is_self,
        NotCounted.NOT_FIRST: not brought.is_first,
        NotCounted.LOOP: brought.is_loop,
        NotCounted.NETWORK: brought.is_same_network,
        NotCounted.LIMIT: brought.earned >= brought.most,
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


def further_period(number: int) -> str:
    """The period of the further entry of that number, counted from 1: each is entered once."""
    return f"+{number}"


def bonus_period(number: int) -> str:
    """The period of what carries the code that goes with that further entry: each is given once."""
    return f"*{number}"


def further_number(period: str) -> int | None:
    """The number of a further entry; None for the period of any other entry."""
    match = _FURTHER.fullmatch(period)
    return int(match[1]) if match else None
