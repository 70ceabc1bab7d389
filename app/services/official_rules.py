"""Official rules: what a campaign's rules say now, and the versions that were shown."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import exists, func, literal_column, select
from sqlalchemy.orm import Session

from app.domain import entry_form
from app.domain.eligibility import CampaignStatus
from app.domain.official_rules import ChanceFact, LinkFact, PrizeFact, RuleFacts
from app.domain.partner_rules import Pool
from app.models import Campaign, Code, CodeStatus, Partner, Prize, RulesVersion, Tier
from app.services import odds


def facts_now(session: Session, campaign: Campaign) -> RuleFacts:
    """What the rules have to say with the configuration as it stands."""
    table, form = odds.in_force(session, campaign), entry_form.parse(campaign.form)
    names = dict(session.execute(select(Tier.id, Tier.name).where(Tier.campaign_id == campaign.id)).all())
    return RuleFacts(
        title=campaign.title,
        sponsor=campaign.sponsor,
        zone=campaign.timezone,
        opens_at=campaign.opens_at,
        closes_at=campaign.closes_at,
        limit=campaign.entries,
        prizes=_prizes(session, campaign.id),
        chances=tuple(ChanceFact(names[tier.id], tier.weight) for tier in table.tiers),
        total=table.total,
        odds_version=table.version,
        seed_commit=campaign.seed_commit,
        who=campaign.eligibility,
        own=campaign.rules,
        least_age=form.age.least if form.age else None,
        refer_most=campaign.refer_most,
        refer_tier=names[campaign.refer_tier_id] if campaign.refer_most and campaign.refer_tier_id else "",
        countries=form.countries,
        links=_links(session, campaign.id),
    )


def keep_up(session: Session, campaign_id: UUID, now: datetime) -> None:
    """Write the next version of the rules if the configuration has come to say something else.

    Call at the end of every change of what the rules state, in the same unit of work. A draft has no rules
    yet: its first version is written when it opens.
    """
    session.flush()
    query = select(Campaign).where(Campaign.id == campaign_id).with_for_update(key_share=True)
    campaign = session.scalars(query).one()
    if campaign.status is CampaignStatus.DRAFT:
        return
    document = facts_now(session, campaign).document
    kept = find(session, campaign_id, campaign.rules_version)
    if kept is not None and kept.document == document:
        return
    campaign.rules_version += 1
    session.add(
        RulesVersion(
            campaign_id=campaign_id, version=campaign.rules_version, document=document, created_at=now
        )
    )
    session.flush()


def find(session: Session, campaign_id: UUID, version: int) -> RulesVersion | None:
    """One version as it was shown, if it was kept."""
    return session.get(RulesVersion, (campaign_id, version))


def history(session: Session, campaign_id: UUID) -> Sequence[RulesVersion]:
    """All versions kept, the newest first."""
    return session.scalars(
        select(RulesVersion)
        .where(RulesVersion.campaign_id == campaign_id)
        .order_by(RulesVersion.version.desc())
    ).all()


def _links(session: Session, campaign_id: UUID) -> tuple[LinkFact, ...]:
    """The partners over whose links the stock differs, by name."""
    # Literals: only so can a planner prove that the partial index of kept codes applies.
    is_kept = exists().where(
        Code.status == literal_column(f"'{CodeStatus.FREE}'"),
        Code.partner_id.is_not(None),
        Code.partner_id == Partner.id,
    )
    query = select(Partner.name, Partner.pool, Partner.max_wins, is_kept.label("reserves"))
    rows = session.execute(
        query.where(Partner.campaign_id == campaign_id).order_by(Partner.name, Partner.slug)
    )
    found = (LinkFact(row.name, row.reserves, row.pool is Pool.BORROW, row.max_wins) for row in rows)
    return tuple(one for one in found if one.reserves or not one.borrows or one.most is not None)


def _prizes(session: Session, campaign_id: UUID) -> tuple[PrizeFact, ...]:
    """The prizes of the tiers in the draw that have any units, with how many are offered in all."""
    offered = (
        select(Code.prize_id, func.count().label("units"))
        .join(Prize, Prize.id == Code.prize_id)
        .where(Prize.campaign_id == campaign_id, Code.status != CodeStatus.WITHDRAWN)
        .group_by(Code.prize_id)
        .subquery()
    )
    rows = session.execute(
        select(Prize.name, Tier.name.label("tier"), offered.c.units)
        .join(Tier, Tier.id == Prize.tier_id)
        .join(offered, offered.c.prize_id == Prize.id)
        .where(Prize.campaign_id == campaign_id, Prize.removed_at.is_(None))
        .where(Tier.enabled, Tier.removed_at.is_(None))
        .order_by(Tier.position, Tier.created_at, Tier.id, Prize.position, Prize.created_at, Prize.id)
    )
    return tuple(PrizeFact(row.name, row.tier, row.units) for row in rows)
