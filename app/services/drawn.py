"""Drawn: which rows of entries are entries. The others carry codes for friends, and nobody counts them."""

from sqlalchemy import ColumnElement, literal_column
from sqlalchemy.orm import InstrumentedAttribute

from app.domain.outcomes import AwardReason
from app.models import Entry


def is_drawn(reason: InstrumentedAttribute[AwardReason] = Entry.reason) -> ColumnElement[bool]:
    """For queries: whether it was sent in, and drawn."""
    return reason != literal_column(f"'{AwardReason.BONUS}'")
