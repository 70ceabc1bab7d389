"""Alert: something about a campaign that somebody should look at; and what a campaign is watched for."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.alerts import AlertKind, Brake
from app.models.base import Base, words


class Watch(Base):
    """What a campaign is watched for, and how far its entries are counted; none: as usual, and not yet.

    `low_percent` of the units offered is low stock. `most_per_hour` is how many wins of one tier within an
    hour are enough for the drain brake, whatever the odds say; `network_percent` the share of a tier's wins
    that may well go to one network.
    """

    __tablename__ = "watch"
    __table_args__ = (
        CheckConstraint("1 <= low_percent AND low_percent <= 100", name="low_percent"),
        CheckConstraint("most_per_hour IS NULL OR most_per_hour >= 1", name="most_per_hour"),
        CheckConstraint("1 <= network_percent AND network_percent <= 100", name="network_percent"),
    )

    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("campaign.id"), primary_key=True)
    counted_until: Mapped[int] = mapped_column(default=0)  # the first quarter that is not counted yet
    brake: Mapped[Brake] = mapped_column(words(Brake, "brake"), default=Brake.WARN)
    most_per_hour: Mapped[int | None]
    low_percent: Mapped[int] = mapped_column(default=10)
    network_percent: Mapped[int] = mapped_column(default=20, server_default="20")
    version: Mapped[int] = mapped_column(default=0)


class TierWatch(Base):
    """What the drain brake does about one tier, where that differs from the rest of its campaign.

    `plan_percent`: wins within an hour beyond so many percent of the plan (what is left, spread evenly until
    the end) are enough for the brake.
    """

    __tablename__ = "tier_watch"
    __table_args__ = (
        CheckConstraint("most_per_hour IS NULL OR most_per_hour >= 1", name="most_per_hour"),
        CheckConstraint("plan_percent IS NULL OR plan_percent >= 100", name="plan_percent"),
    )

    tier_id: Mapped[UUID] = mapped_column(ForeignKey("tier.id"), primary_key=True)
    brake: Mapped[Brake | None] = mapped_column(words(Brake, "brake"))
    most_per_hour: Mapped[int | None]
    plan_percent: Mapped[int | None]


class Alert(Base):
    """Told once per cause. `details` are the facts of that moment; `over_at` when it no longer holds."""

    __tablename__ = "alert"
    __table_args__ = (
        UniqueConstraint("campaign_id", "kind", "cause"),
        Index(
            "ix_alert_open",
            "campaign_id",
            sqlite_where=text("seen_at IS NULL"),
            postgresql_where=text("seen_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("campaign.id"))
    kind: Mapped[AlertKind] = mapped_column(words(AlertKind, "kind"))
    cause: Mapped[str] = mapped_column(String(120))
    tier_id: Mapped[UUID | None] = mapped_column(ForeignKey("tier.id"))
    details: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime | None]
    seen_by: Mapped[str | None] = mapped_column(String(254))
    over_at: Mapped[datetime | None]
