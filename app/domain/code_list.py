"""Lists of codes as marketers upload them: one code a line, or a CSV with a `code` column."""

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO, NamedTuple

from app.domain.codes import MAX_LENGTH, code_key
from app.domain.errors import Worded
from app.domain.listed_codes import ListedCodes

MAX_CODES = 1_000_000
MIN_LENGTH = 4

_CHUNK = 1 << 16
_MAX_LINE = 100_000
_MAX_RECORD_LINES = 100
_BOMS = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_LINE_END = re.compile("\r\n|\r|\n")
_DELIMITERS = (",", ";", "\t")
_SEPARATOR_HINT = re.compile(r"sep=[,;]?", re.IGNORECASE)
_FORMULA_STARTS = ("=", "+", "-", "@", "\u2212")
# First lines that are headings without being the one that is asked for: nobody may win the word "Voucher".
_OTHER_HEADINGS = frozenset(
    ["CODES", "COUPON", "COUPONS", "VOUCHER", "VOUCHERS", "KUPON", "KODLAR", "KUPON KODU", "INDIRIM KODU"]
    + [f"{word}{gap}CODE{many}" for word in ("COUPON", "DISCOUNT", "GIFT", "PROMO", "PROMOTION", "VOUCHER")
       for gap in ("", " ", "_", "-") for many in ("", "S")]
)  # fmt: skip

# Of a line that is not blank: its number, its code cell, and the reason why there is none ("" when there is).
_Cell = tuple[int, str, str]


class Malformed(NamedTuple):
    """A line that holds no usable code, and a stable word that says why.

    too_short, too_long (4 to 64 characters), unprintable (control or invisible characters), line_break,
    formula (would run in a spreadsheet), quotes (out of place, or never closed), columns (more cells than the
    heading, or several without one), missing (the `code` cell is empty and others are not), heading (there is
    one, but not exactly one column called `code`; of a table nothing more is read then).
    """

    line: int
    reason: str


class Duplicate(NamedTuple):
    """A line that repeats the code of an earlier line of the same file."""

    line: int
    first_line: int


class CodeList(NamedTuple):
    """What a file holds; only a list without malformed lines may be imported.

    `codes` has each key once, in the order of the file; later copies are in `duplicates`.
    """

    codes: ListedCodes
    malformed: tuple[Malformed, ...]
    duplicates: tuple[Duplicate, ...]


class TooManyCodes(Worded, ValueError):
    """The list has more than MAX_CODES rows."""


class NotText(Worded, ValueError):
    """The file is not text; `line` is where that shows, the text says what to do."""

    def __init__(self, line: int, template: str, **values: object) -> None:
        super().__init__(template, line=line, **values)
        self.line = line


def decode_code_file(data: bytes | BinaryIO) -> Iterator[str]:
    """Yield the lines of an uploaded file without their ends (LF, CRLF or CR); raise NotText.

    Read piece by piece: UTF-8 with or without BOM, UTF-16 with a BOM.
    """
    line = 1
    rest = ""
    for piece, readable in _decoded(io.BytesIO(data) if isinstance(data, bytes) else data):
        if not readable:
            line += len(_LINE_END.findall(rest + piece))
            raise NotText(line, "Line %(line)s is not UTF-8 text. Save the file as CSV (UTF-8).")
        # A CR at the end may be the first half of a CRLF: it waits for the next piece.
        text = rest + piece
        whole = text.removesuffix("\r")
        *lines, rest = _LINE_END.split(whole)
        rest += text[len(whole) :]
        yield from lines
        line += len(lines)
        if len(rest) > _MAX_LINE:
            raise NotText(
                line,
                "Line %(line)s is over %(limit)s characters long: this is no list of codes.",
                limit=_MAX_LINE,
            )
    if rest:
        yield rest.removesuffix("\r")


def _decoded(stream: BinaryIO) -> Iterator[tuple[str, bool]]:
    # The text in pieces; the piece marked False is the last, what follows it is not text.
    chunk = stream.read(_CHUNK)
    if chunk.startswith(b"PK\x03\x04"):
        raise NotText(1, "This is a spreadsheet or an archive, not text. Save the sheet as CSV (UTF-8).")
    encoding = next((name for bom, name in _BOMS.items() if chunk.startswith(bom)), "utf-8")
    decoder = codecs.getincrementaldecoder(encoding)()
    start = True
    while True:
        try:
            piece, readable = decoder.decode(chunk, not chunk), True
        except UnicodeDecodeError as error:
            piece, readable = error.object[: error.start].decode(encoding, "ignore"), False
        yield piece.removeprefix("\ufeff") if start else piece, readable
        start = False
        if not chunk:
            return
        chunk = stream.read(_CHUNK)


