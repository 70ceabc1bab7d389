"""Texts of a campaign in several languages.

Revision: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("campaign", sa.Column("language", sa.String(8), nullable=False, server_default="en"))
    op.add_column("campaign", sa.Column("texts", sa.JSON(), nullable=False, server_default="{}"))


def downgrade() -> None:
    op.drop_column("campaign", "texts")
    op.drop_column("campaign", "language")
