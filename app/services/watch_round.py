"""The round of the watch: every minute the worker looks at each campaign that is not put away."""

from datetime import datetime

from sqlalchemy.orm import Session

from app.domain.chance import Rng
from app.domain.eligibility import CampaignStatus
from app.services import (
    alerts,
    brake,
    campaigns,
    counts,
    networks,
    opening_reminders,
    proof,
    reminders,
    report_mails,
    rollups,
    shoppers,
    webhook_round,
)


def make(session: Session, *, now: datetime, rng: Rng) -> None:
    """Put back codes no address was proved for, remind winners, call those who wait for an opening, add up
    what is over and mail it to whoever wants that, pull the brake where it must be, tell what there is to
    tell, people and other systems, and let go of what networks of past days were called.
    """
    proof.lapse(session, now=now, rng=rng)
    for campaign in campaigns.listing(session):  # codes end whatever has become of the campaign
        reminders.remind(session, campaign, now=now, rng=rng)
    for campaign in campaigns.listing(session, archived=False):
        if campaign.status is CampaignStatus.DRAFT:
            continue
        opening_reminders.call(session, campaign, now=now, rng=rng)
        while counts.count_on(session, campaign.id, now=now):
            pass
        brake.watch(session, campaign, now=now, rng=rng)
        found = alerts.due(session, campaign, now=now)
        alerts.keep_up(session, campaign.id, found, now=now, rng=rng)
        rollups.keep_up(session, campaign, now=now)
        report_mails.send_due(session, campaign, now=now, rng=rng)
    shoppers.keep_up(session, now=now)
    webhook_round.make(session, now=now)
    networks.tidy(session, now=now)
