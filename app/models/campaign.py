"""Campaign: one giveaway."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, LargeBinary, String, Text, false
from sqlalchemy.orm import Mapped, mapped_column

from app.domain import languages
from app.domain.eligibility import CampaignStatus, EntryLimit
from app.domain.partner_rules import Touch
from app.domain.proof import Proof
from app.domain.reveals import Reveal
from app.models.base import Base, words


class Campaign(Base):
    """One giveaway: its texts, its window, and the sealed seed all its draws depend on.

    `odds_version` points at the odds table in force, `rules_version` at the rules that are shown (0: none
    yet); `version` counts edits, so that a stale one is refused. An archived campaign has left the lists.
    Its title and the other texts of rows are in its own `language`; `texts` has the rest, by language and
    key (domain/campaign_texts.py). `theme` is its look (domain/theme.py).
    """

    __tablename__ = "campaign"
    __table_args__ = (
        CheckConstraint("lose_weight >= 0", name="lose_weight"),
        CheckConstraint("closes_at IS NULL OR opens_at IS NULL OR opens_at < closes_at", name="window"),
        CheckConstraint("refer_most >= 0", name="refer_most"),
        CheckConstraint("length(seed_commit) = 64", name="seed_commit"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(60), unique=True)
    title: Mapped[str] = mapped_column(String(120))
    intro: Mapped[str] = mapped_column(Text, default="")
    sponsor: Mapped[str] = mapped_column(String(120), default="")
    rules: Mapped[str] = mapped_column(Text, default="")
    rules_version: Mapped[int] = mapped_column(default=0)
    eligibility: Mapped[str] = mapped_column(Text, default="")
    language: Mapped[str] = mapped_column(String(8), default=languages.DEFAULT)
    texts: Mapped[dict[str, dict[str, str]]] = mapped_column(JSON, default=dict)
    form: Mapped[str] = mapped_column(Text, default="")  # see domain/entry_form.py; "": the usual one
    form_version: Mapped[int] = mapped_column(default=0)
    accent: Mapped[str] = mapped_column(String(16), default="indigo")
    theme: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    timezone: Mapped[str] = mapped_column(String(64), default="UTC")
    status: Mapped[CampaignStatus] = mapped_column(
        words(CampaignStatus, "status"), default=CampaignStatus.DRAFT
    )
    opens_at: Mapped[datetime | None]
    closes_at: Mapped[datetime | None]
    entries: Mapped[EntryLimit] = mapped_column(words(EntryLimit, "entries"), default=EntryLimit.ONCE)
    reveal: Mapped[Reveal] = mapped_column(words(Reveal, "reveal"), default=Reveal.PLAIN)
    proof: Mapped[Proof] = mapped_column(words(Proof, "proof"), server_default="never")
    proof_hours: Mapped[int] = mapped_column(server_default="48")
    mail_losers: Mapped[bool] = mapped_column(server_default=false())
    remind_days: Mapped[int] = mapped_column(server_default="3")
    refer_most: Mapped[int] = mapped_column(server_default="0")  # further entries by friends; 0: none
    # Whose codes who brings a friend, and the friend, get; tiers come after their campaign.
    refer_tier_id: Mapped[UUID | None] = mapped_column(ForeignKey("tier.id", use_alter=True))
    shows_left: Mapped[bool] = mapped_column(server_default=false())  # about how many prizes are left
    touch: Mapped[Touch] = mapped_column(words(Touch, "touch"), server_default="last")
    touch_hours: Mapped[int] = mapped_column(server_default="0")  # 0: only the page a form stands on counts
    lose_weight: Mapped[int] = mapped_column(BigInteger)
    odds_version: Mapped[int] = mapped_column(default=1)
    seed_encrypted: Mapped[bytes] = mapped_column(LargeBinary)
    seed_commit: Mapped[str] = mapped_column(String(64))
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    archived_at: Mapped[datetime | None]
