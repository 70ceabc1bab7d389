"""The history of the pool: its changes, and how it stood at a moment of the past."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.code_list import read_code_list
from app.models import Campaign, Code, Prize, Tier
from app.services import batches, campaigns, codes, handling, pool_history, prizes, tiers
from app.services.audit import COMMAND_LINE
from app.services.entries import submit_entry
from app.services.pool_history import PoolState, PrizeThen, WinThen
from app.services.prizes import PrizePlan
from app.services.tiers import TierPlan
from tests.support.factories import VAULT, TierSpec, add_codes, make_campaign, submission
from tests.support.fakes import NOON, FakeRng

HOUR = timedelta(hours=1)


@pytest.fixture
def campaign(session: Session) -> Campaign:
    return make_campaign(session, [TierSpec("Gold", codes=4)])


def tier(session: Session, campaign: Campaign, name: str = "Gold") -> Tier:
    found = tiers.find_by_name(session, campaign.id, name)
    assert found
    return found


def prize(session: Session, campaign: Campaign, name: str = "Gold prize") -> Prize:
    found = prizes.find_by_name(session, campaign.id, name)
    assert found
    return found


def rename(session: Session, thing: Tier | Prize, name: str, now: datetime) -> None:
    if isinstance(thing, Tier):
        tiers.edit(session, thing.id, replace(TierPlan.of(thing), name=name), actor=COMMAND_LINE, now=now)
    else:
        prizes.edit(session, thing.id, PrizePlan(name), actor=COMMAND_LINE, now=now, rng=FakeRng(5))


def enter(session: Session, number: int, now: datetime) -> UUID:
    outcome = submit_entry(session, submission(number), now=now, rng=FakeRng(number), vault=VAULT)
    assert outcome.kind == "won"
    return outcome.entry


def then(session: Session, campaign: Campaign, hours: float) -> PoolState:
    state = pool_history.state_at(session, campaign, NOON + HOUR * hours)
    assert state
    return state


def test_changes_come_newest_first_and_page_on(session: Session, campaign: Campaign) -> None:
    tiers.move(session, tier(session, campaign).id, 0, actor=COMMAND_LINE, now=NOON)
    campaigns.set_lose_weight(session, campaign.id, 7, actor=COMMAND_LINE, now=NOON, reason="fewer")
    found = pool_history.changes(session, campaign.id)
    assert [record.action for record in found] == [
        "campaign.odds",
        "campaign.odds",
        "codes.import",
        "prize.add",
        "tier.add",
        "campaign.create",
    ], "opening it is no change of the pool"
    assert found[0].reason == "fewer"
    rest = pool_history.changes(session, campaign.id, before_id=found[1].id, limit=2)
    assert [record.action for record in rest] == ["codes.import", "prize.add"]


def test_before_the_campaign_there_is_nothing(session: Session, campaign: Campaign) -> None:
    assert pool_history.state_at(session, campaign, NOON - HOUR) is None


def test_odds_and_names_are_those_of_then(session: Session, campaign: Campaign) -> None:
    gold = tier(session, campaign)
    plan = replace(TierPlan.of(gold), weight=9)
    tiers.edit(session, gold.id, plan, actor=COMMAND_LINE, now=NOON + HOUR)
    rename(session, gold, "Platinum", NOON + HOUR * 2)
    rename(session, prize(session, campaign), "Car", NOON + HOUR * 2)
    silver = TierPlan("Gold", 5)
    added = tiers.add(session, campaign.id, silver, actor=COMMAND_LINE, now=NOON + HOUR * 3, rng=FakeRng(8))
    rename(session, added, "Silver", NOON + HOUR * 4)
    rename(session, gold, "Gold", NOON + HOUR * 5)
    tiers.remove(session, added.id, actor=COMMAND_LINE, now=NOON + HOUR * 6)
    told = []
    for hours in (0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5):
        state = then(session, campaign, hours)
        told.append([f"{state.tier_names[line.id]} {line.weight}" for line in state.table.tiers])
    assert told == [
        ["Gold 1"],
        ["Gold 9"],
        ["Platinum 9"],
        ["Platinum 9", "Gold 5"],
        ["Platinum 9", "Silver 5"],
        ["Gold 9", "Silver 5"],
        ["Gold 9"],
    ]
    assert then(session, campaign, 1).prizes[0].name == "Gold prize"
    assert then(session, campaign, 2).prizes[0].name == "Car"
    assert pool_history.tier_names(session, campaign.id)[added.id] == "Silver"


def test_stock_is_that_of_then(session: Session, campaign: Campaign) -> None:
    gold, rng = prize(session, campaign), FakeRng(9)
    enter(session, 1, NOON + HOUR)
    add_codes(session, gold, 3, rng=rng, now=NOON + HOUR * 2)
    batch = batches.listing(session, gold.id)[0].batch.id
    batches.withdraw(session, gold.id, batch, actor=COMMAND_LINE, now=NOON + HOUR * 3)
    mug = prizes.add(
        session,
        gold.tier_id,
        PrizePlan("Mug"),
        quantity=2,
        actor=COMMAND_LINE,
        now=NOON + HOUR * 4,
        rng=rng,
    )
    entry = enter(session, 2, NOON + HOUR * 5)
    handling.void(session, entry, actor=COMMAND_LINE, now=NOON + HOUR * 6, reason="twice")
    handling.replace(session, entry, mug.id, actor=COMMAND_LINE, now=NOON + HOUR * 6, rng=FakeRng(77))
    prizes.remove(session, gold.id, actor=COMMAND_LINE, now=NOON + HOUR * 7)
    found = pool_history.wins_of(session, pool_history.changes(session, campaign.id))
    assert found == {entry.hex: WinThen(entry, NOON + HOUR * 5, "Mug")}
    name = "Gold prize"
    for hours, expected in (
        (0, PrizeThen(name, "Gold", 4, 0, 0)),
        (1, PrizeThen(name, "Gold", 3, 1, 0)),
        (2, PrizeThen(name, "Gold", 6, 1, 0)),
        (3.5, PrizeThen(name, "Gold", 3, 1, 3)),
    ):
        assert then(session, campaign, hours).prizes == (expected,)
    assert then(session, campaign, 4).prizes[1] == PrizeThen("Mug", "Gold", 2, 0, 0)
    won = then(session, campaign, 6).prizes
    assert sum(each.won for each in won) == 3
    left = then(session, campaign, 7).prizes
    assert [each.name for each in left] == ["Mug"]
    stock = prizes.stock_of(session, mug.id)
    assert (left[0].free, left[0].won) == (stock.free, stock.won)


def test_a_tier_that_was_removed_takes_its_stock_along(session: Session, campaign: Campaign) -> None:
    campaigns.set_lose_weight(session, campaign.id, 1, actor=COMMAND_LINE, now=NOON)
    tiers.remove(session, tier(session, campaign).id, actor=COMMAND_LINE, now=NOON + HOUR)
    assert then(session, campaign, 0).prizes[0].free == 4
    assert then(session, campaign, 1).prizes == ()
    added, withdrawn = pool_history.recorded_stock(session, campaign.id)
    assert (sum(added.values()), sum(withdrawn.values())) == (4, 4)


def test_codes_that_come_back_count_where_they_are(session: Session, campaign: Campaign) -> None:
    gold, rng = prize(session, campaign), FakeRng(9)
    other = prizes.add(session, gold.tier_id, PrizePlan("Car"), actor=COMMAND_LINE, now=NOON, rng=rng)
    texts = session.scalars(select(Code.text)).all()
    batch = batches.listing(session, gold.id)[0].batch.id
    batches.withdraw(session, gold.id, batch, actor=COMMAND_LINE, now=NOON + HOUR)
    lines = read_code_list(iter([f"{text}\n" for text in texts]))
    later = NOON + HOUR * 2
    report = codes.import_codes(session, other.id, lines, actor=COMMAND_LINE, now=later, rng=rng)
    assert report.ok
    assert then(session, campaign, 1).prizes[0] == PrizeThen("Gold prize", "Gold", 0, 0, 4)
    assert then(session, campaign, 2).prizes == (
        PrizeThen("Gold prize", "Gold", 0, 0, 0),
        PrizeThen("Car", "Gold", 4, 0, 0),
    )
