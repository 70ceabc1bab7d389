"""A large import is broken off anywhere: the N-th call fails, or the process is killed. All came in, or none.

Whatever is left lying about is settled by the next housekeeping; until then nothing that was promised is
broken either. Entries go on beside it.
"""

import os
import signal
import threading
from collections.abc import Iterator
from datetime import timedelta
from itertools import count, product
from multiprocessing import get_context
from uuid import UUID

import pytest
from sqlalchemy import Engine, event, func, select
from sqlalchemy.orm import Session

from app.domain.code_list import read_code_list
from app.domain.outcomes import Lost, Outcome, Won
from app.models import AuditRecord, Code, Prize, StagedCode
from app.services import batches, codes, housekeeping, prizes, stock
from app.services.audit import COMMAND_LINE
from app.services.prizes import PrizePlan
from tests.faults.gremlin import Fault, Gremlin, attempt, haunted_engine
from tests.faults.scale import IS_SOAK, much, tell
from tests.race.books import broken_promises
from tests.race.crowd import engine_for, enter
from tests.support.factories import TierSpec, make_campaign, submission
from tests.support.fakes import NOON, FakeRng

pytestmark = pytest.mark.race

PART = 10
SIZE = 15
# The fault, whether all further calls fail, the first call to break, and how many on the next one is: in the
# suite one fault has the odd calls, another the even ones.
FAULTS = (
    [(*each, 1, 1) for each in product(Fault, [False, True])]
    if IS_SOAK
    else [(Fault.DISK_FULL, False, 1, 2), (Fault.REPLY_LOST, False, 2, 2)]
)
KILLS = much(5, 60)
LATER = NOON + timedelta(hours=1)


@pytest.fixture
def gremlin() -> Gremlin:
    return Gremlin()


