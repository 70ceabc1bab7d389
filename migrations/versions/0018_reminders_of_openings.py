"""Reminders of openings, and whether a campaign shows what is left.

Revision: 0018
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_IS_WAITING = sa.text("called_at IS NULL")
_ONE = "(CASE WHEN {} IS NULL THEN 0 ELSE 1 END)"
_ONE_OF_THREE = " + ".join(_ONE.format(name) for name in ("entry_id", "account_id", "reminder_id")) + " = 1"
_ONE_OF_TWO = "(entry_id IS NULL) <> (account_id IS NULL)"
_KEPT = (
    "id, kind, entry_id, entrant_id, account_id, number, state, created_at, due_at, tried_at, tries,"
    " last_error, sent_at, alert_id"
)


def upgrade() -> None:
    """Nobody waits yet, and nothing more is shown than before."""
    op.add_column(
        "campaign", sa.Column("shows_left", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.create_table(
        "opening_reminder",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("address_key", sa.String(length=64), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("locale", sa.String(length=16), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("called_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("email IS NOT NULL OR called_at IS NOT NULL", name="ck_opening_reminder_email"),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name="fk_opening_reminder_campaign_id_campaign"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_opening_reminder"),
        sa.UniqueConstraint("campaign_id", "address_key", name="uq_opening_reminder_campaign_id_address_key"),
    )
    op.create_index(
        "ix_opening_reminder_waiting",
        "opening_reminder",
        ["campaign_id"],
        sqlite_where=_IS_WAITING,
        postgresql_where=_IS_WAITING,
    )
    _make_message(
        _ONE_OF_THREE,
        sa.Column("reminder_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["reminder_id"], ["opening_reminder.id"], name="fk_message_reminder_id_opening_reminder"
        ),
    )
    op.create_index(
        "ix_message_reminder_id",
        "message",
        ["reminder_id"],
        unique=True,
        sqlite_where=sa.text("reminder_id IS NOT NULL"),
        postgresql_where=sa.text("reminder_id IS NOT NULL"),
    )


def downgrade() -> None:
    """As before; nobody is told of an opening."""
    op.execute("DELETE FROM message WHERE reminder_id IS NOT NULL")
    op.drop_index("ix_message_reminder_id", "message")
    _make_message(_ONE_OF_TWO)
    op.drop_table("opening_reminder")
    op.drop_column("campaign", "shows_left")


def _make_message(recipient: str, *more: sa.Column[Any] | sa.ForeignKeyConstraint) -> None:
    """Nothing refers to the table: it can be replaced, which is how SQLite changes a constraint."""
    for name in ("ix_message_due", "ix_message_tried"):
        op.drop_index(name, "message")
    op.rename_table("message", "message_before")
    if op.get_bind().dialect.name == "postgresql":  # its names are unique in the schema
        for name in ("pk_message", "uq_message_entry_id_kind_number", "fk_message_alert_id_alert"):
            op.execute(f"ALTER TABLE message_before DROP CONSTRAINT {name}")
    moment = sa.DateTime(timezone=True)
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
        sa.Column("created_at", moment, nullable=False),
        sa.Column("due_at", moment, nullable=False),
        sa.Column("tried_at", moment, nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.String(length=80), nullable=True),
        sa.Column("sent_at", moment, nullable=True),
        sa.CheckConstraint(recipient, name="ck_message_recipient"),
        sa.CheckConstraint("(entry_id IS NULL) = (entrant_id IS NULL)", name="ck_message_entrant"),
        sa.CheckConstraint("(state = 'sent') = (sent_at IS NOT NULL)", name="ck_message_sent"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_message_account_id_account"),
        sa.ForeignKeyConstraint(["entrant_id"], ["entrant.id"], name="fk_message_entrant_id_entrant"),
        sa.ForeignKeyConstraint(["entry_id"], ["entry.id"], name="fk_message_entry_id_entry"),
        sa.PrimaryKeyConstraint("id", name="pk_message"),
        sa.UniqueConstraint("entry_id", "kind", "number", name="uq_message_entry_id_kind_number"),
        *more,
    )
    # As it was added, so that it can be dropped as it was added.
    kind = "CHAR(32)" if op.get_bind().dialect.name == "sqlite" else "UUID"
    op.execute(
        f"ALTER TABLE message ADD COLUMN alert_id {kind}"
        " CONSTRAINT fk_message_alert_id_alert REFERENCES alert (id)"
    )
    op.execute(f"INSERT INTO message ({_KEPT}) SELECT {_KEPT} FROM message_before")  # noqa: S608 -- fixed
    op.drop_table("message_before")
    for name, columns, where in (
        ("ix_message_due", ["due_at"], "state = 'waiting'"),
        ("ix_message_tried", ["entrant_id", "tried_at"], "tried_at IS NOT NULL"),
    ):
        op.create_index(
            name, "message", columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where)
        )
