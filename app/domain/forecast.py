"""Forecasts out of what was counted: when stock runs out, and whether wins are ahead of the stated odds.

Plain figures in, exact fractions within. Only the tail of the binomial distribution is a float: it is
compared with an error rate, never paid out.

How fast things go. Of the last hours, x_1 (the oldest) to x_n, newer ones count more:

    rate = (1 x_1 + 2 x_2 + … + n x_n) / (1 + 2 + … + n)        per hour

With fewer than LEAST_HOURS hours, or fewer than LEAST_EVENTS events in them, nothing is foretold: with 10
events, chance alone moves the rate by a third.

When stock runs out. Wins of a tier come at (entries per hour) x (how likely an entry is given something from
it, which app.domain.preview works out). Entries are many where wins are few, so that is known better than the
wins themselves; and it answers what a change of the weights would do. Prizes of one tier are taken from at
random, so they last equally long.

Far ahead. If all of n entries were drawn by odds p, k or more of them win with probability

    P(X >= k) = sum over i = k..n of C(n, i) p^i (1 - p)^(n - i)

"Far ahead" is said when that is below the error rate: of so many looks at a healthy campaign, one is wrong.
Where the odds changed between the entries, p is their mean: for k above the mean the sum is then an upper
bound (W. Hoeffding, 1956), so the error rate holds.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from typing import Literal

LEAST_HOURS = 3
LEAST_EVENTS = 10
HORIZON = timedelta(days=365)  # without an end, further off than this is "lasts"
ERROR_RATE = 1e-6
_NEGLIGIBLE = 1e-17


@dataclass(frozen=True, slots=True)
class Rate:
    """Events per hour; `is_known` is False where there is too little to tell by."""

    per_hour: Fraction
    is_known: bool

    def times(self, probability: Fraction) -> "Rate":
        """The rate of those that come out one way, each with that probability."""
        return Rate(self.per_hour * probability, self.is_known)


def rate_of(by_hour: Sequence[int]) -> Rate:
    """The rate out of counts per whole hour, the oldest first."""
    hours = len(by_hour)
    weighted = sum(place * count for place, count in enumerate(by_hour, start=1))
    per_hour = Fraction(2 * weighted, hours * (hours + 1)) if hours else Fraction(0)
    return Rate(per_hour, hours >= LEAST_HOURS and sum(by_hour) >= LEAST_EVENTS)


@dataclass(frozen=True, slots=True)
class RunsOut:
    """Nothing is left from that moment on, should it go on like this."""

    at: datetime
    kind: Literal["runs_out"] = "runs_out"


@dataclass(frozen=True, slots=True)
class Lasts:
    """It lasts until the end."""

    kind: Literal["lasts"] = "lasts"


@dataclass(frozen=True, slots=True)
class Unknown:
    """Too little has happened to tell."""

    kind: Literal["unknown"] = "unknown"


Forecast = RunsOut | Lasts | Unknown


def run_out(free: int, rate: Rate, now: datetime, ends_at: datetime | None) -> Forecast:
    """When `free` units are gone at that rate of wins; whole minutes. Nothing left is RunsOut at `now`."""
    if free <= 0:
        return RunsOut(now)
    if not rate.is_known:
        return Unknown()
    if rate.per_hour == 0:
        return Lasts()
    minutes = math.ceil(free * 60 / rate.per_hour)
    limit = HORIZON if ends_at is None else ends_at - now
    if minutes * 60 >= limit.total_seconds():
        return Lasts()
    return RunsOut(now + timedelta(minutes=minutes))


class Pace(StrEnum):
    """How wins stand against the stated odds."""

    UNKNOWN = "unknown"
    AS_STATED = "as_stated"
    AHEAD = "ahead"
    BEHIND = "behind"


def at_least(entries: int, wins: int, odds: Fraction) -> float:
    """P(X >= wins) where each of so many entries wins by these odds."""
    if wins <= 0:
        return 1.0
    if wins > entries or odds <= 0:
        return 0.0
    if odds >= 1:
        return 1.0
    if wins <= entries * odds:
        return max(0.0, 1.0 - _sum_up(entries, entries - wins + 1, 1 - odds))
    return _sum_up(entries, wins, odds)


def _sum_up(entries: int, wins: int, odds: Fraction) -> float:
    """The terms from `wins` on; fast for a `wins` above the mean, where each is smaller than the last."""
    term = math.exp(_log_term(entries, wins, odds))
    ratio = float(odds / (1 - odds))
    total = 0.0
    count = wins
    while term > total * _NEGLIGIBLE and count <= entries:
        total += term
        term *= (entries - count) / (count + 1) * ratio
        count += 1
    return min(1.0, total)


def _log_term(entries: int, wins: int, odds: Fraction) -> float:
    ways = math.lgamma(entries + 1) - math.lgamma(wins + 1) - math.lgamma(entries - wins + 1)
    return ways + wins * _log(odds) + (entries - wins) * _log(1 - odds)


def _log(share: Fraction) -> float:
    # Of each integer by itself: a weight of 1 in 2^63 is no float that can be subtracted from 1.
    return math.log(share.numerator) - math.log(share.denominator)


def pace(entries: int, wins: int, odds: Fraction, error_rate: float = ERROR_RATE) -> Pace:
    """Whether so many wins are what the odds say; each of the two wrong answers comes at the error rate."""
    if entries == 0:
        return Pace.UNKNOWN
    if at_least(entries, wins, odds) < error_rate:
        return Pace.AHEAD
    if at_least(entries, entries - wins, 1 - odds) < error_rate:
        return Pace.BEHIND
    return Pace.AS_STATED


def most_plausible(entries: int, odds: Fraction, error_rate: float = ERROR_RATE) -> int:
    """The largest number of wins that is not far ahead."""
    low, high = 0, entries
    while low < high:
        middle = (low + high + 1) // 2
        if at_least(entries, middle, odds) < error_rate:
            high = middle - 1
        else:
            low = middle
    return low


def mean_odds(counted: Sequence[tuple[int, Fraction]]) -> Fraction:
    """The mean odds over entries that were drawn by different ones: (how many, by which)."""
    entries = sum(count for count, _odds in counted)
    return sum((count * odds for count, odds in counted), Fraction(0)) / entries if entries else Fraction(0)
