"""Clients that enter one person after another over HTTP and write down what they were told."""

import http.client
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from app.models import Award, Code, Entry
from tests.faults.history import History, Kind, Told
from tests.race.visitor import Visitor

T = TypeVar("T")

PATIENCE = 30.0  # seconds until a site that was killed must answer again
_BROKEN = (OSError, http.client.HTTPException)


class Clients:
    """A load of `count` clients, until the block ends; those who do not know what came of it ask again."""

    def __init__(self, port: int, history: History) -> None:
        self._port = port
        self._history = history
        self._numbers = itertools.count(1)
        self._is_over = threading.Event()
        self._unsure: list[tuple[int, Visitor]] = []

    @contextmanager
    def at_work(self, count: int) -> Iterator[None]:
        """Enter people from so many clients while the block runs."""
        threads = [threading.Thread(target=self._work, args=(client,)) for client in range(count)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._is_over.set()
            for thread in threads:
                thread.join(3 * PATIENCE)
            assert not any(thread.is_alive() for thread in threads)

    def settle(self) -> None:
        """Ask once more for everybody left in the dark; with a new CAPTCHA, where theirs is too old."""
        for number, visitor in self._unsure:
            is_told = self._send(0, number, visitor) or self._send(0, number, self._prepared(number))
            assert is_told, f"person {number} is still in the dark"

    def _work(self, client: int) -> None:
        while not self._is_over.is_set():
            number = next(self._numbers)
            visitor = self._prepared(number)
            tries = 1 + number % 3  # some give up while they do not know
            if not any(self._send(client, number, visitor) for _ in range(tries)):
                self._unsure.append((number, visitor))

    def _prepared(self, number: int) -> Visitor:
        def prepare() -> Visitor:
            visitor = Visitor(self._port)
            visitor.prepare(number)
            return visitor

        return until_answered(prepare)

    def _send(self, client: int, number: int, visitor: Visitor) -> bool:
        """Submit; True once the client knows the outcome."""
        nonce = number.to_bytes(16, "big")
        self._history.note(client, Kind.INVOKE, nonce)
        try:
            answer = visitor.send()  # hangs up; the next try connects anew
        except _BROKEN:
            self._history.note(client, Kind.UNKNOWN, nonce)
            time.sleep(0.02)
            return False
        if answer.status == 200:
            self._history.note(
                client, Kind.OK, nonce, Told(answer.data["entry"], answer.data.get("code", ""))
            )
            return True
        self._history.note(client, Kind.FAIL if answer.status in {409, 503} else Kind.UNKNOWN, nonce)
        return False


def until_answered(ask: Callable[[], T]) -> T:
    """Ask until the site answers."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return ask()
        except _BROKEN:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def stored_outcomes(engine: Engine) -> dict[bytes, Told]:
    """What stands in the database, by nonce."""
    query = (
        select(Entry.nonce, Entry.id, Code.text)
        .outerjoin(Award, Award.entry_id == Entry.id)
        .outerjoin(Code, Code.id == Award.code_id)
    )
    with Session(engine) as session:
        return {row.nonce: Told(row.id.hex, row.text or "") for row in session.execute(query)}
