"""Spent challenge: a CAPTCHA that has been used up."""

from datetime import datetime

from sqlalchemy import LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class SpentChallenge(Base):
    """The signature of a solved challenge, kept until it has expired: each opens one entry, ever.

    Every entry writes here: on SQLite the key is the table, and what has expired is found without an index.
    """

    __tablename__ = "spent_challenge"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 -- SQLAlchemy's own way

    signature: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    expires_at: Mapped[datetime]
