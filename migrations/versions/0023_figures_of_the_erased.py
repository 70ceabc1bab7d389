"""Entries that were erased are found without looking at all of them: their days are added up anew

Revision ID: 0023
Revises: 0022
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_ERASED = sa.text("erased_at IS NOT NULL")


def upgrade() -> None:
    op.create_index(
        "ix_entry_erased_at", "entry", ["erased_at"], sqlite_where=_ERASED, postgresql_where=_ERASED
    )


def downgrade() -> None:
    op.drop_index("ix_entry_erased_at", table_name="entry")
