"""Batches of codes: who brought which codes when, and what is still on its way into the stock."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, SerialId, words


class BatchSource(StrEnum):
    """Where a batch's codes come from."""

    IMPORTED = "imported"
    GENERATED = "generated"


class BatchState(StrEnum):
    """staging -> offering -> done, or staging -> failed. From offering on there is no way back."""

    STAGING = "staging"
    OFFERING = "offering"
    DONE = "done"
    FAILED = "failed"


class CodeBatch(Base):
    """Codes that come into a prize's stock together: all of them, or none.

    `size` is how many they are to be, `staged` how many have come in, `returned` how many of them had been
    withdrawn before; `random_symbols` is how long generated ones are, without the check symbol. `touched_at`
    moves on while somebody is at work on it.
    """

    __tablename__ = "code_batch"
    __table_args__ = (
        CheckConstraint("0 <= staged AND staged <= size", name="staged"),
        CheckConstraint("state NOT IN ('offering', 'done') OR staged = size", name="whole"),
        Index("ix_code_batch_prize_id_id", "prize_id", "id"),
        Index(
            "ix_code_batch_open",
            "id",
            sqlite_where=text("state IN ('staging', 'offering')"),
            postgresql_where=text("state IN ('staging', 'offering')"),
        ),
    )

    id: Mapped[int] = mapped_column(SerialId, primary_key=True)
    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("campaign.id"))
    prize_id: Mapped[UUID] = mapped_column(ForeignKey("prize.id"))
    source: Mapped[BatchSource] = mapped_column(words(BatchSource, "source"))
    file_name: Mapped[str] = mapped_column(String(255), default="")
    size: Mapped[int]
    staged: Mapped[int] = mapped_column(default=0)
    returned: Mapped[int] = mapped_column(default=0)
    random_symbols: Mapped[int] = mapped_column(server_default="15")
    digest: Mapped[str] = mapped_column(String(64), default="")
    state: Mapped[BatchState] = mapped_column(words(BatchState, "state"), default=BatchState.STAGING)
    actor: Mapped[str] = mapped_column(String(254))
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime]
    touched_at: Mapped[datetime]


class StagedCode(Base):
    """A code on its way into the stock. Nobody can win it and nothing counts it before it stands in `code`.

    Whatever goes into `code` goes through here, so that of two batches with the same code one is refused.
    """

    __tablename__ = "staged_code"
    __table_args__ = (Index("ix_staged_code_batch_id_id", "batch_id", "id"),)

    id: Mapped[int] = mapped_column(SerialId, primary_key=True)
    batch_id: Mapped[int] = mapped_column(ForeignKey("code_batch.id"))
    text: Mapped[str] = mapped_column(String(64))
    key: Mapped[str] = mapped_column(String(64), unique=True)
    slot: Mapped[int] = mapped_column(Integer)
