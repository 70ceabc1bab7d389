"""Group commit: units that wait for SQLite at the same moment share one transaction, and so one fsync.

The first to come leads: with the write turn in hand it runs everybody's work, each in a savepoint of its own,
and commits once. Only then is anybody answered. Who came meanwhile waits for the next group, led by the first
of them.
"""

import threading
from collections.abc import Callable
from typing import Any, TypeVar

from app.adapters.direct import DirectConnection
from app.domain.errors import Busy

T = TypeVar("T")
Work = Callable[[DirectConnection], Any]
Transact = Callable[[Callable[[DirectConnection], None]], None]


class _Member:
    """One unit in the queue, and what came of it."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.value: Any = None
        self.error: BaseException | None = None
        self.leads = False
        self.called = threading.Lock()  # released once: to lead, or because it is settled
        self.called.acquire()

    def outcome(self) -> Any:
        """The value of the work, or its error."""
        if self.error is not None:
            raise self.error
        return self.value


class GroupCommit:
    """The queue of one engine. `transact(work)` runs work in one committed write transaction."""

    def __init__(self, transact: Transact, *, max_waiting: int, wait_seconds: float) -> None:
        self._transact = transact
        self._mutex = threading.Lock()
        self._waiting: list[_Member] = []
        self._is_led = False
        self._max_waiting = max_waiting
        self._wait_seconds = wait_seconds

    def run(self, work: Callable[[DirectConnection], T]) -> T:
        """Do the work in the next group and return its value after the commit.

        Raises what the work raised, which undoes only this work; or what the commit raised, which undid the
        whole group; or Busy when too many wait or no turn came in time.
        """
        member = _Member(work)
        self._join(member)
        if not member.leads:
            self._wait(member)
        if member.leads:
            self._lead()
        value: T = member.outcome()
        return value

    def _join(self, member: _Member) -> None:
        with self._mutex:
            if len(self._waiting) >= self._max_waiting:
                raise Busy
            self._waiting.append(member)
            if not self._is_led:
                self._is_led = member.leads = True

    def _wait(self, member: _Member) -> None:
        if member.called.acquire(timeout=self._wait_seconds):
            return
        with self._mutex:
            if member in self._waiting and not member.leads:
                self._waiting.remove(member)
                raise Busy
        member.called.acquire()  # in a group by now: what comes of it is known after its commit

    def _lead(self) -> None:
        group: list[_Member] = []
        try:
            self._transact(lambda connection: self._run_all(connection, group))
        except BaseException as error:  # noqa: BLE001 -- handed to everybody it concerns, the leader included
            for member in group or self._take(group):
                member.error = member.error or error
        finally:
            self._hand_on(group)

    def _run_all(self, connection: DirectConnection, group: list[_Member]) -> None:
        """Run everybody who is waiting by now; whoever fails is undone alone."""
        self._take(group)
        if len(group) == 1:
            group[0].value = group[0].work(connection)
            return
        for member in group:
            connection.command("SAVEPOINT member")
            try:
                member.value = member.work(connection)
            except Exception as error:
                member.error = error
                if not connection.in_transaction:  # SQLite has undone everything itself (disk full): all fail
                    raise
                connection.command("ROLLBACK TO member")
            connection.command("RELEASE member")

    def _take(self, group: list[_Member]) -> list[_Member]:
        with self._mutex:
            group.extend(self._waiting)
            self._waiting.clear()
        return group

    def _hand_on(self, group: list[_Member]) -> None:
        """Let the first of those who came meanwhile lead, then answer the group."""
        with self._mutex:
            if self._waiting:
                self._waiting[0].leads = True
                self._waiting[0].called.release()
            else:
                self._is_led = False
        for member in group:
            if not member.leads:
                member.called.release()
