"""Partner (influencer, affiliate), the visits their links brought, and what came of these."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    JSON,
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.partner_rules import Pool
from app.domain.pictures import Picture
from app.models.base import Base, words
from app.models.prize import PictureText


class Partner(Base):
    """Somebody who shares a campaign under a link of their own, between `starts_at` and `ends_at`.

    `wins` counts up to `max_wins`, and only while there is one. `email` is where a link to the figures is
    sent, `email_key` the same address as entries are told apart by: the partner's own count for nobody.
    `link_counter` is what a link to the figures is good for, once; `access_counter` what a visit to them is
    good for, until it is taken back: 0 while links of the first kind, good for a year, still work.
    """

    __tablename__ = "partner"
    __table_args__ = (
        UniqueConstraint("campaign_id", "slug"),
        CheckConstraint("max_wins IS NULL OR max_wins >= 0", name="max_wins"),
        Index(
            "uq_partner_short",
            "short",
            unique=True,
            sqlite_where=text("short <> ''"),
            postgresql_where=text("short <> ''"),
        ),
        Index(
            "ix_partner_email_key",
            "email_key",
            sqlite_where=text("email_key <> ''"),
            postgresql_where=text("email_key <> ''"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("campaign.id"))
    slug: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(120))
    created_at: Mapped[datetime]
    handle: Mapped[str] = mapped_column(String(60), server_default="")
    picture: Mapped[Picture | None] = mapped_column(PictureText(), nullable=False, server_default="")
    greeting: Mapped[str] = mapped_column(Text, server_default="")
    share_text: Mapped[str] = mapped_column(Text, server_default="")
    short: Mapped[str] = mapped_column(String(12), server_default="")
    utm: Mapped[dict[str, str]] = mapped_column(JSON, server_default="{}", default=dict)
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    max_wins: Mapped[int | None]
    wins: Mapped[int] = mapped_column(server_default="0")
    pool: Mapped[Pool] = mapped_column(words(Pool, "pool"), server_default="borrow")
    email: Mapped[str] = mapped_column(String(254), server_default="")
    email_key: Mapped[str] = mapped_column(String(254), server_default="")
    locale: Mapped[str] = mapped_column(String(16), server_default="en")
    link_counter: Mapped[int] = mapped_column(server_default="0")
    access_counter: Mapped[int] = mapped_column(server_default="0")
    version: Mapped[int] = mapped_column(server_default="1")


class PartnerCount(Base):
    """What came over a partner's link within one quarter of an hour, as QuarterCount has it for the campaign
    and written together with it. `people` are those who came over this link for the first time.
    """

    __tablename__ = "partner_count"
    __table_args__ = (CheckConstraint("0 <= wins AND wins <= entries AND people <= entries", name="counts"),)

    partner_id: Mapped[UUID] = mapped_column(ForeignKey("partner.id"), primary_key=True)
    quarter: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    entries: Mapped[int]
    people: Mapped[int]
    wins: Mapped[int]
    crowded: Mapped[int]  # from a network that many had entered from on that day


class Visit(Base):
    """One visitor on one day over a partner's link, since `at`. `visitor` is a hash under that day's key: no
    address.
    """

    __tablename__ = "visit"

    partner_id: Mapped[UUID] = mapped_column(ForeignKey("partner.id"), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    visitor: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    at: Mapped[datetime | None]


class DailyKey(Base):
    """The key one day's visitors are hashed with; destroyed after 48 hours: nobody can be traced back."""

    __tablename__ = "daily_key"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    key: Mapped[bytes] = mapped_column(LargeBinary(32))
