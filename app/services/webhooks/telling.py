"""Telling: one row per endpoint that has chosen an event, written in the transaction of what happened."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Exists, bindparam, exists, insert, literal, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.adapters.direct import DirectConnection, Prepared
from app.domain.events import Event, EventType
from app.models import Campaign, DeliveryState, WebhookDelivery, WebhookEndpoint


def tell(session: Session, event: Event) -> None:
    """Have the event told to whoever wants it, in the transaction of the caller."""
    session.execute(_TELL, _values(event))


def tell_entry(
    connection: DirectConnection, campaign_id: UUID, entry_id: UUID, *, is_won: bool, now: datetime
) -> None:
    """As `tell`, of an entry that is being stored, and of its win where that may be told."""
    for kind in (EventType.ENTRY_CREATED, EventType.AWARD_WON)[: 1 + is_won]:
        connection.execute(_TELL_DIRECTLY, _values(Event(kind, campaign_id, entry_id, now)))


def tell_bonus(connection: DirectConnection, campaign_id: UUID, entry_id: UUID, *, now: datetime) -> None:
    """As `tell`, of a win that was not drawn."""
    connection.execute(_TELL_DIRECTLY, _values(Event(EventType.AWARD_WON, campaign_id, entry_id, now)))


def hooked(campaign_id: InstrumentedAttribute[UUID]) -> Exists:
    """For queries: whether anybody is to be told of anything in the campaign."""
    return exists().where(
        IS_ON, or_(WebhookEndpoint.campaign_id.is_(None), WebhookEndpoint.campaign_id == campaign_id)
    )


def _values(event: Event) -> dict[str, object]:
    return {
        "event": event.id,
        "type": event.type.value,
        "campaign": event.campaign_id,
        "subject": event.subject,
        "number": event.number,
        "facts": event.facts,
        "at": event.at,
        "wanted": f"% {event.type.value} %",
    }


IS_ON = WebhookEndpoint.off_because.is_(None)
_COLUMNS = (
    (WebhookDelivery.event_id, "event"),
    (WebhookDelivery.type, "type"),
    (WebhookDelivery.campaign_id, "campaign"),
    (WebhookDelivery.subject, "subject"),
    (WebhookDelivery.number, "number"),
    (WebhookDelivery.facts, "facts"),
    (WebhookDelivery.at, "at"),
    (WebhookDelivery.due_at, "at"),
)
_TABLE: Any = WebhookDelivery.__table__
_TELL = insert(_TABLE).from_select(  # of the table: what is told is no row of a session
    ["endpoint_id", *(column.key for column, _ in _COLUMNS), "state"],
    select(
        WebhookEndpoint.id,
        *(bindparam(name, type_=column.type).label(column.key) for column, name in _COLUMNS),
        literal(DeliveryState.WAITING.value).label("state"),
    ).where(
        IS_ON,
        or_(
            WebhookEndpoint.campaign_id.is_(None),
            WebhookEndpoint.campaign_id == bindparam("campaign", type_=Campaign.id.type),
        ),
        WebhookEndpoint.events.like(bindparam("wanted")),
    ),
    include_defaults=False,
)
_TELL_DIRECTLY = Prepared(_TELL)
