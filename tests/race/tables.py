"""The tables with one of their rules left out, for the controls of the race tests."""

from sqlalchemy import Engine, MetaData, UniqueConstraint

from app.models import Base


def create_tables_without(engine: Engine, table: str, *columns: str) -> None:
    """Create all tables in an empty database, but leave out the UNIQUE constraint over those columns."""
    copy = MetaData(naming_convention=Base.metadata.naming_convention)
    for original in Base.metadata.tables.values():
        original.to_metadata(copy)
    rules = [
        rule
        for rule in copy.tables[table].constraints
        if isinstance(rule, UniqueConstraint) and rule.columns.keys() == list(columns)
    ]
    assert len(rules) == 1, f"{table} has no UNIQUE over {columns}"
    copy.tables[table].constraints.discard(rules[0])
    copy.create_all(engine)
