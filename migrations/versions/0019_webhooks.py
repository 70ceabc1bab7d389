"""Webhooks: endpoints, what they are told, and each try to tell it

Revision ID: 0019
Revises: 0018
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_WAITING = sa.text("state = 'waiting'")
_HELD = sa.text("held_until IS NOT NULL")
_ENDS = sa.text("expires_at IS NOT NULL")
_TROUBLES = "'address', 'unknown_host', 'connect', 'tls', 'timeout', 'protocol', 'content'"


def _moment(name: str, *, nullable: bool = False) -> sa.Column:  # type: ignore[type-arg]
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _of(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=f"fk_{table}_{column}_{target}")


def upgrade() -> None:
    """Nobody is told of anything yet."""
    op.create_table(
        "webhook_endpoint",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=True),
        sa.Column("url", sa.String(length=500), nullable=False),
        sa.Column("events", sa.String(length=400), nullable=False),
        sa.Column("with_codes", sa.Boolean(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("old_secret", sa.LargeBinary(), nullable=True),
        _moment("old_until", nullable=True),
        sa.Column("off_because", sa.String(length=16), nullable=True),
        _moment("failing_since", nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        _moment("created_at"),
        _moment("removed_at", nullable=True),
        sa.CheckConstraint(
            "(old_secret IS NULL) = (old_until IS NULL)", name="ck_webhook_endpoint_old_secret"
        ),
        sa.CheckConstraint(
            "removed_at IS NULL OR off_because IS NOT NULL", name="ck_webhook_endpoint_removed"
        ),
        sa.CheckConstraint("off_because IN ('staff', 'gone')", name="ck_webhook_endpoint_off_because"),
        _of("webhook_endpoint", "campaign_id", "campaign"),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_endpoint"),
    )
    op.create_table(
        "webhook_delivery",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("endpoint_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.String(length=32), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=True),
        sa.Column("subject", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        _moment("at"),
        sa.Column("state", sa.String(length=16), server_default="waiting", nullable=False),
        _moment("due_at"),
        _moment("held_until", nullable=True),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("earlier", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint("state IN ('waiting', 'sent', 'failed')", name="ck_webhook_delivery_state"),
        _of("webhook_delivery", "endpoint_id", "webhook_endpoint"),
        _of("webhook_delivery", "campaign_id", "campaign"),
        sa.PrimaryKeyConstraint("event_id", "endpoint_id", name="pk_webhook_delivery"),
    )
    op.create_index(
        "ix_webhook_delivery_due",
        "webhook_delivery",
        ["endpoint_id", "due_at"],
        sqlite_where=_WAITING,
        postgresql_where=_WAITING,
    )
    op.create_index(
        "ix_webhook_delivery_held",
        "webhook_delivery",
        ["endpoint_id", "held_until"],
        sqlite_where=_HELD,
        postgresql_where=_HELD,
    )
    op.create_table(
        "webhook_try",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("endpoint_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        _moment("at"),
        sa.Column("milliseconds", sa.Integer(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("trouble", sa.String(length=16), nullable=True),
        sa.Column("answer", sa.String(length=400), nullable=False),
        sa.CheckConstraint("(status IS NULL) = (trouble IS NOT NULL)", name="ck_webhook_try_answered"),
        sa.CheckConstraint(f"trouble IN ({_TROUBLES})", name="ck_webhook_try_trouble"),
        _of("webhook_try", "endpoint_id", "webhook_endpoint"),
        sa.PrimaryKeyConstraint("event_id", "endpoint_id", "number", name="pk_webhook_try"),
    )
    op.create_table(
        "webhook_watch",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("told", sa.String(length=16), nullable=False),
        sa.Column("turns", sa.Integer(), nullable=False),
        _moment("expired_until"),
        _of("webhook_watch", "campaign_id", "campaign"),
        sa.PrimaryKeyConstraint("campaign_id", name="pk_webhook_watch"),
    )
    for table in ("award", "replacement"):
        op.create_index(
            f"ix_{table}_ends",
            table,
            ["campaign_id", "expires_at"],
            sqlite_where=_ENDS,
            postgresql_where=_ENDS,
        )


def downgrade() -> None:
    """As before; endpoints and their secrets are forgotten."""
    for table in ("award", "replacement"):
        op.drop_index(f"ix_{table}_ends", table_name=table)
    for table in ("webhook_watch", "webhook_try", "webhook_delivery", "webhook_endpoint"):
        op.drop_table(table)
