"""Until when a won code is good: decided when it is won, and never changed afterwards."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

MAX_DAYS = 3650


def expiry(won_at: datetime, zone: ZoneInfo, on: date | None, days: int | None) -> datetime | None:
    """The moment (UTC) from which the code is no longer good: the end of the day `on`, or of the day `days`
    days after the win, by the clocks of the zone. None for a code that is good for ever.
    """
    last = on
    if days is not None:
        last = won_at.astimezone(zone).date() + timedelta(days=days)
    if last is None:
        return None
    # A midnight the clocks jump over begins with the first moment after it.
    return datetime.combine(last + timedelta(days=1), time(), zone).astimezone(UTC)


def last_day(expires_at: datetime, zone: ZoneInfo) -> date:
    """The last day a code is good on, by the clocks of the zone."""
    return (expires_at - timedelta(seconds=1)).astimezone(zone).date()
