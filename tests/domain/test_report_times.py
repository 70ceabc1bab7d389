"""When reports are mailed: by the campaign's clocks, also on the two nights a year when these change."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.domain.report_times import DAY, Every, due_at, last_due, told

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("day", "hour", "moment"),
    [
        (date(2030, 6, 15), 8, datetime(2030, 6, 15, 6, tzinfo=UTC)),
        (date(2030, 3, 31), 2, datetime(2030, 3, 31, 1, tzinfo=UTC)),  # 02:00 does not come: at 03:00
        (date(2030, 10, 27), 2, datetime(2030, 10, 27, 0, tzinfo=UTC)),  # 02:00 comes twice: the first
    ],
)
def test_the_hour_is_that_of_the_campaigns_clocks(day: date, hour: int, moment: datetime) -> None:
    assert due_at(day, hour, BERLIN) == moment


@pytest.mark.parametrize("every", list(Every))
@pytest.mark.parametrize("hour", [0, 2, 23])
@pytest.mark.parametrize("zone", ["Europe/Berlin", "Asia/Kathmandu", "America/Havana", "Australia/Lord_Howe"])
def test_every_report_of_a_year_comes_once_and_in_order(every: Every, hour: int, zone: str) -> None:
    """Asked every half an hour of a year, the days of the reports follow one another without a gap."""
    here, now = ZoneInfo(zone), datetime(2030, 1, 1, tzinfo=UTC)
    days: list[date] = []
    while now.year < 2031:
        day = last_due(every, hour, here, now)
        assert due_at(day, hour, here) <= now < due_at(day + every.days * DAY, hour, here)
        days += [day] if not days or days[-1] != day else []
        now += timedelta(minutes=30)
    assert days == [days[0] + number * every.days * DAY for number in range(len(days))]
    assert every is Every.DAILY or {day.weekday() for day in days} == {0}


def test_what_a_report_tells_is_over() -> None:
    assert told(Every.DAILY, date(2030, 6, 15)) == (date(2030, 6, 14), date(2030, 6, 14))
    assert told(Every.WEEKLY, date(2030, 6, 17)) == (date(2030, 6, 10), date(2030, 6, 16))