def read_code_list(lines: Iterable[str]) -> CodeList:
    """Sort the lines of a file into codes, malformed lines and duplicates; raise TooManyCodes.

    A first line with a cell `code` (any case; comma, semicolon or tab between cells) makes it a CSV, of which
    that column counts; else every line is one code. Blank lines and quotes round a cell are fine.
    """
    codes = ListedCodes()
    malformed: list[Malformed] = []
    duplicates: list[Duplicate] = []
    for count, (line, text, fault) in enumerate(_cells(_numbered(lines)), start=1):
        if count > MAX_CODES:
            raise TooManyCodes(
                "The list has more than %(limit)s codes. Split it into several files.", limit=MAX_CODES
            )
        key = code_key(text)
        reason = fault or _fault(text, key)
        if reason:
            malformed.append(Malformed(line, reason))
        elif (first := codes.add(line, text, key)) != line:
            duplicates.append(Duplicate(line, first))
    codes.complete()
    return CodeList(codes, tuple(malformed), tuple(duplicates))


def _fault(text: str, key: str) -> str:
    if "\n" in text:
        return "line_break"
    if not text.isprintable():
        return "unprintable"
    if min(len(text), len(key)) < MIN_LENGTH:
        return "too_short"
    if max(len(text), len(key)) > MAX_LENGTH:
        return "too_long"
    return "formula" if key.startswith(_FORMULA_STARTS) else ""


def _numbered(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    number = 0
    for text in lines:
        body = text.rstrip("\r\n")
        # Whoever opened the file may have kept a kind of line end that is not the file's.
        for part in _LINE_END.split(body) if "\r" in body or "\n" in body else (body,):
            number += 1
            yield number, part if number > 1 else part.removeprefix("\ufeff")


def _cells(numbered: Iterator[tuple[int, str]]) -> Iterator[_Cell]:
    line, heading = _next_filled(numbered)
    if _SEPARATOR_HINT.fullmatch(heading.strip()):
        line, heading = _next_filled(numbered)
    tables = {delimiter: _row(heading, delimiter) or [] for delimiter in _DELIMITERS}
    widest = max(tables, key=lambda delimiter: len(tables[delimiter]))
    names = {delimiter: [code_key(cell) for cell in cells] for delimiter, cells in tables.items()}
    delimiter = next((delimiter for delimiter in _DELIMITERS if "CODE" in names[delimiter]), widest)
    columns = names[delimiter]
    if len(columns) > 1 and columns.count("CODE") != 1:
        yield line, "", "heading"
    elif len(columns) > 1:
        yield from _table(numbered, delimiter, columns.index("CODE"), len(columns))
    else:
        if columns and columns[0] in _OTHER_HEADINGS:
            yield line, "", "heading"
        elif columns != ["CODE"]:
            yield from _plain(iter([(line, heading)]))
        yield from _plain(numbered)


def _next_filled(numbered: Iterator[tuple[int, str]]) -> tuple[int, str]:
    return next(((line, text) for line, text in numbered if text.strip()), (0, ""))


def _plain(numbered: Iterator[tuple[int, str]]) -> Iterator[_Cell]:
    for line, raw in numbered:
        text = raw.strip()
        if text[:1] == '"' == text[-1:] and len(text) > 1:
            text = text[1:-1].strip()
        elif any(delimiter in text for delimiter in _DELIMITERS):
            yield line, "", "columns"
            continue
        if text:
            yield line, text, "quotes" if '"' in text else ""


def _table(numbered: Iterator[tuple[int, str]], delimiter: str, column: int, width: int) -> Iterator[_Cell]:
    for line, text in numbered:
        cells = text.split(delimiter) if '"' not in text else _quoted_row(text, numbered, delimiter)
        if cells is None:
            yield line, "", "quotes"
            continue
        code = cells[column].strip() if column < len(cells) else ""
        if len(cells) > width and any(cell.strip() for cell in cells[width:]):
            yield line, "", "columns"
        elif code:
            yield line, code, "quotes" if '"' in code else ""
        elif any(cell.strip() for cell in cells):
            yield line, "", "missing"


def _quoted_row(text: str, numbered: Iterator[tuple[int, str]], delimiter: str) -> list[str] | None:
    # A cell in quotes may go on over further lines (a note, say); a quote that is never closed must not
    # swallow the rest of the file.
    cells = _row(text, delimiter)
    open_lines = 0
    while cells is None and text.count('"') % 2 and open_lines < _MAX_RECORD_LINES and len(text) < _MAX_LINE:
        open_lines += 1
        _, more = next(numbered, (0, None))
        if more is None:
            return None
        text = f"{text}\n{more}"
        if text.count('"') % 2 == 0:
            cells = _row(text, delimiter)
    return cells


def _row(text: str, delimiter: str) -> list[str] | None:
    try:
        return next(csv.reader([text], delimiter=delimiter, strict=True), [])
    except csv.Error:
        return None
