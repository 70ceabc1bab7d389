"""Hours and days of a zone out of quarters, also when clocks change."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.timeline import Count, Day, Hour, days, hours, quarter_of, start_of

BERLIN = ZoneInfo("Europe/Berlin")
KATHMANDU = ZoneInfo("Asia/Kathmandu")  # 5:45 ahead


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def counted(*moments: str) -> list[Count]:
    return [Count(quarter_of(at(moment)), 1, 0) for moment in moments]


@given(st.integers(0, 7_000_000_000))
def test_a_moment_lies_in_its_quarter(seconds: int) -> None:
    moment = datetime.fromtimestamp(seconds, UTC)
    start = start_of(quarter_of(moment))
    assert start <= moment < start + timedelta(minutes=15)
    assert start.minute % 15 == start.second == 0


def test_the_last_hours_end_with_the_present_one() -> None:
    counts = [Count(quarter_of(at(moment)), 2, 1) for moment in ("2030-06-15T10:59", "2030-06-15T11:00")]
    found = hours([*counts, counts[0]], ZoneInfo("UTC"), at("2030-06-15T11:20"), 3)
    assert found == [
        Hour(at("2030-06-15T09:00")),
        Hour(at("2030-06-15T10:00"), 4, 2),
        Hour(at("2030-06-15T11:00"), 2, 1),
    ]


def test_what_is_older_is_left_out() -> None:
    assert hours(counted("2030-06-15T08:00"), BERLIN, at("2030-06-15T11:20"), 2) == [
        Hour(at("2030-06-15T10:00")),
        Hour(at("2030-06-15T11:00")),
    ]


def test_hours_of_a_zone_that_is_three_quarters_off() -> None:
    found = hours(counted("2030-06-15T10:10", "2030-06-15T10:15"), KATHMANDU, at("2030-06-15T10:20"), 2)
    assert found == [Hour(at("2030-06-15T09:15"), 1), Hour(at("2030-06-15T10:15"), 1)]


@pytest.mark.parametrize(("day", "length"), [(date(2030, 3, 31), 23), (date(2030, 10, 27), 25)])
def test_a_day_of_another_length_holds_all_its_hours(day: date, length: int) -> None:
    start = datetime(day.year, day.month, day.day, tzinfo=BERLIN).astimezone(UTC)
    first = quarter_of(start)
    counts = [Count(quarter, 1, 0) for quarter in range(first - 4, first + 4 * length + 4)]
    now = start + timedelta(hours=length)
    assert days(counts, BERLIN, now, 90)[:2] == [
        Day(day - timedelta(days=1), 4),
        Day(day, 4 * length),
    ]
    every = hours(counts, BERLIN, now, length + 1)
    assert [hour.entries for hour in every] == [4] * (length + 1)
    assert len({hour.at for hour in every}) == length + 1


def test_days_without_anything_are_there_and_the_latest_count() -> None:
    counts = counted("2030-06-10T22:30", "2030-06-13T10:00")
    assert days(counts, BERLIN, at("2030-06-13T12:00"), 90) == [
        Day(date(2030, 6, 11), 1),
        Day(date(2030, 6, 12)),
        Day(date(2030, 6, 13), 1),
    ]
    assert days(counts, BERLIN, at("2030-06-13T12:00"), 2)[0] == Day(date(2030, 6, 12))
    assert days([], BERLIN, at("2030-06-13T12:00"), 90) == [Day(date(2030, 6, 13))]


def test_a_clock_that_went_back_shows_a_day_anyway() -> None:
    assert days(counted("2030-06-15T10:00"), BERLIN, at("2030-06-13T12:00"), 90) == [
        Day(date(2030, 6, 15), 1)
    ]
