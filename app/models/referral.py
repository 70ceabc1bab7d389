"""Referral: a friend who came by somebody's link, and the further entry that earned."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class Referral(Base):
    """One friend counts once in a campaign, by the entry `entry_id`; `link_id` is whose link it was.

    With a `number` it earned the referrer their further entry of that number, which is the entry of theirs in
    the period "+number", once that is made. `not_counted` says why it earned nothing; with neither, it waits
    for the friend's address to be proved. With a `bonus_tier_id` both were to get a code of that tier: who
    did has an entry that carries it.
    """

    __tablename__ = "referral"
    __table_args__ = (
        UniqueConstraint("campaign_id", "referrer_id", "number"),
        CheckConstraint("number IS NULL OR not_counted = ''", name="outcome"),
        CheckConstraint("(number IS NULL) = (credited_at IS NULL)", name="credited"),
        CheckConstraint("number IS NULL OR number >= 1", name="number"),
    )

    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("campaign.id"), primary_key=True)
    friend_id: Mapped[UUID] = mapped_column(ForeignKey("entrant.id"), primary_key=True)
    referrer_id: Mapped[UUID] = mapped_column(ForeignKey("entrant.id"))
    entry_id: Mapped[UUID] = mapped_column(ForeignKey("entry.id"))
    link_id: Mapped[UUID] = mapped_column(ForeignKey("entry.id"))
    number: Mapped[int | None]
    not_counted: Mapped[str] = mapped_column(String(16), server_default="")
    created_at: Mapped[datetime]
    credited_at: Mapped[datetime | None]
    bonus_tier_id: Mapped[UUID | None] = mapped_column(ForeignKey("tier.id"))
