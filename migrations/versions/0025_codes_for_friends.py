"""Codes for friends: who brings one, and who is brought, each get a code of a named tier

Revision ID: 0025
Revises: 0024
"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_REASONS = "reason IN ('hit', 'fallback', 'empty', 'no_win')"
_MORE_REASONS = "reason IN ('hit', 'fallback', 'empty', 'no_win', 'bonus')"
_OUTCOME = "(reason = 'no_win' AND tier_hit_id IS NULL AND tier_awarded_id IS NULL)"
_MORE_OUTCOMES = "(reason IN ('no_win', 'bonus') AND tier_hit_id IS NULL AND tier_awarded_id IS NULL)"


def upgrade() -> None:
    """No campaign has such codes yet."""
    _refer_to_tier("campaign", "refer_tier_id")
    _refer_to_tier("referral", "bonus_tier_id")
    _allow({_REASONS: _MORE_REASONS, _OUTCOME: _MORE_OUTCOMES})


def downgrade() -> None:
    """As before; codes that were given stay, as wins of entries that say nothing of a tier."""
    op.execute("UPDATE entry SET reason = 'no_win' WHERE reason = 'bonus'")
    _allow({_MORE_REASONS: _REASONS, _MORE_OUTCOMES: _OUTCOME})
    op.execute("ALTER TABLE referral DROP COLUMN bonus_tier_id")
    op.execute("ALTER TABLE campaign DROP COLUMN refer_tier_id")


def _is_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _refer_to_tier(table: str, column: str) -> None:
    kind = "UUID" if _is_postgresql() else "CHAR(32)"
    op.execute(
        f"ALTER TABLE {table} ADD COLUMN {column} {kind}"
        f" CONSTRAINT fk_{table}_{column}_tier REFERENCES tier (id)"
    )


def _allow(changes: dict[str, str]) -> None:
    """Change what the constraints of an entry allow.

    SQLite cannot alter a constraint, and a table others refer to cannot be replaced within a transaction.
    What its manual gives for such a case, a change of the stored definition alone, is what is done here.
    """
    if _is_postgresql():
        for name, change in zip(("reason", "outcome"), changes.items(), strict=True):
            _alter(name, change[1])
        return
    version = op.get_bind().exec_driver_sql("PRAGMA schema_version").scalar_one()
    table = op.get_bind().exec_driver_sql("SELECT sql FROM sqlite_schema WHERE name = 'entry'").scalar_one()
    for old, new in changes.items():
        assert old in table  # noqa: S101 -- or the constraint would silently stay
        table = table.replace(old, new)
    op.execute("PRAGMA writable_schema = ON")
    op.get_bind().exec_driver_sql("UPDATE sqlite_schema SET sql = ? WHERE name = 'entry'", (table,))
    op.execute(f"PRAGMA schema_version = {version + 1}")
    op.execute("PRAGMA writable_schema = OFF")


def _alter(name: str, allowed: str) -> None:
    if name == "outcome":
        allowed = f"{allowed} OR {_REST}"
    known = op.get_bind().scalar(
        sa.text(
            "SELECT conname FROM pg_constraint WHERE conrelid = 'entry'::regclass AND conname LIKE :name"
        ).bindparams(name=f"%_{name}")
    )
    op.execute(f"ALTER TABLE entry DROP CONSTRAINT {known}")
    op.execute(f"ALTER TABLE entry ADD CONSTRAINT {known} CHECK ({allowed})")


_REST = (
    "(reason = 'empty' AND tier_hit_id IS NOT NULL AND tier_awarded_id IS NULL)"
    " OR (reason = 'hit' AND tier_awarded_id IS NOT NULL AND tier_hit_id = tier_awarded_id)"
    " OR (reason = 'fallback' AND tier_hit_id IS NOT NULL AND tier_awarded_id IS NOT NULL"
    " AND tier_hit_id <> tier_awarded_id)"
)
