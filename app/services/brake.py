"""The drain brake: where one tier wins more within an hour than is plausible, staff are told, or it is
switched off.

A tier that is let go again starts afresh: what was won before is not held against it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.alerts import AlertKind, Brake, exceeded
from app.domain.chance import Rng
from app.domain.eligibility import Stage, stage
from app.domain.errors import Conflict, InvalidInput, StaleEdit
from app.domain.forecast import mean_odds
from app.models import Alert, Campaign, Entry, Tier
from app.services import alerts, counts, figures, tiers, watching
from app.services.alerts import Due
from app.services.audit import Actor
from app.services.entries import window_of
from app.services.tiers import TierPlan
from app.services.uow import unit_of_work

WINDOW = timedelta(hours=1)
ACTOR = Actor("drain brake")


@dataclass(frozen=True, slots=True)
class Drawn:
    """What was drawn in a while: entries by odds version, how many hit each tier, how many each tier gave."""

    entries: Mapping[int, int]
    hits: Mapping[UUID, int]
    wins: Mapping[UUID, int]


def watch(session: Session, campaign: Campaign, *, now: datetime, rng: Rng) -> None:
    """Look at the wins of the last hour, and do what the campaign's setting says."""
    plan = watching.plan_of(session, campaign.id)
    is_live = stage(window_of(campaign), now, is_archived=campaign.archived_at is not None) is Stage.LIVE
    pulled = _pulled(session, campaign.id)
    for tier in tiers.listing(session, campaign.id):
        last = pulled.get(tier.id)
        is_open = last is not None and last.over_at is None
        beyond = None
        if tier.enabled and is_live and plan.brake is not Brake.OFF:
            since = max(now - WINDOW, last.over_at) if last and last.over_at else now - WINDOW
            beyond = _beyond(session, campaign.id, tier, plan.most_per_hour, since)
        if last is not None and is_open:
            # Switched on by hand, or told only and over by now.
            if tier.enabled and (last.details["paused"] or beyond is None):
                _let_go(session, last.id, now=now)
        elif beyond is not None:
            wins, limit = beyond
            _pull(session, campaign, tier, wins, limit, plan.brake, now=now, rng=rng)


def _pulled(session: Session, campaign_id: UUID) -> dict[UUID, Alert]:
    """The last time the brake was pulled, by tier."""
    query = select(Alert).where(Alert.campaign_id == campaign_id, Alert.kind == AlertKind.BRAKE)
    return {
        alert.tier_id: alert for alert in session.scalars(query.order_by(Alert.created_at)) if alert.tier_id
    }


def _beyond(
    session: Session, campaign_id: UUID, tier: Tier, most: int | None, since: datetime
) -> tuple[int, int] | None:
    """The wins and the limit they went beyond, if they did."""
    drawn = _drawn(session, campaign_id, since)
    entries = sum(drawn.entries.values())
    chances = figures.tables(session, campaign_id)
    by_odds = []
    for version, count in drawn.entries.items():
        table = chances[version]
        weight = sum(line.weight for line in table.tiers if line.id == tier.id)
        by_odds.append((count, Fraction(weight, table.total)))
    hits, wins = drawn.hits.get(tier.id, 0), drawn.wins.get(tier.id, 0)
    limit = exceeded(entries, hits, mean_odds(by_odds), wins, most)
    return (max(hits, wins), limit) if limit is not None else None


def _drawn(session: Session, campaign_id: UUID, since: datetime) -> Drawn:
    rows = session.execute(
        select(Entry.odds_version, Entry.tier_hit_id, Entry.tier_awarded_id, func.count())
        .where(Entry.campaign_id == campaign_id, Entry.created_at >= since)
        .group_by(Entry.odds_version, Entry.tier_hit_id, Entry.tier_awarded_id)
    )
    entries: dict[int, int] = {}
    hits: dict[UUID, int] = {}
    wins: dict[UUID, int] = {}
    for version, hit, awarded, count in rows:
        entries[version] = entries.get(version, 0) + count
        if hit is not None:
            hits[hit] = hits.get(hit, 0) + count
        if awarded is not None:
            wins[awarded] = wins.get(awarded, 0) + count
    return Drawn(entries, hits, wins)


def _pull(
    session: Session,
    campaign: Campaign,
    tier: Tier,
    wins: int,
    limit: int,
    setting: Brake,
    *,
    now: datetime,
    rng: Rng,
) -> None:
    paused = setting is Brake.PAUSE and _switch_off(session, tier, wins, now=now)
    details = {"tier": tier.name, "wins": wins, "limit": limit, "paused": paused}
    one = Due(AlertKind.BRAKE, f"{tier.id.hex}:{now.isoformat()}", details, tier.id)
    _tell(session, campaign.id, one, now=now, rng=rng)


def _switch_off(session: Session, tier: Tier, wins: int, *, now: datetime) -> bool:
    """False where it cannot be: without the tier the weights would make no odds, or somebody was faster."""
    plan = replace(TierPlan.of(tier), enabled=False)
    reason = f"{wins} wins within an hour"
    try:
        tiers.edit(session, tier.id, plan, expected_version=tier.version, actor=ACTOR, now=now, reason=reason)
    except (Conflict, InvalidInput, StaleEdit):
        return False
    return True


@unit_of_work
def _tell(session: Session, campaign_id: UUID, one: Due, *, now: datetime, rng: Rng) -> None:
    counts.hold_watch(session, campaign_id)
    last = _pulled(session, campaign_id).get(one.tier_id) if one.tier_id else None
    if last is None or last.over_at is not None:  # else another worker was faster
        alerts.tell(session, campaign_id, one, now=now, rng=rng)


@unit_of_work
def _let_go(session: Session, alert_id: UUID, *, now: datetime) -> None:
    alerts.get(session, alert_id).over_at = now


def resume(session: Session, alert_id: UUID, *, actor: Actor, now: datetime, reason: str = "") -> None:
    """Switch a tier on again that the brake has switched off, and count its wins afresh. Raises NotFound,
    Conflict when the tier is gone.
    """
    alert = alerts.get(session, alert_id)
    if alert.kind is not AlertKind.BRAKE or alert.tier_id is None:
        raise Conflict("there is nothing to resume")
    tier = tiers.get(session, alert.tier_id)
    tiers.edit(
        session, tier.id, replace(TierPlan.of(tier), enabled=True), actor=actor, now=now, reason=reason
    )
    alerts.see(session, alert_id, actor=actor, now=now)
    _let_go(session, alert_id, now=now)
