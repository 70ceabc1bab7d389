"""Redemptions, and who brings them: API keys and shops with a counter page

Revision ID: 0017
Revises: 0016
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_AT_LOCATION = sa.text("location_id IS NOT NULL")


def _moment(name: str, *, nullable: bool = False) -> sa.Column:  # type: ignore[type-arg]
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _text(name: str, length: int | None) -> sa.Column:  # type: ignore[type-arg]
    kind = sa.Text() if length is None else sa.String(length=length)
    return sa.Column(name, kind, server_default="", nullable=False)


def upgrade() -> None:
    """Nothing has been redeemed yet, and each code can be used once."""
    op.execute(
        "ALTER TABLE prize ADD COLUMN uses INTEGER DEFAULT 1 NOT NULL"
        " CONSTRAINT ck_prize_uses CHECK (uses >= 1)"
    )
    op.add_column("code", sa.Column("uses", sa.Integer(), nullable=True))
    op.execute(
        "ALTER TABLE code ADD COLUMN uses_left INTEGER CONSTRAINT ck_code_uses CHECK"
        " ((uses IS NULL) = (uses_left IS NULL)"
        " AND (uses IS NULL OR (0 <= uses_left AND uses_left <= uses AND status = 'won')))"
    )
    op.create_table(
        "api_key",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("prefix", sa.String(length=16), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("scopes", sa.String(length=400), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=True),
        _moment("created_at"),
        sa.Column("created_by", sa.String(length=254), nullable=False),
        _moment("expires_at", nullable=True),
        _moment("revoked_at", nullable=True),
        _moment("last_used_at", nullable=True),
        sa.CheckConstraint("length(secret_hash) = 32", name="ck_api_key_secret_hash"),
        sa.CheckConstraint("scopes <> ''", name="ck_api_key_scopes"),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name="fk_api_key_campaign_id_campaign"),
        sa.PrimaryKeyConstraint("id", name="pk_api_key"),
        sa.UniqueConstraint("prefix", name="uq_api_key_prefix"),
    )
    op.create_table(
        "location",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=True),
        sa.Column("pin_hash", sa.String(length=255), nullable=False),
        sa.Column("pin_counter", sa.Integer(), server_default="1", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        _moment("created_at"),
        _moment("disabled_at", nullable=True),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name="fk_location_campaign_id_campaign"),
        sa.PrimaryKeyConstraint("id", name="pk_location"),
    )
    op.create_table(
        "idempotency_key",
        sa.Column("owner", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(length=32), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        _moment("created_at"),
        sa.CheckConstraint("length(fingerprint) = 32", name="ck_idempotency_key_fingerprint"),
        sa.PrimaryKeyConstraint("owner", "key", name="pk_idempotency_key"),
    )
    op.create_index("ix_idempotency_key_created_at", "idempotency_key", ["created_at"])
    op.create_table(
        "redemption",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("prize_id", sa.Uuid(), nullable=False),
        sa.Column("units", sa.Integer(), server_default="1", nullable=False),
        _moment("at"),
        _moment("created_at"),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("actor", sa.String(length=254), nullable=False),
        sa.Column("api_key_id", sa.Uuid(), nullable=True),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("location_id", sa.Uuid(), nullable=True),
        _text("location", 120),
        _text("order_reference", 120),
        sa.Column("order_value", sa.BigInteger(), nullable=True),
        _text("currency", 3),
        _moment("reversed_at", nullable=True),
        _text("reversed_by", 254),
        _text("reverse_reason", None),
        sa.CheckConstraint("units >= 1", name="ck_redemption_units"),
        sa.CheckConstraint("order_value IS NULL OR order_value >= 0", name="ck_redemption_order_value"),
        sa.CheckConstraint("(order_value IS NULL) = (currency = '')", name="ck_redemption_currency"),
        sa.CheckConstraint(
            "(reversed_at IS NULL) = (reversed_by = '') AND (reversed_at IS NOT NULL OR reverse_reason = '')",
            name="ck_redemption_reversed",
        ),
        sa.CheckConstraint("(source = 'api') = (api_key_id IS NOT NULL)", name="ck_redemption_api_key"),
        sa.CheckConstraint("(source = 'counter') = (location_id IS NOT NULL)", name="ck_redemption_location"),
        sa.CheckConstraint("source IN ('api', 'counter', 'import', 'staff')", name="ck_redemption_source"),
        *(
            sa.ForeignKeyConstraint([column], [f"{table}.{target}"], name=f"fk_redemption_{column}_{table}")
            for column, table, target in (
                ("code_id", "code", "id"),
                ("entry_id", "award", "entry_id"),
                ("campaign_id", "campaign", "id"),
                ("prize_id", "prize", "id"),
                ("api_key_id", "api_key", "id"),
                ("account_id", "account", "id"),
                ("location_id", "location", "id"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name="pk_redemption"),
    )
    op.create_index("ix_redemption_code_id", "redemption", ["code_id"])
    op.create_index("ix_redemption_entry_id", "redemption", ["entry_id"])
    op.create_index("ix_redemption_campaign_id_id", "redemption", ["campaign_id", "id"])
    op.create_index("ix_redemption_campaign_id_at", "redemption", ["campaign_id", "at"])
    op.create_index(
        "ix_redemption_location_id_id",
        "redemption",
        ["location_id", "id"],
        sqlite_where=_AT_LOCATION,
        postgresql_where=_AT_LOCATION,
    )


def downgrade() -> None:
    """As before; what was redeemed is forgotten."""
    for table in ("redemption", "idempotency_key", "location", "api_key"):
        op.drop_table(table)
    op.execute("ALTER TABLE code DROP COLUMN uses_left")
    op.drop_column("code", "uses")
    op.execute("ALTER TABLE prize DROP COLUMN uses")
