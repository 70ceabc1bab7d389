"""The unit of work: the only place that commits."""

import threading
import time
from collections.abc import Callable
from functools import partial, wraps
from typing import Any, Concatenate, ParamSpec, TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.adapters.chance import SystemRng
from app.adapters.database import (
    MAX_WAITING,
    WAIT_SECONDS,
    WRITE,
    is_contended,
    is_locked,
    is_retryable,
    write_turn,
)
from app.adapters.direct import DirectConnection, pipelined
from app.domain.errors import Busy, CommitUnknown
from app.services.group_commit import GroupCommit

P = ParamSpec("P")
T = TypeVar("T")
D = TypeVar("D", Session, DirectConnection)

# At SERIALIZABLE, with 64 people on 10 codes, the last got through at the 20th attempt.
MAX_ATTEMPTS = 40
_ACTIVE = "prizewell_unit_of_work"
_rng = SystemRng()


class TryAgain(Exception):
    """Raised by a service to have its unit undone and run again: others were in the way."""


def unit_of_work(service: Callable[Concatenate[Session, P], T]) -> Callable[Concatenate[Session, P], T]:
    """Run a service in one write transaction of its own: committed when it returns, undone when it raises.

    What the session read before is forgotten: the service sees the present. After a serialization failure,
    a deadlock, a lock time-out or a lost connection the whole service runs again, a bounded number of times.
    Raises CommitUnknown when the connection was lost during the commit, which may have taken place: a second
    run could do the work twice. Raises Busy when the writers' queue is full. Units do not nest.
    """
    return _as_unit(service, _once)


def shared_unit_of_work(
    service: Callable[Concatenate[DirectConnection, P], T],
) -> Callable[Concatenate[Session, P], T]:
    """Like `unit_of_work`, for what many do at once: on SQLite, those that wait meanwhile commit together.

    The service is called with the caller's session and given a connection, whose transaction it may share
    with others. It runs again even when its commit may have taken place, and must then say what it said
    before.
    """
    return _as_unit(service, _together)


def _as_unit(
    service: Callable[Concatenate[D, P], T],
    perform: Callable[[Session, Callable[[D], T]], T],
) -> Callable[Concatenate[Session, P], T]:
    @wraps(service)
    def run(session: Session, /, *args: P.args, **kwargs: P.kwargs) -> T:
        if session.info.get(_ACTIVE):
            raise RuntimeError(f"{service.__name__} is a unit of work and was called inside another")
        session.info[_ACTIVE] = True
        try:
            return _attempts(lambda: perform(session, lambda chosen: service(chosen, *args, **kwargs)))
        finally:
            session.info.pop(_ACTIVE, None)

    return run


def _attempts(perform: Callable[[], T]) -> T:
    deadline = time.monotonic() + WAIT_SECONDS
    attempt = 0
    while True:
        attempt += 1
        is_last = attempt == MAX_ATTEMPTS or time.monotonic() >= deadline
        try:
            return perform()
        except TryAgain as error:
            if is_last:
                raise Busy from error
        except DBAPIError as error:
            if is_locked(error) or (is_last and is_contended(error)):
                raise Busy from error
            if is_last or not is_retryable(error):
                raise
        time.sleep((1 + _rng.randbelow(8 * attempt)) / 1000)


def _once(session: Session, work: Callable[[Session], T]) -> T:
    session.rollback()
    with write_turn(_engine(session)):
        try:
            session.connection(execution_options={WRITE: True})
            result = work(session)
            _commit_once(session)
        except BaseException:
            session.rollback()
            raise
    return result


def _commit_once(session: Session) -> None:
    try:
        session.commit()
    except DBAPIError as error:
        if error.connection_invalidated:
            raise CommitUnknown from error
        raise


def _together(session: Session, work: Callable[[DirectConnection], T]) -> T:
    session.rollback()  # nobody waits with a connection in hand
    engine = _engine(session)
    if engine.dialect.name == "sqlite":
        return _group_of(engine).run(work)
    return _transact(engine, work)


def _transact(engine: Engine, work: Callable[[DirectConnection], T]) -> T:
    with write_turn(engine), engine.connect() as connection:
        connection.execution_options(**{WRITE: True})
        with connection.begin(), pipelined(connection):
            return work(DirectConnection(connection))


def _group_of(engine: Engine) -> GroupCommit:
    with _groups_mutex:
        if engine not in _groups:
            transact = partial(_transact, engine)
            _groups[engine] = GroupCommit(transact, max_waiting=MAX_WAITING, wait_seconds=WAIT_SECONDS)
        return _groups[engine]


_groups: WeakKeyDictionary[Engine, GroupCommit] = WeakKeyDictionary()
_groups_mutex = threading.Lock()


def _engine(session: Session) -> Engine:
    bind: Any = session.get_bind()
    return bind if isinstance(bind, Engine) else bind.engine
