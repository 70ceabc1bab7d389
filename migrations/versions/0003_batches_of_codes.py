"""Batches of codes, and codes on their way into the stock.

Revision: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_OPEN = "state IN ('staging', 'offering')"


def upgrade() -> None:
    op.create_table(
        "code_batch",
        sa.Column("id", _SERIAL, nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("prize_id", sa.Uuid(), nullable=False),
        sa.Column(
            "source",
            sa.Enum(
                "imported", "generated", name="source", native_enum=False, create_constraint=True, length=16
            ),
            nullable=False,
        ),
        sa.Column("file_name", sa.String(length=255), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("staged", sa.Integer(), nullable=False),
        sa.Column("returned", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "staging",
                "offering",
                "done",
                "failed",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column("actor", sa.String(length=254), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("touched_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("0 <= staged AND staged <= size", name="ck_code_batch_staged"),
        sa.CheckConstraint("state NOT IN ('offering', 'done') OR staged = size", name="ck_code_batch_whole"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_code_batch_account_id_account"),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name="fk_code_batch_campaign_id_campaign"),
        sa.ForeignKeyConstraint(["prize_id"], ["prize.id"], name="fk_code_batch_prize_id_prize"),
        sa.PrimaryKeyConstraint("id", name="pk_code_batch"),
    )
    op.create_index("ix_code_batch_prize_id_id", "code_batch", ["prize_id", "id"], unique=False)
    op.create_index(
        "ix_code_batch_open",
        "code_batch",
        ["id"],
        unique=False,
        sqlite_where=sa.text(_OPEN),
        postgresql_where=sa.text(_OPEN),
    )
    op.create_table(
        "staged_code",
        sa.Column("id", _SERIAL, nullable=False),
        sa.Column("batch_id", _SERIAL, nullable=False),
        sa.Column("text", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["code_batch.id"], name="fk_staged_code_batch_id_code_batch"),
        sa.PrimaryKeyConstraint("id", name="pk_staged_code"),
        sa.UniqueConstraint("key", name="uq_staged_code_key"),
    )
    op.create_index("ix_staged_code_batch_id_id", "staged_code", ["batch_id", "id"], unique=False)

    # SQLite adds a column with its foreign key in place; rebuilding the table would take its winners along.
    kind = "INTEGER" if op.get_bind().dialect.name == "sqlite" else "BIGINT"
    op.execute(
        f"ALTER TABLE code ADD COLUMN batch_id {kind}"
        " CONSTRAINT fk_code_batch_id_code_batch REFERENCES code_batch (id)"
    )
    op.drop_index("ix_code_prize_id_status", "code")
    op.create_index(
        "ix_code_prize_id_status_batch_id", "code", ["prize_id", "status", "batch_id"], unique=False
    )


def downgrade() -> None:
    op.drop_index("ix_code_prize_id_status_batch_id", "code")
    op.create_index("ix_code_prize_id_status", "code", ["prize_id", "status"], unique=False)
    op.drop_table("staged_code")
    op.drop_column("code", "batch_id")
    op.drop_table("code_batch")
