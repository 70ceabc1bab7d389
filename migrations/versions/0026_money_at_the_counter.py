"""A counter may ask for the value of the order, in the currency of its till

Revision ID: 0026
Revises: 0025
"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("location", sa.Column("currency", sa.String(3), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("location", "currency")
