"""Location: a shop that takes codes at its counter."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class Location(Base):
    """A place with a counter page of its own, under a random id, and a PIN for those who work there.

    Without a campaign it takes the codes of all; with a currency it asks for the value of the order.
    `pin_counter` moves on with each PIN: sessions that began under another are over.
    """

    __tablename__ = "location"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    campaign_id: Mapped[UUID | None] = mapped_column(ForeignKey("campaign.id"))
    currency: Mapped[str] = mapped_column(String(3), server_default="")
    pin_hash: Mapped[str] = mapped_column(String(255))
    pin_counter: Mapped[int] = mapped_column(server_default="1")
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]
