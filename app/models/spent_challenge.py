"""Spent challenge: a CAPTCHA that has been used up."""

from datetime import datetime

from sqlalchemy import LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class SpentChallenge(Base):
    """The signature of a solved challenge, kept until it has expired: each opens one entry, ever."""

    __tablename__ = "spent_challenge"

    signature: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)
