"""SQLite and PostgreSQL, set up so that both keep the same promises.

SQLite: WAL, one fsync per commit, foreign keys, and write units that take the write lock when they begin.
Writers wait in a queue of ours, first come first served, because SQLite's own busy handler polls and starves.
"""

import fcntl
import os
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from weakref import WeakKeyDictionary, finalize

from sqlalchemy import Connection, Engine, event, make_url
from sqlalchemy.exc import DBAPIError, OperationalError

from app.domain.errors import Busy

WRITE = "prizewell_write"  # execution option that marks a connection's transaction as a write unit
MAX_WAITING = 64
WAIT_SECONDS = 5.0
FOREIGN_SECONDS = 1.0  # for a lock that another process or program holds; _LOOK_SECONDS once that was in vain
_LOOK_SECONDS = 0.1
_SLOW_SECONDS = 0.25  # entries that commit together have their turn for less
IDLE_SECONDS = 60  # PostgreSQL ends a transaction that does nothing for so long
# A turn takes about as long as an fsync: looking often at first costs little, and hardly any time is lost.
_POLL_SECONDS = (*[0.0003] * 20, *[0.001] * 10, 0.005)

_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    f"PRAGMA busy_timeout = {int(_LOOK_SECONDS * 1000)}",
    "PRAGMA cache_size = -16384",
    # In pages: pages written again and again go to the database once per checkpoint. 16 MB of log at most.
    "PRAGMA wal_autocheckpoint = 4000",
    "PRAGMA temp_store = MEMORY",
)

# SQLSTATEs after which the whole unit of work may be run again: serialization failure, deadlock, lock not
# available, the server's going-away notices, and a unique violation: somebody else was first, and the next
# run will see it.
_CONTENDED = {"40001", "40P01", "55P03"}
_RETRYABLE = _CONTENDED | {"57P01", "57P02", "57P03", "23505"}
# The server gave up waiting for a statement: nothing was written, and it may be no different in a moment.
_OUT_OF_TIME = "57014"


class Isolation(StrEnum):
    """How far PostgreSQL keeps write units apart."""

    READ_COMMITTED = "read-committed"
    SERIALIZABLE = "serializable"


@dataclass(frozen=True, slots=True)
class Limits:
    """What every connection to PostgreSQL is told; 0 seconds: no limit."""

    isolation: Isolation = Isolation.READ_COMMITTED  # of write units
    lock_seconds: int = 1  # for a row that somebody holds; a unit of work tries a few times
    statement_seconds: int = 60


class WriteQueue:
    """One writer at a time, in order of arrival: a queue of threads, then a lock on a file between processes.

    The process that is next holds a gate before the lock, so that a busy one cannot take turn after turn.
    `turn` raises Busy when `max_waiting` threads wait already, or when no turn came in `wait_seconds`.

    For what others hold, the lock on the file or SQLite's own, one shorter deadline holds. Once it was missed
    each turn only takes a look, until one gets through: a server's threads must not all stand here and wait.
    """

    def __init__(
        self, lock_path: str, *, max_waiting: int = MAX_WAITING, wait_seconds: float = WAIT_SECONDS
    ) -> None:
        self._lock_path = lock_path
        self._open()
        self._mutex = threading.Lock()
        self._taken = False
        self._waiting: deque[threading.Lock] = deque()
        self._max_waiting = max_waiting
        self._wait_seconds = wait_seconds
        self._is_foreign = False  # somebody else held a lock when we last asked for it
        self._since = 0.0  # when the turn was taken
        self._until = 0.0  # the deadline of whoever has the turn, for locks that others hold

    def _open(self) -> None:
        self._process = os.getpid()
        self._file, self._gate = (
            os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            for path in (self._lock_path, f"{self._lock_path}.gate")
        )
        for file in (self._file, self._gate):
            finalize(self, os.close, file)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Hold the write turn for the body."""
        deadline = time.monotonic() + self._wait_seconds
        self._enter(deadline)
        try:
            if os.getpid() != self._process:
                self._open()  # a forked process shares its parent's open files, and so its locks
            self._since = time.monotonic()
            patience = _LOOK_SECONDS if self._is_foreign else FOREIGN_SECONDS
            self._until = min(deadline, self._since + patience)
            self._lock_file()
            try:
                yield
            finally:
                fcntl.flock(self._file, fcntl.LOCK_UN)
        finally:
            self._leave()

    @property
    def is_slow(self) -> bool:
        """True while somebody has had the turn for long."""
        return self._taken and time.monotonic() - self._since > _SLOW_SECONDS

    def _enter(self, deadline: float) -> None:
        with self._mutex:
            if not self._taken:
                self._taken = True
                return
            if len(self._waiting) >= self._max_waiting:
                raise Busy
            place = threading.Lock()
            place.acquire()
            self._waiting.append(place)
        if place.acquire(timeout=max(0.0, deadline - time.monotonic())):
            return
        with self._mutex:
            if place in self._waiting:
                self._waiting.remove(place)
                raise Busy
        # The turn was handed over in the very moment of giving up: it is ours.

    def _leave(self) -> None:
        with self._mutex:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._taken = False

    def _lock_file(self) -> None:
        with self._noticing(Busy):
            _lock(self._gate, self._until)
            try:
                _lock(self._file, self._until)
            finally:
                fcntl.flock(self._gate, fcntl.LOCK_UN)

    def begin(self, connection: Connection) -> None:
        """Begin the transaction of whoever has the turn, on what is left of the time for foreign locks."""
        with self._noticing(OperationalError):
            while not _begins(connection, self._until):
                time.sleep(_POLL_SECONDS[-1])
        self._is_foreign = False

    @contextmanager
    def _noticing(self, kind: type[Exception]) -> Iterator[None]:
        """Remember when it is others who keep us waiting."""
        try:
            yield
        except kind:
            self._is_foreign = True
            raise


def _lock(file: int, deadline: float) -> None:
    """Take the lock on an open file; polls, for want of a wait that ends. Raises Busy at the deadline."""
    attempt = 0
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise Busy from None
            time.sleep(_POLL_SECONDS[min(attempt, len(_POLL_SECONDS) - 1)])
            attempt += 1
        else:
            return


def _begins(connection: Connection, deadline: float) -> bool:
    """Ask for SQLite's write lock; False when somebody holds it. Raises OperationalError at the deadline."""
    try:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    except OperationalError as error:
        if not is_locked(error) or time.monotonic() >= deadline:
            raise
        return False
    return True


