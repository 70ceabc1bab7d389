"""Endpoints for tests, and a worker that calls them."""

from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import count
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.adapters.second_factor import SecretVault
from app.adapters.webhooks import HttpCaller, NullCaller
from app.domain.events import CHOOSABLE, EventType
from app.domain.webhooks import parse_origin
from app.models import WebhookDelivery, WebhookEndpoint
from app.services import webhook_endpoints, webhooks
from app.services.audit import COMMAND_LINE
from app.services.webhook_endpoints import EndpointPlan
from app.services.webhooks import CallCentre
from tests.support.application import SEED_KEY
from tests.support.fakes import FakeRng
from tests.support.receiver import Receiver

START = datetime.now(UTC).replace(microsecond=0)  # signatures are only good for minutes
SECRETS = SecretVault(bytes.fromhex(SEED_KEY), b"prizewell/webhook")
_seeds = count(500)


def caller_of(*receivers: Receiver, timeout: float = 10.0) -> HttpCaller:
    """A caller that may call these."""
    return HttpCaller([parse_origin(each.origin) for each in receivers], timeout=timeout)


def centre_of(*receivers: Receiver, timeout: float = 10.0) -> CallCentre:
    """What a worker needs to call these."""
    return CallCentre(caller_of(*receivers, timeout=timeout), SECRETS)


def add_endpoint(
    session: Session,
    receiver: Receiver,
    *,
    events: Iterable[EventType] = CHOOSABLE,
    campaign_id: UUID | None = None,
    with_codes: bool = False,
    now: datetime = START,
) -> tuple[WebhookEndpoint, str]:
    """An endpoint at the receiver, and its secret."""
    plan = EndpointPlan(receiver.url, frozenset(events), campaign_id, with_codes)
    return webhook_endpoints.add(
        session,
        plan,
        caller=caller_of(receiver),
        vault=SECRETS,
        actor=COMMAND_LINE,
        now=now,
        rng=FakeRng(next(_seeds)),
    )


def call_all(session: Session, *receivers: Receiver, now: datetime = START) -> int:
    """Make the calls that are due; how many there were."""
    made = 0
    while webhooks.call_next(session, centre_of(*receivers), clock=lambda: now, rng=FakeRng(made)):
        made += 1
    return made


def deliveries(session: Session) -> list[WebhookDelivery]:
    """All of them, oldest first."""
    session.rollback()
    query = select(WebhookDelivery).order_by(WebhookDelivery.event_id, WebhookDelivery.endpoint_id)
    return list(session.scalars(query.execution_options(populate_existing=True)))


def any_endpoint(session: Session, *, now: datetime = START) -> tuple[UUID, UUID]:
    """An endpoint that is never called, and an event that waits for it."""
    plan = EndpointPlan("https://shop.example.org/hooks", frozenset(CHOOSABLE))
    act: dict[str, Any] = {"actor": COMMAND_LINE, "now": now, "rng": FakeRng(next(_seeds))}
    endpoint, _ = webhook_endpoints.add(session, plan, caller=NullCaller(), vault=SECRETS, **act)
    return endpoint.id, webhook_endpoints.test(session, endpoint.id, **act).id
