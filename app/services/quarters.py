"""Quarters of an hour in queries: the databases have no common way to say which one a moment lies in."""

from sqlalchemy import ColumnElement, Integer, cast, func

from app.domain.timeline import QUARTER_SECONDS
from app.models import Entry


def quarter_of_entry(dialect: str) -> ColumnElement[int]:
    """The quarter an entry lies in."""
    if dialect == "sqlite":
        return cast(func.strftime("%s", Entry.created_at), Integer) // QUARTER_SECONDS
    return cast(func.floor(func.extract("epoch", Entry.created_at) / QUARTER_SECONDS), Integer)
