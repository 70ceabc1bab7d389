"""Redemption: a shop has taken a won code; and what of an order was told with it."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, SerialId, words


class RedemptionSource(StrEnum):
    """Which way a redemption came in."""

    API = "api"
    COUNTER = "counter"
    IMPORT = "import"
    STAFF = "staff"


class Redemption(Base):
    """`units` uses of a won code, taken at once. The row of the code settles every race for them.

    It belongs to the entry that won the code: so to its person, partner, tier and day. `at` is when the shop
    took it, `created_at` when we were told. `order_value` is in the minor units of its currency. A redemption
    is never deleted or changed: it can be reversed, once, which gives its units back.
    """

    __tablename__ = "redemption"
    __table_args__ = (
        CheckConstraint("units >= 1", name="units"),
        CheckConstraint("order_value IS NULL OR order_value >= 0", name="order_value"),
        CheckConstraint("(order_value IS NULL) = (currency = '')", name="currency"),
        CheckConstraint(
            "(reversed_at IS NULL) = (reversed_by = '') AND (reversed_at IS NOT NULL OR reverse_reason = '')",
            name="reversed",
        ),
        CheckConstraint("(source = 'api') = (api_key_id IS NOT NULL)", name="api_key"),
        CheckConstraint("(source = 'counter') = (location_id IS NOT NULL)", name="location"),
        Index("ix_redemption_campaign_id_id", "campaign_id", "id"),
        Index("ix_redemption_campaign_id_at", "campaign_id", "at"),
        Index("ix_redemption_created_at", "created_at"),
        Index(
            "ix_redemption_reversed_at",
            "reversed_at",
            sqlite_where=text("reversed_at IS NOT NULL"),
            postgresql_where=text("reversed_at IS NOT NULL"),
        ),
        Index(
            "ix_redemption_location_id_id",
            "location_id",
            "id",
            sqlite_where=text("location_id IS NOT NULL"),
            postgresql_where=text("location_id IS NOT NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)  # ordered by created_at
    code_id: Mapped[int] = mapped_column(SerialId, ForeignKey("code.id"), index=True)
    entry_id: Mapped[UUID] = mapped_column(ForeignKey("award.entry_id"), index=True)
    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("campaign.id"))
    prize_id: Mapped[UUID] = mapped_column(ForeignKey("prize.id"))
    units: Mapped[int] = mapped_column(server_default="1")
    at: Mapped[datetime]
    created_at: Mapped[datetime]
    source: Mapped[RedemptionSource] = mapped_column(words(RedemptionSource, "source"))
    actor: Mapped[str] = mapped_column(String(254))  # as the audit trail names whoever brought it
    api_key_id: Mapped[UUID | None] = mapped_column(ForeignKey("api_key.id"))
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    location_id: Mapped[UUID | None] = mapped_column(ForeignKey("location.id"))
    location: Mapped[str] = mapped_column(String(120), server_default="")  # in words, as it was told
    order_reference: Mapped[str] = mapped_column(String(120), server_default="")
    order_value: Mapped[int | None] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3), server_default="")
    reversed_at: Mapped[datetime | None]
    reversed_by: Mapped[str] = mapped_column(String(254), server_default="")
    reverse_reason: Mapped[str] = mapped_column(Text, server_default="")
