"""One large load of codes: `python -m benchmarks.bulk PLAN`, started by `benchmarks.codes`."""

import json
import re
import resource
import sqlite3
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.adapters.chance import SystemRng
from app.domain.code_list import decode_code_file, read_code_list
from app.models import Prize
from app.services import codes
from app.services.audit import COMMAND_LINE
from benchmarks.children import wait_for_go
from tests.race.crowd import engine_for
from tests.support.fakes import NOON

_COLUMNS = "tier_id, prize_id, text, key, slot, status, created_at"
_BARE = f"INSERT INTO code ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, 'free', ?)"  # noqa: S608


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do ("import", "generate", "bare") on which database; `file` holds the codes, a line each."""

    url: str
    way: str
    file: str
    rows: int


def main() -> None:
    """Do it; print how long it took and the most memory this process ever held."""
    plan = Plan(**json.loads(sys.argv[1]))
    seconds = _bare(plan) if plan.way == "bare" else _service(plan)
    print(json.dumps({"seconds": seconds, "megabytes": _peak()}))


def _peak() -> float:
    """In MB. Linux counts what the parent held before the start into getrusage's figure, not into its own."""
    status = Path("/proc/self/status")
    if status.exists() and (found := re.search(r"VmHWM:\s+(\d+) kB", status.read_text())):
        return int(found[1]) / 2**10
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def _service(plan: Plan) -> float:
    rng = SystemRng()
    with engine_for(plan.url, 1) as engine, Session(engine, expire_on_commit=False) as session:
        prize_id = session.scalars(select(Prize.id)).one()
        wait_for_go()
        start = time.perf_counter()
        if plan.way == "generate":
            done = codes.generate_codes(session, prize_id, plan.rows, actor=COMMAND_LINE, now=NOON, rng=rng)
        else:
            with Path(plan.file).open("rb") as stream:
                listed = read_code_list(decode_code_file(stream))
            report = codes.import_codes(session, prize_id, listed, actor=COMMAND_LINE, now=NOON, rng=rng)
            done = report.new
        seconds = time.perf_counter() - start
    assert done == plan.rows
    return seconds


def _bare(plan: Plan) -> float:
    """The driver's executemany of finished rows, in one transaction, on the same table and indexes."""
    with Path(plan.file).open() as lines:
        texts = [line.strip() for line in lines][1:]
    slots = memoryview(SystemRng().token_bytes(4 * len(texts))).cast("I")
    if plan.url.startswith("sqlite"):
        connection = sqlite3.connect(plan.url.removeprefix("sqlite:///"), isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA cache_size = -65536")
        tier, prize = connection.execute("SELECT tier_id, id FROM prize").fetchone()
        moment = str(NOON.replace(tzinfo=None))
        rows = [(tier, prize, text, text, slot >> 1, moment) for text, slot in zip(texts, slots, strict=True)]
        wait_for_go()
        start = time.perf_counter()
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(_BARE, rows)
        connection.execute("COMMIT")
        seconds = time.perf_counter() - start
        connection.close()
        return seconds
    with psycopg.connect(plan.url.replace("+psycopg", "")) as server:
        found = server.execute("SELECT tier_id, id FROM prize").fetchone()
        assert found is not None
        ready = [(*found, text, text, slot >> 1, NOON) for text, slot in zip(texts, slots, strict=True)]
        wait_for_go()
        start = time.perf_counter()
        with server.cursor() as cursor:
            cursor.executemany(_BARE.replace("?", "%s"), ready)
        server.commit()
        return time.perf_counter() - start


if __name__ == "__main__":
    main()
