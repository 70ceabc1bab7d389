"""Winner key: a beginning under which a winner is found."""

from uuid import UUID

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.search_keys import MAX_LENGTH
from app.models.base import Base


class WinnerKey(Base):
    """One search key of one winner. The primary key is the index that answers "begins with".

    Made out of the entry after the win, apart from the path of an entry: winners only, losers never.
    """

    __tablename__ = "winner_key"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 -- as SQLAlchemy has it

    campaign_id: Mapped[UUID] = mapped_column(primary_key=True)
    # In the order of bytes, on PostgreSQL too: other orders cannot answer "begins with" out of an index.
    key: Mapped[str] = mapped_column(
        String(MAX_LENGTH).with_variant(String(MAX_LENGTH, collation="C"), "postgresql"), primary_key=True
    )
    entry_id: Mapped[UUID] = mapped_column(ForeignKey("award.entry_id"), primary_key=True)
