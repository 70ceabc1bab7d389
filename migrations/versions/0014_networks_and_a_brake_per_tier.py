"""The network an entry came from, as a hash of its day; the drain brake per tier

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_BEFORE = ("off", "warn", "pause")
_SINCE = ("off", "warn", "slow", "pause")


def upgrade() -> None:
    op.add_column("entry", sa.Column("network", sa.LargeBinary(length=12), nullable=True))
    op.create_table(
        "network_key",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("key", sa.LargeBinary(length=32), nullable=True),
        sa.PrimaryKeyConstraint("day", name="pk_network_key"),
    )
    op.create_table(
        "tier_watch",
        sa.Column("tier_id", sa.Uuid(), nullable=False),
        sa.Column("brake", sa.String(length=16), nullable=True),
        sa.Column("most_per_hour", sa.Integer(), nullable=True),
        sa.Column("plan_percent", sa.Integer(), nullable=True),
        sa.CheckConstraint(f"brake IN {_SINCE}", name="ck_tier_watch_brake"),
        sa.CheckConstraint("most_per_hour IS NULL OR most_per_hour >= 1", name="ck_tier_watch_most_per_hour"),
        sa.CheckConstraint("plan_percent IS NULL OR plan_percent >= 100", name="ck_tier_watch_plan_percent"),
        sa.ForeignKeyConstraint(["tier_id"], ["tier.id"], name="fk_tier_watch_tier_id_tier"),
        sa.PrimaryKeyConstraint("tier_id", name="pk_tier_watch"),
    )
    _make_watch(
        _SINCE,
        sa.Column("network_percent", sa.Integer(), nullable=False, server_default="20"),
        sa.CheckConstraint(
            "1 <= network_percent AND network_percent <= 100", name="ck_watch_network_percent"
        ),
    )


def downgrade() -> None:
    op.execute("UPDATE watch SET brake = 'pause' WHERE brake = 'slow'")
    _make_watch(_BEFORE)
    op.drop_table("tier_watch")
    op.drop_table("network_key")
    op.drop_column("entry", "network")


def _make_watch(brakes: tuple[str, ...], *more: sa.Column[int] | sa.CheckConstraint) -> None:
    """Nothing refers to the table: it can be replaced, which is how SQLite changes a constraint."""
    kept = "campaign_id, counted_until, brake, most_per_hour, low_percent, version"
    op.rename_table("watch", "watch_before")
    if op.get_bind().dialect.name == "postgresql":  # its names are unique in the schema
        op.execute("ALTER TABLE watch_before DROP CONSTRAINT pk_watch")
    op.create_table(
        "watch",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("counted_until", sa.Integer(), nullable=False),
        sa.Column("brake", sa.String(length=16), nullable=False),
        sa.Column("most_per_hour", sa.Integer(), nullable=True),
        sa.Column("low_percent", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(f"brake IN {brakes}", name="ck_watch_brake"),
        sa.CheckConstraint("1 <= low_percent AND low_percent <= 100", name="ck_watch_low_percent"),
        sa.CheckConstraint("most_per_hour IS NULL OR most_per_hour >= 1", name="ck_watch_most_per_hour"),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name="fk_watch_campaign_id_campaign"),
        sa.PrimaryKeyConstraint("campaign_id", name="pk_watch"),
        *more,
    )
    op.execute(f"INSERT INTO watch ({kept}) SELECT {kept} FROM watch_before")  # noqa: S608 -- fixed names
    op.drop_table("watch_before")
