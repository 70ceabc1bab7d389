"""Wall times in a time zone as moments, and what to do on the two nights a year when clocks change."""

from datetime import UTC, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo


class Which(StrEnum):
    """Which of the two is meant where clocks go back and a time comes twice."""

    FIRST = "first"
    SECOND = "second"


class NoSuchTime(ValueError):
    """The clocks jump over this time; `instead` is the wall time as far behind the jump."""

    def __init__(self, instead: datetime) -> None:
        super().__init__("the clocks jump over this time")
        self.instead = instead


class TwiceTime(ValueError):
    """The clocks go back and this time comes twice; both are told, aware, in their zone."""

    def __init__(self, first: datetime, second: datetime) -> None:
        super().__init__("the clocks go back and this time comes twice")
        self.first = first
        self.second = second


def moment_of(wall: datetime, zone: ZoneInfo, which: Which | None = None) -> datetime:
    """The moment (aware, UTC) at which the clocks of the zone show the naive time `wall`.

    Raises NoSuchTime for a time they never show, and TwiceTime for one they show twice unless `which` says
    which is meant.
    """
    first = wall.replace(tzinfo=zone, fold=0)
    second = wall.replace(tzinfo=zone, fold=1)
    early, late = first.astimezone(UTC), second.astimezone(UTC)
    if early > late:
        raise NoSuchTime(early.astimezone(zone).replace(tzinfo=None, fold=0))
    if early == late or which is Which.FIRST:
        return early
    if which is Which.SECOND:
        return late
    raise TwiceTime(first, second)
