"""Figures: what is added up by day in the background, so that no page counts a million rows."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Date, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class FigureBook(Base):
    """How far the figures of a campaign have been added up: what was stored before `rolled_at` is in them.

    Days are those of `timezone`: in another one, all are added up anew. `version` counts the rounds.
    """

    __tablename__ = "figure_book"

    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("campaign.id"), primary_key=True)
    timezone: Mapped[str] = mapped_column(String(64), server_default="")
    rolled_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(server_default="0")


class FigureDay(Base):
    """What came of the entries of one day, split by one dimension; `value` is where on it, such as a country.

    `winners` and `redeemers` are people whose first win, or first redeemed win, in the campaign this day's
    entry is; `again` are redeemed wins whose winner came back for another redemption, of any campaign.
    `visits`, `started` and `sent` are only told where they can be.
    """

    __tablename__ = "figure_day"
    __table_args__ = (
        CheckConstraint(
            "people <= entries AND wins <= entries AND seen <= wins AND redeemed <= wins"
            " AND winners <= wins AND redeemers <= redeemed AND again <= redeemed",
            name="parts",
        ),
    )

    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("campaign.id"), primary_key=True)
    dimension: Mapped[str] = mapped_column(String(12), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    value: Mapped[str] = mapped_column(String(80), primary_key=True)
    visits: Mapped[int] = mapped_column(server_default="0")
    started: Mapped[int] = mapped_column(server_default="0")
    sent: Mapped[int] = mapped_column(server_default="0")
    entries: Mapped[int] = mapped_column(server_default="0")
    people: Mapped[int] = mapped_column(server_default="0")
    wins: Mapped[int] = mapped_column(server_default="0")
    winners: Mapped[int] = mapped_column(server_default="0")
    seen: Mapped[int] = mapped_column(server_default="0")
    redeemed: Mapped[int] = mapped_column(server_default="0")
    redeemers: Mapped[int] = mapped_column(server_default="0")
    again: Mapped[int] = mapped_column(server_default="0")


class FigureMoney(Base):
    """What the orders came to that were told for the wins of one day, in minor units of one currency."""

    __tablename__ = "figure_money"

    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("campaign.id"), primary_key=True)
    dimension: Mapped[str] = mapped_column(String(12), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    value: Mapped[str] = mapped_column(String(80), primary_key=True)
    currency: Mapped[str] = mapped_column(String(3), primary_key=True)
    orders: Mapped[int]
    amount: Mapped[int] = mapped_column(BigInteger)


class TrafficCount(Base):
    """Pages shown and forms sent within a quarter of an hour, by class of device: about, and of nobody."""

    __tablename__ = "traffic_count"

    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("campaign.id"), primary_key=True)
    quarter: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(8), primary_key=True)  # page, sent
    device: Mapped[str] = mapped_column(String(8), primary_key=True)
    count: Mapped[int]


class CampaignCost(Base):
    """What a campaign costs, in minor units of one currency; `discount` for each win that is redeemed."""

    __tablename__ = "campaign_cost"
    __table_args__ = (
        CheckConstraint("media >= 0 AND prizes >= 0 AND other >= 0 AND discount >= 0", name="amounts"),
    )

    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("campaign.id"), primary_key=True)
    currency: Mapped[str] = mapped_column(String(3))
    media: Mapped[int] = mapped_column(BigInteger, server_default="0")
    prizes: Mapped[int] = mapped_column(BigInteger, server_default="0")
    other: Mapped[int] = mapped_column(BigInteger, server_default="0")
    discount: Mapped[int] = mapped_column(BigInteger, server_default="0")
    version: Mapped[int] = mapped_column(server_default="1")


class ShopperBook(Base):
    """What is known of all who redeemed, over all campaigns: counts only, as a document. One row."""

    __tablename__ = "shopper_book"
    __table_args__ = (CheckConstraint("id = 1", name="one"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    rolled_at: Mapped[datetime]
    document: Mapped[str] = mapped_column(Text)
