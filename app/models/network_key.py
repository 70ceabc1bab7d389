"""Network key: what the senders of one day's entries are hashed with."""

from datetime import date

from sqlalchemy import Date, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class NetworkKey(Base):
    """Half of the key of one day (UTC), the other half being the site's secret; destroyed within 48 hours.

    Without a `key` it is destroyed, and the hashes of that day's entries are still to be taken off them.
    """

    __tablename__ = "network_key"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    key: Mapped[bytes | None] = mapped_column(LargeBinary(32))
