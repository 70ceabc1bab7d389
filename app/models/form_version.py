"""Form version: the entry form of a campaign as it was shown from one moment on."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class FormVersion(Base):
    """One version of the form, its consents among it: the document, the zone that ages are counted in, and
    its texts in other languages; triggers keep it as it is.

    `entry.form_version` names the one a person filled in; 0 is Prizewell's usual form, kept nowhere.
    """

    __tablename__ = "form_version"
    __table_args__ = (CheckConstraint("version >= 1", name="version"),)

    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("campaign.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    document: Mapped[str] = mapped_column(Text)
    timezone: Mapped[str] = mapped_column(String(64))
    texts: Mapped[dict[str, dict[str, str]]] = mapped_column(JSON)
    created_at: Mapped[datetime]
