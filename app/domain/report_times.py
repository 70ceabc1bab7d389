"""When reports are mailed, at an hour of the campaign's clocks, each day or Monday; and what they tell."""

from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from app.domain.moments import NoSuchTime, Which, moment_of

DAY = timedelta(days=1)


class Every(StrEnum):
    """How often."""

    DAILY = "daily"
    WEEKLY = "weekly"

    @property
    def days(self) -> int:
        """How many days one report tells of."""
        return 1 if self is Every.DAILY else 7


def due_at(day: date, hour: int, zone: ZoneInfo) -> datetime:
    """The moment (UTC) of the report of that day. Where clocks jump over the hour, as long after the jump;
    where it comes twice, the first time.
    """
    wall = datetime.combine(day, time(hour))
    try:
        return moment_of(wall, zone, Which.FIRST)
    except NoSuchTime as skipped:
        return skipped.instead.replace(tzinfo=zone).astimezone(UTC)


def last_due(every: Every, hour: int, zone: ZoneInfo, now: datetime) -> date:
    """The day of the last report that has been due."""
    day = now.astimezone(zone).date()
    if every is Every.WEEKLY:
        day -= day.weekday() * DAY
    return day if due_at(day, hour, zone) <= now else day - every.days * DAY


def told(every: Every, day: date) -> tuple[date, date]:
    """The first and the last day that the report of that day tells of: all of them are over."""
    return day - every.days * DAY, day - DAY
