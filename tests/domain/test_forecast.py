"""Forecasts: rates, run-out, and far ahead at a stated error rate."""

import math
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.forecast import (
    HORIZON,
    Forecast,
    Lasts,
    Pace,
    Rate,
    RunsOut,
    Unknown,
    at_least,
    mean_odds,
    most_plausible,
    pace,
    rate_of,
    run_out,
)

NOW = datetime(2030, 6, 15, 12, tzinfo=UTC)


def exact(entries: int, wins: int, odds: Fraction) -> Fraction:
    """The sum of the docstring, term by term, in whole numbers."""
    terms = (
        math.comb(entries, count) * odds**count * (1 - odds) ** (entries - count)
        for count in range(wins, entries + 1)
    )
    return sum(terms, Fraction(0))


@pytest.mark.parametrize(
    ("by_hour", "per_hour", "is_known"),
    [
        ([], 0, False),
        ([100, 100], 100, False),
        ([3, 3, 3], 3, False),
        ([4, 4, 4], 4, True),
        ([0, 0, 12], 6, True),
        ([12, 0, 0], 2, True),
        ([0] * 24, 0, False),
    ],
)
def test_newer_hours_count_more(by_hour: list[int], per_hour: int, is_known: bool) -> None:
    assert rate_of(by_hour) == Rate(Fraction(per_hour), is_known)


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=48))
def test_a_rate_lies_between_the_slowest_and_the_fastest_hour(by_hour: list[int]) -> None:
    assert min(by_hour) <= rate_of(by_hour).per_hour <= max(by_hour)


def known(per_hour: int | Fraction) -> Rate:
    return Rate(Fraction(per_hour), is_known=True)


@pytest.mark.parametrize(
    ("free", "rate", "ends_in", "expected"),
    [
        (0, known(5), 10, RunsOut(NOW)),
        (0, Rate(Fraction(0), is_known=False), 10, RunsOut(NOW)),
        (5, Rate(Fraction(5), is_known=False), 10, Unknown()),
        (5, known(0), 10, Lasts()),
        (10, known(5), 10, RunsOut(NOW + timedelta(hours=2))),
        (10, known(5), 2, Lasts()),
        (1, known(3), 10, RunsOut(NOW + timedelta(minutes=20))),
        (1, known(7), 10, RunsOut(NOW + timedelta(minutes=9))),
        (10, known(5), None, RunsOut(NOW + timedelta(hours=2))),
        (365 * 24, known(1), None, Lasts()),
        (365 * 24 - 1, known(1), None, RunsOut(NOW + HORIZON - timedelta(hours=1))),
        (5, known(5), -1, Lasts()),
        (10**6, known(Fraction(1, 10**30)), None, Lasts()),
    ],
)
def test_when_stock_runs_out(free: int, rate: Rate, ends_in: int | None, expected: Forecast) -> None:
    ends_at = None if ends_in is None else NOW + timedelta(hours=ends_in)
    assert run_out(free, rate, NOW, ends_at) == expected


ODDS = st.fractions(Fraction(1, 1000), Fraction(999, 1000), max_denominator=1000)


@given(st.integers(1, 60), st.integers(-1, 61), ODDS)
def test_the_tail_is_the_sum_it_says(entries: int, wins: int, odds: Fraction) -> None:
    expected = float(exact(entries, max(wins, 0), odds))
    assert at_least(entries, wins, odds) == pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(
    ("entries", "wins", "odds", "expected"),
    [
        (10, 0, Fraction(0), 1.0),
        (10, 1, Fraction(0), 0.0),
        (10, 10, Fraction(1), 1.0),
        (10, 11, Fraction(1), 0.0),
        (0, 0, Fraction(1, 2), 1.0),
        (0, 1, Fraction(1, 2), 0.0),
        (1, 1, Fraction(1, 2**63), 2.0**-63),
    ],
)
def test_the_ends_of_the_tail(entries: int, wins: int, odds: Fraction, expected: float) -> None:
    assert at_least(entries, wins, odds) == pytest.approx(expected, rel=1e-12)


def test_a_million_entries_take_no_time_and_agree_with_the_normal_distribution() -> None:
    entries, odds = 10**6, Fraction(1, 25)
    deviation = math.sqrt(entries * odds * (1 - odds))
    for sigmas in (1, 2, 3):
        wins = math.ceil(entries * odds + sigmas * deviation)
        normal = math.erfc(((wins - 0.5) - entries * odds) / deviation / math.sqrt(2)) / 2
        assert at_least(entries, wins, odds) == pytest.approx(normal, rel=0.05)


@given(st.integers(1, 400), ODDS)
def test_far_ahead_begins_where_the_error_rate_says(entries: int, odds: Fraction) -> None:
    most = most_plausible(entries, odds, 1e-3)
    assert float(exact(entries, most, odds)) >= 1e-3 * (1 - 1e-9)
    assert float(exact(entries, most + 1, odds)) < 1e-3 * (1 + 1e-9)
    assert pace(entries, most, odds, 1e-3) is not Pace.AHEAD
    if most < entries:
        assert pace(entries, most + 1, odds, 1e-3) is Pace.AHEAD


def test_the_pace_of_wins() -> None:
    odds = Fraction(1, 100)
    assert pace(0, 0, odds) is Pace.UNKNOWN
    assert pace(10_000, 100, odds) is Pace.AS_STATED
    assert pace(10_000, 160, odds) is Pace.AHEAD
    assert pace(10_000, 50, odds) is Pace.BEHIND
    assert pace(5, 5, Fraction(1)) is Pace.AS_STATED
    assert pace(1, 1, Fraction(1, 100)) is Pace.AS_STATED


@given(st.lists(st.tuples(st.integers(0, 8), ODDS), min_size=1, max_size=3), st.integers(0, 24))
def test_mixed_odds_are_bounded_by_their_mean(parts: list[tuple[int, Fraction]], wins: int) -> None:
    """Hoeffding: for wins above the mean, entries of different odds win no more often than the mean says."""
    chances = [Fraction(1)]
    for count, odds in parts:
        for _ in range(count):
            kept = [chance * (1 - odds) for chance in (*chances, Fraction(0))]
            moved = [chance * odds for chance in (Fraction(0), *chances)]
            chances = [stay + come for stay, come in zip(kept, moved, strict=True)]
    entries = len(chances) - 1
    mean = mean_odds(parts)
    if wins >= entries * mean + 1:
        assert float(sum(chances[wins:], Fraction(0))) <= at_least(entries, wins, mean) + 1e-12


def test_no_entries_have_no_odds() -> None:
    assert mean_odds([]) == mean_odds([(0, Fraction(1, 2))]) == 0
