"""When one may enter: the window, the limit, and days in the campaign's own zone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.domain.eligibility import (
    CampaignStatus,
    EntryLimit,
    Phase,
    Window,
    already_entered,
    limit_period,
    next_chance,
    phase,
    refusal,
)
from app.domain.outcomes import RefusalReason

START = datetime(2030, 6, 1, 12, tzinfo=UTC)
END = datetime(2030, 7, 1, 12, tzinfo=UTC)
ISTANBUL, BERLIN = ZoneInfo("Europe/Istanbul"), ZoneInfo("Europe/Berlin")
WINDOW = Window(CampaignStatus.OPEN, START, END, EntryLimit.ONCE, ISTANBUL)
TICK = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("status", "now", "expected"),
    [
        (CampaignStatus.DRAFT, START, Phase.DRAFT),
        (CampaignStatus.OPEN, START - TICK, Phase.NOT_OPEN),
        (CampaignStatus.OPEN, START, Phase.LIVE),
        (CampaignStatus.OPEN, END - TICK, Phase.LIVE),
        (CampaignStatus.OPEN, END, Phase.CLOSED),
        (CampaignStatus.PAUSED, START - TICK, Phase.NOT_OPEN),
        (CampaignStatus.PAUSED, START, Phase.PAUSED),
        (CampaignStatus.PAUSED, END, Phase.CLOSED),
        (CampaignStatus.CLOSED, START, Phase.CLOSED),
    ],
)
def test_phase(status: CampaignStatus, now: datetime, expected: Phase) -> None:
    assert phase(replace(WINDOW, status=status), now) is expected


def test_a_window_may_be_open_at_both_ends() -> None:
    endless = replace(WINDOW, opens_at=None, closes_at=None)
    assert phase(endless, datetime(1990, 1, 1, tzinfo=UTC)) is Phase.LIVE
    assert phase(endless, datetime(2090, 1, 1, tzinfo=UTC)) is Phase.LIVE


@pytest.mark.parametrize(
    ("status", "now", "reason"),
    [
        (CampaignStatus.DRAFT, START, RefusalReason.NOT_OPEN),
        (CampaignStatus.OPEN, START - TICK, RefusalReason.NOT_OPEN),
        (CampaignStatus.OPEN, START, None),
        (CampaignStatus.PAUSED, START, RefusalReason.PAUSED),
        (CampaignStatus.CLOSED, START, RefusalReason.CLOSED),
    ],
)
def test_refusal(status: CampaignStatus, now: datetime, reason: RefusalReason | None) -> None:
    assert refusal(replace(WINDOW, status=status), now) is reason


def test_the_day_of_a_daily_limit_is_the_campaigns() -> None:
    daily = replace(WINDOW, limit=EntryLimit.DAILY)
    assert limit_period(daily, datetime(2030, 6, 10, 20, 59, tzinfo=UTC)) == "2030-06-10"
    assert limit_period(daily, datetime(2030, 6, 10, 21, 0, tzinfo=UTC)) == "2030-06-11"
    assert limit_period(WINDOW, START) == ""


def test_the_next_chance_is_the_next_midnight_there() -> None:
    daily = replace(WINDOW, limit=EntryLimit.DAILY)
    entered = datetime(2030, 6, 10, 20, 59, tzinfo=UTC)
    assert next_chance(daily, entered) == datetime(2030, 6, 10, 21, 0, tzinfo=UTC)
    assert next_chance(WINDOW, entered) is None
    assert next_chance(daily, END - timedelta(hours=1)) is None, "the campaign ends before the next day"


def test_days_are_23_or_25_hours_long_when_clocks_change() -> None:
    daily = Window(CampaignStatus.OPEN, None, None, EntryLimit.DAILY, BERLIN)
    spring = datetime(2030, 3, 31, 0, 30, tzinfo=BERLIN)
    following = next_chance(daily, spring)
    assert following == datetime(2030, 3, 31, 22, 0, tzinfo=UTC)
    assert limit_period(daily, following - TICK) == "2030-03-31"
    assert limit_period(daily, following) == "2030-04-01"


def test_the_word_for_a_second_entry_depends_on_the_limit() -> None:
    assert already_entered(WINDOW) is RefusalReason.ALREADY_ENTERED
    assert already_entered(replace(WINDOW, limit=EntryLimit.DAILY)) is RefusalReason.ALREADY_ENTERED_TODAY
