"""Audit record: what staff changed. Written once; a trigger refuses every later change."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, SerialId


class AuditRecord(Base):
    """Who did what to which thing, when and why, with the values before and after."""

    __tablename__ = "audit_record"
    __table_args__ = (Index("ix_audit_record_campaign_id_id", "campaign_id", "id"),)

    id: Mapped[int] = mapped_column(SerialId, primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(254))
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    campaign_id: Mapped[UUID | None] = mapped_column(ForeignKey("campaign.id"))
    action: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(254))  # an address is the longest
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    after: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    reason: Mapped[str] = mapped_column(Text, default="")
