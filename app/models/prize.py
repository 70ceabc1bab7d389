"""Prize: a thing in a tier."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Dialect,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from app.domain.pictures import MAX_TEXT, Picture, read_picture
from app.models.base import Base, words


class PrizeKind(StrEnum):
    """Where a prize's codes come from: brought by the marketer, or made by us for a plain quantity."""

    CODES = "codes"
    QUANTITY = "quantity"


class PictureText(TypeDecorator[Picture]):
    """A picture, written as its key and size; '' is none."""

    impl = String(MAX_TEXT)
    cache_ok = True

    def process_bind_param(self, value: Picture | None, _dialect: Dialect) -> str:
        """As it is written down."""
        return "" if value is None else str(value)

    def process_result_value(self, value: str | None, _dialect: Dialect) -> Picture | None:
        """As it was."""
        return read_picture(value or "")


class Prize(Base):
    """What can be won in a tier. Its stock is its free codes: there is no counter beside them.

    `stock_version` counts the times staff put units in or took some out: while it stays, so does the number
    of units offered in all.

    `value` is in the currency's minor units. A code is good until the end of the day `expires_on`, or for
    `expires_days` days after it was won; with neither, for ever. `link` is where its winner is led to. Stock
    is low from so many units, or from that part of all, on. Each of its codes can be used `uses` times.
    """

    __tablename__ = "prize"
    __table_args__ = (
        CheckConstraint("(value IS NULL) = (currency = '')", name="currency"),
        CheckConstraint("expires_on IS NULL OR expires_days IS NULL", name="expiry"),
        CheckConstraint("low_stock IS NULL OR low_stock_percent IS NULL", name="low_stock"),
        CheckConstraint("uses >= 1", name="uses"),
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
    picture: Mapped[Picture | None] = mapped_column(PictureText(), nullable=False, server_default="")
    value: Mapped[int | None] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3), server_default="")
    shows_value: Mapped[bool] = mapped_column(server_default=false())
    link: Mapped[str] = mapped_column(Text, server_default="")
    expires_on: Mapped[date | None]
    expires_days: Mapped[int | None]
    low_stock: Mapped[int | None]
    low_stock_percent: Mapped[int | None]
    uses: Mapped[int] = mapped_column(server_default="1")
