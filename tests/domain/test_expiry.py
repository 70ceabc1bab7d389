"""Until when a code is good: by the campaign's clocks, also when those jump."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from app.domain.expiry import expiry, last_day

ISTANBUL, BERLIN, CAIRO = ZoneInfo("Europe/Istanbul"), ZoneInfo("Europe/Berlin"), ZoneInfo("Africa/Cairo")


def test_without_a_limit_a_code_is_good_for_ever() -> None:
    assert expiry(datetime(2030, 6, 1, tzinfo=UTC), ISTANBUL, None, None) is None


@pytest.mark.parametrize(
    ("won_at", "zone", "on", "days", "ends", "last"),
    [
        # 22:30 UTC is the next day in Istanbul.
        ("2030-06-01T22:30", ISTANBUL, None, 0, "2030-06-02T21:00", date(2030, 6, 2)),
        ("2030-06-01T12:00", ISTANBUL, None, 14, "2030-06-15T21:00", date(2030, 6, 15)),
        ("2030-06-01T12:00", ISTANBUL, date(2030, 12, 31), None, "2030-12-31T21:00", date(2030, 12, 31)),
        # Summer time ends on the way: the day stays the day.
        ("2030-10-26T12:00", BERLIN, None, 1, "2030-10-27T23:00", date(2030, 10, 27)),
        # Midnight is jumped over in Cairo: 26 April 2030 begins at one o'clock.
        ("2030-04-24T12:00", CAIRO, None, 1, "2030-04-25T22:00", date(2030, 4, 25)),
    ],
)
def test_a_code_ends_with_a_day(
    won_at: str, zone: ZoneInfo, on: date | None, days: int | None, ends: str, last: date
) -> None:
    found = expiry(datetime.fromisoformat(won_at).replace(tzinfo=UTC), zone, on, days)
    assert found == datetime.fromisoformat(ends).replace(tzinfo=UTC)
    assert found is not None
    assert last_day(found, zone) == last
