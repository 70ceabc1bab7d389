"""Endpoints of webhooks: added, changed, switched, tried and removed by admins; and their calls."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.adapters.second_factor import SecretVault
from app.adapters.webhooks import Caller
from app.domain.chance import Rng
from app.domain.errors import Conflict, InvalidInput, NotFound, StaleEdit
from app.domain.events import CHOOSABLE, Event, EventType, events_of, words_of
from app.domain.ids import random_id
from app.domain.webhooks import BOTH_SIGN, OffBecause, new_secret
from app.models import (
    Campaign,
    DeliveryState,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookTry,
)
from app.services import audit, webhook_round, webhooks
from app.services.audit import Actor
from app.services.uow import unit_of_work

MOST = 50


@dataclass(frozen=True, slots=True)
class EndpointPlan:
    """What admins decide about an endpoint; without a campaign it is for all of them, those to come too."""

    url: str
    events: frozenset[EventType]
    campaign_id: UUID | None = None
    with_codes: bool = False


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of what an endpoint was to be told."""

    waiting: int = 0
    sent: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class LogLine:
    """One event for one endpoint, with its tries, newest first."""

    delivery: WebhookDelivery
    tries: tuple[WebhookTry, ...]


def listing(session: Session) -> Sequence[WebhookEndpoint]:
    """The endpoints that are not removed, oldest first."""
    query = select(WebhookEndpoint).where(WebhookEndpoint.removed_at.is_(None))
    return session.scalars(query.order_by(WebhookEndpoint.created_at, WebhookEndpoint.id)).all()


def get(session: Session, endpoint_id: UUID) -> WebhookEndpoint:
    """An endpoint that is not removed. Raises NotFound."""
    endpoint = session.get(WebhookEndpoint, endpoint_id)
    if endpoint is None or endpoint.removed_at is not None:
        raise NotFound("there is no such endpoint")
    return endpoint


def counts(session: Session) -> dict[UUID, Counts]:
    """How the endpoints' deliveries stand; those that were forgotten are left out."""
    rows = session.execute(
        select(WebhookDelivery.endpoint_id, WebhookDelivery.state, func.count()).group_by(
            WebhookDelivery.endpoint_id, WebhookDelivery.state
        )
    )
    found: dict[UUID, dict[str, int]] = {}
    for endpoint_id, state, count in rows:
        found.setdefault(endpoint_id, {})[state.value] = count
    return {endpoint_id: Counts(**by_state) for endpoint_id, by_state in found.items()}


def log(session: Session, endpoint_id: UUID, *, before: UUID | None = None, limit: int = 50) -> list[LogLine]:
    """What an endpoint was to be told, newest first; `before` pages on from an event's id."""
    query = select(WebhookDelivery).where(WebhookDelivery.endpoint_id == endpoint_id)
    if before is not None:
        query = query.where(WebhookDelivery.event_id < before)
    rows = session.scalars(query.order_by(WebhookDelivery.event_id.desc()).limit(limit)).all()
    tries: dict[UUID, list[WebhookTry]] = {}
    for one in session.scalars(
        select(WebhookTry)
        .where(WebhookTry.endpoint_id == endpoint_id, WebhookTry.event_id.in_([row.event_id for row in rows]))
        .order_by(WebhookTry.number.desc())
    ):
        tries.setdefault(one.event_id, []).append(one)
    return [LogLine(row, tuple(tries.get(row.event_id, ()))) for row in rows]


def add(
    session: Session,
    plan: EndpointPlan,
    *,
    caller: Caller,
    vault: SecretVault,
    actor: Actor,
    now: datetime,
    rng: Rng,
    reason: str = "",
) -> tuple[WebhookEndpoint, str]:
    """A new endpoint, and its secret, which is shown this once. Raises InvalidInput, NotFound, Conflict.

    The address is looked up before the transaction begins.
    """
    caller.check(_checked(plan).url)
    return _add(session, plan, vault=vault, actor=actor, now=now, rng=rng, reason=reason)


