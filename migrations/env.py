"""Alembic's entry point: migrations run on the application's own engine, in one transaction."""

from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from alembic.operations.ops import MigrationScript
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from app.adapters.database import WRITE, write_turn
from app.extensions import db
from app.models.base import UtcDateTime


def _number(_context: MigrationContext, _revision: object, directives: list[MigrationScript]) -> None:
    """Number migrations 0001, 0002 … so that their order can be read from the folder."""
    script = directives[0]
    head = ScriptDirectory.from_config(context.config).get_current_head()
    script.rev_id = f"{int(head or 0) + 1:04d}"


def _render(kind: str, item: object, _autogenerate: AutogenContext) -> str | Literal[False]:
    """Keep migrations free of the application's own types: those may change, old migrations may not."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UtcDateTime) else False


def _run() -> None:
    engine = db.engine
    with write_turn(engine), engine.connect().execution_options(**{WRITE: True}) as connection:
        context.configure(
            connection=connection,
            target_metadata=db.metadata,
            render_as_batch=True,
            transactional_ddl=True,
            compare_type=True,
            process_revision_directives=_number,
            render_item=_render,
        )
        with context.begin_transaction():
            if engine.dialect.name == "postgresql":  # a large table takes as long as it takes
                connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
            context.run_migrations()


_run()
