"""API key: what a shop's system proves itself with. Idempotency key: what it has asked for already."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class ApiKey(Base):
    """A key, of which only the hash is kept. `prefix` is its visible beginning, by which it is found.

    Without a campaign it is good for all of them. `scopes` are words with spaces between. `last_used_at` is
    true give or take a minute: not every request writes.
    """

    __tablename__ = "api_key"
    __table_args__ = (
        CheckConstraint("length(secret_hash) = 32", name="secret_hash"),
        CheckConstraint("scopes <> ''", name="scopes"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    prefix: Mapped[str] = mapped_column(String(16), unique=True)
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    scopes: Mapped[str] = mapped_column(String(400))
    campaign_id: Mapped[UUID | None] = mapped_column(ForeignKey("campaign.id"))
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(254))
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]


class IdempotencyKey(Base):
    """What somebody (`owner`: an API key, a location) asked for under a key of their own, and the answer.

    It is written in the transaction that did what was asked: there is none without the other.
    """

    __tablename__ = "idempotency_key"
    __table_args__ = (CheckConstraint("length(fingerprint) = 32", name="fingerprint"),)

    owner: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary(32))  # of what was asked
    status: Mapped[int]
    body: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(index=True)
