"""The floor: the plain sqlite3 driver claims a code and stores an entry, one fsync for both together.

The same tables, indexes and UNIQUE constraints as the engine's; no other statement, no check, no draw.
"""

import sqlite3
import time
from uuid import uuid4

from app.adapters.chance import SystemRng
from app.domain.ids import time_ordered_id
from app.models import Entry
from tests.support.fakes import NOON

CLAIM = """
UPDATE code SET status = 'won'
WHERE id = (SELECT id FROM code WHERE tier_id = ? AND status = 'free' AND slot >= ? ORDER BY slot LIMIT 1)
    AND status = 'free'
RETURNING id, prize_id, text
"""
COLUMNS = [column.name for column in Entry.__table__.columns]
INSERT = f"INSERT INTO entry ({', '.join(COLUMNS)}) VALUES ({', '.join(f':{name}' for name in COLUMNS)})"  # noqa: S608


def claims_per_second(url: str, seconds: float) -> float:
    """Run the two statements over and over on one connection: WAL, synchronous=FULL."""
    connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    campaign, version, tier = connection.execute(
        "SELECT campaign.id, odds_version, tier.id FROM campaign JOIN tier ON campaign_id = campaign.id"
    ).fetchone()
    row = _entry(campaign, version, tier)
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


def _entry(campaign: str, version: int, tier: str) -> dict[str, object]:
    return {
        "campaign_id": campaign,
        "entrant_id": uuid4().hex,  # one person; the periods keep the entries apart
        "nonce_source": "browser",
        "entry_commit": bytes(32),
        "odds_version": version,
        "ticket": 0,
        "tier_hit_id": tier,
        "tier_awarded_id": tier,
        "reason": "hit",
        "name": "Person 1",
        "email": "person1@example.org",
        "marketing": False,
        "rules_version": 1,
        "locale": "en",
        "partner_id": None,
        "created_at": str(NOON.replace(tzinfo=None)),
    }
