"""Limits of tiers, and drawing again

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_COUNTS = ("per_hour", "per_day", "in_all", "per_person")
_BEFORE = "'lose', 'fallback'"
_AFTER = "'lose', 'fallback', 'redraw'"


def upgrade() -> None:
    """Add the limits and their counters; let an empty tier be drawn again."""
    _allow(_BEFORE, _AFTER)
    moment = "DATETIME" if op.get_bind().dialect.name == "sqlite" else "TIMESTAMP WITH TIME ZONE"
    for name in _COUNTS:
        op.execute(f"ALTER TABLE tier ADD COLUMN {name} INTEGER CONSTRAINT ck_tier_{name} CHECK ({name} > 0)")
    op.execute(f"ALTER TABLE tier ADD COLUMN opens_at {moment}")
    op.execute(
        f"ALTER TABLE tier ADD COLUMN closes_at {moment}"
        " CONSTRAINT ck_tier_closes_at CHECK (closes_at > opens_at)"
    )
    op.create_table(
        "tier_use",
        sa.Column("tier_id", sa.Uuid(), nullable=False),
        sa.Column("period", sa.String(length=16), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.CheckConstraint("used >= 0", name="ck_tier_use_used"),
        sa.ForeignKeyConstraint(["tier_id"], ["tier.id"], name="fk_tier_use_tier_id_tier"),
        sa.PrimaryKeyConstraint("tier_id", "period", name="pk_tier_use"),
    )


def downgrade() -> None:
    """Forget the limits; who would be drawn again loses."""
    op.drop_table("tier_use")
    for name in ("closes_at", "opens_at", *_COUNTS):
        op.execute(f"ALTER TABLE tier DROP COLUMN {name}")
    op.execute("UPDATE tier SET on_empty = 'lose' WHERE on_empty = 'redraw'")
    _allow(_AFTER, _BEFORE)


def _allow(old: str, new: str) -> None:
    """Change the words that `on_empty` may hold.

    SQLite cannot alter a constraint, and a table others refer to cannot be replaced within a transaction.
    What its manual gives for such a case, a change of the stored definition alone, is what is done here.
    """
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE tier DROP CONSTRAINT ck_tier_on_empty")
        op.execute(f"ALTER TABLE tier ADD CONSTRAINT ck_tier_on_empty CHECK (on_empty IN ({new}))")
        return
    version = op.get_bind().exec_driver_sql("PRAGMA schema_version").scalar_one()
    op.execute("PRAGMA writable_schema = ON")
    op.get_bind().exec_driver_sql(
        "UPDATE sqlite_schema SET sql = replace(sql, ?, ?) WHERE type = 'table' AND name = 'tier'",
        (f"on_empty IN ({old})", f"on_empty IN ({new})"),
    )
    op.execute(f"PRAGMA schema_version = {version + 1}")
    op.execute("PRAGMA writable_schema = OFF")
