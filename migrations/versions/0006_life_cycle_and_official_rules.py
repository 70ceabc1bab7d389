"""Archived campaigns, who may take part, and the versions of the official rules.

Revision: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_SQLITE_TRIGGER = """
CREATE TRIGGER rules_version_refuse_{name} BEFORE {act} ON rules_version
BEGIN SELECT RAISE(ABORT, 'rules_version is written once'); END
"""
_POSTGRES_TRIGGER = """
CREATE TRIGGER rules_version_refuse_{name} BEFORE {act} ON rules_version
FOR EACH ROW EXECUTE FUNCTION refuse_change()
"""


def upgrade() -> None:
    op.add_column("campaign", sa.Column("eligibility", sa.Text(), nullable=False, server_default=""))
    op.add_column("campaign", sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "rules_version",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("version >= 1", name="ck_rules_version_version"),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name="fk_rules_version_campaign_id_campaign"
        ),
        sa.PrimaryKeyConstraint("campaign_id", "version", name="pk_rules_version"),
    )
    # Versions were only counted until now, not kept: the first one kept is the next one.
    op.execute("UPDATE campaign SET rules_version = 0 WHERE status = 'draft'")
    template = _POSTGRES_TRIGGER if op.get_bind().dialect.name == "postgresql" else _SQLITE_TRIGGER
    for act in ("UPDATE", "DELETE"):
        op.execute(template.format(act=act, name=act.lower()))


def downgrade() -> None:
    op.drop_table("rules_version")
    op.drop_column("campaign", "archived_at")
    op.drop_column("campaign", "eligibility")
