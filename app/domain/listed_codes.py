"""The codes of an uploaded list, a million of them in some forty megabytes."""

from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple, overload

from app.domain.codes import code_key, code_keys

_SAMPLE = 4096
_MOST_DRAWERS = 256
_FREE = 0  # in the table of places; else the number of a code, counted from 1


class ListedCode(NamedTuple):
    """One code to import: line counted from 1, text as written, uniqueness key."""

    line: int
    text: str
    key: str


class Part(NamedTuple):
    """Some codes of a list, side by side: the lines they stand in, their texts, their keys."""

    lines: list[int]
    texts: list[str]
    keys: list[str]


class ListedCodes(Sequence[ListedCode]):
    """Codes in the order of the file, each key once.

    Objects and a dict of keys would take four hundred bytes a code. Here the texts stand one behind the other
    as UTF-8, and an open hash table of numbers finds a code by its key.
    """

    def __init__(self) -> None:
        self._texts = bytearray()
        self._ends = array("I", [0])
        self._lines = array("I")
        self._hashes = array("I")
        self._places = array("I", [_FREE]) * 64
        self._order = array("I")  # the numbers of the codes by key, once asked for

    def add(self, line: int, text: str, key: str) -> int:
        """Put a code at the end and return its line; of a key that is there already the line where it stands,
        and nothing is put in.
        """
        digest = hash(key) & 0xFFFFFFFF
        place = self._find(digest, key)
        if number := self._places[place]:
            return self._lines[number - 1]
        self._texts += text.encode()
        self._ends.append(len(self._texts))
        self._lines.append(line)
        self._hashes.append(digest)
        self._places[place] = len(self._lines)
        if 2 * len(self._lines) > len(self._places):
            self._spread()
        return line

    def complete(self) -> None:
        """Say that no code will be added any more: what only `add` needs is forgotten."""
        del self._hashes, self._places

    def _find(self, digest: int, key: str) -> int:
        """The place of the key, or the free one where it belongs."""
        places, hashes = self._places, self._hashes
        mask = len(places) - 1
        place = digest & mask
        while (number := places[place]) != _FREE:
            if hashes[number - 1] == digest and self[number - 1].key == key:
                break
            place = place + 1 & mask
        return place

    def _spread(self) -> None:
        """Twice the places, so that half of them stay free."""
        size = 2 * len(self._places)
        self._places = places = array("I", [_FREE]) * size
        for number, digest in enumerate(self._hashes, start=1):
            place = digest & size - 1
            while places[place] != _FREE:
                place = place + 1 & size - 1
            places[place] = number

    def __len__(self) -> int:
        return len(self._lines)

    @overload
    def __getitem__(self, index: int) -> ListedCode: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[ListedCode, ...]: ...
    def __getitem__(self, index: int | slice) -> ListedCode | tuple[ListedCode, ...]:
        if isinstance(index, slice):
            return tuple(self[number] for number in range(*index.indices(len(self))))
        number = range(len(self))[index]
        text = self._text(number)
        return ListedCode(self._lines[number], text, code_key(text))

    def __iter__(self) -> Iterator[ListedCode]:
        start, texts = 0, self._texts
        for line, end in zip(self._lines, self._ends[1:], strict=True):
            text = texts[start:end].decode()
            yield ListedCode(line, text, code_key(text))
            start = end

    def in_key_order(self, size: int) -> Iterator[Part]:
        """All codes sorted by key, in parts of `size`, the last one shorter."""
        if len(self._order) != len(self):
            self._order = array("I")
            for drawer in self._drawers(2 * (len(self) // size)):
                keys = code_keys([self._text(number) for number in drawer])
                self._order.extend(number for _, number in sorted(zip(keys, drawer, strict=True)))
        for start in range(0, len(self), size):
            numbers = self._order[start : start + size]
            texts = [self._text(number) for number in numbers]
            yield Part([self._lines[number] for number in numbers], texts, code_keys(texts))

    def _text(self, number: int) -> str:
        return self._texts[self._ends[number] : self._ends[number + 1]].decode()

    def _drawers(self, wanted: int) -> Iterator[Sequence[int]]:
        """The numbers of all codes, drawer by drawer: every key of one comes before those of the next.

        Sorting a million keys at once would take hundreds of megabytes; a sample tells where to split them.
        """
        step = max(1, len(self) // _SAMPLE)
        sample = sorted(code_keys([self._text(number) for number in range(0, len(self), step)]))
        count = max(1, min(wanted, _MOST_DRAWERS))
        splits = [sample[len(sample) * place // count] for place in range(1, count)]
        drawer_of = bytearray()
        for start in range(0, len(self), _SAMPLE):
            texts = [self._text(number) for number in range(start, min(start + _SAMPLE, len(self)))]
            drawer_of += bytes([bisect_right(splits, key) for key in code_keys(texts)])
        ends = [drawer_of.count(drawer) for drawer in range(count)]
        for drawer in range(1, count):
            ends[drawer] += ends[drawer - 1]
        starts = [0, *ends[:-1]]
        places = list(starts)
        numbers = array("I", bytes(4 * len(self)))
        for number, drawer in enumerate(drawer_of):
            numbers[places[drawer]] = number
            places[drawer] += 1
        for start, end in zip(starts, ends, strict=True):
            yield numbers[start:end]
