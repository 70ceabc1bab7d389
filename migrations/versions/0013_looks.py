"""The look of a campaign.

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Campaigns of before keep the look they had: an empty document."""
    op.add_column("campaign", sa.Column("theme", sa.JSON(), nullable=False, server_default="{}"))


def downgrade() -> None:
    """As before."""
    op.drop_column("campaign", "theme")
