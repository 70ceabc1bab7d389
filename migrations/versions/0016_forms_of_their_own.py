"""The entry form of a campaign, its versions, and what people answered.

Revision: 0016
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_SQLITE_TRIGGER = """
CREATE TRIGGER form_version_refuse_{name} BEFORE {act} ON form_version
BEGIN SELECT RAISE(ABORT, 'form_version is written once'); END
"""
_POSTGRES_TRIGGER = """
CREATE TRIGGER form_version_refuse_{name} BEFORE {act} ON form_version
FOR EACH ROW EXECUTE FUNCTION refuse_change()
"""


def upgrade() -> None:
    op.add_column("campaign", sa.Column("form", sa.Text(), nullable=False, server_default=""))
    op.add_column("campaign", sa.Column("form_version", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("entry", sa.Column("form_version", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("entry", sa.Column("answers", sa.Text(), nullable=False, server_default=""))
    op.create_table(
        "form_version",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.Column("texts", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("version >= 1", name="ck_form_version_version"),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name="fk_form_version_campaign_id_campaign"
        ),
        sa.PrimaryKeyConstraint("campaign_id", "version", name="pk_form_version"),
    )
    template = _POSTGRES_TRIGGER if op.get_bind().dialect.name == "postgresql" else _SQLITE_TRIGGER
    for act in ("UPDATE", "DELETE"):
        op.execute(template.format(act=act, name=act.lower()))


def downgrade() -> None:
    op.drop_table("form_version")
    op.drop_column("entry", "answers")
    op.drop_column("entry", "form_version")
    op.drop_column("campaign", "form_version")
    op.drop_column("campaign", "form")
