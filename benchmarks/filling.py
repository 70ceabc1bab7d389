"""Databases as they are after a while: a campaign's winners and free codes by the hundred thousand.

The rows are made inside the database, since the service would take an hour; ids and moments grow as in life,
codes and slots are scattered.
"""

import sqlite3
from collections.abc import Mapping

import psycopg

from app.adapters.chance import SystemRng
from app.domain.codes import generate

_SQLITE = {
    "id": "printf('%032x', number)",
    "code": "'FILLED-' || printf('%08X', number * 2654435761 % 4294967296)",
    "nonce": "randomblob(16)",
    "commit": "randomblob(32)",
    "slot": "abs(random()) % 2147483648",
    "moment": "strftime('%Y-%m-%d %H:%M:%f', 1906502400 + number / 1000.0, 'unixepoch') || '000'",
    "false": "0",
    "true": "1",
}
_POSTGRES = {
    "id": "lpad(to_hex(number), 32, '0')::uuid",
    "code": "'FILLED-' || upper(lpad(to_hex(number * 2654435761 % 4294967296), 8, '0'))",
    "nonce": "decode(md5(number::text), 'hex')",
    "commit": "sha256(number::text::bytea)",
    "slot": "floor(random() * 2147483648)::int",
    "moment": "timestamptz '2030-06-01 00:00+00' + number * interval '1 millisecond'",
    "false": "false",
    "true": "true",
}
_NUMBERS = """WITH RECURSIVE numbers (number) AS (
    SELECT {one} UNION ALL SELECT number + 1 FROM numbers WHERE number < {last}
)"""
# Codes 1 to `rows` are won by entries 1 to `rows`; as many more are free.
_STATEMENTS = (
    """INSERT INTO code (id, tier_id, prize_id, text, key, slot, status, created_at)
    {twice} SELECT number, prize.tier_id, prize.id, {code}, {code}, {slot},
        CASE WHEN number <= {rows} THEN 'won' ELSE 'free' END, {moment} FROM numbers, prize""",
    """INSERT INTO entrant (id, email_key, created_at)
    {once} SELECT {id}, 'person' || number || '@example.org', {moment} FROM numbers""",
    """INSERT INTO entry (id, campaign_id, entrant_id, period, nonce, nonce_source, entry_commit,
        odds_version, ticket, tier_hit_id, tier_awarded_id, reason,
        name, email, marketing, rules_version, locale, created_at)
    {once} SELECT {id}, campaign.id, {id}, '', {nonce}, 'browser', {commit},
        campaign.odds_version, 0, tier.id, tier.id, 'hit',
        'Person ' || number, 'person' || number || '@example.org', {false}, 1, 'en', {moment}
        FROM numbers, campaign, tier""",
    """INSERT INTO award
        (entry_id, campaign_id, tier_id, prize_id, code_id, tier_name, prize_name, created_at, has_keys)
    {once} SELECT {id}, prize.campaign_id, prize.tier_id, prize.id, number, 'Gold', 'Gold prize', {moment},
        {true} FROM numbers, prize""",
    # What winners are found by, in the order of the index.
    """INSERT INTO winner_key (campaign_id, key, entry_id)
    SELECT campaign_id, key, id FROM (
        SELECT campaign_id, id, email AS key FROM entry
        UNION ALL SELECT campaign_id, id, lower(name) FROM entry
        UNION ALL SELECT campaign_id, id, substr(name, 8) FROM entry
    ) AS keys ORDER BY key, id""",
)


def fill(url: str, rows: int) -> None:
    """Add `rows` winners and `rows` free codes to a database with one campaign, one tier and one prize.

    The oldest winner's code is one as the service generates them.
    """
    (code,) = generate(SystemRng(), 1)
    if url.startswith("sqlite"):
        with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
            for statement in _statements(_SQLITE, "1", rows):
                connection.execute(statement)
            connection.execute("UPDATE code SET text = ?1, key = ?1 WHERE id = 1", (code,))
        connection.close()
        return
    with psycopg.connect(url.replace("+psycopg", "")) as server:
        server.execute("SET session_replication_role = replica")  # no foreign key is looked up
        for statement in _statements(_POSTGRES, "1::bigint", rows):
            server.execute(statement.encode())
        server.execute("UPDATE code SET text = %(code)s, key = %(code)s WHERE id = 1", {"code": code})
        server.execute("SELECT setval(pg_get_serial_sequence('code', 'id'), max(id)) FROM code")


def settle(url: str) -> None:
    """What a PostgreSQL in use does by itself: vacuum, statistics for the planner, a checkpoint."""
    if url.startswith("postgresql"):
        with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as server:
            server.execute("VACUUM ANALYZE")
            server.execute("CHECKPOINT")


def _statements(words: Mapping[str, str], one: str, rows: int) -> list[str]:
    once, twice = (_NUMBERS.format(one=one, last=last) for last in (rows, 2 * rows))
    return [statement.format(**words, once=once, twice=twice, rows=rows) for statement in _STATEMENTS]
