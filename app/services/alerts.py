"""Alerts: what somebody should look at, told once per cause, in the console and by mail."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.domain.alerts import AlertKind, low_level
from app.domain.chance import Rng
from app.domain.eligibility import Stage, stage
from app.domain.errors import NotFound
from app.domain.events import Event, EventType
from app.domain.forecast import Pace, RunsOut
from app.domain.ids import time_ordered_id
from app.domain.roles import Role
from app.models import Account, AccountCampaign, Alert, Campaign
from app.services import audit, counts, outbox, prizes, watching, webhooks
from app.services import figures as figures_of
from app.services.audit import Actor
from app.services.counts import Counted
from app.services.entries import window_of
from app.services.uow import unit_of_work
from app.services.watching import PrizeLine

SOON = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Due:
    """Something that holds now; the cause is what it is told once for."""

    kind: AlertKind
    cause: str
    details: dict[str, Any] = field(default_factory=dict)
    tier_id: UUID | None = None


def due(session: Session, campaign: Campaign, *, now: datetime) -> list[Due]:
    """What there is to be told of a campaign at this moment, but for the drain brake."""
    standing = stage(window_of(campaign), now, is_archived=campaign.archived_at is not None)
    found = list(_soon(campaign, standing, now))
    if standing in {Stage.LIVE, Stage.PAUSED}:
        counted = counts.counted(session, campaign.id)
        stock = prizes.stock_by_prize(session, campaign.id)
        lines = watching.prize_lines(session, campaign, counted, stock, now=now)
        found += _low(lines)
        found += _running_out(campaign, lines)
        found += _ahead(session, campaign, counted)
    return found


def _soon(campaign: Campaign, standing: Stage, now: datetime) -> Iterator[Due]:
    kind, moment = (
        (AlertKind.STARTS, campaign.opens_at)
        if standing is Stage.SCHEDULED
        else (AlertKind.ENDS, campaign.closes_at)
    )
    is_ahead = standing in {Stage.SCHEDULED, Stage.LIVE, Stage.PAUSED}
    if is_ahead and moment is not None and moment - now <= SOON:
        yield Due(kind, moment.isoformat(), {"at": moment.isoformat()})


def _low(lines: Sequence[PrizeLine]) -> Iterator[Due]:
    for line in lines:
        level = low_level(line.stock.free, line.threshold)
        if line.tier.enabled and line.stock.total and level is not None:
            details = {"prize": line.prize.name, "free": line.stock.free, "offered": line.stock.total}
            cause = f"{line.prize.id.hex}:{line.prize.stock_version}:{level}"
            yield Due(AlertKind.STOCK, cause, details, line.tier.id)


def _running_out(campaign: Campaign, lines: Sequence[PrizeLine]) -> Iterator[Due]:
    for tier in {line.tier.id: line.tier for line in lines if line.tier.enabled}.values():
        own = [line for line in lines if line.tier.id == tier.id]
        forecast = own[0].forecast
        has_stock = any(line.stock.free for line in own)
        if campaign.closes_at is not None and has_stock and isinstance(forecast, RunsOut):
            stocked = sum(line.prize.stock_version for line in own)
            cause = f"{tier.id.hex}:{campaign.odds_version}:{stocked}:{campaign.closes_at.isoformat()}"
            details = {"tier": tier.name, "at": forecast.at.isoformat()}
            yield Due(AlertKind.RUNS_OUT, cause, details, tier.id)


def _ahead(session: Session, campaign: Campaign, counted: Sequence[Counted]) -> Iterator[Due]:
    stated = figures_of.against_odds(session, campaign.id, counted)
    if stated.pace is Pace.AHEAD:
        entries, wins = sum(row.entries for row in counted), sum(row.wins for row in counted)
        yield Due(AlertKind.AHEAD, str(campaign.odds_version), {"wins": wins, "entries": entries})


def keep_up(
    session: Session, campaign_id: UUID, found: Collection[Due], *, now: datetime, rng: Rng
) -> list[Alert]:
    """Tell what is new, and close what no longer holds; what holds again is open again, and not told anew.

    Returns the new alerts. Nothing is written while nothing changes. Alerts of the brake are left alone.
    """
    known = _known(session, campaign_id)
    wanted = {(one.kind, one.cause) for one in found}
    is_changed = any(key not in known or known[key].over_at is not None for key in wanted) or any(
        alert.over_at is None and key not in wanted for key, alert in known.items()
    )
    session.rollback()
    return _store(session, campaign_id, found, now=now, rng=rng) if is_changed else []


@unit_of_work
def _store(
    session: Session, campaign_id: UUID, found: Collection[Due], *, now: datetime, rng: Rng
) -> list[Alert]:
    counts.hold_watch(session, campaign_id)  # one worker at a time
    known = _known(session, campaign_id)
    wanted = {(one.kind, one.cause): one for one in found}
    for key, alert in known.items():
        if key not in wanted:
            alert.over_at = alert.over_at or now
        elif alert.over_at is not None:
            alert.over_at = None
    return [
        tell(session, campaign_id, one, now=now, rng=rng) for key, one in wanted.items() if key not in known
    ]


def tell(session: Session, campaign_id: UUID, one: Due, *, now: datetime, rng: Rng) -> Alert:
    """Put a new alert up, and have those told who look after the campaign. Part of a unit of work."""
    alert = Alert(
        id=time_ordered_id(now, rng),
        campaign_id=campaign_id,
        kind=one.kind,
        cause=one.cause,
        tier_id=one.tier_id,
        details=one.details,
        created_at=now,
    )
    session.add(alert)
    session.flush()
    if one.kind is AlertKind.STOCK:
        webhooks.tell(session, Event(EventType.STOCK_LOW, campaign_id, alert.id, now, facts=_low_facts(one)))
    outbox.send_alert(session, alert.id, _readers(session, campaign_id), now=now, rng=rng)
    return alert


def _low_facts(one: Due) -> dict[str, Any]:
    """What other systems are told of low stock: the prize as in all events, and its units."""
    prize_id = one.cause.partition(":")[0]
    return {**one.details, "prize": {"id": prize_id, "name": one.details["prize"]}}


def _known(session: Session, campaign_id: UUID) -> dict[tuple[AlertKind, str], Alert]:
    query = select(Alert).where(Alert.campaign_id == campaign_id, Alert.kind != AlertKind.BRAKE)
    return {(alert.kind, alert.cause): alert for alert in session.scalars(query)}


def _readers(session: Session, campaign_id: UUID) -> Sequence[UUID]:
    """Admins and editors of the campaign who can sign in and want such mail."""
    own = select(AccountCampaign.account_id).where(AccountCampaign.campaign_id == campaign_id)
    query = select(Account.id).where(
        Account.role.in_([Role.ADMIN, Role.EDITOR]),
        Account.password_hash.is_not(None),
        Account.disabled_at.is_(None),
        Account.alert_mails,
        or_(Account.role == Role.ADMIN, ~Account.is_limited, Account.id.in_(own)),
    )
    return session.scalars(query.order_by(Account.id)).all()


def open_ones(session: Session, campaign_ids: Collection[UUID]) -> Sequence[Alert]:
    """The alerts of these campaigns that hold and nobody has seen, newest first."""
    query = select(Alert).where(
        Alert.campaign_id.in_(campaign_ids), Alert.seen_at.is_(None), Alert.over_at.is_(None)
    )
    return session.scalars(query.order_by(Alert.created_at.desc(), Alert.id.desc())).all()


def get(session: Session, alert_id: UUID) -> Alert:
    """The alert. Raises NotFound."""
    alert = session.get(Alert, alert_id)
    if alert is None:
        raise NotFound("no such alert")
    return alert


@unit_of_work
def see(session: Session, alert_id: UUID, *, actor: Actor, now: datetime) -> Alert:
    """Take an alert off the lists, for everybody. Raises NotFound."""
    alert = get(session, alert_id)
    if alert.seen_at is None:
        alert.seen_at, alert.seen_by = now, actor.name
        audit.record(
            session,
            actor,
            "alert.seen",
            alert.details.get("prize") or alert.details.get("tier") or alert.kind.value,
            now=now,
            campaign_id=alert.campaign_id,
        )
    return alert


def wants_mails(session: Session, account_id: UUID) -> bool:
    """Whether an account is told of alerts by mail."""
    return bool(session.scalar(select(Account.alert_mails).where(Account.id == account_id)))


@unit_of_work
def choose_mails(session: Session, account_id: UUID, *, wanted: bool, actor: Actor, now: datetime) -> None:
    """Whether an account is told of alerts by mail. Raises NotFound."""
    account = session.get(Account, account_id)
    if account is None:
        raise NotFound("this account does not exist")
    if account.alert_mails is not wanted:
        account.alert_mails = wanted
        audit.record(
            session, actor, "account.alert_mails", account.email, now=now, after={"alert_mails": wanted}
        )
