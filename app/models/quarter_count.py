"""Quarter count: what came in within a quarter of an hour, added up so that nobody counts a million rows."""

from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class QuarterCount(Base):
    """Entries of one campaign within one quarter of an hour, by the odds they were drawn with.

    `quarter` counts quarters of an hour since 1970 UTC: every time zone's hours and days are made of whole
    ones. `people` are those who entered for the first time. A quarter is written once it is well over.
    """

    __tablename__ = "quarter_count"
    __table_args__ = (CheckConstraint("0 <= wins AND wins <= entries AND people <= entries", name="counts"),)

    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("campaign.id"), primary_key=True)
    quarter: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    odds_version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    entries: Mapped[int]
    people: Mapped[int]
    wins: Mapped[int]


class RefusalCount(Base):
    """How often a submission was not taken for one reason, within one quarter of an hour: about."""

    __tablename__ = "refusal_count"

    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("campaign.id"), primary_key=True)
    quarter: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    reason: Mapped[str] = mapped_column(String(32), primary_key=True)
    count: Mapped[int]
