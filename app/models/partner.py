"""Partner (influencer, affiliate), and the visits their links brought."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Date, ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class Partner(Base):
    """Somebody who shares a campaign under a link of their own."""

    __tablename__ = "partner"
    __table_args__ = (UniqueConstraint("campaign_id", "slug"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("campaign.id"))
    slug: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(120))
    created_at: Mapped[datetime]


class Visit(Base):
    """One visitor on one day over a partner's link. `visitor` is a hash under that day's key: no address."""

    __tablename__ = "visit"

    partner_id: Mapped[UUID] = mapped_column(ForeignKey("partner.id"), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    visitor: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)


class DailyKey(Base):
    """The key one day's visitors are hashed with; destroyed after 48 hours: nobody can be traced back."""

    __tablename__ = "daily_key"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    key: Mapped[bytes] = mapped_column(LargeBinary(32))