_queues: WeakKeyDictionary[Engine, WriteQueue] = WeakKeyDictionary()


def prepare_engine(engine: Engine, limits: Limits | None = None) -> None:
    """Attach what the database needs to keep our promises. Call it before the engine's first connection."""
    if engine.dialect.name == "postgresql":
        _prepare_postgres(engine, limits or Limits())
        return
    if engine in _queues:
        return
    _make_private(str(engine.url.database))
    _queues[engine] = WriteQueue(f"{engine.url.database}.lock")
    event.listen(engine, "connect", _on_sqlite_connect)
    event.listen(engine, "begin", _on_sqlite_begin)


def connect_options(url: str) -> dict[str, int]:
    """How to find out that a PostgreSQL server is gone, in seconds instead of hours; what the address says
    goes first.
    """
    said = make_url(url).query
    return {name: value for name, value in _CONNECT_OPTIONS.items() if name not in said}


_CONNECT_OPTIONS = {
    "connect_timeout": 5,
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,  # milliseconds
}


def _prepare_postgres(engine: Engine, limits: Limits) -> None:
    told = {
        "lock_timeout": limits.lock_seconds,
        "statement_timeout": limits.statement_seconds,
        "idle_in_transaction_session_timeout": IDLE_SECONDS,
    }
    orders = "; ".join(f"SET {name} = '{seconds}s'" for name, seconds in told.items())

    def on_connect(connection: Any, _record: object) -> None:
        connection.autocommit = True  # else the first rollback would take the orders back
        connection.execute(orders)
        connection.autocommit = False

    event.listen(engine, "connect", on_connect)
    if limits.isolation is Isolation.SERIALIZABLE:
        event.listen(engine, "begin", _on_serializable_begin)


def _on_serializable_begin(connection: Connection) -> None:
    # Only for write units: who reads a page must not be asked to come again.
    write = connection.get_execution_options().get(WRITE, False)
    level = "SERIALIZABLE" if write else "READ COMMITTED"
    connection.dialect.set_isolation_level(connection.connection.dbapi_connection, level)  # type: ignore[arg-type]


def _make_private(path: str) -> None:
    """Make a new database file that only its owner can read; its companions take over its mode."""
    with suppress(OSError):  # what is wrong with the path is told by whoever connects
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))


def write_turn(engine: Engine) -> AbstractContextManager[None]:
    """The turn to write: queued on SQLite; on PostgreSQL rows settle who is first, so nobody waits here."""
    queue = _queues.get(engine)
    return queue.turn() if queue else nullcontext()


def is_slow(engine: Engine) -> bool:
    """True when writing would take long at the moment: what can be left out now, should be."""
    queue = _queues.get(engine)
    return queue is not None and queue.is_slow


def _on_sqlite_connect(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver must not begin transactions behind our back
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _on_sqlite_begin(connection: Connection) -> None:
    if connection.get_execution_options().get(WRITE, False):
        _queues[connection.engine].begin(connection)
    else:
        connection.exec_driver_sql("BEGIN")


def is_retryable(error: DBAPIError) -> bool:
    """True when the unit of work left nothing behind and may succeed if run again."""
    return error.connection_invalidated or getattr(error.orig, "sqlstate", None) in _RETRYABLE


def is_contended(error: DBAPIError) -> bool:
    """True when others were in the way and PostgreSQL undid the unit: it may be tried again, or given up."""
    return getattr(error.orig, "sqlstate", None) in _CONTENDED


def is_locked(error: DBAPIError) -> bool:
    """True when the wait is over and was in vain: another program holds SQLite's write lock, or PostgreSQL
    took too long over a statement. Nothing was written.
    """
    if getattr(error.orig, "sqlstate", None) == _OUT_OF_TIME:
        return True
    return isinstance(error, OperationalError) and getattr(error.orig, "sqlite_errorname", "").startswith(
        "SQLITE_BUSY"
    )
