"""Prize: a thing in a tier."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, words


class PrizeKind(StrEnum):
    """Where a prize's codes come from: brought by the marketer, or made by us for a plain quantity."""

    CODES = "codes"
    QUANTITY = "quantity"


class Prize(Base):
    """What can be won in a tier. Its stock is its free codes: there is no counter beside them.

    `stock_version` counts the times staff put units in or took some out: while it stays, so does the number
    of units offered in all.
    """

    __tablename__ = "prize"
    __table_args__ = (
        # The target of code (prize_id, tier_id): a code's tier is its prize's tier, by constraint.
        UniqueConstraint("id", "tier_id"),
        Index(
            "uq_prize_campaign_id_name",
            "campaign_id",
            "name",
            unique=True,
            sqlite_where=text("removed_at IS NULL"),
            postgresql_where=text("removed_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("campaign.id"))
    tier_id: Mapped[UUID] = mapped_column(ForeignKey("tier.id"), index=True)
    name: Mapped[str] = mapped_column(String(120))
    text: Mapped[str] = mapped_column(Text, default="")
    instructions: Mapped[str] = mapped_column(Text, default="")
    artwork: Mapped[str] = mapped_column(String(16), default="gift")
    kind: Mapped[PrizeKind] = mapped_column(words(PrizeKind, "kind"), default=PrizeKind.CODES)
    position: Mapped[int] = mapped_column(default=0)
    version: Mapped[int] = mapped_column(default=1)
    stock_version: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]
