"""Odds table: one immutable version of a campaign's tiers and weights."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class OddsTableRecord(Base):
    """A version of the odds: canonical JSON, chained to the version before by hash; triggers keep it."""

    __tablename__ = "odds_table"
    __table_args__ = (CheckConstraint("version >= 1", name="version"),)

    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("campaign.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    prev_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))
    document: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
