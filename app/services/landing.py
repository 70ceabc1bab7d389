"""What a visitor is shown before entering: the campaign, its phase, its prizes, its rules and its odds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app.domain.eligibility import CampaignStatus, Phase, phase
from app.domain.odds import OddsTable
from app.models import Campaign, OddsTableRecord, Prize, Tier
from app.services import allocation, campaigns, odds, stock
from app.services.entries import window_of


@dataclass(frozen=True, slots=True)
class PrizeCard:
    """One prize as it is announced; `total` is how many are given in all."""

    name: str
    text: str
    artwork: str
    tier: str
    total: int


@dataclass(frozen=True, slots=True)
class LandingPage:
    """A campaign's page at one moment. A draft shows nothing but that it is not open yet."""

    campaign: Campaign
    phase: Phase
    prizes: tuple[PrizeCard, ...]
    partner_name: str | None = None


@dataclass(frozen=True, slots=True)
class TierChance:
    """One line of the published odds: `weight` of `total` tickets."""

    name: str
    weight: int
    total: int


@dataclass(frozen=True, slots=True)
class RulesPage:
    """The rules with the odds in force."""

    campaign: Campaign
    phase: Phase
    chances: tuple[TierChance, ...]


@dataclass(frozen=True, slots=True)
class FairnessPage:
    """What anyone needs to check the draws later: the seed's commitment and every odds table in order.

    Of a draft nothing is published yet.
    """

    campaign: Campaign
    phase: Phase
    tables: Sequence[OddsTableRecord]
    tier_names: dict[str, str]  # tier id (hex) -> name

    def parsed(self, record: OddsTableRecord) -> OddsTable:
        """The table of one version."""
        return odds.parse(record.document)


def landing_page(
    session: Session, slug: str, *, now: datetime, partner_name: str | None = None
) -> LandingPage:
    """The landing page, in two queries once its stock is known. Raises NotFound."""
    campaign = campaigns.get(session, slug)
    current = phase(window_of(campaign), now)
    if current is Phase.DRAFT:
        return LandingPage(campaign, current, ())
    rows = session.execute(_PRIZES, {"campaign": campaign.id}).all()
    if current is Phase.LIVE and not any(row.is_left for row in rows):
        current = Phase.SOLD_OUT
    totals = stock.offered(session, {row.id: row.stock_version for row in rows})
    cards = (PrizeCard(row.name, row.text, row.artwork, row.tier, totals[row.id]) for row in rows)
    return LandingPage(campaign, current, tuple(card for card in cards if card.total), partner_name)


def rules_page(session: Session, slug: str, *, now: datetime) -> RulesPage:
    """The rules page. Raises NotFound."""
    campaign = campaigns.get(session, slug)
    table, names = odds.in_force(session, campaign), _tier_names(session, campaign)
    chances = tuple(TierChance(names[tier.id.hex], tier.weight, table.total) for tier in table.tiers)
    return RulesPage(campaign, phase(window_of(campaign), now), chances)


def fairness_page(session: Session, slug: str, *, now: datetime) -> FairnessPage:
    """The fairness page. Raises NotFound."""
    campaign = campaigns.get(session, slug)
    current = phase(window_of(campaign), now)
    if current is Phase.DRAFT:
        return FairnessPage(campaign, current, (), {})
    return FairnessPage(campaign, current, odds.history(session, campaign.id), _tier_names(session, campaign))


def open_campaigns(session: Session, *, now: datetime) -> list[Campaign]:
    """The campaigns one can enter right now, the newest first."""
    opened = select(Campaign).where(Campaign.status == CampaignStatus.OPEN)
    newest_first = session.scalars(opened.order_by(Campaign.created_at.desc())).all()
    return [campaign for campaign in newest_first if phase(window_of(campaign), now) is Phase.LIVE]


def _tier_names(session: Session, campaign: Campaign) -> dict[str, str]:
    rows = session.execute(select(Tier.id, Tier.name).where(Tier.campaign_id == campaign.id))
    return {row.id.hex: row.name for row in rows}


_PRIZES = (
    select(
        Prize.id,
        Prize.name,
        Prize.text,
        Prize.artwork,
        Prize.stock_version,
        Tier.name.label("tier"),
        allocation.is_left(Tier.id).label("is_left"),
    )
    .join(Tier, Tier.id == Prize.tier_id)
    .where(Prize.campaign_id == bindparam("campaign"), Prize.removed_at.is_(None))
    .where(Tier.enabled, Tier.removed_at.is_(None))
    .order_by(Tier.position, Tier.created_at, Tier.id, Prize.position, Prize.created_at, Prize.id)
)
