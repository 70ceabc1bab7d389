"""Ways to give each of many at once a code of its own, bare, with 32 clients: ours and those others use."""

import subprocess
from collections.abc import Iterator
from shutil import which
from time import monotonic, sleep

import psycopg
import redis

from benchmarks import pgbench
from benchmarks.ground import Grounds, driver_url
from benchmarks.pace import Pace
from benchmarks.report import Figure, Goal, ratio
from tests.support import redis as redis_server

_TEXTBOOK = """UPDATE code SET status = 'won' WHERE id = (
    SELECT id FROM code WHERE tier_id = :tier::uuid AND status = 'free' AND partner_id IS NULL
    ORDER BY id LIMIT 1
    FOR UPDATE SKIP LOCKED
) RETURNING id, prize_id, text;
"""
_ADVISORY = """BEGIN;
SELECT pg_advisory_xact_lock(hashtext(:tier::text));
UPDATE code SET status = 'won' WHERE id = (
    SELECT id FROM code WHERE tier_id = :tier::uuid AND status = 'free' AND partner_id IS NULL
    ORDER BY slot LIMIT 1
) RETURNING id, prize_id, text;
COMMIT;
"""
_COUNTER = """BEGIN;
UPDATE counter SET taken = taken + 1 RETURNING taken \\gset
UPDATE code SET status = 'won' WHERE id = :taken::bigint AND status = 'free' RETURNING id, prize_id, text;
COMMIT;
"""
# Name, script, and what its copy of the database needs besides our own tables and indexes.
_RIVALS = (
    ("textbook: ORDER BY id … SKIP LOCKED", _TEXTBOOK, ""),
    (
        "the same with an index made for it",
        _TEXTBOOK,
        "CREATE INDEX ON code (tier_id, id) WHERE status = 'free' AND partner_id IS NULL",
    ),
    ("one advisory lock for the pool", _ADVISORY, ""),
    ("a counter in one row", _COUNTER, "CREATE TABLE counter AS SELECT min(id) - 1 AS taken FROM code"),
)
_MEMBERS = 300_000  # of Redis's set
_TRIAL = 4_000
_SNAPSHOT_SECONDS = 20.0


class Claims:
    """Our claim statement beside its rivals; each round every one starts on a fresh pool."""

    def __init__(self, grounds: Grounds, pace: Pace) -> None:
        self.rounds = pace.rounds
        self.notes: list[str] = []
        self._program = pgbench.find()
        self._grounds = grounds
        self._seconds = pace.claims
        self._ours = Figure("pgbench: our claim, from a random slot, SKIP LOCKED")
        self._rivals = {name: Figure(f"pgbench: {name}") for name, _, _ in _RIVALS}
        self._redis = Figure("Redis: SPOP from a set, appendfsync always")
        self._redis_program = which("redis-benchmark") or which("valkey-benchmark")
        if redis_server.find() is None or self._redis_program is None:
            self._redis_program = None
            self.notes.append("Redis is not installed (Debian: redis-server redis-tools): left out")

    def round(self) -> None:
        """One after the other, all with 32 clients."""
        self._ours.values.append(self._measure(pgbench.OURS, ""))
        for name, script, need in _RIVALS:
            self._rivals[name].values.append(self._measure(script, need))
        if self._redis_program:
            self._redis.values.append(_pops_per_second(self._redis_program, self._seconds))

    def figures(self) -> Iterator[Figure]:
        """Every rival, and ours beside it."""
        yield self._ours
        for rival in (*self._rivals.values(), self._redis):
            if rival.values:
                yield rival
                yield ratio("   ours beside it", self._ours, rival, Goal(1))

    def _measure(self, script: str, need: str) -> float:
        url = self._grounds.postgres.fresh()
        if need:
            with psycopg.connect(driver_url(url)) as connection:
                connection.execute(need.encode())
        return pgbench.claims_per_second(self._program, url, script, self._grounds.folder, self._seconds)


def _pops_per_second(program: str, seconds: float) -> float:
    with redis_server.running() as url, redis.Redis.from_url(url) as client:
        for start in range(0, _MEMBERS, 10_000):
            client.sadd("pool", *(f"FILLED-{number:08X}" for number in range(start, start + 10_000)))
        client.config_set("appendfsync", "always")
        client.config_set("appendonly", "yes")
        _wait_for_snapshot(client)
        path = url.removeprefix("unix://")
        rate = _redis_benchmark(program, path, _TRIAL)
        return _redis_benchmark(program, path, min(_MEMBERS - _TRIAL, int(rate * seconds)))


def _wait_for_snapshot(client: redis.Redis) -> None:
    deadline = monotonic() + _SNAPSHOT_SECONDS
    while True:
        told = client.info("persistence")
        assert isinstance(told, dict)
        if told["aof_enabled"] and not (told["aof_rewrite_in_progress"] or told["aof_rewrite_scheduled"]):
            return
        if monotonic() > deadline:
            raise TimeoutError("Redis does not come to write its log")
        sleep(0.05)


def _redis_benchmark(program: str, path: str, count: int) -> float:
    told = subprocess.run(
        [program, "-s", path, "-c", str(pgbench.CLIENTS), "-n", str(count), "--csv", "SPOP", "pool"],
        capture_output=True, text=True, check=True, timeout=120,
    ).stdout  # fmt: skip
    rate: str = told.splitlines()[-1].split('","')[1]
    return float(rate.strip('"'))
