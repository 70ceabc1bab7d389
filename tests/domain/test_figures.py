"""Figures by hand: the examples of docs/figures.md, worked out there and repeated here."""

from datetime import date, timedelta
from fractions import Fraction

from app.domain.figures import (
    Aged,
    Cohort,
    Costs,
    DayOfWins,
    Stage,
    Tally,
    average_order_value,
    cohorts,
    discount_cost,
    funnel,
    lifetime_value,
    purchase_frequency,
    quartiles,
    redemption_by_age,
    redemption_rate,
    repeat_purchase_rate,
    return_on_investment,
    total_cost,
)

WEEK = Tally(
    visits=1000,
    started=400,
    sent=260,
    entries=250,
    people=240,
    wins=50,
    winners=49,
    seen=45,
    redeemed=20,
    redeemers=20,
    again=5,
)
NO_ENTRIES = Tally()
COSTS = Costs("EUR", media=60_000, prizes=20_000, other=5_000, discount=500)


def test_funnel() -> None:
    assert funnel(WEEK) == (
        Stage("visits", 1000, None),
        Stage("started", 400, Fraction(40, 100)),
        Stage("sent", 260, Fraction(65, 100)),
        Stage("entries", 250, Fraction(250, 260)),
        Stage("wins", 50, Fraction(1, 5)),
        Stage("seen", 45, Fraction(9, 10)),
        Stage("redeemed", 20, Fraction(20, 45)),
        Stage("again", 5, Fraction(1, 4)),
    )
    assert {stage.share for stage in funnel(NO_ENTRIES)} == {None}


def test_redemption_rate() -> None:
    assert redemption_rate(WEEK) == Fraction(2, 5)
    assert redemption_rate(NO_ENTRIES) is None


def test_redemption_rate_by_age() -> None:
    """40 wins ten days ago, of which 8 were redeemed within 3 days and 4 on the ninth; 10 wins yesterday."""
    today = date(2026, 7, 31)
    days = {
        today - timedelta(days=10): DayOfWins(40, {0: 3, 2: 5, 9: 4}),
        today - timedelta(days=1): DayOfWins(10, {0: 1}),
    }
    found = redemption_by_age(days, (0, 3, 9, 10), today)
    assert found == [Aged(0, 4, 50), Aged(3, 8, 40), Aged(9, 12, 40), Aged(10, 0, 0)]
    assert [aged.rate for aged in found] == [Fraction(4, 50), Fraction(1, 5), Fraction(3, 10), None]


def test_money() -> None:
    """16 orders of €1,440.00 in all; 20 redeemed wins at €5.00 each."""
    assert average_order_value(144_000, 16) == 9000
    assert average_order_value(0, 0) is None
    assert discount_cost(COSTS, 20) == 10_000
    assert total_cost(COSTS, 20) == 95_000
    assert return_on_investment(144_000, 95_000) == Fraction(49, 95)
    assert return_on_investment(0, 95_000) == -1
    assert return_on_investment(5, 0) is None


def test_people_over_all_campaigns() -> None:
    """Ten people: seven bought once, two twice, one four times; €900.00 in all."""
    by_purchases = {1: 7, 2: 2, 4: 1}
    assert purchase_frequency(7 + 4 + 4, 10) == Fraction(3, 2)
    assert repeat_purchase_rate(by_purchases) == Fraction(3, 10)
    assert repeat_purchase_rate({}) is None
    assert lifetime_value(90_000, 10) == 9000
    assert purchase_frequency(0, 0) is lifetime_value(0, 0) is None


def test_cohorts() -> None:
    """Four first bought in November: one again in December, two again in January. One began in January."""
    people = [
        ["2025-11", "2025-11", "2025-12"],
        ["2026-01", "2025-11"],
        ["2025-11", "2026-01", "2026-01"],
        ["2025-11"],
        ["2026-01"],
    ]
    found = cohorts(people)
    assert found == [Cohort("2025-11", 4, (1, 2)), Cohort("2026-01", 1, ())]
    assert [found[0].retention(months) for months in (1, 2, 3)] == [Fraction(1, 4), Fraction(1, 2), 0]


def test_quartiles() -> None:
    """After 0, 1, 1, 2, 4, 7, 9 and 30 days: each of the three lies between two of them."""
    counts = {1: 2, 0: 1, 2: 1, 4: 1, 7: 1, 9: 1, 30: 1}
    assert quartiles(counts) == (Fraction(1), Fraction(3), Fraction(15, 2))
    assert quartiles({5: 1}) == (Fraction(5),) * 3
    assert quartiles({0: 3, 10: 1}) == (Fraction(0), Fraction(0), Fraction(5, 2))
    assert quartiles({}) is None
