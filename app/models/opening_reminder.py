"""Opening reminder: somebody who wants to hear, once, when a campaign opens."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class OpeningReminder(Base):
    """One address and campaign. `address_key` is a keyed hash of the canonical address: by it there is one
    mail for each, also after the `email`, kept as typed until that mail is sent or given up, is gone. Once
    `called_at`, the message is in the outbox.
    """

    __tablename__ = "opening_reminder"
    __table_args__ = (
        UniqueConstraint("campaign_id", "address_key"),
        CheckConstraint("email IS NOT NULL OR called_at IS NOT NULL", name="email"),
        Index(
            "ix_opening_reminder_waiting",
            "campaign_id",
            sqlite_where=text("called_at IS NULL"),
            postgresql_where=text("called_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("campaign.id"))
    address_key: Mapped[str] = mapped_column(String(64))
    email: Mapped[str | None] = mapped_column(String(254))
    locale: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime]
    called_at: Mapped[datetime | None]
