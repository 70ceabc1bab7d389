"""Effective odds: exactly what the draw does with the tiers that can give, and when each has nothing left."""

import random
from collections import Counter
from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.forecast import Lasts, Rate, RunsOut, Unknown
from app.domain.odds import FIRST_PREV, InvalidOdds, Limits, OddsTable, OnEmpty, TierOdds
from app.domain.preview import EffectiveOdds, Level, Pool, TooTangled, Used, compare, effective

CAMPAIGN = UUID(int=99)
A, B, C, D = (UUID(int=number) for number in range(1, 5))
NOON = datetime(2030, 6, 15, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
LOSE, FALLBACK, REDRAW = OnEmpty.LOSE, OnEmpty.FALLBACK, OnEmpty.REDRAW
NOTHING_YET = Used()
TEN_AN_HOUR = Rate(Fraction(10), is_known=True)


def table(lose_weight: int, *tiers: TierOdds) -> OddsTable:
    return OddsTable(CAMPAIGN, 1, FIRST_PREV, lose_weight, tiers)


def odds(found: EffectiveOdds) -> dict[UUID, str]:
    return {tier_id: str(share) for tier_id, share in found.tiers.items()}


def walked(drawn: OddsTable, giving: Collection[UUID]) -> dict[UUID, Fraction]:
    """The same odds the long way: every ticket, and every ticket of every drawing again."""
    found: dict[UUID, Fraction] = {}
    waiting: list[tuple[tuple[int, ...], Fraction]] = [
        ((ticket,), Fraction(1, drawn.total)) for ticket in range(drawn.total)
    ]
    while waiting:
        tickets, share = waiting.pop()
        asked: list[int] = []

        def redraw(rounds: int, total: int, tickets: tuple[int, ...] = tickets) -> int:
            if rounds < len(tickets):
                return tickets[rounds]
            asked.append(total)  # noqa: B023
            return total  # ends the ways

        hit = drawn.tier_hit(tickets[0])
        ways = [] if hit is None else [way.id for way in drawn.ways_to_award(hit, redraw)]
        served = next((way for way in ways if way in giving), None)
        if served is not None:
            found[served] = found.get(served, Fraction(0)) + share
        elif asked:
            waiting += [((*tickets, ticket), share / asked[0]) for ticket in range(asked[0])]
    return found


def test_while_every_tier_gives_the_odds_are_those_stated() -> None:
    found = effective(table(90, TierOdds(A, 1), TierOdds(B, 9)), {A, B})
    assert odds(found) == {A: "1/100", B: "9/100"}
    assert (found.wins, found.no_win) == (Fraction(1, 10), Fraction(9, 10))
    assert (found.of(B), found.of(C)) == (Fraction(9, 100), Fraction(0))


def test_an_empty_tier_loses_its_share() -> None:
    found = effective(table(90, TierOdds(A, 1), TierOdds(B, 9)), {B})
    assert odds(found) == {B: "9/100"}


def test_a_share_falls_down_the_chain() -> None:
    chain = (TierOdds(A, 1, FALLBACK, B), TierOdds(B, 9, FALLBACK, C), TierOdds(C, 90))
    assert odds(effective(table(900, *chain), {C})) == {C: "1/10"}
    assert odds(effective(table(900, *chain), {B, C})) == {B: "1/100", C: "9/100"}
    assert odds(effective(table(900, *chain), set())) == {}


def test_tiers_that_fall_to_each_other_end_in_no_win() -> None:
    pair = (TierOdds(A, 1, FALLBACK, B), TierOdds(B, 9, FALLBACK, A))
    assert effective(table(90, *pair), set()).no_win == 1


def test_a_fallback_to_a_tier_that_is_switched_off_ends_in_no_win() -> None:
    assert effective(table(9, TierOdds(A, 1, FALLBACK, D)), {D}).no_win == 1


def test_drawing_again_spreads_the_share_over_all_the_rest() -> None:
    found = effective(table(80, TierOdds(A, 10, REDRAW), TierOdds(B, 15), TierOdds(C, 5, REDRAW)), {B})
    assert odds(found) == {B: "3/19"}
    assert found.no_win == Fraction(80, 95)


def test_drawing_again_with_nothing_to_draw_from_ends_in_no_win() -> None:
    assert effective(table(0, TierOdds(A, 1, REDRAW), TierOdds(B, 1, REDRAW)), set()).no_win == 1


def test_a_tier_that_was_reached_by_a_fallback_is_not_drawn_again() -> None:
    tiers = (TierOdds(A, 2, REDRAW), TierOdds(B, 3, FALLBACK, A), TierOdds(C, 5))
    drawn = table(10, *tiers)
    # A first (2/20): among 18, C 5 and B 3, where B finds A tried. B first (3/20): A, then among 15, C 5.
    expected = Fraction(5, 20) + Fraction(2, 20) * Fraction(5, 18) + Fraction(3, 20) * Fraction(5, 15)
    assert effective(drawn, {C}).of(C) == expected == walked(drawn, {C})[C]


@st.composite
def draws(draw: st.DrawFn) -> tuple[OddsTable, set[UUID]]:
    ids = [A, B, C, D]
    tiers = []
    for tier_id in ids:
        rule = draw(st.sampled_from(OnEmpty))
        others = st.sampled_from([other for other in ids if other != tier_id])
        fallback = draw(others) if rule is FALLBACK else None
        tiers.append(TierOdds(tier_id, draw(st.integers(0, 3)), rule, fallback))
    in_draw = [tier for tier in tiers if draw(st.integers(0, 5))]
    lose_weight = draw(st.integers(0 if any(tier.weight for tier in in_draw) else 1, 3))
    return table(lose_weight, *in_draw), draw(st.sets(st.sampled_from(ids)))


@given(draws())
@settings(max_examples=200)
def test_they_are_what_every_ticket_comes_to(case: tuple[OddsTable, set[UUID]]) -> None:
    drawn, giving = case
    found = effective(drawn, giving)
    assert found.tiers == walked(drawn, giving)
    assert found.wins + found.no_win == 1
    assert 0 <= found.no_win <= 1


def test_they_are_what_many_draws_come_to() -> None:
    tiers = (
        TierOdds(A, 200, REDRAW),
        TierOdds(B, 300, FALLBACK, A),
        TierOdds(C, 100, REDRAW),
        TierOdds(D, 250),
    )
    drawn, chance, runs = table(150, *tiers), random.Random(7), 20_000
    counted: Counter[UUID] = Counter()
    for _run in range(runs):
        hit = drawn.tier_hit(chance.randrange(drawn.total))
        ways = drawn.ways_to_award(hit, lambda _round, total: chance.randrange(total)) if hit else ()
        counted.update([way.id for way in ways if way.id == D][:1])
    expected = effective(drawn, {D}).of(D)
    spread = float(expected * (1 - expected) / runs) ** 0.5
    assert abs(counted[D] / runs - float(expected)) < 5 * spread


def test_the_largest_weights_stay_exact() -> None:
    found = effective(table(2**62, TierOdds(A, 2**62 - 1, REDRAW), TierOdds(B, 1)), {B})
    assert found.of(B) == Fraction(1, 2**62 + 1)


def test_fifty_empty_tiers_that_draw_again_are_no_trouble() -> None:
    tiers = [TierOdds(UUID(int=1000 + number), 1, REDRAW) for number in range(49)]
    assert effective(table(1, *tiers, TierOdds(A, 1)), {A}).of(A) == Fraction(1, 2)


def tangle() -> tuple[TierOdds, ...]:
    """Pairs of empty tiers, of which one falls to one that draws again."""
    pairs = ((UUID(int=number), UUID(int=1000 + number)) for number in range(10, 20))
    return tuple(
        tier for one, two in pairs for tier in (TierOdds(one, 1, REDRAW), TierOdds(two, 1, FALLBACK, one))
    )


def test_what_is_too_tangled_is_not_worked_out() -> None:
    with pytest.raises(TooTangled):
        effective(table(1, *tangle(), TierOdds(A, 1)), {A})
    levels = (Level(TierOdds(A, 1), "Gold", free=5), *(Level(tier, "x") for tier in tangle()))
    pool = Pool(CAMPAIGN, 1, levels)
    assert pool.effective(NOON) is None
    assert pool.run_outs(TEN_AN_HOUR, NOON, None)[A] == Unknown()
    shown = compare(pool, pool, TEN_AN_HOUR, NOON, None)
    assert (shown.before, shown.after) == (None, None)
    assert {row.after.now for row in shown.rows if row.after} == {None}


def level(
    tier_id: UUID = A, weight: int = 1, free: int = 5, used: Used = NOTHING_YET, **limits: object
) -> Level:
    given_limits = Limits(**limits)  # type: ignore[arg-type]
    return Level(TierOdds(tier_id, weight, limits=given_limits), tier_id.hex[-1], free=free, used=used)


@pytest.mark.parametrize(
    ("case", "gives"),
    [
        (level(), True),
        (level(free=0), False),
        (level(per_hour=3, used=Used(per_hour=2)), True),
        (level(per_hour=3, used=Used(per_hour=3)), False),
        (level(per_day=3, used=Used(per_day=4)), False),
        (level(in_all=3, used=Used(in_all=3)), False),
        (level(opens_at=NOON + HOUR), False),
        (level(closes_at=NOON), False),
        (level(per_person=1), True),
    ],
)
def test_what_can_give_now(case: Level, gives: bool) -> None:
    assert case.can_give(NOON) is gives
    pool = Pool(CAMPAIGN, 1, (case,))
    found = pool.effective(NOON)
    assert found is not None
    assert found.wins == (Fraction(1, 2) if gives else 0)


def test_a_limit_in_all_can_be_less_than_the_stock() -> None:
    assert level(free=5, in_all=7, used=Used(in_all=4)).left == 3
    assert level(free=2, in_all=7, used=Used(in_all=4)).left == 2
    assert level(free=2, in_all=7, used=Used(in_all=9)).left == 0


def runs_out(pool: Pool, ends_at: datetime | None = None, rate: Rate = TEN_AN_HOUR) -> object:
    return pool.run_outs(rate, NOON, ends_at)[A]


def test_stock_runs_out_at_the_rate_of_entries() -> None:
    pool = Pool(CAMPAIGN, 9, (level(free=5),))
    assert runs_out(pool) == RunsOut(NOON + 5 * HOUR)
    assert runs_out(pool, NOON + 5 * HOUR) == Lasts()
    assert runs_out(pool, rate=replace(TEN_AN_HOUR, is_known=False)) == Unknown()
    assert runs_out(Pool(CAMPAIGN, 9, (level(free=0),))) == RunsOut(NOON)


def test_what_falls_to_a_tier_empties_it_sooner() -> None:
    empty = Level(TierOdds(B, 1, FALLBACK, A), "B", free=0)
    assert runs_out(Pool(CAMPAIGN, 8, (level(free=5), empty))) == RunsOut(NOON + timedelta(hours=2.5))
    resting = level(B, per_hour=1, used=Used(per_hour=1))
    resting = replace(resting, odds=replace(resting.odds, on_empty=FALLBACK, fallback=A))
    # It gives again in the next hour: what it gives is not counted on for long.
    assert runs_out(Pool(CAMPAIGN, 8, (level(free=5), resting))) == RunsOut(NOON + 5 * HOUR)


def test_limits_hold_it_back() -> None:
    assert runs_out(Pool(CAMPAIGN, 9, (level(free=4, per_hour=1, used=Used(per_hour=1)),))) == RunsOut(
        NOON + 4 * HOUR
    )
    fast = Pool(CAMPAIGN, 0, (level(free=4, per_day=12),))
    assert runs_out(fast) == RunsOut(NOON + 8 * HOUR)


def test_a_tier_that_opens_and_closes() -> None:
    assert runs_out(Pool(CAMPAIGN, 9, (level(free=2, opens_at=NOON + HOUR),))) == RunsOut(NOON + 3 * HOUR)
    assert runs_out(Pool(CAMPAIGN, 9, (level(free=2, closes_at=NOON + HOUR),))) == Lasts()
    assert runs_out(Pool(CAMPAIGN, 9, (level(free=2, closes_at=NOON),))) == Lasts()
    assert runs_out(Pool(CAMPAIGN, 9, (level(free=0, closes_at=NOON),))) == RunsOut(NOON)
    late = level(free=2, opens_at=NOON + 2 * HOUR)
    assert runs_out(Pool(CAMPAIGN, 9, (late,)), NOON + HOUR) == Lasts()


def test_a_pool_changes_as_staff_change_it() -> None:
    pool = Pool(CAMPAIGN, 1, (level(A), level(B), level(C)))

    def order(changed: Pool) -> list[UUID]:
        return [each.odds.id for each in changed.levels]

    assert order(pool.moved(C, 0)) == [C, A, B]
    assert order(pool.moved(A, 1)) == [B, A, C]
    assert order(pool.moved(A, 9)) == [B, C, A]
    assert order(pool.moved(B, -1)) == [B, A, C]
    assert order(pool.without(B)) == [A, C]
    assert order(pool.with_level(level(D))) == [A, B, C, D]
    assert pool.with_level(level(B, 7)).levels[1].odds.weight == 7
    assert pool.find(D) is None


def test_a_change_is_shown_before_and_after() -> None:
    before = Pool(CAMPAIGN, 8, (level(A), level(B)))
    after = before.with_level(replace(level(A, 3), name="new")).without(B).with_level(level(C, free=0))
    shown = compare(before, after, TEN_AN_HOUR, NOON, None)
    assert (shown.before, shown.after) == (Fraction(1, 5), Fraction(3, 12))
    assert [row.name for row in shown.rows] == ["new", "3", "2"]
    assert [row.is_changed for row in shown.rows] == [True, True, True]
    assert [row.before is None for row in shown.rows] == [False, True, False]
    assert [row.after is None for row in shown.rows] == [False, False, True]
    first = shown.rows[0]
    assert first.before
    assert first.after
    assert (first.before.stated, first.after.stated) == (Fraction(1, 10), Fraction(1, 4))
    assert (first.before.runs_out, first.after.runs_out) == (
        RunsOut(NOON + 5 * HOUR),
        RunsOut(NOON + 2 * HOUR),
    )
    assert not compare(before, before, TEN_AN_HOUR, NOON, None).rows[0].is_changed


def test_a_tier_out_of_the_draw_has_no_odds_and_no_end() -> None:
    off = replace(level(B), enabled=False)
    shown = compare(
        Pool(CAMPAIGN, 1, (level(A), off)), Pool(CAMPAIGN, 1, (level(A), level(B))), TEN_AN_HOUR, NOON, None
    )
    standing = shown.rows[1].before
    assert standing
    assert (standing.stated, standing.now) == (Fraction(0), Fraction(0))
    assert standing.runs_out is None


def test_a_change_that_makes_no_table_is_refused() -> None:
    pool = Pool(CAMPAIGN, 0, (level(A),))
    with pytest.raises(InvalidOdds):
        compare(pool, pool.without(A), TEN_AN_HOUR, NOON, None)
