"""Campaigns: made whole, changed on record, opened and closed in order, their odds in versions."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.draw import seed_commitment
from app.domain.eligibility import CampaignStatus, EntryLimit
from app.domain.errors import Conflict, InvalidInput, NotFound, StaleEdit
from app.domain.odds import FIRST_PREV
from app.models import AuditRecord, Campaign
from app.services import audit, campaigns, figures, odds
from app.services.audit import COMMAND_LINE
from app.services.campaigns import CampaignPlan
from app.services.entries import submit_entry
from tests.support.factories import VAULT, TierSpec, make_campaign, submission
from tests.support.fakes import NOON, FakeRng

PLAN = CampaignPlan("summer", "Summer giveaway", timezone="Europe/Istanbul")


def create(session: Session, plan: CampaignPlan = PLAN, **options: Any) -> Campaign:
    rng = FakeRng(len(campaigns.listing(session)))
    return campaigns.create(session, plan, actor=COMMAND_LINE, now=NOON, rng=rng, vault=VAULT, **options)


def edit(session: Session, campaign: Campaign, plan: CampaignPlan, **options: Any) -> Campaign:
    return campaigns.edit(session, campaign.id, plan, actor=COMMAND_LINE, now=NOON, **options)


def set_status(session: Session, campaign: Campaign, status: CampaignStatus) -> Campaign:
    return campaigns.set_status(session, campaign.id, status, actor=COMMAND_LINE, now=NOON)


def actions(session: Session) -> list[str]:
    return [record.action for record in reversed(audit.latest(session))]


def test_a_new_campaign_has_a_sealed_seed_and_its_first_odds(session: Session) -> None:
    campaign = create(session, lose_weight=900)
    seed = VAULT.open(campaign.id, campaign.seed_encrypted)
    assert campaign.seed_commit == seed_commitment(campaign.id, seed)
    (table,) = odds.history(session, campaign.id)
    assert (table.version, table.prev_hash, campaign.odds_version) == (1, FIRST_PREV, 1)
    assert odds.in_force(session, campaign).lose_weight == 900
    assert (campaign.status, actions(session)) == (CampaignStatus.DRAFT, ["campaign.create"])


def test_a_slug_belongs_to_one_campaign(session: Session) -> None:
    create(session)
    with pytest.raises(Conflict, match="taken"):
        create(session)
    other = create(session, replace(PLAN, slug="winter"))
    with pytest.raises(Conflict, match="taken"):
        edit(session, other, PLAN)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("slug", "Summer"),
        ("slug", "a"),
        ("slug", "-a"),
        ("slug", "a--b"),
        ("slug", "a" * 61),
        ("slug", "a\x00b"),
        ("title", ""),
        ("title", "  "),
        ("title", "x" * 121),
        ("title", "a\nb"),
        ("sponsor", "a\x00b"),
        ("intro", "x" * 2001),
        ("rules", "a\x00b"),
        ("timezone", "Mars/Olympus"),
        ("language", "fr"),
        ("accent", "puce"),
        ("slug", "new"),
        ("slug", "address"),
        ("closes_at", NOON),
        ("opens_at", datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14)))),
        ("closes_at", datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-12)))),
    ],
)
def test_a_wrong_field_is_named(session: Session, field: str, value: Any) -> None:
    plan = replace(PLAN, **({"opens_at": NOON} | {field: value}))
    with pytest.raises(InvalidInput) as caught:
        create(session, plan)
    assert caught.value.field == field
    assert campaigns.listing(session) == []


@pytest.mark.parametrize("weight", [-1, 0, 2**63])
def test_a_weight_that_makes_no_table_is_refused(session: Session, weight: int) -> None:
    with pytest.raises(InvalidInput):
        create(session, lose_weight=weight)
    campaign = create(session, lose_weight=5)
    with pytest.raises(InvalidInput):
        campaigns.set_lose_weight(session, campaign.id, weight, actor=COMMAND_LINE, now=NOON)
    session.rollback()
    assert campaigns.get(session, "summer").lose_weight == 5


def test_a_change_of_the_odds_is_the_next_version_in_the_chain(session: Session) -> None:
    campaign = create(session, lose_weight=5)
    for weight in (7, 7, 9):
        campaigns.set_lose_weight(session, campaign.id, weight, actor=COMMAND_LINE, now=NOON)
    tables = odds.history(session, campaign.id)
    assert [odds.parse(table.document).lose_weight for table in tables] == [5, 7, 9]
    assert [table.prev_hash for table in tables[1:]] == [table.hash for table in tables[:-1]]
    assert actions(session) == ["campaign.create", "campaign.odds", "campaign.odds"]


def test_an_edit_is_on_record_with_what_was_before(session: Session) -> None:
    campaign = create(session)
    edit(session, campaign, replace(PLAN, title="Big giveaway", rules="One each."), reason="typing error")
    record = audit.latest(session)[0]
    assert (record.before, record.reason) == ({"title": "Summer giveaway", "rules": ""}, "typing error")
    assert record.after == {"title": "Big giveaway", "rules": "One each."}
    changed = campaigns.get(session, "summer")
    assert (changed.version, changed.rules_version) == (2, 0)


def test_an_edit_that_changes_nothing_leaves_no_trace(session: Session) -> None:
    campaign = create(session)
    assert edit(session, campaign, PLAN).version == 1
    assert actions(session) == ["campaign.create"]


def test_a_stale_edit_is_refused(session: Session) -> None:
    campaign = create(session)
    edit(session, campaign, replace(PLAN, title="First"), expected_version=1)
    with pytest.raises(StaleEdit):
        edit(session, campaign, replace(PLAN, title="Second"), expected_version=1)
    session.rollback()
    assert campaigns.get(session, "summer").title == "First"


def test_limit_and_zone_are_fixed_once_people_have_entered(session: Session) -> None:
    campaign = make_campaign(session)
    submit_entry(session, submission(), now=NOON, rng=FakeRng(9), vault=VAULT)
    now_daily = CampaignPlan("summer", "Summer giveaway", entries=EntryLimit.DAILY)
    with pytest.raises(Conflict, match="entered already"):
        edit(session, campaign, now_daily)
    with pytest.raises(Conflict, match="entered already"):
        edit(session, campaign, CampaignPlan("summer", "Summer giveaway", timezone="Europe/Berlin"))
    longer = CampaignPlan("summer", "Summer giveaway", closes_at=NOON + timedelta(days=9))
    assert edit(session, campaign, longer).closes_at == NOON + timedelta(days=9)


def test_the_steps_of_a_campaign(session: Session) -> None:
    campaign = make_campaign(session, status=CampaignStatus.DRAFT)
    before = len(actions(session))
    steps = [CampaignStatus.OPEN, CampaignStatus.OPEN, CampaignStatus.PAUSED, CampaignStatus.OPEN]
    for status in [*steps, CampaignStatus.CLOSED]:
        assert set_status(session, campaign, status).status is status
    assert actions(session)[before:] == ["campaign.open", "campaign.pause", "campaign.open", "campaign.close"]
    with pytest.raises(Conflict, match="closed cannot become open"):
        set_status(session, campaign, CampaignStatus.OPEN)


def test_a_draft_cannot_be_paused(session: Session) -> None:
    with pytest.raises(Conflict):
        set_status(session, create(session), CampaignStatus.PAUSED)


def test_unknown_campaigns(session: Session) -> None:
    assert campaigns.find(session, "nowhere") is None
    assert campaigns.find(session, "no\x00where") is None
    for look_up in (campaigns.get_by_id, campaigns.get_for_change):
        with pytest.raises(NotFound):
            look_up(session, uuid4())
    with pytest.raises(NotFound):
        campaigns.get(session, "nowhere")


def test_the_audit_list_is_newest_first_and_pages(session: Session) -> None:
    campaign = create(session)
    create(session, replace(PLAN, slug="winter"))
    for number in range(5):
        edit(session, campaign, replace(PLAN, title=f"Title {number}"))
    records = audit.latest(session, campaign_id=campaign.id, limit=2)
    older = audit.latest(session, campaign_id=campaign.id, before_id=records[-1].id)
    assert [record.action for record in (*records, *older)] == ["campaign.edit"] * 5 + ["campaign.create"]
    assert len(session.scalars(select(AuditRecord)).all()) == 7


def test_figures_of_a_campaign(session: Session) -> None:
    campaign = make_campaign(session, [TierSpec("Gold", codes=3)])
    for number in range(1, 5):
        submit_entry(session, submission(number), now=NOON, rng=FakeRng(number), vault=VAULT)
    found = figures.campaign_figures(session, campaign.id)
    assert (found.entries, found.people, found.wins) == (4, 4, 3)
    assert (found.stock_free, found.stock_won, found.stock_total) == (0, 3, 3)
