"""Migrations: up, down and up again on both databases; nothing left for autogenerate; written-once tables."""

from pathlib import Path

import flask_migrate
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from app.config import ROOT
from app.extensions import db
from tests.support.application import application, environment
from tests.support.factories import make_campaign


def test_there_is_one_head_and_revisions_are_numbered() -> None:
    script = ScriptDirectory(str(ROOT / "migrations"))
    revisions = [revision.revision for revision in script.walk_revisions()]
    assert script.get_heads() == revisions[:1]
    assert revisions == [f"{number:04d}" for number in range(len(revisions), 0, -1)]


def test_up_down_and_up_again(empty_database_url: str, tmp_path: Path) -> None:
    with application(environment(empty_database_url, tmp_path)) as app, app.app_context():
        for _ in range(2):
            flask_migrate.upgrade()
            assert set(db.metadata.tables) <= set(inspect(db.engine).get_table_names())
            flask_migrate.downgrade(revision="base")
            assert set(inspect(db.engine).get_table_names()) == {"alembic_version"}


def test_the_models_say_nothing_the_migrations_do_not(empty_database_url: str, tmp_path: Path) -> None:
    with application(environment(empty_database_url, tmp_path)) as app, app.app_context():
        flask_migrate.upgrade()
        with db.engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            assert compare_metadata(context, db.metadata) == []


@pytest.mark.parametrize("table", ["audit_record", "odds_table"])
@pytest.mark.parametrize("act", ["UPDATE {table} SET {column} = {column}", "DELETE FROM {table}"])
def test_what_is_written_once_cannot_be_changed(session: Session, table: str, act: str) -> None:
    make_campaign(session)
    column = {"audit_record": "actor", "odds_table": "document"}[table]
    with pytest.raises(DatabaseError, match="written once"):
        session.execute(text(act.format(table=table, column=column)))
    session.rollback()
