"""Referrals: friends who came by somebody's link

Revision: 0022
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """No campaign has referrals yet."""
    op.execute(
        "ALTER TABLE campaign ADD COLUMN refer_most INTEGER DEFAULT 0 NOT NULL"
        " CONSTRAINT ck_campaign_refer_most CHECK (refer_most >= 0)"
    )
    op.create_table(
        "referral",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("friend_id", sa.Uuid(), nullable=False),
        sa.Column("referrer_id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("link_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("not_counted", sa.String(length=16), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("credited_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("number IS NULL OR not_counted = ''", name="ck_referral_outcome"),
        sa.CheckConstraint("(number IS NULL) = (credited_at IS NULL)", name="ck_referral_credited"),
        sa.CheckConstraint("number IS NULL OR number >= 1", name="ck_referral_number"),
        *(
            sa.ForeignKeyConstraint([column], [f"{table}.id"], name=f"fk_referral_{column}_{table}")
            for column, table in (
                ("campaign_id", "campaign"),
                ("friend_id", "entrant"),
                ("referrer_id", "entrant"),
                ("entry_id", "entry"),
                ("link_id", "entry"),
            )
        ),
        sa.PrimaryKeyConstraint("campaign_id", "friend_id", name="pk_referral"),
        sa.UniqueConstraint(
            "campaign_id", "referrer_id", "number", name="uq_referral_campaign_id_referrer_id_number"
        ),
    )


def downgrade() -> None:
    """As before; further entries that were made stay, as what they are."""
    op.drop_table("referral")
    op.execute("ALTER TABLE campaign DROP COLUMN refer_most")
