"""Code: one unit of stock."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, Integer, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, SerialId, words


class CodeStatus(StrEnum):
    """free -> won, or free -> withdrawn; only a code that was never won may come back, with a later batch."""

    FREE = "free"
    WON = "won"
    WITHDRAWN = "withdrawn"


class Code(Base):
    """One unique, single-use code: the row is the unit of stock and settles every race for it.

    `slot` is random. The free codes of a tier are indexed by it, so that claims start at random places, do
    not queue for one row, and never walk past codes that are gone. `key` makes codes unique in any case.

    `uses` is how often its winner may use it in all, fixed with the first use; `uses_left` what is left of
    these. Both are empty until then.

    One with a `partner_id` is reserved for whoever comes over that partner's link; it stays on a code that
    was won, and tells which partner's it was.
    """

    __tablename__ = "code"
    __table_args__ = (
        ForeignKeyConstraint(["prize_id", "tier_id"], ["prize.id", "prize.tier_id"]),
        CheckConstraint(
            "(uses IS NULL) = (uses_left IS NULL)"
            " AND (uses IS NULL OR (0 <= uses_left AND uses_left <= uses AND status = 'won'))",
            name="uses",
        ),
        Index(
            "ix_code_free",
            "tier_id",
            "slot",
            sqlite_where=text("status = 'free' AND partner_id IS NULL"),
            postgresql_where=text("status = 'free' AND partner_id IS NULL"),
        ),
        Index(
            "ix_code_reserved",
            "partner_id",
            "tier_id",
            "slot",
            sqlite_where=text("status = 'free' AND partner_id IS NOT NULL"),
            postgresql_where=text("status = 'free' AND partner_id IS NOT NULL"),
        ),
        Index("ix_code_prize_id_status_batch_id", "prize_id", "status", "batch_id"),
    )

    id: Mapped[int] = mapped_column(SerialId, primary_key=True)
    tier_id: Mapped[UUID]
    prize_id: Mapped[UUID]
    text: Mapped[str] = mapped_column(String(64))
    key: Mapped[str] = mapped_column(String(64), unique=True)
    slot: Mapped[int] = mapped_column(Integer)
    status: Mapped[CodeStatus] = mapped_column(words(CodeStatus, "status"), default=CodeStatus.FREE)
    batch_id: Mapped[int | None] = mapped_column(ForeignKey("code_batch.id"))  # what it last came in with
    created_at: Mapped[datetime]
    uses: Mapped[int | None]
    uses_left: Mapped[int | None]
    partner_id: Mapped[UUID | None] = mapped_column(ForeignKey("partner.id"))
