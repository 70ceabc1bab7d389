"""Counts by quarter hours, refusals, alerts, and what campaigns are watched for.

Revision: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def _words(name: str, *allowed: str) -> sa.Enum:
    return sa.Enum(*allowed, name=name, native_enum=False, create_constraint=True, length=16)


def _of_campaign(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=f"fk_{table}_campaign_id_campaign")


def upgrade() -> None:
    op.create_table(
        "quarter_count",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("quarter", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("odds_version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("wins", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "0 <= wins AND wins <= entries AND people <= entries", name="ck_quarter_count_counts"
        ),
        _of_campaign("quarter_count"),
        sa.PrimaryKeyConstraint("campaign_id", "quarter", "odds_version", name="pk_quarter_count"),
    )
    op.create_table(
        "refusal_count",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("quarter", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        _of_campaign("refusal_count"),
        sa.PrimaryKeyConstraint("campaign_id", "quarter", "reason", name="pk_refusal_count"),
    )
    op.create_table(
        "watch",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("counted_until", sa.Integer(), nullable=False),
        sa.Column("brake", _words("brake", "off", "warn", "pause"), nullable=False),
        sa.Column("most_per_hour", sa.Integer(), nullable=True),
        sa.Column("low_percent", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("1 <= low_percent AND low_percent <= 100", name="ck_watch_low_percent"),
        sa.CheckConstraint("most_per_hour IS NULL OR most_per_hour >= 1", name="ck_watch_most_per_hour"),
        _of_campaign("watch"),
        sa.PrimaryKeyConstraint("campaign_id", name="pk_watch"),
    )
    op.create_table(
        "alert",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind", _words("kind", "stock", "runs_out", "ahead", "brake", "starts", "ends"), nullable=False
        ),
        sa.Column("cause", sa.String(length=120), nullable=False),
        sa.Column("tier_id", sa.Uuid(), nullable=True),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seen_by", sa.String(length=254), nullable=True),
        sa.Column("over_at", sa.DateTime(timezone=True), nullable=True),
        _of_campaign("alert"),
        sa.ForeignKeyConstraint(["tier_id"], ["tier.id"], name="fk_alert_tier_id_tier"),
        sa.PrimaryKeyConstraint("id", name="pk_alert"),
        sa.UniqueConstraint("campaign_id", "kind", "cause", name="uq_alert_campaign_id_kind_cause"),
    )
    op.create_index(
        "ix_alert_open",
        "alert",
        ["campaign_id"],
        sqlite_where=sa.text("seen_at IS NULL"),
        postgresql_where=sa.text("seen_at IS NULL"),
    )
    op.add_column("account", sa.Column("alert_mails", sa.Boolean(), server_default=sa.true(), nullable=False))
    # SQLite adds a column with its foreign key in place.
    kind = "CHAR(32)" if op.get_bind().dialect.name == "sqlite" else "UUID"
    op.execute(
        f"ALTER TABLE message ADD COLUMN alert_id {kind}"
        " CONSTRAINT fk_message_alert_id_alert REFERENCES alert (id)"
    )


def downgrade() -> None:
    op.execute("DELETE FROM message WHERE alert_id IS NOT NULL")
    op.drop_column("message", "alert_id")
    op.drop_column("account", "alert_mails")
    for table in ("alert", "watch", "refusal_count", "quarter_count"):
        op.drop_table(table)
