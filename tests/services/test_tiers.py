"""Tiers: each change of the odds writes the next table in its own transaction, and only such a change."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.errors import Conflict, InvalidInput, NotFound, StaleEdit
from app.domain.odds import OnEmpty
from app.domain.outcomes import Lost, Won
from app.models import AuditRecord, Award, Campaign, Code, CodeStatus, OddsTableRecord, Tier
from app.services import audit, codes, odds, prizes, tiers
from app.services.audit import COMMAND_LINE
from app.services.entries import submit_entry
from app.services.prizes import PrizePlan
from app.services.tiers import TierPlan
from tests.support.factories import VAULT, TierSpec, make_campaign, submission
from tests.support.fakes import NOON, FakeRng

Add = Callable[..., Tier]


@pytest.fixture
def rng() -> FakeRng:
    return FakeRng(42)  # another stream than the factories'


@pytest.fixture
def campaign(session: Session) -> Campaign:
    return make_campaign(session, (), lose_weight=100)


@pytest.fixture
def add(session: Session, campaign: Campaign, rng: FakeRng) -> Add:
    def make(name: str = "Gold", weight: int = 1, **plan: Any) -> Tier:
        return tiers.add(
            session, campaign.id, TierPlan(name, weight, **plan), actor=COMMAND_LINE, now=NOON, rng=rng
        )

    return make


def edit(session: Session, tier: Tier, **changes: Any) -> Tier:
    plan = TierPlan.of(tier)
    expected = changes.pop("expected_version", None)
    return tiers.edit(
        session,
        tier.id,
        replace(plan, **changes),
        expected_version=expected,
        actor=COMMAND_LINE,
        now=NOON,
    )


def move(session: Session, tier: Tier, position: int) -> None:
    tiers.move(session, tier.id, position, actor=COMMAND_LINE, now=NOON)


def names(session: Session, campaign: Campaign) -> list[str]:
    return [tier.name for tier in tiers.listing(session, campaign.id)]


def versions(session: Session, campaign: Campaign) -> int:
    return session.scalar(select(func.max(OddsTableRecord.version))) or 0


def table_lines(session: Session, campaign: Campaign) -> list[tuple[UUID, int]]:
    session.expire_all()
    return [(line.id, line.weight) for line in odds.in_force(session, campaign).tiers]


def test_a_new_tier_stands_last_in_the_next_table(session: Session, campaign: Campaign, add: Add) -> None:
    gold, silver = add("Gold", 1), add("Silver", 9)
    assert names(session, campaign) == ["Gold", "Silver"]
    assert table_lines(session, campaign) == [(gold.id, 1), (silver.id, 9)]
    assert campaign.odds_version == versions(session, campaign) == 3


def test_adding_is_on_record_with_its_odds(session: Session, campaign: Campaign, add: Add) -> None:
    add("Gold", 7)
    record = audit.latest(session, campaign_id=campaign.id)[0]
    assert (record.action, record.subject) == ("tier.add", "Gold")
    assert record.after is not None
    assert (record.after["weight"], record.after["odds_version"]) == (7, 2)


@pytest.mark.parametrize("name", ["", "   ", "x" * 61, "two\nlines", "nul\0"])
def test_a_name_that_will_not_do(session: Session, campaign: Campaign, add: Add, name: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        add(name)
    assert caught.value.field == "name"
    assert versions(session, campaign) == 1


@pytest.mark.parametrize("weight", [-1, 2**63, 10**30])
def test_a_weight_out_of_range(session: Session, campaign: Campaign, add: Add, weight: int) -> None:
    with pytest.raises(InvalidInput) as caught:
        add("Gold", weight)
    assert caught.value.field == "weight"
    assert names(session, campaign) == []


def test_weights_may_not_add_up_to_more_than_the_draw_can_do(
    session: Session, campaign: Campaign, add: Add
) -> None:
    with pytest.raises(InvalidInput):
        add("Gold", 2**63 - 1)
    assert names(session, campaign) == []


def test_a_name_is_taken_until_its_tier_is_removed(session: Session, campaign: Campaign, add: Add) -> None:
    first = add("Gold")
    with pytest.raises(Conflict, match="Gold"):
        add(" Gold ")
    tiers.remove(session, first.id, actor=COMMAND_LINE, now=NOON)
    assert add("Gold").id != first.id


def test_there_is_an_end_to_tiers(session: Session, add: Add, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiers, "MAX_TIERS", 1)
    add("Gold")
    with pytest.raises(Conflict, match="at most 1"):
        add("Silver")


def test_an_edit_that_changes_nothing_leaves_no_trace(session: Session, campaign: Campaign, add: Add) -> None:
    gold = add("Gold")
    before = session.scalar(select(func.count(AuditRecord.id)))
    assert edit(session, gold).version == 1
    assert versions(session, campaign) == 2
    assert session.scalar(select(func.count(AuditRecord.id))) == before


def test_another_name_changes_no_odds(session: Session, campaign: Campaign, add: Add) -> None:
    changed = edit(session, add("Gold"), name="Platinum")
    assert (changed.name, changed.version) == ("Platinum", 2)
    assert versions(session, campaign) == 2


def test_weight_and_switch_change_the_odds(session: Session, campaign: Campaign, add: Add) -> None:
    gold = add("Gold", 1)
    edit(session, gold, weight=5)
    assert table_lines(session, campaign) == [(gold.id, 5)]
    edit(session, tiers.get(session, gold.id), enabled=False)
    assert table_lines(session, campaign) == []
    assert versions(session, campaign) == 4
    record = audit.latest(session)[0]
    assert (record.before, record.after) == ({"enabled": True}, {"enabled": False, "odds_version": 4})


def test_a_stale_edit_is_refused(session: Session, add: Add) -> None:
    gold = add("Gold")
    edit(session, gold, weight=2, expected_version=1)
    with pytest.raises(StaleEdit):
        edit(session, gold, weight=3, expected_version=1)
    assert tiers.get(session, gold.id).weight == 2


def test_another_tier_may_not_take_the_name(session: Session, add: Add) -> None:
    add("Gold")
    with pytest.raises(Conflict):
        edit(session, add("Silver"), name="Gold")


def test_falling_back(session: Session, campaign: Campaign, add: Add) -> None:
    silver = add("Silver")
    gold = add("Gold", on_empty=OnEmpty.FALLBACK, fallback_id=silver.id)
    line = odds.in_force(session, campaign).tiers[1]
    assert (line.id, line.on_empty, line.fallback) == (gold.id, OnEmpty.FALLBACK, silver.id)


def test_a_fallback_without_the_rule_is_left_out(add: Add) -> None:
    assert add("Gold", fallback_id=add("Silver").id).fallback_id is None


def test_fallbacks_that_will_not_do(session: Session, campaign: Campaign, add: Add, rng: FakeRng) -> None:
    gold, gone = add("Gold"), add("Gone")
    tiers.remove(session, gone.id, actor=COMMAND_LINE, now=NOON)
    other = make_campaign(session, (TierSpec("Elsewhere", codes=0),), slug="other", lose_weight=1, seed=9)
    elsewhere = tiers.listing(session, other.id)[0]
    for fallback_id in (None, gold.id, gone.id, elsewhere.id, UUID(int=1)):
        with pytest.raises(InvalidInput) as caught:
            edit(session, gold, on_empty=OnEmpty.FALLBACK, fallback_id=fallback_id)
        assert caught.value.field == "fallback_id"
    assert tiers.get(session, gold.id).on_empty is OnEmpty.LOSE


def test_two_tiers_may_fall_back_to_one_another(session: Session, rng: FakeRng) -> None:
    campaign = make_campaign(
        session, (TierSpec("Silver", weight=0, codes=1), TierSpec("Gold", codes=1, fallback="Silver"))
    )
    silver, gold = tiers.listing(session, campaign.id)
    edit(session, silver, on_empty=OnEmpty.FALLBACK, fallback_id=gold.id)
    outcomes = [
        submit_entry(session, submission(number), now=NOON, rng=rng, vault=VAULT) for number in (1, 2, 3)
    ]
    assert [outcome.tier if isinstance(outcome, Won) else None for outcome in outcomes] == [
        "Gold",
        "Silver",
        None,
    ]
    assert isinstance(outcomes[2], Lost)


def test_moving_changes_order_and_odds(session: Session, campaign: Campaign, add: Add) -> None:
    gold, silver, bronze = add("Gold"), add("Silver"), add("Bronze")
    move(session, bronze, 0)
    assert names(session, campaign) == ["Bronze", "Gold", "Silver"]
    assert [line for line, _ in table_lines(session, campaign)] == [bronze.id, gold.id, silver.id]
    move(session, bronze, 99)
    assert names(session, campaign) == ["Gold", "Silver", "Bronze"]
    move(session, silver, -3)
    assert names(session, campaign) == ["Silver", "Gold", "Bronze"]
    record = audit.latest(session)[0]
    assert (record.action, record.before) == ("tier.move", {"order": ["Gold", "Silver", "Bronze"]})


def test_moving_to_where_it_stands_does_nothing(session: Session, campaign: Campaign, add: Add) -> None:
    gold = add("Gold")
    move(session, gold, 0)
    assert versions(session, campaign) == 2


def test_removing_withdraws_free_codes_and_keeps_awards(session: Session, rng: FakeRng) -> None:
    campaign = make_campaign(session, (TierSpec("Gold", codes=5),))
    gold = tiers.listing(session, campaign.id)[0]
    won = submit_entry(session, submission(1), now=NOON, rng=rng, vault=VAULT)
    assert isinstance(won, Won)
    edit(session, gold, weight=1)
    tiers.add(session, campaign.id, TierPlan("Rest", 1), actor=COMMAND_LINE, now=NOON, rng=rng)
    assert tiers.remove(session, gold.id, actor=COMMAND_LINE, now=NOON, reason="a mistake") == 4
    by_status = dict(session.execute(select(Code.status, func.count()).group_by(Code.status)).all())
    assert by_status == {CodeStatus.WON: 1, CodeStatus.WITHDRAWN: 4}
    assert session.scalar(select(func.count()).select_from(Award)) == 1
    assert prizes.listing(session, campaign.id) == []
    assert names(session, campaign) == ["Rest"]
    record = audit.latest(session)[0]
    assert (record.action, record.reason) == ("tier.remove", "a mistake")
    assert record.after is not None
    assert [part["withdrawn"] for part in record.after["stock"].values()] == [4]
    assert "won" not in str(record.after)
    assert submit_entry(session, submission(1), now=NOON, rng=rng, vault=VAULT) == won


def test_a_tier_others_lean_on_stays(session: Session, campaign: Campaign, add: Add) -> None:
    silver = add("Silver")
    gold = add("Gold", on_empty=OnEmpty.FALLBACK, fallback_id=silver.id)
    with pytest.raises(Conflict, match="Gold"):
        tiers.remove(session, silver.id, actor=COMMAND_LINE, now=NOON)
    tiers.remove(session, gold.id, actor=COMMAND_LINE, now=NOON)
    assert tiers.remove(session, silver.id, actor=COMMAND_LINE, now=NOON) == 0


def test_the_last_ticket_cannot_be_taken_away(session: Session) -> None:
    campaign = make_campaign(session)
    gold = tiers.listing(session, campaign.id)[0]
    with pytest.raises(InvalidInput):
        tiers.remove(session, gold.id, actor=COMMAND_LINE, now=NOON)
    session.expire_all()
    assert names(session, campaign) == ["Gold"]
    assert session.scalar(select(func.count(Code.id)).where(Code.status == CodeStatus.FREE)) == 10


def test_what_is_not_there(session: Session, campaign: Campaign, add: Add, rng: FakeRng) -> None:
    gone = add("Gone")
    tiers.remove(session, gone.id, actor=COMMAND_LINE, now=NOON)
    for act in (
        lambda: tiers.get(session, gone.id),
        lambda: tiers.remove(session, gone.id, actor=COMMAND_LINE, now=NOON),
        lambda: move(session, gone, 0),
        lambda: edit(session, gone, weight=2),
        lambda: tiers.get(session, UUID(int=3)),
        lambda: tiers.add(session, UUID(int=3), TierPlan("Gold", 1), actor=COMMAND_LINE, now=NOON, rng=rng),
    ):
        with pytest.raises(NotFound):
            act()
    assert tiers.find_by_name(session, campaign.id, "Gone") is None


def test_the_next_entry_meets_the_new_odds(
    session: Session, campaign: Campaign, add: Add, rng: FakeRng
) -> None:
    gold = add("Gold", 0)
    prize = prizes.add(session, gold.id, PrizePlan("Ring"), actor=COMMAND_LINE, now=NOON, rng=rng)
    codes.generate_codes(session, prize.id, 3, actor=COMMAND_LINE, now=NOON, rng=rng)
    assert isinstance(submit_entry(session, submission(1), now=NOON, rng=rng, vault=VAULT), Lost)
    edit(session, gold, weight=2**62)
    assert isinstance(submit_entry(session, submission(2), now=NOON, rng=rng, vault=VAULT), Won)
