"""The odds table: its canonical form, its hash, the walk over its tiers and what it refuses."""

from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.draw import past_the_end
from app.domain.odds import FIRST_PREV, InvalidOdds, Limits, OddsTable, OnEmpty, TierOdds

CAMPAIGN = UUID(hex="00112233445566778899aabbccddeeff")
A, B, C = UUID(hex="aa" * 16), UUID(hex="bb" * 16), UUID(hex="cc" * 16)
VECTOR = OddsTable(
    CAMPAIGN,
    1,
    FIRST_PREV,
    9000,
    (TierOdds(A, 1, OnEmpty.FALLBACK, B), TierOdds(B, 99), TierOdds(C, 900)),
)


def test_document_and_hash_of_the_test_vector() -> None:
    assert VECTOR.document == (
        '{"campaign":"00112233445566778899aabbccddeeff","lose_weight":9000,'
        '"prev":"0000000000000000000000000000000000000000000000000000000000000000","tiers":['
        '{"fallback":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb","id":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",'
        '"on_empty":"fallback","weight":1},'
        '{"fallback":null,"id":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb","on_empty":"lose","weight":99},'
        '{"fallback":null,"id":"cccccccccccccccccccccccccccccccc","on_empty":"lose","weight":900}],"version":1}'
    )
    assert VECTOR.hash == "7116ee95cff4a8b9f32079f4f534417371453ffa275dce8854c9540343bdd7a3"
    assert VECTOR.total == 10_000
    assert OddsTable.from_document(VECTOR.document) == VECTOR


@pytest.mark.parametrize(
    ("ticket", "tier"), [(0, A), (1, B), (99, B), (100, C), (999, C), (1000, None), (9999, None)]
)
def test_each_ticket_falls_on_the_first_tier_whose_running_sum_exceeds_it(
    ticket: int, tier: UUID | None
) -> None:
    assert VECTOR.tier_hit(ticket) == tier


@given(st.lists(st.integers(0, 20), max_size=6), st.integers(0, 20))
def test_each_tier_is_hit_by_as_many_tickets_as_it_weighs(weights: list[int], lose_weight: int) -> None:
    tiers = tuple(TierOdds(UUID(int=number), weight) for number, weight in enumerate(weights))
    if not sum(weights) + lose_weight:
        return
    table = OddsTable(CAMPAIGN, 1, FIRST_PREV, lose_weight, tiers)
    hits = [table.tier_hit(ticket) for ticket in range(table.total)]
    assert [hits.count(tier.id) for tier in tiers] == weights
    assert hits.count(None) == lose_weight


def test_fallbacks_are_followed_at_most_once_round() -> None:
    circle = OddsTable(
        CAMPAIGN,
        1,
        FIRST_PREV,
        1,
        (
            TierOdds(A, 1, OnEmpty.FALLBACK, B),
            TierOdds(B, 1, OnEmpty.FALLBACK, C),
            TierOdds(C, 1, OnEmpty.FALLBACK, A),
        ),
    )
    assert ways(circle, B) == [B, C, A]
    assert ways(VECTOR, A) == [A, B]
    assert ways(VECTOR, C) == [C]


def test_a_fallback_that_is_switched_off_ends_the_chain() -> None:
    table = OddsTable(CAMPAIGN, 1, FIRST_PREV, 1, (TierOdds(A, 1, OnEmpty.FALLBACK, B),))
    assert ways(table, A) == [A]


def test_who_is_drawn_again_is_drawn_among_the_rest() -> None:
    table = OddsTable(
        CAMPAIGN,
        1,
        FIRST_PREV,
        5,
        (
            TierOdds(A, 10, OnEmpty.REDRAW),
            TierOdds(B, 20, OnEmpty.FALLBACK, C),
            TierOdds(C, 30, OnEmpty.REDRAW),
        ),
    )
    assert ways(table, A, 0) == [A, B, C], "past C only no win is left"
    assert ways(table, A, 19) == [A, B, C]
    assert ways(table, A, 20, 0) == [A, C, B]
    assert ways(table, A, 49, 19) == [A, C, B]
    assert ways(table, A, 50) == [A], "the ticket fell on no win"
    assert ways(table, A, 20, 20) == [A, C]


