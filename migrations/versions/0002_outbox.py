"""The outbox: mail waiting to be sent.

Revision: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "message",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=True),
        sa.Column("entrant_id", sa.Uuid(), nullable=True),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "sent",
                "failed",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.String(length=80), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(entry_id IS NULL) <> (account_id IS NULL)", name="ck_message_recipient"),
        sa.CheckConstraint("(entry_id IS NULL) = (entrant_id IS NULL)", name="ck_message_entrant"),
        sa.CheckConstraint("(state = 'sent') = (sent_at IS NOT NULL)", name="ck_message_sent"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_message_account_id_account"),
        sa.ForeignKeyConstraint(["entrant_id"], ["entrant.id"], name="fk_message_entrant_id_entrant"),
        sa.ForeignKeyConstraint(["entry_id"], ["entry.id"], name="fk_message_entry_id_entry"),
        sa.PrimaryKeyConstraint("id", name="pk_message"),
        sa.UniqueConstraint("entry_id", "kind", "number", name="uq_message_entry_id_kind_number"),
    )
    op.create_index(
        "ix_message_due",
        "message",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index(
        "ix_message_tried",
        "message",
        ["entrant_id", "tried_at"],
        unique=False,
        sqlite_where=sa.text("tried_at IS NOT NULL"),
        postgresql_where=sa.text("tried_at IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_table("message")
