"""The odds table: its canonical form, its hash, the walk over its tiers and what it refuses."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.odds import FIRST_PREV, InvalidOdds, OddsTable, OnEmpty, TierOdds

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
    assert circle.ways_to_award(B) == (B, C, A)
    assert VECTOR.ways_to_award(A) == (A, B)
    assert VECTOR.ways_to_award(C) == (C,)


def test_a_fallback_that_is_switched_off_ends_the_chain() -> None:
    table = OddsTable(CAMPAIGN, 1, FIRST_PREV, 1, (TierOdds(A, 1, OnEmpty.FALLBACK, B),))
    assert table.ways_to_award(A) == (A,)


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
