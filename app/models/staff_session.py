"""Staff session: one browser in which a member of staff is signed in."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class StaffSession(Base):
    """A session. It is over when its row is gone, when it was not used for long, or when the account's
    counter has moved on from the one it began with.
    """

    __tablename__ = "staff_session"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), index=True)
    counter: Mapped[int]
    agent: Mapped[str] = mapped_column(String(60))  # in words such as "Firefox on Linux"
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]  # give or take some minutes: not every request writes
    proven_at: Mapped[datetime]  # when password or code were last given in it
