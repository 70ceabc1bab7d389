"""The floor: the plain sqlite3 driver claims a code and stores an entry, one fsync for both together.

The same tables, indexes and UNIQUE constraints as the engine's; no other statement, no check, no draw.
"""

import sqlite3
import time

from app.adapters.chance import SystemRng
from app.domain.ids import time_ordered_id
from app.domain.outcomes import Won
from app.models import Entry
from tests.race.crowd import engine_for, enter
from tests.support.factories import submission
from tests.support.fakes import NOON

CLAIM = """
UPDATE code SET status = 'won'
WHERE id = (
    SELECT id FROM code WHERE tier_id = ? AND status = 'free' AND partner_id IS NULL AND slot >= ?
    ORDER BY slot LIMIT 1
) AND status = 'free' AND partner_id IS NULL
RETURNING id, prize_id, text
"""
COLUMNS = [column.name for column in Entry.__table__.columns]
INSERT = f"INSERT INTO entry ({', '.join(COLUMNS)}) VALUES ({', '.join(f':{name}' for name in COLUMNS)})"  # noqa: S608


def claims_per_second(url: str, seconds: float) -> float:
    """Run the two statements over and over on one connection: WAL, synchronous=FULL."""
    with engine_for(url, 1) as engine:
        assert isinstance(enter(engine, submission(2**40)), Won)
    connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    entries = connection.execute(f"SELECT {', '.join(COLUMNS)} FROM entry")  # noqa: S608
    row = dict(zip(COLUMNS, entries.fetchone(), strict=True))  # of one person; periods keep the others apart
    tier = row["tier_hit_id"]
    rng = SystemRng()
    count, start = 0, time.perf_counter()
    while time.perf_counter() < start + seconds:
        count += 1
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(CLAIM, (tier, rng.randbelow(2**30))).fetchone()
        row |= {
            "id": time_ordered_id(NOON, rng).hex,
            "nonce": count.to_bytes(16, "big"),
            "period": str(count),
        }
        connection.execute(INSERT, row)
        connection.execute("COMMIT")
    elapsed = time.perf_counter() - start
    connection.close()
    return count / elapsed