@unit_of_work
def _add(
    session: Session,
    plan: EndpointPlan,
    *,
    vault: SecretVault,
    actor: Actor,
    now: datetime,
    rng: Rng,
    reason: str,
) -> tuple[WebhookEndpoint, str]:
    if plan.campaign_id is not None and session.get(Campaign, plan.campaign_id) is None:
        raise NotFound("this campaign does not exist")
    if len(listing(session)) >= MOST:
        raise Conflict("there are %(most)s endpoints already: remove one first", most=MOST)
    secret, endpoint_id = new_secret(rng), random_id(rng)
    _begin(session, plan.campaign_id, now)
    endpoint = WebhookEndpoint(
        id=endpoint_id,
        campaign_id=plan.campaign_id,
        url=plan.url,
        events=words_of(plan.events),
        with_codes=plan.with_codes,
        secret=vault.seal(endpoint_id, secret, rng),
        created_at=now,
    )
    session.add(endpoint)
    _record(session, endpoint, "add", actor, now, reason, None, _told(plan))
    return endpoint, secret


def edit(
    session: Session,
    endpoint_id: UUID,
    plan: EndpointPlan,
    *,
    caller: Caller,
    expected_version: int | None = None,
    actor: Actor,
    now: datetime,
    reason: str = "",
) -> WebhookEndpoint:
    """Change where and of what is told; for which campaign stays. Raises as `add`, and StaleEdit."""
    caller.check(_checked(plan).url)
    return _edit(
        session,
        endpoint_id,
        plan,
        expected_version=expected_version,
        actor=actor,
        now=now,
        reason=reason,
    )


@unit_of_work
def _edit(
    session: Session,
    endpoint_id: UUID,
    plan: EndpointPlan,
    *,
    expected_version: int | None,
    actor: Actor,
    now: datetime,
    reason: str,
) -> WebhookEndpoint:
    endpoint = _for_change(session, endpoint_id)
    if expected_version is not None and endpoint.version != expected_version:
        raise StaleEdit("somebody else has changed this endpoint meanwhile; look at it as it is now")
    new = {"url": plan.url, "events": words_of(plan.events), "with_codes": plan.with_codes}
    before, after = audit.change(endpoint, new)
    if after:
        endpoint.version += 1
        shown = [
            {name: _site(value) if name == "url" else value for name, value in values.items()}
            for values in (before, after)
        ]
        _record(session, endpoint, "edit", actor, now, reason, *shown)
    return endpoint


@unit_of_work
def switch(
    session: Session, endpoint_id: UUID, *, is_on: bool, actor: Actor, now: datetime, reason: str = ""
) -> WebhookEndpoint:
    """Switch an endpoint on or off. While it is off it is told nothing, and misses what happens."""
    endpoint = _for_change(session, endpoint_id)
    if is_on is (endpoint.off_because is None):
        return endpoint
    if is_on:
        _begin(session, endpoint.campaign_id, now)
    endpoint.off_because = None if is_on else OffBecause.STAFF
    endpoint.version += 1
    _record(session, endpoint, "on" if is_on else "off", actor, now, reason, None, None)
    return endpoint


@unit_of_work
def rotate(
    session: Session,
    endpoint_id: UUID,
    *,
    vault: SecretVault,
    actor: Actor,
    now: datetime,
    rng: Rng,
    reason: str = "",
) -> tuple[WebhookEndpoint, str]:
    """A new secret, shown this once. The old one signs too for a day, so that receivers can change over."""
    endpoint = _for_change(session, endpoint_id)
    secret = new_secret(rng)
    endpoint.old_secret, endpoint.old_until = endpoint.secret, now + BOTH_SIGN
    endpoint.secret = vault.seal(endpoint.id, secret, rng)
    endpoint.version += 1
    _record(session, endpoint, "secret", actor, now, reason, None, None)
    return endpoint, secret


@unit_of_work
def remove(
    session: Session, endpoint_id: UUID, *, actor: Actor, now: datetime, reason: str = ""
) -> WebhookEndpoint:
    """Take an endpoint away, with its secrets. What it was told stays in the log until it is forgotten."""
    endpoint = _for_change(session, endpoint_id)
    endpoint.removed_at, endpoint.off_because = now, endpoint.off_because or OffBecause.STAFF
    endpoint.secret, endpoint.old_secret, endpoint.old_until = b"", None, None
    _record(session, endpoint, "remove", actor, now, reason, None, None)
    return endpoint


