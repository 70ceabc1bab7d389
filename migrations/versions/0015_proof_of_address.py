"""Proof of address, reminders, and people who were erased

Revision ID: 0015
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_HELD = sa.text("held_until IS NOT NULL AND proved_at IS NULL AND lapsed_at IS NULL")
_TO_REMIND = sa.text("expires_at IS NOT NULL AND reminded_at IS NULL")
_MOMENTS = {
    "award": ("held_until", "proved_at", "lapsed_at", "reminded_at"),
    "replacement": ("reminded_at",),
    "entry": ("proved_at", "erased_at"),
    "entrant": ("erased_at", "no_mail_at"),
}


def upgrade() -> None:
    """Nothing has to be proved, and nobody is reminded of a code that was won before."""
    op.execute(
        "ALTER TABLE campaign ADD COLUMN proof VARCHAR(16) DEFAULT 'never' NOT NULL"
        " CONSTRAINT ck_campaign_proof CHECK (proof IN ('never', 'code', 'reveal'))"
    )
    op.add_column("campaign", sa.Column("proof_hours", sa.Integer(), server_default="48", nullable=False))
    op.add_column(
        "campaign", sa.Column("mail_losers", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.add_column("campaign", sa.Column("remind_days", sa.Integer(), server_default="3", nullable=False))
    op.execute(
        "ALTER TABLE entry ADD COLUMN proof VARCHAR(16) DEFAULT 'never' NOT NULL"
        " CONSTRAINT ck_entry_proof CHECK (proof IN ('never', 'code', 'reveal'))"
    )
    for table, columns in _MOMENTS.items():
        for column in columns:
            op.add_column(table, sa.Column(column, sa.DateTime(timezone=True), nullable=True))
    for table in ("award", "replacement"):
        op.execute(f"UPDATE {table} SET reminded_at = created_at WHERE expires_at IS NOT NULL")  # noqa: S608
        op.create_index(
            f"ix_{table}_to_remind",
            table,
            ["campaign_id", "expires_at"],
            sqlite_where=_TO_REMIND,
            postgresql_where=_TO_REMIND,
        )
    op.create_index("ix_award_held", "award", ["held_until"], sqlite_where=_HELD, postgresql_where=_HELD)


def downgrade() -> None:
    """As before; what was held back is told."""
    op.drop_index("ix_award_held", "award")
    for table in ("award", "replacement"):
        op.drop_index(f"ix_{table}_to_remind", table)
    for table, columns in _MOMENTS.items():
        for column in columns:
            op.drop_column(table, column)
    op.execute("ALTER TABLE entry DROP COLUMN proof")
    for column in ("proof", "proof_hours", "mail_losers", "remind_days"):
        op.execute(f"ALTER TABLE campaign DROP COLUMN {column}")
