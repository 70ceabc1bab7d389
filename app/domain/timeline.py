"""Timelines: counts of quarter hours put together to the hours and days of a time zone.

A quarter is its number since 1970 UTC. Zones differ from UTC by whole quarters, so none is ever divided; an
hour that comes twice when clocks go back is two hours here, a day has as many hours as it has.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

QUARTER_SECONDS = 900


@dataclass(frozen=True, slots=True)
class Count:
    """What came within one quarter."""

    quarter: int
    entries: int
    wins: int


@dataclass(frozen=True, slots=True)
class Hour:
    """One hour, by the moment it begins (UTC)."""

    at: datetime
    entries: int = 0
    wins: int = 0


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the zone."""

    day: date
    entries: int = 0
    wins: int = 0


def quarter_of(moment: datetime) -> int:
    """The quarter a moment lies in."""
    return int(moment.timestamp() // QUARTER_SECONDS)


def start_of(quarter: int) -> datetime:
    """When a quarter begins."""
    return datetime.fromtimestamp(quarter * QUARTER_SECONDS, UTC)


def hours(counts: Iterable[Count], zone: ZoneInfo, now: datetime, how_many: int) -> list[Hour]:
    """The last hours of the zone, the oldest first; the last one is the one that `now` lies in."""
    last = _hour_of(now, zone)
    starts = [_hour_of(last - timedelta(hours=back), zone) for back in range(how_many - 1, -1, -1)]
    found = {start: Hour(start) for start in starts}
    for count in counts:
        start = _hour_of(start_of(count.quarter), zone)
        if start in found:
            known = found[start]
            found[start] = Hour(start, known.entries + count.entries, known.wins + count.wins)
    return list(found.values())


def days(counts: Iterable[Count], zone: ZoneInfo, now: datetime, most: int) -> list[Day]:
    """The days of the zone from the first count to today, at most so many of the latest, the oldest first."""
    today = now.astimezone(zone).date()
    found: dict[date, Day] = {}
    for count in counts:
        day = start_of(count.quarter).astimezone(zone).date()
        known = found.get(day, Day(day))
        found[day] = Day(day, known.entries + count.entries, known.wins + count.wins)
    first = max(min(found, default=today), today - timedelta(days=most - 1))
    span = (today - first).days + 1
    return [
        found.get(day, Day(day)) for day in (first + timedelta(days=number) for number in range(max(span, 1)))
    ]


def _hour_of(moment: datetime, zone: ZoneInfo) -> datetime:
    """When the zone's hour begins that the moment lies in, in UTC."""
    local = moment.astimezone(zone)
    into = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    return moment.astimezone(UTC) - into
