"""Lists of codes as marketers upload them: one code a line, or a CSV with a `code` column."""

from collections.abc import Iterable, Iterator
from typing import BinaryIO, NamedTuple

MAX_CODES = 1_000_000


class ListedCode(NamedTuple):
    """One code to import: line counted from 1, text as written, uniqueness key."""

    line: int
    text: str
    key: str


class Malformed(NamedTuple):
    """A line that holds no usable code, and a stable word that says why."""

    line: int
    reason: str


class Duplicate(NamedTuple):
    """A line that repeats the code of an earlier line of the same file."""

    line: int
    first_line: int


class CodeList(NamedTuple):
    """What a file holds; only a list without malformed lines may be imported."""

    codes: tuple[ListedCode, ...]
    malformed: tuple[Malformed, ...]
    duplicates: tuple[Duplicate, ...]


class TooManyCodes(ValueError):
    """The list has more than MAX_CODES rows."""


class NotText(ValueError):
    """The file is not text; `line` is where that shows."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


def decode_code_file(data: bytes | BinaryIO) -> Iterator[str]:
    """Yield the lines of an uploaded file (UTF-8, or UTF-16 with a BOM); raise NotText otherwise."""
    raise NotImplementedError


def read_code_list(lines: Iterable[str]) -> CodeList:
    """Sort the lines of a file into codes, malformed lines and duplicates; raise TooManyCodes."""
    raise NotImplementedError
