"""Prizes have a picture, a value, a link, an expiry and a threshold; a win keeps when its code expires.

A batch of generated codes keeps how long they are.

Revision: 0008
"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_MOMENT = {"sqlite": "DATETIME", "postgresql": "TIMESTAMP WITH TIME ZONE"}
# In this order; away again in the reverse one. CHECKs stand at their columns: SQLite adds no others.
_COLUMNS = {
    "picture": "VARCHAR(48) DEFAULT '' NOT NULL",
    "value": "BIGINT",
    "currency": "VARCHAR(3) DEFAULT '' NOT NULL"
    " CONSTRAINT ck_prize_currency CHECK ((value IS NULL) = (currency = ''))",
    "shows_value": "BOOLEAN DEFAULT FALSE NOT NULL",
    "link": "TEXT DEFAULT '' NOT NULL",
    "expires_on": "DATE",
    "expires_days": "INTEGER CONSTRAINT ck_prize_expiry CHECK (expires_on IS NULL OR expires_days IS NULL)",
    "low_stock": "INTEGER",
    "low_stock_percent": "INTEGER"
    " CONSTRAINT ck_prize_low_stock CHECK (low_stock IS NULL OR low_stock_percent IS NULL)",
}


def upgrade() -> None:
    moment = _MOMENT[op.get_bind().dialect.name]
    for name, kind in _COLUMNS.items():
        op.execute(f"ALTER TABLE prize ADD COLUMN {name} {kind}")
    for table in ("award", "replacement"):
        op.execute(f"ALTER TABLE {table} ADD COLUMN expires_at {moment}")
    op.execute("ALTER TABLE code_batch ADD COLUMN random_symbols INTEGER DEFAULT 15 NOT NULL")


def downgrade() -> None:
    op.execute("ALTER TABLE code_batch DROP COLUMN random_symbols")
    for table in ("replacement", "award"):
        op.execute(f"ALTER TABLE {table} DROP COLUMN expires_at")
    for name in reversed(_COLUMNS):
        op.execute(f"ALTER TABLE prize DROP COLUMN {name}")
