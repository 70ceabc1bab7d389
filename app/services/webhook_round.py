"""What only the clock causes: openings, closings and the ends of codes, told once each.

What was told last stands in a row per campaign, which is locked: whoever notices first, tells. Opening or
closing by staff comes through the same row.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import CompoundSelect, Select, and_, literal, or_, select, union_all
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.domain.eligibility import Phase, phase
from app.domain.events import Event, EventType
from app.models import Award, AwardStatus, Campaign, Code, Replacement, WebhookDelivery, WebhookWatch
from app.services import webhooks
from app.services.entries import window_of
from app.services.uow import unit_of_work

OPEN, CLOSED = "open", "closed"
LATE = timedelta(minutes=2)  # longer than any transaction that stores a win is open
AT_ONCE = 500
_EVENTS = {OPEN: EventType.CAMPAIGN_OPENED, CLOSED: EventType.CAMPAIGN_CLOSED}
Ended = tuple[datetime, UUID]  # when a code ended, and whose


def make(session: Session, *, now: datetime) -> None:
    """Look at every campaign that somebody is told of."""
    hooked = session.scalars(select(Campaign).where(webhooks.hooked(Campaign.id))).all()
    for campaign in hooked:
        if _is_news(session, campaign, now):
            _note(session, campaign.id, now=now)
        seen: Ended | None = None
        while (seen := _tell_ends(session, campaign.id, seen, now=now)) is not None:
            pass
    session.rollback()


def note_phase(session: Session, campaign: Campaign, *, now: datetime) -> None:
    """Tell that the campaign has opened or closed, if it has since it was told. Part of a unit of work."""
    standing = _standing(campaign, now)
    is_hooked = select(webhooks.hooked(Campaign.id)).where(Campaign.id == campaign.id)
    if standing == "" or not session.scalar(is_hooked):
        return
    watch = _hold(session, campaign)
    if watch.told != standing:
        watch.told, watch.turns = standing, watch.turns + 1
        webhooks.tell(session, Event(_EVENTS[standing], campaign.id, campaign.id, now, watch.turns))


def begin(session: Session, campaigns: Sequence[Campaign], *, now: datetime) -> None:
    """From now on these are watched: what has been is not told any more. Part of a unit of work."""
    for campaign in campaigns:
        watch = _hold(session, campaign)
        is_paused = phase(window_of(campaign), now) is Phase.PAUSED
        watch.told = OPEN if is_paused else _standing(campaign, now)
        watch.expired_until = now


@unit_of_work
def _note(session: Session, campaign_id: UUID, *, now: datetime) -> None:
    note_phase(session, session.get_one(Campaign, campaign_id, populate_existing=True), now=now)


def _is_news(session: Session, campaign: Campaign, now: datetime) -> bool:
    told = session.scalar(select(WebhookWatch.told).where(WebhookWatch.campaign_id == campaign.id)) or ""
    return _standing(campaign, now) not in {"", told}


def _standing(campaign: Campaign, now: datetime) -> str:
    """Whether people enter it or can no more; "" while neither is news."""
    return {Phase.LIVE: OPEN, Phase.CLOSED: CLOSED}.get(phase(window_of(campaign), now), "")


def _hold(session: Session, campaign: Campaign) -> WebhookWatch:
    """The campaign's row, locked; made where there is none."""
    build: Any = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    values = {
        "campaign_id": campaign.id,
        "told": "",
        "turns": 0,
        "expired_until": campaign.created_at,
    }
    session.execute(build(WebhookWatch).values(values).on_conflict_do_nothing())
    query = select(WebhookWatch).where(WebhookWatch.campaign_id == campaign.id).with_for_update()
    return session.scalars(query.execution_options(populate_existing=True)).one()


def _tell_ends(session: Session, campaign_id: UUID, seen: Ended | None, *, now: datetime) -> Ended | None:
    """Tell of some of the codes that have ended unused; the last of them, None when that is all."""
    until = now - LATE
    since = _since(session, campaign_id)
    is_any = session.execute(_ended(campaign_id, since, until, seen).limit(1)).first()
    session.rollback()
    if is_any is None and since >= until - LATE:
        return None  # a row that is a little behind costs less than a write every minute
    return _store_ends(session, campaign_id, seen, until)


def _since(session: Session, campaign_id: UUID) -> datetime:
    query = select(WebhookWatch.expired_until).where(WebhookWatch.campaign_id == campaign_id)
    since: datetime | None = session.scalar(query)
    return since or session.get_one(Campaign, campaign_id).created_at


@unit_of_work
def _store_ends(session: Session, campaign_id: UUID, seen: Ended | None, until: datetime) -> Ended | None:
    watch = _hold(session, session.get_one(Campaign, campaign_id))
    rows = session.execute(_ended(campaign_id, watch.expired_until, until, seen).limit(AT_ONCE)).all()
    events = [
        Event(EventType.AWARD_EXPIRED, campaign_id, row.entry_id, row.expires_at, row.place) for row in rows
    ]
    told = set(
        session.scalars(
            select(WebhookDelivery.event_id).where(WebhookDelivery.event_id.in_([one.id for one in events]))
        )
    )
    for event in events:
        if event.id not in told:
            webhooks.tell(session, event)
    if len(rows) == AT_ONCE:
        return rows[-1].expires_at, rows[-1].entry_id
    watch.expired_until = max(watch.expired_until, until)
    return None


def _ended(campaign_id: UUID, since: datetime, until: datetime, seen: Ended | None) -> Select[Any]:
    """Codes that ended after `since` and no later than `until`, with uses left, of wins that stand: in order,
    and after the one seen last.
    """
    both: CompoundSelect[Any] = union_all(
        _ended_of(Award, literal(0), campaign_id, since, until).where(
            or_(Award.held_until.is_(None), Award.proved_at.is_not(None))
        ),
        _ended_of(Replacement, Replacement.place, campaign_id, since, until),
    )
    rows = both.subquery()
    query = select(rows).order_by(rows.c.expires_at, rows.c.entry_id)
    if seen is None:
        return query
    at, entry_id = seen
    same = and_(rows.c.expires_at == at, rows.c.entry_id > entry_id)
    return query.where(or_(rows.c.expires_at > at, same))


def _ended_of(kind: Any, place: Any, campaign_id: UUID, since: datetime, until: datetime) -> Select[Any]:
    return (
        select(kind.entry_id.label("entry_id"), place.label("place"), kind.expires_at.label("expires_at"))
        .join(Code, Code.id == kind.code_id)
        .where(
            kind.campaign_id == campaign_id,
            kind.expires_at <= until,
            or_(kind.expires_at > since, kind.created_at > since),
            kind.status != AwardStatus.VOID,
            or_(Code.uses_left.is_(None), Code.uses_left > 0),
        )
    )
