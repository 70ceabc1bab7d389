"""The preview of a change: the pool as it is and as it would be, and the rate of the last day."""

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

import pytest
from sqlalchemy.orm import Session

from app.domain.eligibility import CampaignStatus
from app.domain.errors import InvalidInput
from app.domain.forecast import RunsOut
from app.domain.odds import Limits, OnEmpty
from app.domain.preview import Used
from app.models import Campaign, Tier
from app.services import campaigns, odds, preview, tiers
from app.services.audit import COMMAND_LINE
from app.services.entries import submit_entry
from app.services.tiers import TierPlan
from tests.support.factories import VAULT, TierSpec, make_campaign, submission
from tests.support.fakes import NOON, FakeRng

HOUR = timedelta(hours=1)


@pytest.fixture
def campaign(session: Session) -> Campaign:
    return make_campaign(session, [TierSpec("Gold"), TierSpec("Silver", weight=9, codes=0)], lose_weight=90)


def tier(session: Session, campaign: Campaign, name: str = "Gold") -> Tier:
    found = tiers.find_by_name(session, campaign.id, name)
    assert found
    return found


def enter(session: Session, first: int, last: int, hours_ago: float = 0) -> None:
    for number in range(first, last + 1):
        now = NOON - HOUR * hours_ago
        submit_entry(session, submission(number), now=now, rng=FakeRng(number), vault=VAULT)


def edit(session: Session, gold: Tier, **changes: object) -> None:
    plan = replace(TierPlan.of(gold), **changes)  # type: ignore[arg-type]
    tiers.edit(session, gold.id, plan, actor=COMMAND_LINE, now=NOON)


def test_the_pool_is_what_the_next_entry_is_drawn_with(session: Session, campaign: Campaign) -> None:
    pool = preview.pool_of(session, campaign, NOON)
    table = odds.in_force(session, campaign)
    assert (pool.table.tiers, pool.table.lose_weight) == (table.tiers, table.lose_weight)
    assert [(level.name, level.free) for level in pool.levels] == [("Gold", 10), ("Silver", 0)]
    found = pool.effective(NOON)
    assert found
    assert found.wins == Fraction(1, 100)


def test_what_limits_have_left_is_in_it(session: Session) -> None:
    campaign = make_campaign(session, timezone="Europe/Istanbul")
    enter(session, 1, 1, hours_ago=40)
    enter(session, 2, 3, hours_ago=2)
    gold = tier(session, campaign)
    edit(session, gold, limits=Limits(per_hour=1, per_day=8, in_all=9))
    enter(session, 4, 4)
    level = preview.pool_of(session, campaign, NOON).levels[0]
    assert (level.used, level.free, level.left) == (Used(1, 3, 4), 6, 5)
    assert not level.can_give(NOON)
    later = preview.pool_of(session, campaign, NOON + HOUR).levels[0]
    assert later.used == Used(0, 3, 4)
    assert later.can_give(NOON + HOUR)


def test_a_new_limit_begins_with_what_was_won(session: Session) -> None:
    campaign = make_campaign(session)
    enter(session, 1, 3)
    gold = tier(session, campaign)
    plan = replace(TierPlan.of(gold), limits=Limits(in_all=4))
    change = preview.planned(session, campaign, NOON, plan, gold.id)
    proposal = preview.proposed(session, campaign, NOON, change)
    assert proposal.after.levels[0].left == 1
    edit(session, gold, limits=Limits(in_all=4))
    assert preview.pool_of(session, campaign, NOON).levels[0].left == 1


def test_a_proposal_comes_to_what_the_change_then_does(session: Session, campaign: Campaign) -> None:
    gold, silver = tier(session, campaign), tier(session, campaign, "Silver")
    plan = replace(TierPlan.of(silver), on_empty=OnEmpty.FALLBACK, fallback_id=gold.id, weight=19)
    change = preview.planned(session, campaign, NOON, plan, silver.id)
    proposal = preview.proposed(session, campaign, NOON, change)
    assert proposal.changes_odds
    tiers.edit(session, silver.id, plan, actor=COMMAND_LINE, now=NOON)
    now = preview.pool_of(session, campaign, NOON)
    assert now == proposal.after
    again = preview.proposed(session, campaign, NOON, change)
    assert not again.changes_odds
    assert again.key != proposal.key


