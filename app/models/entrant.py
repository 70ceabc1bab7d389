"""Entrant: a person, known by a canonical e-mail address."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class Entrant(Base):
    """One person over all campaigns. `email_key` is the canonical address, one row each."""

    __tablename__ = "entrant"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    email_key: Mapped[str] = mapped_column(String(254), unique=True)
    created_at: Mapped[datetime]
