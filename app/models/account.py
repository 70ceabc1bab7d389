"""Account: a member of staff, with the campaigns it is limited to."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, String, true
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.roles import Role
from app.models.base import Base, words


class Account(Base):
    """A member of staff. Counters, not stored tokens, make sign-in links single-use and end old sessions."""

    __tablename__ = "account"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(120), default="")
    role: Mapped[Role] = mapped_column(words(Role, "role"))
    password_hash: Mapped[str | None] = mapped_column(String(255))
    link_counter: Mapped[int] = mapped_column(default=0)
    session_counter: Mapped[int] = mapped_column(default=0)
    is_limited: Mapped[bool] = mapped_column(default=False)  # to rows of account_campaign; no admin is
    alert_mails: Mapped[bool] = mapped_column(default=True, server_default=true())
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]


class AccountCampaign(Base):
    """A campaign that a limited account may work on."""

    __tablename__ = "account_campaign"

    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), primary_key=True)
    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("campaign.id"), primary_key=True)
