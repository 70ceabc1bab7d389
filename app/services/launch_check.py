"""The launch check of a campaign: the snapshot it is made on."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.eligibility import CampaignStatus
from app.domain.launch import Finding, PrizeStock, Site, Snapshot, TierStock, findings
from app.domain.official_rules import contradictions
from app.domain.proof import Proof
from app.models import Campaign, Code, CodeStatus, Prize, Tier
from app.services import official_rules


def check(
    session: Session, campaign: Campaign, *, now: datetime, site: Site | None = None
) -> tuple[Finding, ...]:
    """What stands in the way of opening the campaign, and what is worth a look; without a `site` nothing is
    said of the server.
    """
    return findings(snapshot(session, campaign, site), now)


def snapshot(session: Session, campaign: Campaign, site: Site | None) -> Snapshot:
    """The campaign as the check sees it."""
    rows = session.execute(
        select(
            Tier.id,
            Tier.name,
            Tier.weight,
            Tier.enabled,
            Prize.name.label("prize"),
            func.count(Code.id).label("offered"),
            func.count(Code.id).filter(Code.status == CodeStatus.FREE).label("free"),
        )
        .outerjoin(Prize, (Prize.tier_id == Tier.id) & Prize.removed_at.is_(None))
        .outerjoin(Code, (Code.prize_id == Prize.id) & (Code.status != CodeStatus.WITHDRAWN))
        .where(Tier.campaign_id == campaign.id, Tier.removed_at.is_(None))
        .group_by(Tier.id, Prize.id)
        .order_by(Tier.position, Tier.created_at, Tier.id, Prize.position, Prize.created_at, Prize.id)
    ).all()
    by_tier: dict[object, TierStock] = {}
    for row in rows:
        known = by_tier.get(row.id, TierStock(row.name, row.weight, row.enabled, 0, 0))
        by_tier[row.id] = TierStock(
            row.name, row.weight, row.enabled, known.offered + row.offered, known.free + row.free
        )
    full = {tier_id for tier_id, tier in by_tier.items() if tier.offered}
    return Snapshot(
        tiers=tuple(by_tier.values()),
        # Of a tier with nothing at all the tier is told, not each of its prizes.
        prizes=tuple(PrizeStock(row.prize, row.offered) for row in rows if row.enabled and row.id in full),
        opens_at=campaign.opens_at,
        closes_at=campaign.closes_at,
        has_rules=bool(campaign.rules.strip() or campaign.eligibility.strip()),
        has_sponsor=bool(campaign.sponsor),
        contradictions=contradictions(official_rules.facts_now(session, campaign)),
        is_first_opening=campaign.status is CampaignStatus.DRAFT,
        site=site,
        asks_for_proof=campaign.proof is not Proof.NEVER,
        friends_tier=by_tier.get(campaign.refer_tier_id),
        has_referrals=campaign.refer_most > 0,
    )
