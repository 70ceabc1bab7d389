"""Delivery: the worker's side. An event is told at least once: a worker that dies between the call and noting
it is followed by another, which calls again with the same id.

Calls to one endpoint are few at a time, so that a slow one holds up no other; one that fails gets less.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, delete, func, literal_column, or_, select
from sqlalchemy.orm import Session

from app.adapters.second_factor import SecretVault
from app.adapters.webhooks import Caller
from app.domain.chance import Rng
from app.domain.events import message_id
from app.domain.ids import first_id_after, first_id_at
from app.domain.webhooks import LEASE, Answered, NoAnswer, OffBecause, Tried, Trouble, next_try, signed
from app.models import DeliveryState, WebhookDelivery, WebhookEndpoint, WebhookTry
from app.services.uow import unit_of_work
from app.services.webhooks.contents import content
from app.services.webhooks.telling import IS_ON

AT_ONCE = 2  # calls to one endpoint
WHILE_FAILING = 1
FORGET_AT_ONCE = 5000
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CallCentre:
    """What it takes to call an endpoint."""

    caller: Caller
    vault: SecretVault


@dataclass(frozen=True, slots=True)
class Taken:
    """A delivery this worker has taken on, for the length of a lease."""

    event_id: UUID
    endpoint_id: UUID
    tries: int


def is_any_due(session: Session, *, now: datetime) -> bool:
    """Whether a worker would find something to do. Takes no lock."""
    found = session.scalar(_endpoints(now).limit(1)) is not None
    session.rollback()
    return found


def call_next(session: Session, centre: CallCentre, *, clock: Callable[[], datetime], rng: Rng) -> bool:
    """Make the call that has been due the longest; False when there is none. No transaction is open while the
    network works.
    """
    taken = take(session, now=clock())
    if taken is None:
        return False
    at = clock()
    settle(session, taken, _call(session, taken, centre, at), at=at, now=clock(), rng=rng)
    return True


@unit_of_work
def take(session: Session, *, now: datetime) -> Taken | None:
    """Take on the delivery that has been due the longest, of an endpoint that is not busy; None when there is
    none. Until the lease is over nobody else does.
    """
    # Whoever chooses for an endpoint has its row to itself; what is written for it meanwhile does not wait.
    free = _endpoints(now).with_for_update(skip_locked=True, key_share=True, of=WebhookEndpoint)
    endpoint_id = session.scalar(free.limit(1))
    if endpoint_id is None:
        return None
    row = session.scalars(
        select(WebhookDelivery)
        .where(WebhookDelivery.endpoint_id == endpoint_id, _is_due(now))
        .order_by(WebhookDelivery.due_at)
        .limit(1)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        return None
    row.held_until, row.tries = now + LEASE, row.tries + 1
    return Taken(row.event_id, row.endpoint_id, row.tries)


@unit_of_work
def settle(session: Session, taken: Taken, tried: Tried, *, at: datetime, now: datetime, rng: Rng) -> None:
    """Write down what came of a call: taken over, to be tried again, or given up."""
    session.add(_log_line(taken, tried, at))
    row = session.get(WebhookDelivery, (taken.event_id, taken.endpoint_id), with_for_update=True)
    endpoint = session.get_one(
        WebhookEndpoint, taken.endpoint_id, with_for_update={"key_share": True}, populate_existing=True
    )
    endpoint.failing_since = None if tried.is_taken else (endpoint.failing_since or now)
    if tried.is_gone and endpoint.off_because is None:
        endpoint.off_because = OffBecause.GONE
        endpoint.version += 1
    # What was taken over counts however late; other news is not told over the head of a later try.
    is_news = tried.is_taken or (row is not None and row.tries == taken.tries)
    if row is None or row.state is not DeliveryState.WAITING or not is_news:
        return
    row.held_until = None
    again = None if tried.is_gone else next_try(row.tries - row.earlier, now, rng)
    if tried.is_taken:
        row.state = DeliveryState.SENT
    elif again is None:
        row.state = DeliveryState.FAILED
    else:
        row.due_at = again


@unit_of_work
def forget(session: Session, *, before: datetime) -> bool:
    """Delete some of what was told before that moment, whatever became of it; False when all is gone."""
    oldest = (
        select(WebhookDelivery.event_id)
        .where(WebhookDelivery.event_id < first_id_at(before))
        .order_by(WebhookDelivery.event_id)
        .limit(FORGET_AT_ONCE)
        .subquery()
    )
    last = session.scalar(select(oldest.c.event_id).order_by(oldest.c.event_id.desc()).limit(1))
    if last is None:
        return False
    for table in (WebhookTry, WebhookDelivery):
        session.execute(delete(table).where(table.event_id < first_id_after(last)))
    return True


def _call(session: Session, taken: Taken, centre: CallCentre, now: datetime) -> Tried:
    """Everything is read, and the transaction over, before the network is used."""
    try:
        row = session.get_one(WebhookDelivery, (taken.event_id, taken.endpoint_id))
        endpoint = session.get_one(WebhookEndpoint, taken.endpoint_id, populate_existing=True)
        body = content(session, row, with_codes=endpoint.with_codes)
        url, secrets = endpoint.url, _secrets(endpoint, centre.vault, now)
        session.rollback()
        if body is None:
            return NoAnswer(Trouble.CONTENT, 0)
        headers = signed(secrets, message_id(taken.event_id), now, body)
        return centre.caller.call(url, headers, body)
    except Exception as error:  # noqa: BLE001 -- one event that cannot be told stops no other
        session.rollback()
        # Its text may hold a code: the kind of error and the id tell enough.
        _log.error("webhook %s: %s", message_id(taken.event_id), type(error).__name__)
        return NoAnswer(Trouble.CONTENT, 0)


def _secrets(endpoint: WebhookEndpoint, vault: SecretVault, now: datetime) -> Sequence[str]:
    """What signs: the secret, and for a day the one before it."""
    sealed = [endpoint.secret]
    if endpoint.old_secret is not None and endpoint.old_until is not None and now < endpoint.old_until:
        sealed.append(endpoint.old_secret)
    return [vault.open(endpoint.id, each) for each in sealed]


def _log_line(taken: Taken, tried: Tried, at: datetime) -> WebhookTry:
    answered = tried if isinstance(tried, Answered) else None
    return WebhookTry(
        event_id=taken.event_id,
        endpoint_id=taken.endpoint_id,
        number=taken.tries,
        at=at,
        milliseconds=tried.milliseconds,
        status=answered.status if answered else None,
        trouble=tried.trouble if isinstance(tried, NoAnswer) else None,
        answer=answered.head if answered else "",
    )


def _endpoints(now: datetime) -> Any:
    """Endpoints that have something due and are not busy, the one that waits longest first."""
    first_due = (
        select(func.min(WebhookDelivery.due_at))
        .where(WebhookDelivery.endpoint_id == WebhookEndpoint.id, _is_due(now))
        .scalar_subquery()
    )
    busy = (
        select(func.count())
        .where(WebhookDelivery.endpoint_id == WebhookEndpoint.id, WebhookDelivery.held_until > now)
        .scalar_subquery()
    )
    most = case((WebhookEndpoint.failing_since.is_(None), AT_ONCE), else_=WHILE_FAILING)
    return select(WebhookEndpoint.id).where(IS_ON, first_due.is_not(None), busy < most).order_by(first_due)


def _is_due(now: datetime) -> ColumnElement[bool]:
    return and_(
        # A literal: only so can a planner prove that the partial index of what waits applies.
        WebhookDelivery.state == literal_column("'waiting'"),
        WebhookDelivery.due_at <= now,
        or_(WebhookDelivery.held_until.is_(None), WebhookDelivery.held_until <= now),
    )
