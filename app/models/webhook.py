"""Webhooks: where other systems are told of events, what they are told, and each try to do so."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.webhooks import OffBecause, Trouble
from app.models.base import Base, words


class DeliveryState(StrEnum):
    """What became of telling one endpoint of one event."""

    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"


class WebhookEndpoint(Base):
    """Where one campaign, or without one all of them, tell of the events chosen (domain/events.py).

    The secret stands sealed; the one before it signs too until `old_until`. `off_because` says who or what
    switched it off. A removed endpoint stays as a row, without secret: what was written for it meanwhile
    refers to it. `failing_since`: no try has succeeded since then.
    """

    __tablename__ = "webhook_endpoint"
    __table_args__ = (
        CheckConstraint("(old_secret IS NULL) = (old_until IS NULL)", name="old_secret"),
        CheckConstraint("removed_at IS NULL OR off_because IS NOT NULL", name="removed"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    campaign_id: Mapped[UUID | None] = mapped_column(ForeignKey("campaign.id"))
    url: Mapped[str] = mapped_column(String(500))
    events: Mapped[str] = mapped_column(String(400))  # words, with a space before and after each
    with_codes: Mapped[bool]
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    old_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    old_until: Mapped[datetime | None]
    off_because: Mapped[OffBecause | None] = mapped_column(words(OffBecause, "off_because"))
    failing_since: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]


class WebhookDelivery(Base):
    """One event for one endpoint, once; written in the transaction of what it tells, and without content:
    that is read from the committed rows when it is sent.

    While a worker has it in hand, `held_until` is when others may take it over. `tries` were made in all,
    `earlier` of them before somebody had it sent again.
    """

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        Index(
            "ix_webhook_delivery_due",
            "endpoint_id",
            "due_at",
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
        Index(
            "ix_webhook_delivery_held",
            "endpoint_id",
            "held_until",
            sqlite_where=text("held_until IS NOT NULL"),
            postgresql_where=text("held_until IS NOT NULL"),
        ),
    )

    event_id: Mapped[UUID] = mapped_column(primary_key=True)  # ordered by time
    endpoint_id: Mapped[UUID] = mapped_column(ForeignKey("webhook_endpoint.id"), primary_key=True)
    type: Mapped[str] = mapped_column(String(32))
    campaign_id: Mapped[UUID | None] = mapped_column(ForeignKey("campaign.id"))
    subject: Mapped[UUID]
    number: Mapped[int]
    facts: Mapped[dict[str, Any]] = mapped_column(JSON)
    at: Mapped[datetime]
    state: Mapped[DeliveryState] = mapped_column(words(DeliveryState, "state"), server_default="waiting")
    due_at: Mapped[datetime]
    held_until: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(server_default="0")
    earlier: Mapped[int] = mapped_column(server_default="0")


class WebhookTry(Base):
    """One try to tell an endpoint: what it answered, or why it did not. `answer` is how the answer began."""

    __tablename__ = "webhook_try"
    __table_args__ = (CheckConstraint("(status IS NULL) = (trouble IS NOT NULL)", name="answered"),)

    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    endpoint_id: Mapped[UUID] = mapped_column(ForeignKey("webhook_endpoint.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    milliseconds: Mapped[int]
    status: Mapped[int | None]
    trouble: Mapped[Trouble | None] = mapped_column(words(Trouble, "trouble"))
    answer: Mapped[str] = mapped_column(String(400))


class WebhookWatch(Base):
    """How far the events that nobody causes, but the clock, have been told for one campaign.

    `told` is the last of opened and closed (`turns` counts them); codes that ended before `expired_until`
    are done with. Without a row the campaign is younger than all endpoints, and nothing has been told.
    """

    __tablename__ = "webhook_watch"

    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("campaign.id"), primary_key=True)
    told: Mapped[str] = mapped_column(String(16))  # "", "open", "closed"
    turns: Mapped[int]
    expired_until: Mapped[datetime]
