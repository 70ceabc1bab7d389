"""Databases as they are after a while: a campaign's winners and free codes by the hundred thousand.

The rows are made inside the database, since the service would take an hour; ids and moments grow as in life,
codes and slots are scattered.
"""

import sqlite3
from collections.abc import Iterable

import psycopg

from app.adapters.chance import SystemRng
from app.domain.codes import generate

JUNE_2030 = 1906502400  # seconds since 1970
_SQLITE = {
    "id": "printf('%032x', number)",
    "code": "'FILLED-' || printf('%08X', number * 2654435761 % 4294967296)",
    "nonce": "randomblob(16)",
    "commit": "randomblob(32)",
    "slot": "abs(random()) % 2147483648",
    "moment": "strftime('%Y-%m-%d %H:%M:%f', {start} + number * {apart}, 'unixepoch') || '000'",
    "false": "0",
    "true": "1",
}
_POSTGRES = {
    "id": "lpad(to_hex(number), 32, '0')::uuid",
    "code": "'FILLED-' || upper(lpad(to_hex(number * 2654435761 % 4294967296), 8, '0'))",
    "nonce": "decode(md5(number::text), 'hex')",
    "commit": "sha256(number::text::bytea)",
    "slot": "floor(random() * 2147483648)::int",
    "moment": "to_timestamp({start} + number * {apart})",
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


def fill(url: str, rows: int, *, start: float = JUNE_2030, apart: float = 0.001) -> None:
    """Add `rows` winners and `rows` free codes to a database with one campaign, one tier and one prize: so
    many seconds `apart`, from `start` (since 1970) on.

    The oldest winner's code is one as the service generates them.
    """
    run(url, _STATEMENTS, rows, start=start, apart=apart)
    (code,) = generate(SystemRng(), 1)
    named = f"UPDATE code SET text = '{code}', key = '{code}' WHERE id = 1"  # noqa: S608 -- of our making
    run(url, (named,), rows)
    if not url.startswith("sqlite"):
        run(url, ("SELECT setval(pg_get_serial_sequence('code', 'id'), max(id)) FROM code",), rows)


def run(
    url: str, statements: Iterable[str], rows: int, *, start: float = JUNE_2030, apart: float = 0.001
) -> None:
    """Run statements in the words of either database: {once} and {twice} are tables of so many numbers,
    {id}, {code}, {moment} and the like what a number makes.
    """
    is_sqlite = url.startswith("sqlite")
    words = {
        name: text.format(start=start, apart=apart)
        for name, text in (_SQLITE if is_sqlite else _POSTGRES).items()
    }
    one = "1" if is_sqlite else "1::bigint"
    once, twice = (_NUMBERS.format(one=one, last=last) for last in (rows, 2 * rows))
    texts = [each.format(**words, once=once, twice=twice, rows=rows) for each in statements]
    if is_sqlite:
        with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
            for text in texts:
                connection.execute(text)
        connection.close()
        return
    with psycopg.connect(url.replace("+psycopg", "")) as server:
        server.execute("SET session_replication_role = replica")  # no foreign key is looked up
        for text in texts:
            server.execute(text.encode())


def settle(url: str) -> None:
    """What a PostgreSQL in use does by itself: vacuum, statistics for the planner, a checkpoint."""
    if url.startswith("postgresql"):
        with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as server:
            server.execute("VACUUM ANALYZE")
            server.execute("CHECKPOINT")
