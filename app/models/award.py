"""Award: the win. One entry, one prize, one code."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, SerialId


class Award(Base):
    """A win. The primary key and the UNIQUE code make entry, award and code one to one to one.

    The names are those under which it was won: later edits of tier or prize do not change what was announced.
    """

    __tablename__ = "award"
    __table_args__ = (
        Index("ix_award_campaign_id_created_at_entry_id", "campaign_id", "created_at", "entry_id"),
    )

    entry_id: Mapped[UUID] = mapped_column(ForeignKey("entry.id"), primary_key=True)
    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("campaign.id"))
    tier_id: Mapped[UUID] = mapped_column(ForeignKey("tier.id"))
    prize_id: Mapped[UUID] = mapped_column(ForeignKey("prize.id"), index=True)
    code_id: Mapped[int] = mapped_column(SerialId, ForeignKey("code.id"), unique=True)
    tier_name: Mapped[str] = mapped_column(String(60))
    prize_name: Mapped[str] = mapped_column(String(120))
    created_at: Mapped[datetime]
