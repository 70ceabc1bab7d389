"""Tier use: how much of a tier's limits is used up. The only counters there are: of what has no rows."""

from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class TierUse(Base):
    """How many a limited tier has given in one period: an hour, a day, or in all."""

    __tablename__ = "tier_use"
    __table_args__ = (CheckConstraint("used >= 0", name="used"),)

    tier_id: Mapped[UUID] = mapped_column(ForeignKey("tier.id"), primary_key=True)
    period: Mapped[str] = mapped_column(String(16), primary_key=True)
    used: Mapped[int]
