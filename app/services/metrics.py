"""Metrics: what a monitoring system is told, out of the database, so that every process says the same.

Only campaigns that are scheduled, live or paused are told: what there is to tell stays bounded. No person,
no code and no address is in it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.eligibility import Phase, phase
from app.models import (
    Campaign,
    Code,
    CodeStatus,
    DeliveryState,
    FigureBook,
    FigureDay,
    Message,
    MessageState,
    Prize,
    Tier,
    WebhookDelivery,
    WebhookEndpoint,
)
from app.services import campaigns, counts, refusals, stock
from app.services.entries import window_of
from app.services.rollups import ALL
from app.services.webhooks.telling import IS_ON

TOLD = {Phase.NOT_OPEN, Phase.LIVE, Phase.PAUSED}


@dataclass(frozen=True, slots=True)
class PrizeMetrics:
    """A prize's units: those free now, and all that are offered, won ones too."""

    tier: str
    prize: str
    free: int
    offered: int


@dataclass(frozen=True, slots=True)
class CampaignMetrics:
    """One campaign: entries and wins as drawn, up to now; redeemed wins as they were last added up, and how
    long ago that was (None: not yet).
    """

    slug: str
    phase: Phase
    entries: int
    wins: int
    redeemed: int
    added_up: timedelta | None
    refusals: tuple[tuple[str, int], ...]
    prizes: tuple[PrizeMetrics, ...]


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits to be sent: how much, for how long at most, and how long after the moment it was due."""

    waiting: int = 0
    oldest: timedelta = timedelta()
    late: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class Metrics:
    """All there is to tell."""

    campaigns: tuple[CampaignMetrics, ...]
    mail: Backlog
    webhooks: Backlog


def read(session: Session, *, now: datetime) -> Metrics:
    """How things stand."""
    told = [
        (campaign, current)
        for campaign in campaigns.listing(session, archived=False)
        if (current := phase(window_of(campaign), now)) in TOLD
    ]
    return Metrics(
        tuple(_campaign(session, campaign, current, now) for campaign, current in told),
        _backlog(session, _MAIL, now),
        _backlog(session, _WEBHOOKS, now),
    )


def _campaign(session: Session, campaign: Campaign, current: Phase, now: datetime) -> CampaignMetrics:
    entries, wins = counts.totals(session, campaign.id)
    redeemed = session.scalar(
        select(func.sum(FigureDay.redeemed)).where(
            FigureDay.campaign_id == campaign.id, FigureDay.dimension == ALL
        )
    )
    rolled_at = session.scalar(select(FigureBook.rolled_at).where(FigureBook.campaign_id == campaign.id))
    return CampaignMetrics(
        campaign.slug,
        current,
        entries,
        wins,
        int(redeemed or 0),
        now - rolled_at if rolled_at else None,
        tuple(refusals.by_reason(session, campaign.id)),
        tuple(_prizes(session, campaign.id)),
    )


def _prizes(session: Session, campaign_id: UUID) -> list[PrizeMetrics]:
    rows = session.execute(
        select(Prize.id, Prize.name, Tier.name.label("tier"), Prize.stock_version)
        .join(Tier, Tier.id == Prize.tier_id)
        .where(Prize.campaign_id == campaign_id, Prize.removed_at.is_(None), Tier.removed_at.is_(None))
        .order_by(Tier.position, Prize.position, Prize.id)
    ).all()
    offered = stock.offered(session, {row.id: row.stock_version for row in rows})
    free: dict[UUID, int] = dict(
        session.execute(
            select(Code.prize_id, func.count())
            .where(Code.prize_id.in_(offered), Code.status == CodeStatus.FREE)
            .group_by(Code.prize_id)
        ).all()
    )
    return [PrizeMetrics(row.tier, row.name, free.get(row.id, 0), offered[row.id]) for row in rows]


def _backlog(session: Session, query: Any, now: datetime) -> Backlog:
    waiting, oldest, due = session.execute(query).one()
    if not waiting:
        return Backlog()
    return Backlog(waiting, now - oldest, max(now - due, timedelta()))


_MAIL = select(func.count(), func.min(Message.created_at), func.min(Message.due_at)).where(
    Message.state == MessageState.WAITING
)
_WEBHOOKS = (
    select(func.count(), func.min(WebhookDelivery.at), func.min(WebhookDelivery.due_at))
    .join(WebhookEndpoint, WebhookEndpoint.id == WebhookDelivery.endpoint_id)
    .where(WebhookDelivery.state == DeliveryState.WAITING, IS_ON)
)
