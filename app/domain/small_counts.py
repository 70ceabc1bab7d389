"""Small counts: figures by day for somebody who must not be able to single out a person.

A count from 1 to 4 is not shown. It goes on to the next day, until what has gathered is 5 or more: then that
day shows all of it. So each number that is shown stands for 5 or for nobody, the total is the sum of what is
shown and no more, and subtracting one from the other gives nothing that is not on the page. The day that is
still going on is told in fives: two looks at it do not tell of one person in between.
"""

from collections.abc import Sequence
from dataclasses import dataclass

SMALLEST = 5


@dataclass(frozen=True, slots=True)
class Shown:
    """Counts by day as they may be shown: None is "fewer than five so far". `total` is the sum of the others,
    `has_more` whether some have gathered that are not in it yet.
    """

    days: tuple[int | None, ...]
    total: int
    has_more: bool

    @property
    def whole(self) -> int | None:
        """The total as it may be shown: None for fewer than five in all."""
        return None if self.has_more and not self.total else self.total


def shown(counts: Sequence[int]) -> Shown:
    """What may be shown of these counts of days that are over."""
    return shown_amounts(counts, counts)


def shown_amounts(counts: Sequence[int], amounts: Sequence[int]) -> Shown:
    """The same for amounts that come from so many people: those of fewer than five are kept together."""
    days: list[int | None] = []
    gathered = amount = total = 0
    for count, more in zip(counts, amounts, strict=True):
        gathered, amount = gathered + count, amount + more
        if 0 < gathered < SMALLEST:
            days.append(None)
            continue
        days.append(amount)
        total += amount
        gathered = amount = 0
    return Shown(tuple(days), total, gathered > 0)


def in_fives(count: int) -> int:
    """The count of a day that is not over, to the five below."""
    return count - count % SMALLEST
