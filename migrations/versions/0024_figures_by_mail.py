"""Figures by mail: who wants them, how far they were told, and what a mail to staff is about

Revision ID: 0024
Revises: 0023
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nobody has asked for any yet."""
    op.create_table(
        "report_mail",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=True),
        sa.Column("every", sa.String(length=16), nullable=False),
        sa.Column("hour", sa.Integer(), nullable=False),
        sa.Column("locale", sa.String(length=16), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("every IN ('daily', 'weekly')", name=op.f("ck_report_mail_every")),
        sa.CheckConstraint("0 <= hour AND hour <= 23", name=op.f("ck_report_mail_hour")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_report_mail_account_id_account"),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name="fk_report_mail_campaign_id_campaign"),
        sa.PrimaryKeyConstraint("id", name="pk_report_mail"),
    )
    op.create_index(
        "uq_report_mail_account_id_campaign_id", "report_mail", ["account_id", "campaign_id"], unique=True
    )
    where = sa.text("campaign_id IS NULL")
    op.create_index(
        "uq_report_mail_all",
        "report_mail",
        ["account_id"],
        unique=True,
        sqlite_where=where,
        postgresql_where=where,
    )
    op.create_table(
        "report_turn",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_report_turn_account_id_account"),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name="fk_report_turn_campaign_id_campaign"),
        sa.PrimaryKeyConstraint("account_id", "campaign_id", name="pk_report_turn"),
    )
    kind = "UUID" if op.get_bind().dialect.name == "postgresql" else "CHAR(32)"
    op.execute(
        f"ALTER TABLE message ADD COLUMN campaign_id {kind}"
        " CONSTRAINT fk_message_campaign_id_campaign REFERENCES campaign (id)"
    )


def downgrade() -> None:
    """As before; reports that wait are not sent."""
    op.execute("DELETE FROM message WHERE campaign_id IS NOT NULL")
    op.execute("ALTER TABLE message DROP COLUMN campaign_id")
    op.drop_table("report_turn")
    op.drop_table("report_mail")
