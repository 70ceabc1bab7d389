"""People who enter straight through the service, from several threads, and write down what they were told."""

import itertools
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine

from app.domain.errors import Busy
from app.domain.outcomes import Lost, Outcome, Won
from tests.faults.gremlin import attempt
from tests.faults.history import History, Kind, Told
from tests.race.crowd import enter
from tests.support.factories import submission

PATIENCE = 60.0


class Crowd:
    """So many threads that enter one person after another while the block lasts."""

    def __init__(self, engine: Engine, history: History) -> None:
        self._engine = engine
        self._history = history
        self._numbers = itertools.count(1)
        self._is_over = threading.Event()
        self._unsure: list[int] = []

    @contextmanager
    def at_work(self, count: int) -> Iterator[None]:
        """Enter people from so many threads while the block runs."""
        threads = [threading.Thread(target=self._work, args=(client,)) for client in range(count)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._is_over.set()
            for thread in threads:
                thread.join(PATIENCE)
            assert not any(thread.is_alive() for thread in threads)

    def wait_for(self, more: int) -> None:
        """Let them work until they have so many answers more."""
        wanted, deadline = self._history.count(Kind.OK) + more, time.monotonic() + PATIENCE
        while self._history.count(Kind.OK) < wanted:
            assert time.monotonic() < deadline, "the crowd gets no answers"
            time.sleep(0.01)

    def settle(self) -> None:
        """Ask once more for everybody who met an error."""
        for number in self._unsure:
            told = self.enter(0, number)
            assert isinstance(told, Won | Lost), told
        self._unsure.clear()

    def enter(self, client: int, number: int) -> Outcome | Exception:
        """One try of one person."""
        nonce = submission(number).nonce
        self._history.note(client, Kind.INVOKE, nonce)
        told = attempt(lambda: enter(self._engine, submission(number)))
        match told:
            case Won():
                self._history.note(client, Kind.OK, nonce, Told(told.entry.hex, told.code))
            case Lost():
                self._history.note(client, Kind.OK, nonce, Told(told.entry.hex, ""))
            case Busy():
                self._history.note(client, Kind.FAIL, nonce)
            case _:
                self._history.note(client, Kind.UNKNOWN, nonce)
        return told

    def _work(self, client: int) -> None:
        while not self._is_over.is_set():
            number = next(self._numbers)
            if not isinstance(self.enter(client, number), Won | Lost):
                self._unsure.append(number)
                self._is_over.wait(0.01)
