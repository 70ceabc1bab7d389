"""Report mails: who wants a campaign's figures by mail, and how far they have been told."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.report_times import Every
from app.models.base import Base, words


class ReportMail(Base):
    """A member of staff wants the figures of a campaign by mail, or without one those of all campaigns that
    are not asked for by themselves: at that hour of the campaign's clocks, from `since` on.
    """

    __tablename__ = "report_mail"
    __table_args__ = (
        CheckConstraint("0 <= hour AND hour <= 23", name="hour"),
        Index("uq_report_mail_account_id_campaign_id", "account_id", "campaign_id", unique=True),
        Index(
            "uq_report_mail_all",
            "account_id",
            unique=True,
            sqlite_where=text("campaign_id IS NULL"),
            postgresql_where=text("campaign_id IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    campaign_id: Mapped[UUID | None] = mapped_column(ForeignKey("campaign.id"))
    every: Mapped[Every] = mapped_column(words(Every, "every"))
    hour: Mapped[int]
    locale: Mapped[str] = mapped_column(String(16))
    since: Mapped[datetime]


class ReportTurn(Base):
    """The day of the last report of a campaign that an account was mailed: the row keeps two workers from
    mailing it twice.
    """

    __tablename__ = "report_turn"

    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), primary_key=True)
    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("campaign.id"), primary_key=True)
    day: Mapped[date] = mapped_column(Date)
