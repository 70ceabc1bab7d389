"""The first tables.

Revision: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_WRITE_ONCE = ("audit_record", "odds_table")
_SQLITE_TRIGGER = """
CREATE TRIGGER {name} BEFORE {act} ON {table}
BEGIN SELECT RAISE(ABORT, '{table} is written once'); END
"""
_POSTGRES_REFUSE = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '% is written once', TG_TABLE_NAME; END $$
"""
_POSTGRES_TRIGGER = """
CREATE TRIGGER {name} BEFORE {act} ON {table}
FOR EACH ROW EXECUTE FUNCTION refuse_change()
"""


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "viewer", "editor", "admin", name="role", native_enum=False, create_constraint=True, length=16
            ),
            nullable=False,
        ),
        sa.Column("password_hash", sa.String(length=255), nullable=True),
        sa.Column("link_counter", sa.Integer(), nullable=False),
        sa.Column("session_counter", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_account"),
        sa.UniqueConstraint("email", name="uq_account_email"),
    )
    op.create_table(
        "campaign",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.String(length=60), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("intro", sa.Text(), nullable=False),
        sa.Column("sponsor", sa.String(length=120), nullable=False),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.Column("rules_version", sa.Integer(), nullable=False),
        sa.Column("accent", sa.String(length=16), nullable=False),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "draft",
                "open",
                "paused",
                "closed",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "entries",
            sa.Enum("once", "daily", name="entries", native_enum=False, create_constraint=True, length=16),
            nullable=False,
        ),
        sa.Column("lose_weight", sa.BigInteger(), nullable=False),
        sa.Column("odds_version", sa.Integer(), nullable=False),
        sa.Column("seed_encrypted", sa.LargeBinary(), nullable=False),
        sa.Column("seed_commit", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "closes_at IS NULL OR opens_at IS NULL OR opens_at < closes_at", name="ck_campaign_window"
        ),
        sa.CheckConstraint("length(seed_commit) = 64", name="ck_campaign_seed_commit"),
        sa.CheckConstraint("lose_weight >= 0", name="ck_campaign_lose_weight"),
        sa.PrimaryKeyConstraint("id", name="pk_campaign"),
        sa.UniqueConstraint("slug", name="uq_campaign_slug"),
    )
    op.create_table(
        "daily_key",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("key", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("day", name="pk_daily_key"),
    )
    op.create_table(
        "entrant",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email_key", sa.String(length=254), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_entrant"),
        sa.UniqueConstraint("email_key", name="uq_entrant_email_key"),
    )
    op.create_table(
        "spent_challenge",
        sa.Column("signature", sa.LargeBinary(length=32), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("signature", name="pk_spent_challenge"),
    )
    op.create_index("ix_spent_challenge_expires_at", "spent_challenge", ["expires_at"], unique=False)

    op.create_table(
        "audit_record",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=254), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("campaign_id", sa.Uuid(), nullable=True),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=254), nullable=False),
        sa.Column("before", sa.JSON(), nullable=True),
        sa.Column("after", sa.JSON(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_audit_record_account_id_account"),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name="fk_audit_record_campaign_id_campaign"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_audit_record"),
    )
    op.create_index("ix_audit_record_campaign_id_id", "audit_record", ["campaign_id", "id"], unique=False)

    op.create_table(
        "odds_table",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("prev_hash", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("version >= 1", name="ck_odds_table_version"),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name="fk_odds_table_campaign_id_campaign"),
        sa.PrimaryKeyConstraint("campaign_id", "version", name="pk_odds_table"),
    )
    op.create_table(
        "partner",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name="fk_partner_campaign_id_campaign"),
        sa.PrimaryKeyConstraint("id", name="pk_partner"),
        sa.UniqueConstraint("campaign_id", "slug", name="uq_partner_campaign_id_slug"),
    )
    op.create_table(
        "tier",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("weight", sa.BigInteger(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column(
            "on_empty",
            sa.Enum(
                "lose", "fallback", name="on_empty", native_enum=False, create_constraint=True, length=16
            ),
            nullable=False,
        ),
        sa.Column("fallback_id", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(on_empty = 'fallback') = (fallback_id IS NOT NULL)", name="ck_tier_fallback"),
        sa.CheckConstraint("fallback_id IS NULL OR fallback_id <> id", name="ck_tier_fallback_elsewhere"),
        sa.CheckConstraint("weight >= 0", name="ck_tier_weight"),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name="fk_tier_campaign_id_campaign"),
        sa.ForeignKeyConstraint(["fallback_id"], ["tier.id"], name="fk_tier_fallback_id_tier"),
        sa.PrimaryKeyConstraint("id", name="pk_tier"),
    )
    op.create_index(
        "uq_tier_campaign_id_name",
        "tier",
        ["campaign_id", "name"],
        unique=True,
        sqlite_where=sa.text("removed_at IS NULL"),
        postgresql_where=sa.text("removed_at IS NULL"),
    )

    op.create_table(
        "entry",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("entrant_id", sa.Uuid(), nullable=False),
        sa.Column("period", sa.String(length=10), nullable=False),
        sa.Column("nonce", sa.LargeBinary(length=16), nullable=False),
        sa.Column(
            "nonce_source",
            sa.Enum(
                "browser", "server", name="nonce_source", native_enum=False, create_constraint=True, length=16
            ),
            nullable=False,
        ),
        sa.Column("entry_commit", sa.LargeBinary(length=32), nullable=False),
        sa.Column("odds_version", sa.Integer(), nullable=False),
        sa.Column("ticket", sa.BigInteger(), nullable=False),
        sa.Column("tier_hit_id", sa.Uuid(), nullable=True),
        sa.Column("tier_awarded_id", sa.Uuid(), nullable=True),
        sa.Column(
            "reason",
            sa.Enum(
                "hit",
                "fallback",
                "empty",
                "no_win",
                name="reason",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("marketing", sa.Boolean(), nullable=False),
        sa.Column("rules_version", sa.Integer(), nullable=False),
        sa.Column("locale", sa.String(length=16), nullable=False),
        sa.Column("partner_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(reason = 'no_win' AND tier_hit_id IS NULL AND tier_awarded_id IS NULL)"
            " OR (reason = 'empty' AND tier_hit_id IS NOT NULL AND tier_awarded_id IS NULL)"
            " OR (reason = 'hit' AND tier_awarded_id IS NOT NULL AND tier_hit_id = tier_awarded_id)"
            " OR (reason = 'fallback' AND tier_hit_id IS NOT NULL"
            " AND tier_awarded_id IS NOT NULL AND tier_hit_id <> tier_awarded_id)",
            name="ck_entry_outcome",
        ),
        sa.CheckConstraint("length(nonce) = 16", name="ck_entry_nonce"),
        sa.CheckConstraint("ticket >= 0", name="ck_entry_ticket"),
        sa.ForeignKeyConstraint(
            ["campaign_id", "odds_version"],
            ["odds_table.campaign_id", "odds_table.version"],
            name="fk_entry_odds_table",
        ),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name="fk_entry_campaign_id_campaign"),
        sa.ForeignKeyConstraint(["entrant_id"], ["entrant.id"], name="fk_entry_entrant_id_entrant"),
        sa.ForeignKeyConstraint(["partner_id"], ["partner.id"], name="fk_entry_partner_id_partner"),
        sa.ForeignKeyConstraint(["tier_awarded_id"], ["tier.id"], name="fk_entry_tier_awarded_id_tier"),
        sa.ForeignKeyConstraint(["tier_hit_id"], ["tier.id"], name="fk_entry_tier_hit_id_tier"),
        sa.PrimaryKeyConstraint("id", name="pk_entry"),
        sa.UniqueConstraint(
            "campaign_id", "entrant_id", "period", name="uq_entry_campaign_id_entrant_id_period"
        ),
        sa.UniqueConstraint("campaign_id", "nonce", name="uq_entry_campaign_id_nonce"),
    )
    op.create_index("ix_entry_campaign_id_created_at", "entry", ["campaign_id", "created_at"], unique=False)
    op.create_index("ix_entry_partner_id_created_at", "entry", ["partner_id", "created_at"], unique=False)

    op.create_table(
        "prize",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("tier_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("instructions", sa.Text(), nullable=False),
        sa.Column("artwork", sa.String(length=16), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("codes", "quantity", name="kind", native_enum=False, create_constraint=True, length=16),
            nullable=False,
        ),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("stock_version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name="fk_prize_campaign_id_campaign"),
        sa.ForeignKeyConstraint(["tier_id"], ["tier.id"], name="fk_prize_tier_id_tier"),
        sa.PrimaryKeyConstraint("id", name="pk_prize"),
        sa.UniqueConstraint("id", "tier_id", name="uq_prize_id_tier_id"),
    )
    op.create_index("ix_prize_tier_id", "prize", ["tier_id"], unique=False)
    op.create_index(
        "uq_prize_campaign_id_name",
        "prize",
        ["campaign_id", "name"],
        unique=True,
        sqlite_where=sa.text("removed_at IS NULL"),
        postgresql_where=sa.text("removed_at IS NULL"),
    )

    op.create_table(
        "visit",
        sa.Column("partner_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("visitor", sa.LargeBinary(length=16), nullable=False),
        sa.ForeignKeyConstraint(["partner_id"], ["partner.id"], name="fk_visit_partner_id_partner"),
        sa.PrimaryKeyConstraint("partner_id", "day", "visitor", name="pk_visit"),
    )
    op.create_table(
        "code",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("tier_id", sa.Uuid(), nullable=False),
        sa.Column("prize_id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "free",
                "won",
                "withdrawn",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["prize_id", "tier_id"], ["prize.id", "prize.tier_id"], name="fk_code_prize_id_tier_id_prize"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_code"),
        sa.UniqueConstraint("key", name="uq_code_key"),
    )
    op.create_index(
        "ix_code_free",
        "code",
        ["tier_id", "slot"],
        unique=False,
        sqlite_where=sa.text("status = 'free'"),
        postgresql_where=sa.text("status = 'free'"),
    )
    op.create_index("ix_code_prize_id_status", "code", ["prize_id", "status"], unique=False)

    op.create_table(
        "award",
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("tier_id", sa.Uuid(), nullable=False),
        sa.Column("prize_id", sa.Uuid(), nullable=False),
        sa.Column("code_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("tier_name", sa.String(length=60), nullable=False),
        sa.Column("prize_name", sa.String(length=120), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name="fk_award_campaign_id_campaign"),
        sa.ForeignKeyConstraint(["code_id"], ["code.id"], name="fk_award_code_id_code"),
        sa.ForeignKeyConstraint(["entry_id"], ["entry.id"], name="fk_award_entry_id_entry"),
        sa.ForeignKeyConstraint(["prize_id"], ["prize.id"], name="fk_award_prize_id_prize"),
        sa.ForeignKeyConstraint(["tier_id"], ["tier.id"], name="fk_award_tier_id_tier"),
        sa.PrimaryKeyConstraint("entry_id", name="pk_award"),
        sa.UniqueConstraint("code_id", name="uq_award_code_id"),
    )
    op.create_index(
        "ix_award_campaign_id_created_at_entry_id",
        "award",
        ["campaign_id", "created_at", "entry_id"],
        unique=False,
    )
    op.create_index("ix_award_prize_id", "award", ["prize_id"], unique=False)

    # Audit records and odds tables are written once: the database itself refuses to change them.
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_POSTGRES_REFUSE)
    for table in _WRITE_ONCE:
        for act in ("UPDATE", "DELETE"):
            template = _POSTGRES_TRIGGER if op.get_bind().dialect.name == "postgresql" else _SQLITE_TRIGGER
            op.execute(template.format(table=table, act=act, name=f"{table}_refuse_{act.lower()}"))


def downgrade() -> None:
    for table in (
        "award",
        "code",
        "visit",
        "prize",
        "entry",
        "tier",
        "partner",
        "odds_table",
        "audit_record",
        "spent_challenge",
        "entrant",
        "daily_key",
        "campaign",
        "account",
    ):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_change()")
