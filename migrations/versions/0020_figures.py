"""Figures by day, where an entry came from, and what a campaign costs

Revision ID: 0020
Revises: 0019
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_COUNTS = ("visits", "sent", "entries", "people", "wins", "winners", "seen", "redeemed", "redeemers", "again")
_SOURCES = (("utm_source", 60), ("utm_medium", 60), ("utm_campaign", 60), ("device", 8))
_SEEN_LATER = sa.text("seen_at > created_at")
_REVERSED = sa.text("reversed_at IS NOT NULL")


def _of_campaign(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=f"fk_{table}_campaign_id_campaign")


def _count(name: str) -> sa.Column:  # type: ignore[type-arg]
    return sa.Column(name, sa.Integer(), server_default="0", nullable=False)


def _amount(name: str) -> sa.Column:  # type: ignore[type-arg]
    return sa.Column(name, sa.BigInteger(), server_default="0", nullable=False)


def upgrade() -> None:
    """Entries that are there came from anywhere, on any device; their figures are added up by the worker."""
    for name, length in _SOURCES:
        op.add_column("entry", sa.Column(name, sa.String(length=length), server_default="", nullable=False))
    op.add_column("award", sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_award_seen_later", "award", ["seen_at"], sqlite_where=_SEEN_LATER, postgresql_where=_SEEN_LATER
    )
    op.create_index("ix_redemption_created_at", "redemption", ["created_at"])
    op.create_index(
        "ix_redemption_reversed_at",
        "redemption",
        ["reversed_at"],
        sqlite_where=_REVERSED,
        postgresql_where=_REVERSED,
    )
    op.create_table(
        "figure_book",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("timezone", sa.String(length=64), server_default="", nullable=False),
        sa.Column("rolled_at", sa.DateTime(timezone=True), nullable=True),
        _count("version"),
        _of_campaign("figure_book"),
        sa.PrimaryKeyConstraint("campaign_id", name="pk_figure_book"),
    )
    op.create_table(
        "figure_day",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("dimension", sa.String(length=12), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("value", sa.String(length=80), nullable=False),
        *(_count(name) for name in _COUNTS),
        sa.CheckConstraint(
            "people <= entries AND wins <= entries AND seen <= wins AND redeemed <= wins"
            " AND winners <= wins AND redeemers <= redeemed AND again <= redeemed",
            name="ck_figure_day_parts",
        ),
        _of_campaign("figure_day"),
        sa.PrimaryKeyConstraint("campaign_id", "dimension", "day", "value", name="pk_figure_day"),
    )
    op.create_table(
        "figure_money",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("dimension", sa.String(length=12), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("value", sa.String(length=80), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("orders", sa.Integer(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        _of_campaign("figure_money"),
        sa.PrimaryKeyConstraint(
            "campaign_id", "dimension", "day", "value", "currency", name="pk_figure_money"
        ),
    )
    op.create_table(
        "traffic_count",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("quarter", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("device", sa.String(length=8), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        _of_campaign("traffic_count"),
        sa.PrimaryKeyConstraint("campaign_id", "quarter", "kind", "device", name="pk_traffic_count"),
    )
    op.create_table(
        "campaign_cost",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        *(_amount(name) for name in ("media", "prizes", "other", "discount")),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "media >= 0 AND prizes >= 0 AND other >= 0 AND discount >= 0", name="ck_campaign_cost_amounts"
        ),
        _of_campaign("campaign_cost"),
        sa.PrimaryKeyConstraint("campaign_id", name="pk_campaign_cost"),
    )
    op.create_table(
        "shopper_book",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("rolled_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.CheckConstraint("id = 1", name="ck_shopper_book_one"),
        sa.PrimaryKeyConstraint("id", name="pk_shopper_book"),
    )


def downgrade() -> None:
    """As before; where entries came from and what campaigns cost is forgotten."""
    for table in (
        "shopper_book",
        "campaign_cost",
        "traffic_count",
        "figure_money",
        "figure_day",
        "figure_book",
    ):
        op.drop_table(table)
    op.drop_index("ix_redemption_reversed_at", "redemption")
    op.drop_index("ix_redemption_created_at", "redemption")
    op.drop_index("ix_award_seen_later", "award")
    op.drop_column("award", "seen_at")
    for name, _length in reversed(_SOURCES):
        op.drop_column("entry", name)
