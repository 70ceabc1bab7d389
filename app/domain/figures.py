"""Figures: what tells whether a campaign worked. Exact: fractions and minor units, rounded only when shown.

Where there is nothing to divide by, a figure is None: "no orders yet" is not an average of 0.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from itertools import accumulate


@dataclass(frozen=True, slots=True)
class Tally:
    """What came of some entries. `people`, `winners` and `redeemers` are persons, all else are events."""

    visits: int = 0
    started: int = 0
    sent: int = 0
    entries: int = 0
    people: int = 0
    wins: int = 0
    winners: int = 0
    seen: int = 0
    redeemed: int = 0
    redeemers: int = 0
    again: int = 0


COUNTS = tuple(Tally.__dataclass_fields__)
FUNNEL = ("visits", "started", "sent", "entries", "wins", "seen", "redeemed", "again")


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of the funnel: how many reached it, and which share of the stage before."""

    name: str
    count: int
    share: Fraction | None


@dataclass(frozen=True, slots=True)
class Costs:
    """What a campaign costs, in minor units of its currency; `discount` for each win that is redeemed."""

    currency: str = ""
    media: int = 0
    prizes: int = 0
    other: int = 0
    discount: int = 0


@dataclass(frozen=True, slots=True)
class DayOfWins:
    """The wins of one day, and how many of them were redeemed after how many days."""

    wins: int
    redeemed_after: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Aged:
    """Of the wins that are at least so many days old, how many were redeemed within so many days."""

    days: int
    redeemed: int
    wins: int

    @property
    def rate(self) -> Fraction | None:
        """The share."""
        return share(self.redeemed, self.wins)


@dataclass(frozen=True, slots=True)
class Cohort:
    """People whose first purchase lies in one month, and how many of them bought so many months later."""

    month: str  # 2026-07
    people: int
    back: tuple[int, ...]  # from the month after the first on

    def retention(self, months: int) -> Fraction | None:
        """The share that bought again so many months later."""
        return share(self.back[months - 1] if months <= len(self.back) else 0, self.people)


def share(part: int, whole: int) -> Fraction | None:
    """A part of a whole."""
    return Fraction(part, whole) if whole else None


def funnel(tally: Tally) -> tuple[Stage, ...]:
    """From the page shown to the second purchase: events, each stage beside the one before."""
    counts = [getattr(tally, name) for name in FUNNEL]
    before = [0, *counts]
    return tuple(
        Stage(name, count, share(count, earlier))
        for name, count, earlier in zip(FUNNEL, counts, before, strict=False)
    )


def redemption_rate(tally: Tally) -> Fraction | None:
    """Redeemed wins by wins (a standard measure of promotions: redemptions / coupons issued)."""
    return share(tally.redeemed, tally.wins)


def redemption_by_age(days: Mapping[date, DayOfWins], ages: Iterable[int], today: date) -> list[Aged]:
    """The share of wins redeemed within so many days, out of those that had so many: others would lower it.

    A win had `n` days once `n` whole days have passed since its own.
    """
    found = []
    for age in ages:
        old = [wins for day, wins in days.items() if day + timedelta(days=age) < today]
        redeemed = sum(count for wins in old for after, count in wins.redeemed_after.items() if after <= age)
        found.append(Aged(age, redeemed, sum(wins.wins for wins in old)))
    return found


def average_order_value(revenue: int, orders: int) -> Fraction | None:
    """Revenue by orders (a standard measure), in minor units."""
    return share(revenue, orders)


def discount_cost(costs: Costs, redeemed: int) -> int:
    """What the redeemed wins cost, in minor units."""
    return costs.discount * redeemed


def total_cost(costs: Costs, redeemed: int) -> int:
    """Media, prizes, other, and the discount of each redeemed win, in minor units."""
    return costs.media + costs.prizes + costs.other + discount_cost(costs, redeemed)


def return_on_investment(revenue: int, cost: int) -> Fraction | None:
    """(Revenue - cost) by cost (the standard definition); revenue is turnover, not margin."""
    return share(revenue - cost, cost)


def purchase_frequency(purchases: int, people: int) -> Fraction | None:
    """Purchases by people who bought at least once (a standard measure)."""
    return share(purchases, people)


def repeat_purchase_rate(by_purchases: Mapping[int, int]) -> Fraction | None:
    """People with two purchases or more by people with one or more; given as {purchases: people}."""
    return share(
        sum(count for often, count in by_purchases.items() if often >= 2), sum(by_purchases.values())
    )


def lifetime_value(revenue: int, people: int) -> Fraction | None:
    """Customer lifetime value, historic: revenue so far by people who bought, in minor units. No forecast."""
    return share(revenue, people)


def cohorts(shoppers: Iterable[Sequence[str]]) -> list[Cohort]:
    """Retention by month of the first purchase, out of each person's months of purchase such as 2026-07."""
    found: dict[str, dict[int, int]] = {}
    for months in shoppers:
        first = min(months)
        rows = found.setdefault(first, {})
        for later in {_months_between(first, month) for month in months}:
            rows[later] = rows.get(later, 0) + 1
    return [
        Cohort(month, rows[0], tuple(rows.get(later, 0) for later in range(1, max(rows) + 1)))
        for month, rows in sorted(found.items())
    ]


def _months_between(first: str, later: str) -> int:
    (year, month), (to_year, to_month) = (map(int, text.split("-")) for text in (first, later))
    return (to_year - year) * 12 + to_month - month


def quartiles(counts: Mapping[int, int]) -> tuple[Fraction, Fraction, Fraction] | None:
    """The lower quartile, the median and the upper quartile of values given as {value: how often}.

    Between two values the place is interpolated linearly (Hyndman and Fan 1996, type 7; QUARTILE.INC).
    """
    total = sum(counts.values())
    if not total:
        return None
    first, median, third = (_at(counts, Fraction(total - 1) * part / 4) for part in (1, 2, 3))
    return first, median, third


def _at(counts: Mapping[int, int], place: Fraction) -> Fraction:
    low = place.numerator // place.denominator
    here = _value(counts, low)
    into = place - low
    return here + into * (_value(counts, low + 1) - here) if into else here


def _value(counts: Mapping[int, int], place: int) -> Fraction:
    """The value at that place, counted from 0, of all of them in order."""
    values = sorted(counts)
    passed = list(accumulate(counts[value] for value in values))
    return Fraction(values[bisect_right(passed, place)])
