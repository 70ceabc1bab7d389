"""From draft to archive: opening asks the launch check, archived campaigns rest, nothing is deleted."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from app.domain.eligibility import CampaignStatus, Stage, stage
from app.domain.errors import Conflict
from app.domain.launch import NotReady, Site
from app.models import Campaign
from app.services import audit, campaigns, launch_check
from app.services.audit import COMMAND_LINE
from app.services.entries import window_of
from tests.support.factories import WHO, TierSpec, make_campaign
from tests.support.fakes import NOON

DRAFT = CampaignStatus.DRAFT


def open_it(session: Session, campaign: Campaign, site: Site | None = None) -> Campaign:
    return campaigns.set_status(
        session, campaign.id, CampaignStatus.OPEN, actor=COMMAND_LINE, now=NOON, site=site
    )


def archive(session: Session, campaign: Campaign) -> Campaign:
    return campaigns.archive(session, campaign.id, actor=COMMAND_LINE, now=NOON, reason="over")


def unarchive(session: Session, campaign: Campaign) -> Campaign:
    return campaigns.unarchive(session, campaign.id, actor=COMMAND_LINE, now=NOON)


def problems(session: Session, campaign: Campaign) -> list[str]:
    with pytest.raises(NotReady) as caught:
        open_it(session, campaign)
    session.rollback()
    return [str(finding) for finding in caught.value.findings]


def test_a_campaign_opens_once_nothing_blocks(session: Session) -> None:
    campaign = make_campaign(session, [TierSpec("Gold"), TierSpec("Silver", codes=0)], status=DRAFT)
    plan = replace(campaigns.plan_of(campaign), eligibility=" ", rules="The chance is 1 in 20.")
    campaigns.edit(session, campaign.id, plan, actor=COMMAND_LINE, now=NOON)
    first, second = problems(session, campaign)
    assert "“Silver” has a chance but nothing to give" in first
    assert "“1 in 20”" in second
    assert campaigns.get(session, "summer").status is DRAFT
    assert audit.latest(session)[0].action != "campaign.open"


def test_an_empty_prize_beside_a_full_one_is_named(session: Session) -> None:
    campaign = make_campaign(session, [TierSpec("Gold"), TierSpec("Off", weight=0, codes=0)], status=DRAFT)
    found = launch_check.check(session, campaign, now=NOON)
    assert not any(finding.blocks for finding in found), "a tier without weight promises nothing"
    assert open_it(session, campaign).status is CampaignStatus.OPEN


def test_own_words_on_who_may_take_part_are_enough(session: Session) -> None:
    campaign = make_campaign(session, status=DRAFT)
    plan = replace(campaigns.plan_of(campaign), eligibility="")
    campaigns.edit(session, campaign.id, plan, actor=COMMAND_LINE, now=NOON)
    assert "nothing in your own words" in problems(session, campaign)[0]
    campaigns.edit(session, campaign.id, replace(plan, eligibility=WHO), actor=COMMAND_LINE, now=NOON)
    assert open_it(session, campaign).status is CampaignStatus.OPEN


def test_the_server_is_looked_at_where_it_is_told_of(session: Session) -> None:
    campaign = make_campaign(session, status=DRAFT)
    with pytest.raises(NotReady, match="as good as off"):
        open_it(session, campaign, Site(False, 1, 1000, True))
    session.rollback()
    assert open_it(session, campaign, Site(True, 1, 1000, False)).status is CampaignStatus.OPEN


def test_what_sold_out_does_not_hold_up_going_on(session: Session) -> None:
    campaign = make_campaign(session, [TierSpec("Gold", codes=0)], status=CampaignStatus.PAUSED)
    assert open_it(session, campaign).status is CampaignStatus.OPEN


@pytest.mark.parametrize("status", [DRAFT, CampaignStatus.CLOSED])
def test_an_archived_campaign_leaves_the_list_and_comes_back_as_it_was(
    session: Session, status: CampaignStatus
) -> None:
    campaign = make_campaign(session, status=status)
    assert archive(session, campaign).archived_at == NOON
    assert archive(session, campaign).version == campaign.version
    record = audit.latest(session)[0]
    assert (record.action, record.reason) == ("campaign.archive", "over")
    assert campaigns.listing(session, archived=False) == []
    assert list(campaigns.listing(session, archived=True)) == [campaign]
    assert list(campaigns.listing(session)) == [campaign]
    assert stage(window_of(campaign), NOON, is_archived=True) is Stage.ARCHIVED
    assert unarchive(session, campaign).archived_at is None
    assert unarchive(session, campaign).status is status
    assert list(campaigns.listing(session, archived=False)) == [campaign]
    assert audit.latest(session)[0].action == "campaign.unarchive"


def test_one_whose_end_has_passed_is_closed_with_it(session: Session) -> None:
    campaign = make_campaign(session, closes_at=NOON - timedelta(hours=1))
    assert archive(session, campaign).status is CampaignStatus.CLOSED


@pytest.mark.parametrize("status", [CampaignStatus.OPEN, CampaignStatus.PAUSED])
def test_one_that_people_can_enter_is_not_archived(session: Session, status: CampaignStatus) -> None:
    with pytest.raises(Conflict, match="close it first"):
        archive(session, make_campaign(session, status=status))


def test_an_archived_campaign_is_neither_changed_nor_opened(session: Session) -> None:
    campaign = archive(session, make_campaign(session, status=DRAFT))
    with pytest.raises(Conflict, match="is archived"):
        open_it(session, campaign)
    plan = replace(campaigns.plan_of(campaign), title="Other")
    with pytest.raises(Conflict, match="is archived"):
        campaigns.edit(session, campaign.id, plan, actor=COMMAND_LINE, now=NOON)