@unit_of_work
def test(session: Session, endpoint_id: UUID, *, actor: Actor, now: datetime, rng: Rng) -> Event:
    """Have the endpoint told of an event that means nothing. Raises Conflict while it is off."""
    endpoint = _for_change(session, endpoint_id)
    if endpoint.off_because is not None:
        raise Conflict("switch the endpoint on first")
    facts = {"endpoint": endpoint.id.hex}
    event = Event(EventType.TEST, endpoint.campaign_id, random_id(rng), now, facts=facts)
    session.add(
        WebhookDelivery(
            event_id=event.id,
            endpoint_id=endpoint.id,
            type=event.type.value,
            campaign_id=endpoint.campaign_id,
            subject=event.subject,
            number=0,
            facts=event.facts,
            at=now,
            due_at=now,
        )
    )
    _record(session, endpoint, "test", actor, now, "", None, None)
    return event


@unit_of_work
def replay(
    session: Session, endpoint_id: UUID, event_id: UUID, *, actor: Actor, now: datetime
) -> WebhookDelivery:
    """Have the endpoint told again of an event, under the same id, whatever became of it before.

    Raises NotFound, Conflict while it waits anyway or the endpoint is off.
    """
    endpoint = _for_change(session, endpoint_id)
    row = session.get(WebhookDelivery, (event_id, endpoint_id), with_for_update=True)
    if row is None:
        raise NotFound("there is no such event")
    if endpoint.off_because is not None:
        raise Conflict("switch the endpoint on first")
    if row.state is DeliveryState.WAITING and row.due_at <= now:
        raise Conflict("this is on its way already")
    row.state, row.due_at, row.earlier = DeliveryState.WAITING, now, row.tries
    _record(session, endpoint, "replay", actor, now, "", None, {"event": row.type, "id": row.event_id})
    return row


def _for_change(session: Session, endpoint_id: UUID) -> WebhookEndpoint:
    query = select(WebhookEndpoint).where(
        WebhookEndpoint.id == endpoint_id, WebhookEndpoint.removed_at.is_(None)
    )
    # What is written for the endpoint meanwhile does not wait.
    locked = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    endpoint = session.scalars(locked).one_or_none()
    if endpoint is None:
        raise NotFound("there is no such endpoint")
    return endpoint


def _begin(session: Session, campaign_id: UUID | None, now: datetime) -> None:
    """Watch the campaigns that nobody was told of so far."""
    query = select(Campaign).where(~webhooks.hooked(Campaign.id))
    if campaign_id is not None:
        query = query.where(Campaign.id == campaign_id)
    webhook_round.begin(session, session.scalars(query).all(), now=now)


def _checked(plan: EndpointPlan) -> EndpointPlan:
    """The plan, but for its address: whoever calls that, checks it. Raises InvalidInput."""
    if not plan.events or not plan.events <= set(CHOOSABLE):
        raise InvalidInput("events", "choose at least one event")
    return plan


def _told(plan: EndpointPlan) -> dict[str, object]:
    return {**asdict(plan), "events": words_of(plan.events).strip(), "url": _site(plan.url)}


def _site(url: str) -> str:
    """What of an address everybody may know: its path is often a secret of its own."""
    return "//".join(url.split("/")[:3:2])


def _record(
    session: Session,
    endpoint: WebhookEndpoint,
    act: str,
    actor: Actor,
    now: datetime,
    reason: str,
    before: dict[str, object] | None,
    after: dict[str, object] | None,
) -> None:
    audit.record(
        session,
        actor,
        f"webhook.{act}",
        _site(endpoint.url),
        now=now,
        campaign_id=endpoint.campaign_id,
        before=before,
        after=after,
        reason=reason,
    )


def chosen(endpoint: WebhookEndpoint) -> frozenset[EventType]:
    """The events an endpoint is told of."""
    return events_of(endpoint.events)
