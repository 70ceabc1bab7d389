"""What a visitor is shown before entering: the campaign, its phase, its prizes, its rules and its odds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, ColumnElement, Row, Select, and_, bindparam, or_, select
from sqlalchemy.orm import Session

from app.domain.eligibility import CampaignStatus, Phase, phase
from app.domain.errors import NotFound
from app.domain.odds import OddsTable
from app.domain.official_rules import RuleFacts
from app.domain.partner_rules import Pool
from app.domain.pictures import Picture
from app.models import Campaign, Code, OddsTableRecord, Partner, Prize, Tier
from app.services import allocation, campaigns, odds, official_rules, stock
from app.services.entries import window_of
from app.services.partner_caps import is_active
from app.services.prizes_left import Board, board


@dataclass(frozen=True, slots=True)
class PrizeCard:
    """One prize as it is announced; `total` is how many are given in all."""

    id: UUID
    name: str
    text: str
    artwork: str
    tier: str
    total: int
    picture: Picture | None = None
    value: int | None = None  # in minor units, when visitors are to see it
    currency: str = ""


@dataclass(frozen=True, slots=True)
class LandingPage:
    """A campaign's page at one moment. A draft shows nothing but that it is not open yet."""

    campaign: Campaign
    phase: Phase
    prizes: tuple[PrizeCard, ...]
    partner: Partner | None = None
    board: Board | None = None  # what is left, where the campaign shows that


@dataclass(frozen=True, slots=True)
class RulesPage:
    """One version of the official rules; of a draft there are none yet.

    `version` is 0 and `since` None where what holds now was never kept: it opened before versions were.
    """

    campaign: Campaign
    phase: Phase
    facts: RuleFacts | None
    version: int = 0
    since: datetime | None = None
    earlier: int | None = None  # the number of the version before, where it was kept

    @property
    def is_in_force(self) -> bool:
        """True for the rules that an entry made now accepts."""
        return self.version in {0, self.campaign.rules_version}


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
    session: Session, slug: str, *, now: datetime, partner: Partner | None = None
) -> LandingPage:
    """The landing page, in two queries once its stock is known; over a partner's link with what is kept for
    its visitors, while the link counts. The board of prizes left asks for more once in ten minutes. Raises
    NotFound.
    """
    if partner is not None and not is_active(partner.starts_at, partner.ends_at, now):
        partner = None
    campaign = campaigns.get(session, slug)
    current = phase(window_of(campaign), now)
    if current is Phase.DRAFT:
        return LandingPage(campaign, current, ())
    if partner is None:
        rows = session.execute(_PRIZES, {"campaign": campaign.id}).all()
    else:
        which = {"campaign": campaign.id, "partner": partner.id, "borrows": partner.pool is Pool.BORROW}
        rows = session.execute(_PRIZES_OVER_LINK, which).all()
    if current is Phase.LIVE and not any(row.is_left for row in rows):
        current = Phase.SOLD_OUT
    cards = _cards(session, rows)
    return LandingPage(campaign, current, cards, partner, _board(session, campaign, current, cards, now))


def preview_page(session: Session, slug: str) -> LandingPage:
    """The landing page as it looks while people can enter, whatever the status. Raises NotFound."""
    campaign = campaigns.get(session, slug)
    rows = session.execute(_PRIZES, {"campaign": campaign.id}).all()
    return LandingPage(campaign, Phase.LIVE, _cards(session, rows))


def rules_page(session: Session, slug: str, version: int | None = None, *, now: datetime) -> RulesPage:
    """The rules in force, or an older `version` of them. Raises NotFound, also for one that was not kept."""
    campaign = campaigns.get(session, slug)
    current = phase(window_of(campaign), now)
    kept = official_rules.find(session, campaign.id, version or campaign.rules_version)
    if kept is None:
        if version is not None:
            raise NotFound("these rules were not kept")
        facts = None if current is Phase.DRAFT else official_rules.facts_now(session, campaign)
        return RulesPage(campaign, current, facts)
    earlier = official_rules.find(session, campaign.id, kept.version - 1)
    return RulesPage(
        campaign,
        current,
        RuleFacts.from_document(kept.document),
        kept.version,
        kept.created_at,
        earlier.version if earlier else None,
    )


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


def _board(
    session: Session, campaign: Campaign, current: Phase, cards: Sequence[PrizeCard], now: datetime
) -> Board | None:
    if not campaign.shows_left or current not in {Phase.LIVE, Phase.PAUSED}:
        return None
    return board(session, campaign.id, {card.id: card.total for card in cards}, now=now)


def _cards(session: Session, rows: Sequence[Row[*tuple[Any, ...]]]) -> tuple[PrizeCard, ...]:
    """The prizes there is at least one of."""
    totals = stock.offered(session, {row.id: row.stock_version for row in rows})
    cards = (
        PrizeCard(
            row.id,
            row.name,
            row.text,
            row.artwork,
            row.tier,
            totals[row.id],
            row.picture,
            row.value if row.shows_value else None,
            row.currency,
        )
        for row in rows
    )
    return tuple(card for card in cards if card.total)


def _tier_names(session: Session, campaign: Campaign) -> dict[str, str]:
    rows = session.execute(select(Tier.id, Tier.name).where(Tier.campaign_id == campaign.id))
    return {row.id.hex: row.name for row in rows}


_COLUMNS = (
    Prize.id,
    Prize.name,
    Prize.text,
    Prize.artwork,
    Prize.picture,
    Prize.value,
    Prize.currency,
    Prize.shows_value,
    Prize.stock_version,
    Tier.name.label("tier"),
)


def _prizes(is_left: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    query: Any = (
        select(*_COLUMNS, is_left.label("is_left"))
        .join(Tier, Tier.id == Prize.tier_id)
        .where(Prize.campaign_id == bindparam("campaign"), Prize.removed_at.is_(None))
        .where(Tier.enabled, Tier.removed_at.is_(None))
        .order_by(Tier.position, Tier.created_at, Tier.id, Prize.position, Prize.created_at, Prize.id)
    )
    prizes: Select[*tuple[Any, ...]] = query
    return prizes


_PRIZES = _prizes(allocation.is_left(Tier.id))
_PRIZES_OVER_LINK = _prizes(
    or_(
        allocation.is_reserved_left(Tier.id, bindparam("partner", type_=Code.partner_id.type)),
        and_(bindparam("borrows", type_=Boolean()), allocation.is_left(Tier.id)),
    )
)
