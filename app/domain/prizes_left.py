"""How many prizes are left, told to visitors: late and rounded, so that nobody times an entry by it.

What is shown is how it stood at the last full ten minutes. Whoever loads the page again and again learns
nothing more, and no single win can be seen going by.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

STEP = timedelta(minutes=10)
FEW = 10


class Left(StrEnum):
    """What is said of one prize."""

    NONE = "none"  # all are won
    SOME = "some"  # there are few of it at all
    FEW = "few"  # fewer than FEW
    MANY = "many"  # at least a round number


@dataclass(frozen=True, slots=True)
class Rounded:
    """How many are left: for MANY at least `least`, a number with one digit that is not 0."""

    kind: Left
    least: int = 0


def as_of(now: datetime) -> datetime:
    """The last full ten minutes, which is what `now` is told of."""
    seconds = int(now.timestamp())
    return datetime.fromtimestamp(seconds - seconds % int(STEP.total_seconds()), UTC)


def rounded(left: int, total: int) -> Rounded:
    """What is said where `left` of `total` are left. Never more than there is."""
    if left <= 0:
        return Rounded(Left.NONE)
    if total < FEW:
        return Rounded(Left.SOME)
    if left < FEW:
        return Rounded(Left.FEW)
    power = 10 ** (len(str(left)) - 1)
    return Rounded(Left.MANY, left // power * power)
