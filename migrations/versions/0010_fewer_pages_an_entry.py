"""Fewer pages to write for an entry

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One tree instead of three for spent CAPTCHAs; the index of partners' entries holds only those."""
    op.drop_index("ix_spent_challenge_expires_at", "spent_challenge")
    if op.get_bind().dialect.name == "sqlite":
        _make_anew(sqlite_with_rowid=False)
    op.drop_index("ix_entry_partner_id_created_at", "entry")
    came_by_a_partner = sa.text("partner_id IS NOT NULL")
    op.create_index(
        "ix_entry_partner_id_created_at",
        "entry",
        ["partner_id", "created_at"],
        sqlite_where=came_by_a_partner,
        postgresql_where=came_by_a_partner,
    )


def downgrade() -> None:
    """As before."""
    op.drop_index("ix_entry_partner_id_created_at", "entry")
    op.create_index("ix_entry_partner_id_created_at", "entry", ["partner_id", "created_at"])
    if op.get_bind().dialect.name == "sqlite":
        _make_anew()
    op.create_index("ix_spent_challenge_expires_at", "spent_challenge", ["expires_at"])


def _make_anew(**options: bool) -> None:
    """Nothing refers to the table: it can be replaced."""
    op.create_table(
        "spent_challenge_anew",
        sa.Column("signature", sa.LargeBinary(length=32), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("signature", name="pk_spent_challenge"),
        **options,
    )
    op.execute("INSERT INTO spent_challenge_anew SELECT signature, expires_at FROM spent_challenge")
    op.drop_table("spent_challenge")
    op.rename_table("spent_challenge_anew", "spent_challenge")
