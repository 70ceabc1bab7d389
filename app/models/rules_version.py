"""Rules version: the official rules of a campaign as they were shown from one moment on."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class RulesVersion(Base):
    """One version of the rules: its facts and own words as canonical JSON; triggers keep it as it is.

    Pages say it in the reader's language. `entry.rules_version` names the one a person accepted.
    """

    __tablename__ = "rules_version"
    __table_args__ = (CheckConstraint("version >= 1", name="version"),)

    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("campaign.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    document: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
