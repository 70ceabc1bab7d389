"""The launch check: what blocks, what is only worth a look, and the words for it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app.domain.launch import (
    NotReady,
    Place,
    PrizeStock,
    Site,
    Snapshot,
    TierStock,
    blocking,
    findings,
)
from app.domain.official_rules import Contradiction, Contradicts
from tests.support.fakes import NOON

GOLD = TierStock("Gold", 10, True, offered=5, free=5)
READY = Snapshot(
    tiers=(GOLD,),
    prizes=(PrizeStock("Ring", 5),),
    opens_at=NOON,
    closes_at=NOON + timedelta(days=9),
    has_rules=True,
    has_sponsor=True,
    site=Site(is_local=False, captcha_cost=5000, least_captcha_cost=1000, sends_mail=True),
)


def told(**changes: Any) -> list[tuple[bool, Place, str]]:
    return [
        (finding.blocks, finding.place, str(finding)) for finding in findings(replace(READY, **changes), NOON)
    ]


def test_nothing_is_found_where_everything_is_in_place() -> None:
    assert told() == []
    assert told(site=None) == []


@pytest.mark.parametrize(
    ("changes", "place", "words"),
    [
        ({"tiers": ()}, Place.PRIZES, "nobody can win"),
        ({"tiers": (replace(GOLD, weight=0),)}, Place.PRIZES, "nobody can win"),
        ({"tiers": (replace(GOLD, enabled=False),)}, Place.PRIZES, "nobody can win"),
        ({"tiers": (replace(GOLD, free=0, offered=0),)}, Place.PRIZES, "nobody can win"),
        ({"tiers": (GOLD, TierStock("Silver", 1, True, 0, 0))}, Place.PRIZES, "“Silver” has a chance but"),
        ({"prizes": (PrizeStock("Mug", 0),)}, Place.PRIZES, "“Mug” has no codes"),
        ({"closes_at": NOON}, Place.SETTINGS, "ends before it starts"),
        ({"opens_at": None, "closes_at": NOON}, Place.SETTINGS, "passed already"),
        ({"has_rules": False}, Place.RULES, "nothing in your own words"),
        ({"contradictions": (Contradiction(Contradicts.ODDS, "1 in 20"),)}, Place.RULES, "“1 in 20”"),
        ({"site": Site(False, 999, 1000, True)}, Place.SERVER, "as good as off"),
        ({"site": Site(False, 5000, 1000, False), "asks_for_proof": True}, Place.SERVER, "nobody would"),
    ],
)
def test_what_blocks(changes: dict[str, Any], place: Place, words: str) -> None:
    ((blocks, where, text),) = told(**changes)
    assert (blocks, where) == (True, place)
    assert words in text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"tiers": (GOLD, TierStock("Silver", 1, True, 5, 0))}, "“Silver” has nothing left"),
        ({"closes_at": None}, "it has no end"),
        ({"has_sponsor": False}, "who gives the prizes"),
        ({"contradictions": (Contradiction(Contradicts.DATES, "2030-01-01"),)}, "2030-01-01"),
        ({"contradictions": (Contradiction(Contradicts.NUMBERS, "500 codes"),)}, "500 codes"),
        ({"site": Site(False, 5000, 1000, False)}, "e-mail is not set up"),
        ({"site": Site(True, 5000, 1000, True)}, "no public address"),
    ],
)
def test_what_is_worth_a_look(changes: dict[str, Any], words: str) -> None:
    ((blocks, _, text),) = told(**changes)
    assert not blocks
    assert words in text


def test_at_home_a_cheap_check_for_humans_is_worth_a_look_only() -> None:
    assert not any(blocks for blocks, _, _ in told(site=Site(True, 1, 1000, True)))


def test_after_a_pause_stock_holds_nobody_up() -> None:
    empty = TierStock("Silver", 1, True, 0, 0)
    for tiers in ((GOLD, empty), (empty,)):
        found = told(tiers=tiers, prizes=(PrizeStock("Mug", 0),), is_first_opening=False)
        assert found
        assert not any(blocks for blocks, _, _ in found)


def test_what_blocks_stands_first_and_makes_one_error() -> None:
    found = findings(replace(READY, closes_at=None, has_rules=False), NOON)
    assert [finding.blocks for finding in found] == [True, False]
    error = NotReady(blocking(found))
    assert "cannot open yet: the rules say nothing" in str(error)
    assert error.findings == found[:1]


FRIENDS = TierStock("Friends", 0, True, offered=5, free=5)


@pytest.mark.parametrize(
    ("changes", "blocks", "words"),
    [
        ({"friends_tier": FRIENDS}, False, "nobody can bring any"),
        ({"friends_tier": replace(FRIENDS, enabled=False), "has_referrals": True}, True, "which gives none"),
        (
            {"friends_tier": replace(FRIENDS, offered=0, free=0), "has_referrals": True},
            True,
            "which gives none",
        ),
        ({"friends_tier": replace(FRIENDS, free=1), "has_referrals": True}, False, "too few left"),
    ],
)
def test_codes_for_friends_need_somebody_and_stock(changes: dict[str, Any], blocks: bool, words: str) -> None:
    [(is_blocking, _place, text)] = told(**changes)
    assert is_blocking is blocks
    assert words in text


def test_codes_for_friends_that_are_there_are_fine() -> None:
    assert told(friends_tier=FRIENDS, has_referrals=True) == []