@pytest.fixture
def haunted(database_url: str, gremlin: Gremlin, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    monkeypatch.setattr(stock, "PART", PART)
    monkeypatch.setattr(batches, "PATIENCE_SECONDS", 0.0)
    monkeypatch.setattr(batches, "_PAUSE_SECONDS", 0.0)
    with haunted_engine(database_url, gremlin) as engine:
        with Session(engine) as session:
            make_campaign(session, [TierSpec("Gold", codes=0)])
        yield engine


def new_prize(engine: Engine, number: int) -> UUID:
    with Session(engine) as session:
        tier_id = session.scalars(select(Prize.tier_id)).first()
        assert tier_id is not None
        plan = PrizePlan(f"Cup {number}")
        return prizes.add(session, tier_id, plan, actor=COMMAND_LINE, now=NOON, rng=FakeRng(number + 100)).id


def load(engine: Engine, prize_id: UUID, size: int = SIZE) -> codes.ImportReport:
    listed = read_code_list(f"{prize_id.hex[:8]}-{number:06d}" for number in range(size))
    with Session(engine, expire_on_commit=False) as session:
        rng = FakeRng(prize_id.int % 1000)
        return codes.import_codes(session, prize_id, listed, actor=COMMAND_LINE, now=NOON, rng=rng)


def settle(engine: Engine) -> None:
    with Session(engine) as session:
        housekeeping.purge(session, now=LATER)


def standing(engine: Engine, prize_id: UUID) -> tuple[int, int]:
    """Codes in the prize's stock, and records of imports into it."""
    with Session(engine) as session:
        there = session.scalar(select(func.count()).where(Code.prize_id == prize_id)) or 0
        records = session.scalars(select(AuditRecord.after).where(AuditRecord.action == "codes.import"))
        return there, sum((after or {}).get("prize") == prize_id.hex for after in records)


def staged(engine: Engine) -> int:
    with Session(engine) as session:
        return session.scalar(select(func.count(StagedCode.id))) or 0


@pytest.mark.parametrize(("fault", "goes_on", "first", "step"), FAULTS)
def test_a_large_import_is_done_whole_or_not_at_all(
    haunted: Engine, gremlin: Gremlin, fault: Fault, goes_on: bool, first: int, step: int
) -> None:
    met = set()
    prize_id = new_prize(haunted, 0)
    for nth in count(first, step):
        with gremlin.loose(fault, nth, goes_on=goes_on):
            told = attempt(lambda: load(haunted, prize_id))  # noqa: B023 -- called at once
        settle(haunted)
        stands = standing(haunted, prize_id)
        assert stands in {(0, 0), (SIZE, 1)}, f"call {nth}: {told!r}"
        assert stands == (SIZE, 1) or isinstance(told, Exception), f"call {nth}: told {told!r}"
        assert staged(haunted) == 0, f"call {nth}"
        met.add(stands)
        if not gremlin.struck:
            break
        if stands == (SIZE, 1):
            prize_id = new_prize(haunted, nth)
    assert nth > 25
    assert met == {(0, 0), (SIZE, 1)}
    assert broken_promises(haunted) == []
    tell(f"large import, {fault}: of {nth - 1} calls, one in {step} failed")


def test_a_killed_import_is_done_whole_or_not_at_all(database_url: str) -> None:
    processes = get_context("forkserver")
    processes.set_forkserver_preload([__name__])  # the application is loaded once, not for each
    with engine_for(database_url, 2) as engine:
        with Session(engine) as session:
            make_campaign(session, [TierSpec("Gold", codes=0)])
        met = set()
        for number in range(1, KILLS + 1):
            prize_id = new_prize(engine, number)
            engine.dispose()
            child = processes.Process(
                target=load_and_die, args=(database_url, prize_id, number * 15 // KILLS + 1)
            )
            child.start()
            child.join(120)
            assert child.exitcode == -signal.SIGKILL
            assert broken_promises(engine) == []
            settle(engine)
            stands = standing(engine, prize_id)
            assert stands in {(0, 0), (SIZE, 1)}
            assert staged(engine) == 0
            met.add(stands)
        assert met == {(0, 0), (SIZE, 1)}
        assert broken_promises(engine) == []


def load_and_die(url: str, prize_id: UUID, nth: int) -> None:
    """In a process of its own: die just before the N-th commit, or with it just made, in turns."""
    stock.PART = PART
    calls = count(1)
    with engine_for(url, 1) as engine:

        def die(*_args: object) -> None:
            if next(calls) == nth:
                os.kill(os.getpid(), signal.SIGKILL)

        event.listen(engine, "commit" if nth % 2 else "before_cursor_execute", die)
        load(engine, prize_id)
        os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("size", [much(50_000, 120_000)])
def test_entries_go_on_beside_a_large_import(database_url: str, size: int) -> None:
    """None is refused and none fails: no part of the import keeps them waiting for long."""
    with engine_for(database_url, 4) as engine:
        with Session(engine) as session:
            make_campaign(session, [TierSpec("Gold", codes=0)])
        prize_id = new_prize(engine, 1)
        told: list[Outcome] = []
        failed: list[Exception] = []
        over = threading.Event()

        def keep_entering(first: int) -> None:
            for number in count(first, 3):
                outcome = attempt(lambda: enter(engine, submission(number)))  # noqa: B023
                if isinstance(outcome, Exception):
                    failed.append(outcome)
                else:
                    told.append(outcome)
                if over.is_set():
                    return

        threads = [threading.Thread(target=keep_entering, args=(first,)) for first in (1, 2, 3)]
        for thread in threads:
            thread.start()
        try:
            report = load(engine, prize_id, size)
        finally:
            over.set()
            for thread in threads:
                thread.join(60)
        assert report.ok
        assert failed == []
        assert {type(outcome) for outcome in told} <= {Won, Lost}
        assert len(told) > 2 * size // stock.PART
        assert standing(engine, prize_id) == (size, 1)
        assert broken_promises(engine) == []
        tell(f"{len(told)} entries beside an import of {size:,} codes")
