"""CSV that is safe to open in a spreadsheet: no cell of it runs as a formula."""

import re
from collections.abc import Iterable, Iterator

# What people see as the first character decides: spaces, byte order marks and control characters before it do
# not count. Tab and carriage return are dangerous by themselves, full-width twins are read as the plain
# character.
_RISKY = re.compile(
    r"(?:[\s\x00-\x1f\x7f-\x9f\u200b-\u200f\u2060\ufeff]*[=+\-@|\uff1d\uff0b\uff0d\uff20\uff5c\u2212]|[\s\ufeff]*[\t\r])"
)


def safe_cell(text: str) -> str:
    """The text, with an apostrophe in front when a spreadsheet might take it for a formula."""
    return f"'{text}" if _RISKY.match(text) else text


def write_rows(header: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """Yield the lines of a CSV file, every cell quoted and safe, lines ended by CRLF."""
    yield _line(header)
    for row in rows:
        yield _line(row)


def _line(cells: Iterable[str]) -> str:
    quoted = (safe_cell(cell).replace('"', '""') for cell in cells)
    return ",".join(f'"{cell}"' for cell in quoted) + "\r\n"
