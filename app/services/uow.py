"""The unit of work: the only place that commits."""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.adapters.chance import SystemRng
from app.adapters.database import WRITE, is_locked, is_retryable, write_turn
from app.domain.errors import Busy

P = ParamSpec("P")
T = TypeVar("T")

MAX_ATTEMPTS = 6
_ACTIVE = "prizewell_unit_of_work"
_rng = SystemRng()


class TryAgain(Exception):
    """Raised by a service to have its unit undone and run again: others were in the way."""


def unit_of_work(service: Callable[Concatenate[Session, P], T]) -> Callable[Concatenate[Session, P], T]:
    """Run a service in one write transaction of its own: committed when it returns, undone when it raises.

    What the session read before is forgotten: the service sees the present. After a serialization failure,
    a deadlock, a lock time-out or a lost connection the whole service runs again, a bounded number of times;
    services must therefore be safe to repeat. Raises Busy when the writers' queue is full. Units do not nest.
    """

    @wraps(service)
    def run(session: Session, /, *args: P.args, **kwargs: P.kwargs) -> T:
        if session.info.get(_ACTIVE):
            raise RuntimeError(f"{service.__name__} is a unit of work and was called inside another")
        session.info[_ACTIVE] = True
        try:
            return _attempts(session, lambda: service(session, *args, **kwargs))
        finally:
            session.info.pop(_ACTIVE, None)

    return run


def _attempts(session: Session, work: Callable[[], T]) -> T:
    for attempt in range(1, MAX_ATTEMPTS + 1):
        try:
            return _once(session, work)
        except TryAgain as error:
            if attempt == MAX_ATTEMPTS:
                raise Busy from error
        except DBAPIError as error:
            if is_locked(error):
                raise Busy from error
            if attempt == MAX_ATTEMPTS or not is_retryable(error):
                raise
        time.sleep((1 + _rng.randbelow(8 * attempt)) / 1000)
    raise AssertionError("unreachable")


def _once(session: Session, work: Callable[[], T]) -> T:
    session.rollback()
    with write_turn(_engine(session)):
        try:
            session.connection(execution_options={WRITE: True})
            result = work()
            session.commit()
        except BaseException:
            session.rollback()
            raise
    return result


def _engine(session: Session) -> Engine:
    bind: Any = session.get_bind()
    return bind if isinstance(bind, Engine) else bind.engine
