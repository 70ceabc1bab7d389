"""Quarters of an hour in queries: the databases have no common way to say which one a moment lies in."""

from datetime import datetime

from sqlalchemy import ColumnElement, Integer, cast, func
from sqlalchemy.orm import InstrumentedAttribute

from app.domain.timeline import QUARTER_SECONDS
from app.models import Entry


def quarter_of_entry(dialect: str) -> ColumnElement[int]:
    """The quarter an entry lies in."""
    return quarter_in(dialect, Entry.created_at)


def quarter_in(dialect: str, moment: InstrumentedAttribute[datetime]) -> ColumnElement[int]:
    """The quarter that the moment in a column lies in."""
    if dialect == "sqlite":
        return cast(func.strftime("%s", moment), Integer) // QUARTER_SECONDS
    return cast(func.floor(func.extract("epoch", moment) / QUARTER_SECONDS), Integer)
