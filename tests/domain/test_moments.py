"""Wall times: the usual ones, those that do not exist, and those that come twice."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from app.domain.moments import NoSuchTime, TwiceTime, Which, moment_of

BERLIN = ZoneInfo("Europe/Berlin")


def wall(*parts: int) -> datetime:
    """A time as a clock on the wall shows it."""
    return datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001 -- without a zone: that is the point


def test_a_usual_time_is_one_moment_whichever_is_meant() -> None:
    for which in (None, *Which):
        moment = moment_of(wall(2030, 6, 1, 9), ZoneInfo("Europe/Istanbul"), which)
        assert moment == datetime(2030, 6, 1, 6, tzinfo=UTC)


def test_a_time_the_clocks_jump_over_is_refused_with_the_one_that_is_there() -> None:
    with pytest.raises(NoSuchTime) as caught:
        moment_of(wall(2030, 3, 31, 2, 30), BERLIN, Which.FIRST)
    assert caught.value.instead == wall(2030, 3, 31, 3, 30)


def test_a_time_that_comes_twice_needs_to_know_which() -> None:
    twice = wall(2030, 10, 27, 2, 30)
    with pytest.raises(TwiceTime) as caught:
        moment_of(twice, BERLIN)
    assert (caught.value.first.utcoffset(), caught.value.second.utcoffset()) == (
        datetime(2030, 7, 1, tzinfo=BERLIN).utcoffset(),
        datetime(2030, 12, 1, tzinfo=BERLIN).utcoffset(),
    )
    assert moment_of(twice, BERLIN, Which.FIRST) == datetime(2030, 10, 27, 0, 30, tzinfo=UTC)
    assert moment_of(twice, BERLIN, Which.SECOND) == datetime(2030, 10, 27, 1, 30, tzinfo=UTC)
