"""Entrant: a person, known by a canonical e-mail address."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class Entrant(Base):
    """One person over all campaigns. `email_key` is the canonical address, one row each.

    Of a person who was erased it is a keyed hash of the address: limits still hold, and nobody can read it.
    `no_mail_at`: since when they want no mail but what they ask for and what they win.
    """

    __tablename__ = "entrant"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    email_key: Mapped[str] = mapped_column(String(254), unique=True)
    created_at: Mapped[datetime]
    erased_at: Mapped[datetime | None]
    no_mail_at: Mapped[datetime | None]
