"""How a campaign shows its results

Revision ID: 0012
Revises: 0011
"""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What there was is plain."""
    op.execute(
        "ALTER TABLE campaign ADD COLUMN reveal VARCHAR(16) DEFAULT 'plain' NOT NULL"
        " CONSTRAINT ck_campaign_reveal"
        " CHECK (reveal IN ('plain', 'scratch', 'wheel', 'slots', 'gift'))"
    )


def downgrade() -> None:
    """All are plain again."""
    op.execute("ALTER TABLE campaign DROP COLUMN reveal")
