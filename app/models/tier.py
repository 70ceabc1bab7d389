"""Tier: a weighted level of reward."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.odds import Limits, OnEmpty
from app.models.base import Base, words

LIMITED = ("per_hour", "per_day", "in_all", "per_person")


class Tier(Base):
    """A level of reward: its weight in the draw, its limits, its rule for when it has nothing to give."""

    __tablename__ = "tier"
    __table_args__ = (
        CheckConstraint("weight >= 0", name="weight"),
        CheckConstraint("(on_empty = 'fallback') = (fallback_id IS NOT NULL)", name="fallback"),
        CheckConstraint("fallback_id IS NULL OR fallback_id <> id", name="fallback_elsewhere"),
        *(CheckConstraint(f"{name} > 0", name=name) for name in LIMITED),
        CheckConstraint("closes_at > opens_at", name="closes_at"),
        Index(
            "uq_tier_campaign_id_name",
            "campaign_id",
            "name",
            unique=True,
            sqlite_where=text("removed_at IS NULL"),
            postgresql_where=text("removed_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("campaign.id"))
    name: Mapped[str] = mapped_column(String(60))
    position: Mapped[int] = mapped_column(default=0)
    weight: Mapped[int] = mapped_column(BigInteger)
    enabled: Mapped[bool] = mapped_column(default=True)
    on_empty: Mapped[OnEmpty] = mapped_column(words(OnEmpty, "on_empty"), default=OnEmpty.LOSE)
    fallback_id: Mapped[UUID | None] = mapped_column(ForeignKey("tier.id"))
    per_hour: Mapped[int | None]
    per_day: Mapped[int | None]
    in_all: Mapped[int | None]
    per_person: Mapped[int | None]
    opens_at: Mapped[datetime | None]
    closes_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]

    @property
    def limits(self) -> Limits:
        """How many it gives, and when."""
        return Limits(
            self.per_hour, self.per_day, self.in_all, self.per_person, self.opens_at, self.closes_at
        )