def test_a_tier_to_come_and_another_weight_of_no_win(session: Session, campaign: Campaign) -> None:
    change = preview.planned(session, campaign, NOON, TierPlan("Bronze", 100))
    shown = preview.show(session, campaign, preview.proposed(session, campaign, NOON, change), NOON)
    assert (shown.before, shown.after, shown.is_rate_known) == (Fraction(1, 100), Fraction(1, 200), False)
    assert [row.name for row in shown.rows] == ["Gold", "Silver", "Bronze"]
    none = preview.proposed(session, campaign, NOON, preview.with_lose_weight(0))
    assert none.after.lose_weight == 0
    with pytest.raises(InvalidInput, match="at least 1"):
        preview.proposed(
            session, campaign, NOON, lambda pool: preview.with_lose_weight(0)(replace(pool, levels=()))
        )


def test_the_rate_is_that_of_the_last_day(session: Session) -> None:
    campaign = make_campaign(session, [TierSpec("Gold", codes=40)], now=NOON - 60 * HOUR)
    enter(session, 1, 4, hours_ago=4.5)
    assert not preview.entry_rate(session, campaign.id, NOON).is_known
    enter(session, 5, 10, hours_ago=0)
    rate = preview.entry_rate(session, campaign.id, NOON)
    assert (rate.per_hour, rate.is_known) == (Fraction(4 * 1 + 6 * 5, 15), True)
    shown = preview.show(
        session,
        campaign,
        preview.proposed(session, campaign, NOON, preview.with_lose_weight(1)),
        NOON,
    )
    before, after = shown.rows[0].before, shown.rows[0].after
    assert before
    assert after
    assert isinstance(before.runs_out, RunsOut)
    assert isinstance(after.runs_out, RunsOut)
    assert before.runs_out.at < after.runs_out.at
    enter(session, 11, 11, hours_ago=24)
    assert preview.entry_rate(session, campaign.id, NOON).per_hour == Fraction(4 * 20 + 6 * 24, 300)


def test_why_is_asked_while_people_enter(session: Session, campaign: Campaign) -> None:
    with pytest.raises(InvalidInput) as caught:
        campaigns.require_reason(campaign, NOON, " ")
    assert caught.value.field == "reason"
    campaigns.require_reason(campaign, NOON, "too many winners")
    campaigns.set_status(session, campaign.id, CampaignStatus.PAUSED, actor=COMMAND_LINE, now=NOON)
    assert campaigns.is_live(campaign, NOON)
    draft = make_campaign(session, slug="other", status=CampaignStatus.DRAFT, seed=3)
    campaigns.require_reason(draft, NOON, "")
    ended = make_campaign(session, slug="ended", closes_at=NOON - HOUR, seed=4)
    campaigns.require_reason(ended, NOON, "")


def test_stock_that_comes_or_goes_is_a_change_of_its_own(session: Session, campaign: Campaign) -> None:
    silver = tier(session, campaign, "Silver")
    coming = preview.Restocking(silver.id, 5, "five more")
    proposal = preview.proposed(session, campaign, NOON, coming)
    assert (proposal.changes_odds, proposal.is_asked) == (False, True)
    assert [level.free for level in proposal.after.levels] == [10, 5]
    shown = preview.show(session, campaign, proposal, NOON)
    assert (shown.before, shown.after) == (Fraction(1, 100), Fraction(1, 10))
    again = preview.proposed(session, campaign, NOON, replace(coming, what="five others"))
    assert again.key != proposal.key
    enter(session, 1, 3)
    assert preview.proposed(session, campaign, NOON, coming).key == proposal.key
    nothing = preview.proposed(session, campaign, NOON, preview.Restocking(silver.id, -3, ""))
    assert not nothing.is_asked
    assert [level.free for level in nothing.after.levels][1] == 0
