"""Wins are handled: status, notes, void, replacements; and found by the beginning of a name or address.

Revision: 0004
"""

import sqlalchemy as sa
from alembic import op

from app.domain.search_keys import keys_of

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_MOMENT = {"sqlite": "DATETIME", "postgresql": "TIMESTAMP WITH TIME ZONE"}
# In this order; away again in the reverse one. CHECKs stand at their columns: SQLite adds no others.
_COLUMNS = {
    "status": "VARCHAR(16) DEFAULT 'new' NOT NULL CONSTRAINT ck_award_status"
    " CHECK (status IN ('new', 'contacted', 'claimed', 'sent', 'void'))",
    "notes": "TEXT DEFAULT '' NOT NULL",
    "version": "INTEGER DEFAULT '1' NOT NULL",
    "has_keys": "BOOLEAN DEFAULT FALSE NOT NULL",
    "voided_at": "{moment} CONSTRAINT ck_award_void CHECK ((status = 'void') = (voided_at IS NOT NULL))",
    "void_reason": "TEXT DEFAULT '' NOT NULL",
    "returned_at": "{moment}",
}
_CHUNK = 1000


def upgrade() -> None:
    dialect = op.get_bind().dialect.name
    for name, kind in _COLUMNS.items():
        op.execute(f"ALTER TABLE award ADD COLUMN {name} {kind.format(moment=_MOMENT[dialect])}")
    op.create_index(
        "ix_award_campaign_id_status",
        "award",
        ["campaign_id", "status"],
        unique=False,
        sqlite_where=sa.text("status <> 'new'"),
        postgresql_where=sa.text("status <> 'new'"),
    )
    op.create_index(
        "ix_entry_partner_id_won",
        "entry",
        ["partner_id"],
        unique=False,
        sqlite_where=sa.text("partner_id IS NOT NULL AND tier_awarded_id IS NOT NULL"),
        postgresql_where=sa.text("partner_id IS NOT NULL AND tier_awarded_id IS NOT NULL"),
    )
    op.create_table(
        "replacement",
        sa.Column(
            "code_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.SmallInteger(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("tier_id", sa.Uuid(), nullable=False),
        sa.Column("prize_id", sa.Uuid(), nullable=False),
        sa.Column("tier_name", sa.String(length=60), nullable=False),
        sa.Column("prize_name", sa.String(length=120), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "new",
                "contacted",
                "claimed",
                "sent",
                "void",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            server_default="new",
            nullable=False,
        ),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("void_reason", sa.Text(), server_default="", nullable=False),
        sa.Column("returned_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(status = 'void') = (voided_at IS NOT NULL)", name="ck_replacement_void"),
        sa.CheckConstraint("place >= 1", name="ck_replacement_place"),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name="fk_replacement_campaign_id_campaign"),
        sa.ForeignKeyConstraint(["code_id"], ["code.id"], name="fk_replacement_code_id_code"),
        sa.ForeignKeyConstraint(["entry_id"], ["award.entry_id"], name="fk_replacement_entry_id_award"),
        sa.ForeignKeyConstraint(
            ["prize_id", "tier_id"],
            ["prize.id", "prize.tier_id"],
            name="fk_replacement_prize_id_tier_id_prize",
        ),
        sa.PrimaryKeyConstraint("code_id", name="pk_replacement"),
        sa.UniqueConstraint("entry_id", "place", name="uq_replacement_entry_id_place"),
    )
    op.create_index(
        "uq_replacement_standing",
        "replacement",
        ["entry_id"],
        unique=True,
        sqlite_where=sa.text("status <> 'void'"),
        postgresql_where=sa.text("status <> 'void'"),
    )
    op.create_index(
        "ix_replacement_campaign_id_prize_id", "replacement", ["campaign_id", "prize_id"], unique=False
    )
    op.create_table(
        "winner_key",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column(
            "key",
            sa.String(length=254).with_variant(sa.String(length=254, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["award.entry_id"], name="fk_winner_key_entry_id_award"),
        sa.PrimaryKeyConstraint("campaign_id", "key", "entry_id", name="pk_winner_key"),
        sqlite_with_rowid=False,
    )
    _write_keys()
    op.create_index(
        "ix_award_without_keys",
        "award",
        ["campaign_id"],
        unique=False,
        sqlite_where=sa.text("has_keys = 0"),
        postgresql_where=sa.text("NOT has_keys"),
    )


def downgrade() -> None:
    op.drop_table("winner_key")
    op.drop_table("replacement")
    op.drop_index("ix_entry_partner_id_won", table_name="entry")
    for index in ("ix_award_without_keys", "ix_award_campaign_id_status"):
        op.drop_index(index, table_name="award")
    for name in reversed(_COLUMNS):
        op.execute(f"ALTER TABLE award DROP COLUMN {name}")


def _write_keys() -> None:
    """The search keys of everybody who has won so far; those to come get theirs later."""
    uuid, text = sa.Uuid(), sa.Text()
    award = sa.table(
        "award", sa.column("entry_id", uuid), sa.column("campaign_id", uuid), sa.column("has_keys")
    )
    entry = sa.table("entry", sa.column("id", uuid), sa.column("name", text), sa.column("email", text))
    winner_key = sa.table(
        "winner_key", sa.column("campaign_id", uuid), sa.column("key", text), sa.column("entry_id", uuid)
    )
    winners = (
        sa.select(award.c.entry_id, award.c.campaign_id, entry.c.name, entry.c.email)
        .join(entry, entry.c.id == award.c.entry_id)
        .order_by(award.c.entry_id)
        .limit(_CHUNK)
    )
    connection = op.get_bind()
    last = None
    while rows := connection.execute(
        winners if last is None else winners.where(award.c.entry_id > last)
    ).all():
        keys = [
            {"campaign_id": row.campaign_id, "key": key, "entry_id": row.entry_id}
            for row in rows
            for key in keys_of(row.name, row.email)
        ]
        connection.execute(sa.insert(winner_key), keys)
        last = rows[-1].entry_id
    connection.execute(sa.update(award).values(has_keys=sa.true()))
