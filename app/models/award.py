"""Award: the win. One entry, one prize, one code; and what stands in for it once it is void."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, SerialId, words


class AwardStatus(StrEnum):
    """How far a win has come on its way to the winner. Void is the end: no way leads back."""

    NEW = "new"
    CONTACTED = "contacted"
    CLAIMED = "claimed"
    SENT = "sent"
    VOID = "void"


_HELD = text("held_until IS NOT NULL AND proved_at IS NULL AND lapsed_at IS NULL")
_TO_REMIND = text("expires_at IS NOT NULL AND reminded_at IS NULL")
_ENDS = text("expires_at IS NOT NULL")
_SEEN_LATER = text("seen_at > created_at")
_VOID_SINCE = "(status = 'void') = (voided_at IS NOT NULL)"


class Award(Base):
    """A win. The primary key and the UNIQUE code make entry, award and code one to one to one.

    The names are those under which it was won: later edits of tier or prize do not change what was announced.
    What follows `created_at` is how staff handle the win, `notes` and `version` also for its replacements.
    `has_keys` once the winner_key rows of the win are written. From `expires_at` on the code is no longer
    good: decided when it was won. A code with `held_until` was kept back until the address was proved; from
    one that lapsed (and is void) the code went back into stock, unseen. `reminded_at`: the winner was told
    that the code is about to end, or never needs to be. `seen_at`: the win was first shown, in the answer to
    the entry or on its page.
    """

    __tablename__ = "award"
    __table_args__ = (
        CheckConstraint(_VOID_SINCE, name="void"),
        Index("ix_award_campaign_id_created_at_entry_id", "campaign_id", "created_at", "entry_id"),
        Index(
            "ix_award_campaign_id_status",
            "campaign_id",
            "status",
            sqlite_where=text("status <> 'new'"),
            postgresql_where=text("status <> 'new'"),
        ),
        Index(
            "ix_award_without_keys",
            "campaign_id",
            sqlite_where=text("has_keys = 0"),
            postgresql_where=text("NOT has_keys"),
        ),
        Index("ix_award_seen_later", "seen_at", sqlite_where=_SEEN_LATER, postgresql_where=_SEEN_LATER),
        Index("ix_award_held", "held_until", sqlite_where=_HELD, postgresql_where=_HELD),
        Index(
            "ix_award_ends",
            "campaign_id",
            "expires_at",
            sqlite_where=_ENDS,
            postgresql_where=_ENDS,
        ),
        Index(
            "ix_award_to_remind",
            "campaign_id",
            "expires_at",
            sqlite_where=_TO_REMIND,
            postgresql_where=_TO_REMIND,
        ),
    )

    entry_id: Mapped[UUID] = mapped_column(ForeignKey("entry.id"), primary_key=True)
    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("campaign.id"))
    tier_id: Mapped[UUID] = mapped_column(ForeignKey("tier.id"))
    prize_id: Mapped[UUID] = mapped_column(ForeignKey("prize.id"), index=True)
    code_id: Mapped[int] = mapped_column(SerialId, ForeignKey("code.id"), unique=True)
    tier_name: Mapped[str] = mapped_column(String(60))
    prize_name: Mapped[str] = mapped_column(String(120))
    created_at: Mapped[datetime]
    status: Mapped[AwardStatus] = mapped_column(words(AwardStatus, "status"), server_default="new")
    notes: Mapped[str] = mapped_column(Text, server_default="")
    version: Mapped[int] = mapped_column(server_default="1")
    has_keys: Mapped[bool] = mapped_column(server_default=false())
    voided_at: Mapped[datetime | None]
    void_reason: Mapped[str] = mapped_column(Text, server_default="")
    returned_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    held_until: Mapped[datetime | None]
    proved_at: Mapped[datetime | None]
    lapsed_at: Mapped[datetime | None]
    reminded_at: Mapped[datetime | None]
    seen_at: Mapped[datetime | None]


class Replacement(Base):
    """Another code for a win that is void; itself void one day, it can be replaced in turn (`place` counts).

    A code stands in for one win only, and at most one replacement of a win is not void.
    """

    __tablename__ = "replacement"
    __table_args__ = (
        CheckConstraint(_VOID_SINCE, name="void"),
        CheckConstraint("place >= 1", name="place"),
        UniqueConstraint("entry_id", "place"),
        ForeignKeyConstraint(["prize_id", "tier_id"], ["prize.id", "prize.tier_id"]),
        Index(
            "uq_replacement_standing",
            "entry_id",
            unique=True,
            sqlite_where=text("status <> 'void'"),
            postgresql_where=text("status <> 'void'"),
        ),
        Index("ix_replacement_campaign_id_prize_id", "campaign_id", "prize_id"),
        Index(
            "ix_replacement_ends",
            "campaign_id",
            "expires_at",
            sqlite_where=_ENDS,
            postgresql_where=_ENDS,
        ),
        Index(
            "ix_replacement_to_remind",
            "campaign_id",
            "expires_at",
            sqlite_where=_TO_REMIND,
            postgresql_where=_TO_REMIND,
        ),
    )

    code_id: Mapped[int] = mapped_column(
        SerialId, ForeignKey("code.id"), primary_key=True, autoincrement=False
    )
    entry_id: Mapped[UUID] = mapped_column(ForeignKey("award.entry_id"))
    place: Mapped[int] = mapped_column(SmallInteger)
    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("campaign.id"))
    tier_id: Mapped[UUID]
    prize_id: Mapped[UUID]
    tier_name: Mapped[str] = mapped_column(String(60))
    prize_name: Mapped[str] = mapped_column(String(120))
    created_at: Mapped[datetime]
    status: Mapped[AwardStatus] = mapped_column(words(AwardStatus, "status"), server_default="new")
    voided_at: Mapped[datetime | None]
    void_reason: Mapped[str] = mapped_column(Text, server_default="")
    returned_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    reminded_at: Mapped[datetime | None]
