"""Official rules: each change of what they state is a version, kept as it was, and pinned to entries."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from app.domain.eligibility import CampaignStatus
from app.domain.errors import NotFound
from app.domain.official_rules import LinkFact, RuleFacts
from app.domain.partner_rules import Pool
from app.models import Campaign, Entry
from app.services import (
    batches,
    campaigns,
    landing,
    official_rules,
    partner_pools,
    partners,
    prizes,
    tiers,
)
from app.services.audit import COMMAND_LINE
from app.services.entries import submit_entry
from tests.support.factories import VAULT, WHO, TierSpec, add_codes, make_campaign, submission
from tests.support.fakes import NOON, FakeRng


def versions(session: Session, campaign: Campaign) -> list[int]:
    session.rollback()
    return [kept.version for kept in official_rules.history(session, campaign.id)]


def edit(session: Session, campaign: Campaign, **changes: Any) -> None:
    plan = replace(campaigns.plan_of(campaign), **changes)
    campaigns.edit(session, campaign.id, plan, actor=COMMAND_LINE, now=NOON)


def test_a_draft_has_none_and_the_first_is_kept_when_it_opens(session: Session) -> None:
    campaign = make_campaign(session, status=CampaignStatus.DRAFT)
    edit(session, campaign, rules="First draft.")
    page = landing.rules_page(session, "summer", now=NOON)
    assert (page.facts, page.version, versions(session, campaign)) == (None, 0, [])
    campaigns.set_status(session, campaign.id, CampaignStatus.OPEN, actor=COMMAND_LINE, now=NOON)
    page = landing.rules_page(session, "summer", now=NOON)
    assert (page.version, page.since, page.earlier, page.is_in_force) == (1, NOON, None, True)
    assert page.facts is not None
    assert (page.facts.own, page.facts.who) == ("First draft.", WHO)
    assert [(prize.name, prize.tier, prize.count) for prize in page.facts.prizes] == [
        ("Gold prize", "Gold", 10)
    ]
    assert [(chance.name, chance.weight) for chance in page.facts.chances] == [("Gold", 1)]


def test_every_change_of_what_they_state_is_the_next_version(session: Session) -> None:
    campaign = make_campaign(session, [TierSpec("Gold"), TierSpec("Silver")])
    gold, silver = tiers.listing(session, campaign.id)
    prize = prizes.find_by_name(session, campaign.id, "Gold prize")
    assert prize is not None
    trail: dict[str, Any] = {"actor": COMMAND_LINE, "now": NOON}
    steps: list[Callable[[], object]] = [
        lambda: edit(session, campaign, closes_at=NOON + timedelta(days=3)),
        lambda: campaigns.set_lose_weight(session, campaign.id, 7, **trail),
        lambda: tiers.edit(session, gold.id, tiers.TierPlan("Golden", 1), **trail),
        lambda: add_codes(session, prize, 5, rng=FakeRng(8)),
        lambda: batches.withdraw(session, prize.id, batches.listing(session, prize.id)[0].batch.id, **trail),
        lambda: prizes.edit(session, prize.id, prizes.PrizePlan("Rings"), rng=FakeRng(9), **trail),
        lambda: prizes.remove(session, prize.id, **trail),
        lambda: tiers.remove(session, silver.id, **trail),
    ]
    for number, step in enumerate(steps, start=2):
        step()
        assert versions(session, campaign)[0] == number
        kept = official_rules.find(session, campaign.id, number)
        assert kept is not None
        assert RuleFacts.from_document(kept.document) == official_rules.facts_now(
            session, campaigns.get(session, "summer")
        )
    assert len(versions(session, campaign)) == len(steps) + 1


def test_what_they_do_not_state_makes_no_version(session: Session) -> None:
    campaign = make_campaign(session)
    edit(session, campaign, intro="Another sentence.", accent="teal")
    campaigns.set_status(session, campaign.id, CampaignStatus.PAUSED, actor=COMMAND_LINE, now=NOON)
    assert versions(session, campaign) == [1]


def test_an_entry_names_the_version_it_accepted_and_that_stays_readable(session: Session) -> None:
    campaign = make_campaign(session)
    submit_entry(session, submission(1), now=NOON, rng=FakeRng(1), vault=VAULT)
    edit(session, campaign, eligibility="Those who are 21.")
    submit_entry(session, submission(2), now=NOON, rng=FakeRng(2), vault=VAULT)
    session.rollback()
    accepted = session.scalars(select(Entry.rules_version).order_by(Entry.email)).all()
    assert list(accepted) == [1, 2]
    old = landing.rules_page(session, "summer", 1, now=NOON)
    assert old.facts is not None
    assert (old.facts.who, old.is_in_force) == (WHO, False)
    new = landing.rules_page(session, "summer", now=NOON)
    assert (new.version, new.earlier, new.is_in_force) == (2, 1, True)
    with pytest.raises(NotFound):
        landing.rules_page(session, "summer", 3, now=NOON)


@pytest.mark.parametrize("act", ["UPDATE rules_version SET document = '{}'", "DELETE FROM rules_version"])
def test_a_version_is_written_once(session: Session, act: str) -> None:
    make_campaign(session)
    with pytest.raises(DatabaseError, match="written once"):
        session.execute(text(act))
    session.rollback()


def test_rules_from_before_versions_were_kept_are_those_of_now(session: Session) -> None:
    campaign = make_campaign(session, status=CampaignStatus.DRAFT)
    session.execute(text("UPDATE campaign SET status = 'open', rules_version = 3"))
    session.commit()
    session.expire_all()
    page = landing.rules_page(session, "summer", now=NOON)
    assert (page.version, page.since, page.is_in_force) == (0, None, True)
    assert page.facts is not None
    edit(session, campaigns.get(session, "summer"), eligibility="Those who are 21.")
    assert versions(session, campaign) == [4]


def test_what_differs_over_a_partners_link_is_declared(session: Session) -> None:
    campaign = make_campaign(session)
    prize = prizes.find_by_name(session, campaign.id, "Gold prize")
    assert prize is not None
    trail: dict[str, Any] = {"actor": COMMAND_LINE, "now": NOON}
    ayse = partners.add(session, campaign.id, "ayse", "Ayşe", rng=FakeRng(4), **trail)
    plan = partners.PartnerPlan.of(ayse)

    def stated() -> tuple[LinkFact, ...]:
        session.rollback()
        page = landing.rules_page(session, "summer", now=NOON)
        assert page.facts is not None
        return page.facts.links

    assert (stated(), versions(session, campaign)) == ((), [1])  # with her link nothing differs
    partner_pools.reserve(session, ayse.id, prize.id, 3, **trail)
    assert stated() == (LinkFact("Ayşe", reserves=True, borrows=True),)
    partner_pools.reserve(session, ayse.id, prize.id, 2, **trail)
    assert versions(session, campaign) == [2, 1]  # how many are kept is not said
    partners.edit(session, ayse.id, replace(plan, pool=Pool.LOSE, max_wins=4), **trail)
    assert stated() == (LinkFact("Ayşe", reserves=True, borrows=False, most=4),)
    partner_pools.release(session, ayse.id, prize.id, **trail)
    assert stated() == (LinkFact("Ayşe", reserves=False, borrows=False, most=4),)
    partners.edit(session, ayse.id, plan, **trail)
    assert stated() == ()
    made = partner_pools.generate(session, ayse.id, prize.id, 2, prefix="AYSE", rng=FakeRng(6), **trail)
    assert (made, stated()) == (2, (LinkFact("Ayşe", reserves=True, borrows=True),))
