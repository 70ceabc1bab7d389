"""The codes of an uploaded list, a million of them in some forty megabytes."""

from array import array
from collections.abc import Iterator, Sequence
from typing import NamedTuple, overload

from app.domain.codes import code_key

_FREE = 0  # in the table of places; else the number of a code, counted from 1


class ListedCode(NamedTuple):
    """One code to import: line counted from 1, text as written, uniqueness key."""

    line: int
    text: str
    key: str


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
        text = self._texts[self._ends[number] : self._ends[number + 1]].decode()
        return ListedCode(self._lines[number], text, code_key(text))

    def __iter__(self) -> Iterator[ListedCode]:
        start, texts = 0, self._texts
        for line, end in zip(self._lines, self._ends[1:], strict=True):
            text = texts[start:end].decode()
            yield ListedCode(line, text, code_key(text))
            start = end
