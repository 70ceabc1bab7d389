"""More about partners: their pages, their links, codes kept for their visitors, and counts of what they bring

Revision ID: 0021
Revises: 0020
"""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_IS_FREE = "status = 'free'"
_ONE = "(CASE WHEN {} IS NULL THEN 0 ELSE 1 END)"
_OF_THREE = " + ".join(_ONE.format(name) for name in ("entry_id", "account_id", "reminder_id")) + " = 1"
_OF_FOUR = _OF_THREE.removesuffix(" = 1") + f" + {_ONE.format('partner_id')} = 1"


def upgrade() -> None:
    """As it was: no code is reserved, nobody has a cap or an end, links of the first kind work."""
    for column in (
        sa.Column("handle", sa.String(length=60), server_default="", nullable=False),
        sa.Column("picture", sa.String(length=48), server_default="", nullable=False),
        sa.Column("greeting", sa.Text(), server_default="", nullable=False),
        sa.Column("share_text", sa.Text(), server_default="", nullable=False),
        sa.Column("short", sa.String(length=12), server_default="", nullable=False),
        sa.Column("utm", sa.JSON(), server_default="{}", nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("wins", sa.Integer(), server_default="0", nullable=False),
        sa.Column("email", sa.String(length=254), server_default="", nullable=False),
        sa.Column("email_key", sa.String(length=254), server_default="", nullable=False),
        sa.Column("locale", sa.String(length=16), server_default="en", nullable=False),
        sa.Column("link_counter", sa.Integer(), server_default="0", nullable=False),
        sa.Column("access_counter", sa.Integer(), server_default="0", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
    ):
        op.add_column("partner", column)
    op.execute(
        "ALTER TABLE partner ADD COLUMN max_wins INTEGER"
        " CONSTRAINT ck_partner_max_wins CHECK (max_wins IS NULL OR max_wins >= 0)"
    )
    op.execute(
        "ALTER TABLE partner ADD COLUMN pool VARCHAR(16) DEFAULT 'borrow' NOT NULL"
        " CONSTRAINT ck_partner_pool CHECK (pool IN ('borrow', 'lose'))"
    )
    _give_short_links()
    for name, indexed, is_unique in (
        ("uq_partner_short", "short", True),
        ("ix_partner_email_key", "email_key", False),
    ):
        where = sa.text(f"{indexed} <> ''")
        op.create_index(
            name, "partner", [indexed], unique=is_unique, sqlite_where=where, postgresql_where=where
        )
    op.execute(
        "ALTER TABLE campaign ADD COLUMN touch VARCHAR(16) DEFAULT 'last' NOT NULL"
        " CONSTRAINT ck_campaign_touch CHECK (touch IN ('last', 'first'))"
    )
    op.add_column("campaign", sa.Column("touch_hours", sa.Integer(), server_default="0", nullable=False))
    op.add_column("visit", sa.Column("at", sa.DateTime(timezone=True), nullable=True))
    _refer_to_partner("code")
    op.drop_index("ix_code_free", "code")
    _index_codes("ix_code_free", ["tier_id", "slot"], f"{_IS_FREE} AND partner_id IS NULL")
    _index_codes(
        "ix_code_reserved", ["partner_id", "tier_id", "slot"], f"{_IS_FREE} AND partner_id IS NOT NULL"
    )
    op.create_table(
        "partner_count",
        sa.Column("partner_id", sa.Uuid(), nullable=False),
        sa.Column("quarter", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("wins", sa.Integer(), nullable=False),
        sa.Column("crowded", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "0 <= wins AND wins <= entries AND people <= entries", name=op.f("ck_partner_count_counts")
        ),
        sa.ForeignKeyConstraint(["partner_id"], ["partner.id"], name="fk_partner_count_partner_id_partner"),
        sa.PrimaryKeyConstraint("partner_id", "quarter", name="pk_partner_count"),
    )
    # Both kinds of counts go on from one place: what was counted is counted once more, by the worker.
    op.execute("DELETE FROM quarter_count")
    op.execute("UPDATE watch SET counted_until = 0")
    _refer_to_partner("message")
    _ask_of_messages(_OF_THREE, _OF_FOUR)
    where = sa.text("partner_id IS NOT NULL")
    op.create_index(
        "ix_message_partner_id",
        "message",
        ["partner_id", "created_at"],
        sqlite_where=where,
        postgresql_where=where,
    )


def downgrade() -> None:
    """As before; codes that were reserved are for everybody again."""
    op.execute("DELETE FROM message WHERE partner_id IS NOT NULL")
    op.drop_index("ix_message_partner_id", "message")
    _ask_of_messages(_OF_FOUR, _OF_THREE)
    _drop("message", "partner_id")
    op.drop_table("partner_count")
    op.drop_index("ix_code_reserved", "code")
    op.drop_index("ix_code_free", "code")
    _drop("code", "partner_id")
    _index_codes("ix_code_free", ["tier_id", "slot"], _IS_FREE)
    op.drop_column("visit", "at")
    for name in ("touch", "touch_hours"):
        _drop("campaign", name)
    op.drop_index("uq_partner_short", "partner")
    op.drop_index("ix_partner_email_key", "partner")
    for name in (
        *("handle", "picture", "greeting", "share_text", "short", "utm", "starts_at", "ends_at", "max_wins"),
        *("wins", "pool", "email", "email_key", "locale", "link_counter", "access_counter", "version"),
    ):
        _drop("partner", name)


def _is_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _drop(table: str, column: str) -> None:
    op.execute(f"ALTER TABLE {table} DROP COLUMN {column}")


def _refer_to_partner(table: str) -> None:
    kind = "UUID" if _is_postgresql() else "CHAR(32)"
    op.execute(
        f"ALTER TABLE {table} ADD COLUMN partner_id {kind}"
        f" CONSTRAINT fk_{table}_partner_id_partner REFERENCES partner (id)"
    )


def _index_codes(name: str, columns: list[str], condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, "code", columns, sqlite_where=where, postgresql_where=where)


def _give_short_links() -> None:
    partner = sa.table("partner", sa.column("id", sa.Uuid()), sa.column("short", sa.String()))
    for row in op.get_bind().execute(sa.select(partner.c.id)).all():
        short = "".join(secrets.choice(_ALPHABET) for _ in range(8))
        op.execute(partner.update().where(partner.c.id == row.id).values(short=short))


def _ask_of_messages(before: str, after: str) -> None:
    """Each message has one recipient, of so many kinds. SQLite changes a constraint by making the table anew:
    nothing refers to it.
    """
    if _is_postgresql():
        name = op.get_bind().scalar(
            sa.text(
                "SELECT conname FROM pg_constraint"
                " WHERE conrelid = 'message'::regclass AND conname LIKE '%recipient'"
            )
        )
        op.execute(f"ALTER TABLE message DROP CONSTRAINT {name}")
        op.execute(f"ALTER TABLE message ADD CONSTRAINT {name} CHECK ({after})")
        return
    known = op.get_bind().exec_driver_sql(
        "SELECT sql FROM sqlite_master WHERE tbl_name = 'message' AND sql IS NOT NULL ORDER BY type DESC"
    )
    table, *indexes = [row.sql for row in known]
    assert before in table  # noqa: S101 -- or the constraint would silently stay
    op.execute("ALTER TABLE message RENAME TO message_before")
    for sql in indexes:
        op.execute("DROP INDEX " + sql.split("INDEX ", 1)[1].split(" ", 1)[0])
    op.execute(table.replace(before, after))
    names = ", ".join(row[1] for row in op.get_bind().exec_driver_sql("PRAGMA table_info(message_before)"))
    op.execute(f"INSERT INTO message ({names}) SELECT {names} FROM message_before")  # noqa: S608 -- fixed
    op.execute("DROP TABLE message_before")
    for sql in indexes:
        op.execute(sql)
