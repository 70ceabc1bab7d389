"""Entry: one submission and its stored outcome."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.outcomes import AwardReason
from app.domain.proof import Proof
from app.models.base import Base, words


class NonceSource(StrEnum):
    """Who made the nonce: the entrant's browser, or the server for a browser without JavaScript."""

    BROWSER = "browser"
    SERVER = "server"


class Entry(Base):
    """One submission, drawn once: everything the draw used, and what it came to.

    The UNIQUE constraints are the rules: one entry per nonce, one per person and period
    (`period` is a day in the campaign's zone, or empty for the whole campaign). `network` is a hash of the
    network it came from under that day's key: it tells two of one day apart, and is gone soon after. `proof`
    is what was to wait until the address was proved, at `proved_at`. From an entry that was erased nothing
    leads to a person.

    With the reason "bonus" it is no submission and nothing was drawn: it carries the award of a code for a
    friend, or for who brought one. Its `period` says which (domain/referrals.py), its commitment is all
    zeros, and whoever counts entries leaves it out (services/drawn.py).
    """

    __tablename__ = "entry"
    __table_args__ = (
        UniqueConstraint("campaign_id", "nonce"),
        UniqueConstraint("campaign_id", "entrant_id", "period"),
        ForeignKeyConstraint(
            ["campaign_id", "odds_version"],
            ["odds_table.campaign_id", "odds_table.version"],
            name="fk_entry_odds_table",
        ),
        CheckConstraint("ticket >= 0", name="ticket"),
        CheckConstraint("length(nonce) = 16", name="nonce"),
        CheckConstraint(
            "(reason IN ('no_win', 'bonus') AND tier_hit_id IS NULL AND tier_awarded_id IS NULL)"
            " OR (reason = 'empty' AND tier_hit_id IS NOT NULL AND tier_awarded_id IS NULL)"
            " OR (reason = 'hit' AND tier_awarded_id IS NOT NULL AND tier_hit_id = tier_awarded_id)"
            " OR (reason = 'fallback' AND tier_hit_id IS NOT NULL AND tier_awarded_id IS NOT NULL"
            " AND tier_hit_id <> tier_awarded_id)",
            name="outcome",
        ),
        Index("ix_entry_campaign_id_created_at", "campaign_id", "created_at"),
        Index(
            "ix_entry_erased_at",
            "erased_at",
            sqlite_where=text("erased_at IS NOT NULL"),
            postgresql_where=text("erased_at IS NOT NULL"),
        ),
        # Who came by themselves costs nothing in these; in the second, nor does who lost.
        Index(
            "ix_entry_partner_id_created_at",
            "partner_id",
            "created_at",
            sqlite_where=text("partner_id IS NOT NULL"),
            postgresql_where=text("partner_id IS NOT NULL"),
        ),
        Index(
            "ix_entry_partner_id_won",
            "partner_id",
            sqlite_where=text("partner_id IS NOT NULL AND tier_awarded_id IS NOT NULL"),
            postgresql_where=text("partner_id IS NOT NULL AND tier_awarded_id IS NOT NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("campaign.id"))
    entrant_id: Mapped[UUID] = mapped_column(ForeignKey("entrant.id"))
    period: Mapped[str] = mapped_column(String(10))
    nonce: Mapped[bytes] = mapped_column(LargeBinary(16))
    nonce_source: Mapped[NonceSource] = mapped_column(words(NonceSource, "nonce_source"))
    entry_commit: Mapped[bytes] = mapped_column(LargeBinary(32))
    odds_version: Mapped[int]
    ticket: Mapped[int] = mapped_column(BigInteger)
    tier_hit_id: Mapped[UUID | None] = mapped_column(ForeignKey("tier.id"))
    tier_awarded_id: Mapped[UUID | None] = mapped_column(ForeignKey("tier.id"))
    reason: Mapped[AwardReason] = mapped_column(words(AwardReason, "reason"))
    name: Mapped[str] = mapped_column(String(120))
    email: Mapped[str] = mapped_column(String(254))
    marketing: Mapped[bool]
    rules_version: Mapped[int]
    form_version: Mapped[int] = mapped_column(default=0)
    answers: Mapped[str] = mapped_column(Text, default="")  # see domain/entry_form.py; "": none
    locale: Mapped[str] = mapped_column(String(16))
    partner_id: Mapped[UUID | None] = mapped_column(ForeignKey("partner.id"))
    created_at: Mapped[datetime]
    network: Mapped[bytes | None] = mapped_column(LargeBinary(12))
    proof: Mapped[Proof] = mapped_column(words(Proof, "proof"), server_default="never")
    proved_at: Mapped[datetime | None]
    erased_at: Mapped[datetime | None]
    # What the link said that led here, and the class of device: for counting, see docs/figures.md.
    utm_source: Mapped[str] = mapped_column(String(60), server_default="")
    utm_medium: Mapped[str] = mapped_column(String(60), server_default="")
    utm_campaign: Mapped[str] = mapped_column(String(60), server_default="")
    device: Mapped[str] = mapped_column(String(8), server_default="")
