"""What clients asked and what they were told, in order; and a checker of it against what is stored.

Each operation begins with `invoke` and ends in one of three ways: `ok` with an outcome, `fail` when it surely
did nothing, `unknown` when nobody can tell (the connection broke, the server said 500).
"""

import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """Begin and end of an operation."""

    INVOKE = "invoke"
    OK = "ok"
    FAIL = "fail"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Told:
    """An outcome as a client sees it; `code` is empty for a loss."""

    entry: str
    code: str


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the history; its place in the list is its time."""

    client: int
    kind: Kind
    nonce: bytes
    told: Told | None = None


class History:
    """The events of all clients in one order: an invoke is noted before the request leaves, an answer after
    it came.
    """

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._counts: Counter[Kind] = Counter()
        self.events: list[Event] = []

    def note(self, client: int, kind: Kind, nonce: bytes, told: Told | None = None) -> None:
        """Write down one event."""
        with self._mutex:
            self.events.append(Event(client, kind, nonce, told))
            self._counts[kind] += 1

    def count(self, kind: Kind) -> int:
        """How many events of that kind there are."""
        return self._counts[kind]


def contradictions(history: History, stored: Mapping[bytes, Told], *, all_can_win: bool) -> list[str]:
    """Where the history and the database contradict one another or a promise; `stored` is by nonce.

    With `all_can_win`, where every entry wins until the stock is gone, nobody wins after somebody else was
    told that nothing is left.
    """
    found = [*_out_of_step(history), *_told_and_stored(history, stored), *_out_of_the_air(history, stored)]
    if all_can_win:
        found += _wins_after_the_last(history)
    codes = [told.code for told in stored.values() if told.code]
    if len(set(codes)) < len(codes):
        found.append("a code was given out twice")
    return found


def _out_of_step(history: History) -> Iterator[str]:
    """A client asks, and then is told; the history itself is wrong otherwise."""
    open_now: dict[int, bytes] = {}
    for event in history.events:
        if event.kind is Kind.INVOKE:
            if event.client in open_now:
                yield f"client {event.client} asked twice at once"
            open_now[event.client] = event.nonce
        elif open_now.pop(event.client, None) != event.nonce:
            yield f"client {event.client} was told what it had not asked"


def _told_and_stored(history: History, stored: Mapping[bytes, Told]) -> Iterator[str]:
    """Whatever was told stands in the database, the same each time."""
    for event in history.events:
        if event.kind is Kind.OK and stored.get(event.nonce) != event.told:
            yield f"{event.nonce.hex()} was told {event.told}, stored is {stored.get(event.nonce)}"


def _out_of_the_air(history: History, stored: Mapping[bytes, Told]) -> Iterator[str]:
    """Whatever is stored was asked for by somebody who was not told that nothing happened."""
    may_have = {event.nonce for event in history.events if event.kind in {Kind.OK, Kind.UNKNOWN}}
    asked = {event.nonce for event in history.events}
    for nonce in stored:
        if nonce not in asked:
            yield f"{nonce.hex()} is stored and nobody asked for it"
        elif nonce not in may_have:
            yield f"{nonce.hex()} is stored, and everybody who asked was told that it is not"


def _wins_after_the_last(history: History) -> Iterator[str]:
    asked_in_time, is_sold_out = set(), False
    for event in history.events:
        if event.kind is Kind.INVOKE and not is_sold_out:
            asked_in_time.add(event.nonce)
        elif event.told is not None and not event.told.code:
            is_sold_out = True
        elif event.told is not None and event.nonce not in asked_in_time:
            yield f"{event.nonce.hex()} won after somebody was told that nothing is left"
