"""A crowd: the same work from many threads, let go at one moment; and entries made by one."""

import inspect
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session

from app.adapters.chance import SystemRng
from app.adapters.database import Limits, prepare_engine
from app.adapters.direct import DirectConnection
from app.domain.errors import Busy
from app.domain.outcomes import Outcome
from app.services.entries import Submission, submit_entry
from app.services.uow import unit_of_work
from tests.support.factories import VAULT
from tests.support.fakes import NOON

T = TypeVar("T")

SECONDS = 30.0


def together(count: int, work: Callable[[int], T]) -> list[T | Exception]:
    """What `work(0)` … `work(count - 1)` returned or raised, each from a thread of its own, begun at once.

    Raises TimeoutError when one of them is still at work after half a minute.
    """
    start = threading.Barrier(count, timeout=SECONDS)
    results: dict[int, T | Exception] = {}

    def run(number: int) -> None:
        try:
            start.wait()
            results[number] = work(number)
        except Exception as error:  # noqa: BLE001 -- what a member of the crowd met is what the test looks at
            results[number] = error

    threads = [threading.Thread(target=run, args=(number,), daemon=True) for number in range(count)]
    deadline = time.monotonic() + SECONDS
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    if len(results) < count:
        raise TimeoutError(f"{count - len(results)} of {count} did not come back")
    return [results[number] for number in range(count)]


@contextmanager
def engine_for(
    url: str, connections: int, *, prepared: bool = True, limits: Limits | None = None
) -> Iterator[Engine]:
    """An engine with room for a crowd; for controls also one as the library makes it, not `prepared`."""
    engine = create_engine(url, pool_size=connections)
    if prepared:
        prepare_engine(engine, limits)
    try:
        yield engine
    finally:
        engine.dispose()


def enter(engine: Engine, submission: Submission) -> Outcome:
    """One submission in a session of its own."""
    with Session(engine, expire_on_commit=False) as session:
        return submit_entry(session, submission, now=NOON, rng=SystemRng(), vault=VAULT)


def enter_patiently(engine: Engine, submission: Submission) -> Outcome:
    """The same, sent again as often as the answer is "come again in a moment"."""
    deadline = time.monotonic() + SECONDS
    while True:
        try:
            return enter(engine, submission)
        except Busy:
            if time.monotonic() > deadline:
                raise


def enter_alone(engine: Engine, submission: Submission) -> Outcome:
    """The same, but nobody's turn is waited for and nobody commits together: for the controls."""
    with Session(engine, expire_on_commit=False) as session:
        return _submit_alone(session, submission, now=NOON, rng=SystemRng(), vault=VAULT)


@unit_of_work
def _submit_alone(session: Session, /, submission: Submission, **tools: Any) -> Outcome:
    plain: Callable[..., Outcome] = inspect.unwrap(submit_entry)
    return plain(DirectConnection(session.connection()), submission, **tools)