def test_where_the_seed_is_not_to_be_had_the_ways_end_at_drawing_again() -> None:
    table = OddsTable(CAMPAIGN, 1, FIRST_PREV, 5, (TierOdds(A, 10, OnEmpty.REDRAW), TierOdds(B, 20)))
    assert [tier.id for tier in table.ways_to_award(A, past_the_end)] == [A]


def test_with_nothing_left_to_draw_from_it_ends() -> None:
    table = OddsTable(CAMPAIGN, 1, FIRST_PREV, 0, (TierOdds(A, 1, OnEmpty.REDRAW),))
    assert ways(table, A) == [A]


def ways(table: OddsTable, hit: UUID, *tickets: int) -> list[UUID]:
    """The ways to award a hit; each ticket drawn again must lie in its range."""
    asked: list[int] = []

    def redraw(rounds: int, total: int) -> int:
        asked.append(rounds)
        assert asked == list(range(1, rounds + 1))
        given = tickets[rounds - 1] if rounds <= len(tickets) else total - 1
        assert 0 <= given < total
        return given

    return [tier.id for tier in table.ways_to_award(hit, redraw)]


ISTANBUL = ZoneInfo("Europe/Istanbul")


def test_limits_stand_in_the_table_and_its_hash() -> None:
    opens = datetime(2030, 6, 15, 12, 0, tzinfo=ISTANBUL)
    limits = Limits(3, 20, 500, 1, opens, opens + timedelta(days=2))
    table = OddsTable(CAMPAIGN, 1, FIRST_PREV, 9, (TierOdds(A, 1, limits=limits), TierOdds(B, 1)))
    assert (
        '"limits":{"closes_at":1907917200,"in_all":500,"opens_at":1907744400,"per_day":20,"per_hour":3,"per_person":1}'
        in table.document
    )
    assert table.document.count("limits") == 1, "a tier without any says nothing of them"
    read = OddsTable.from_document(table.document)
    assert read == table
    assert read.document == table.document


def test_a_tier_gives_between_its_moments() -> None:
    opens, second = datetime(2030, 6, 15, 12, 0, tzinfo=UTC), timedelta(seconds=1)
    closes = opens + timedelta(hours=1)
    limits = Limits(opens_at=opens, closes_at=closes)
    given = [limits.is_open(at) for at in (opens - second, opens, closes - second, closes)]
    assert given == [False, True, True, False]
    assert Limits().is_open(opens)
    assert not Limits()
    assert Limits(per_hour=1)


@pytest.mark.parametrize("field", ["per_hour", "per_day", "in_all", "per_person"])
def test_a_limit_of_nothing_is_refused(field: str) -> None:
    with pytest.raises(InvalidOdds, match="at least 1"):
        Limits(**{field: 0})  # type: ignore[arg-type]


def test_a_tier_opens_before_it_closes() -> None:
    at = datetime(2030, 6, 15, tzinfo=UTC)
    with pytest.raises(InvalidOdds, match="before"):
        Limits(opens_at=at, closes_at=at)


@pytest.mark.parametrize(
    ("lose_weight", "tiers", "complaint"),
    [
        (-1, (), "negative"),
        (1, (TierOdds(A, -1),), "negative"),
        (0, (), "at least 1"),
        (0, (TierOdds(A, 0),), "at least 1"),
        (2**63, (TierOdds(A, 1),), "at most"),
        (1, (TierOdds(A, 1), TierOdds(A, 1)), "twice"),
        (1, (TierOdds(A, 1, OnEmpty.FALLBACK),), "must name"),
        (1, (TierOdds(A, 1, OnEmpty.LOSE, B),), "must name"),
        (1, (TierOdds(A, 1, OnEmpty.FALLBACK, A),), "itself"),
    ],
)
def test_what_makes_no_table(lose_weight: int, tiers: tuple[TierOdds, ...], complaint: str) -> None:
    with pytest.raises(InvalidOdds, match=complaint):
        OddsTable(CAMPAIGN, 1, FIRST_PREV, lose_weight, tiers)


def test_the_largest_total_is_allowed() -> None:
    assert OddsTable(CAMPAIGN, 1, FIRST_PREV, 2**63 - 1, (TierOdds(A, 1),)).total == 2**63
