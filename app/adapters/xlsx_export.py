"""Excel workbooks, streamed: rows go in, bytes come out, memory stays small.

Text is written as text: no cell of it can become a formula, not even when somebody edits it. A sheet that is
full is followed by the next one.
"""

import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from io import RawIOBase
from itertools import chain, islice
from typing import Any
from xml.sax.saxutils import escape, quoteattr

Cell = str | int | datetime

MIME = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ROWS_PER_SHEET = 1_048_575  # beside the header: no sheet holds more
_LONGEST_CELL = 32_767
_CHUNK = 500
_STAMP = (1980, 1, 1, 0, 0, 0)  # the same rows make the same file
_DAY_ZERO = datetime(1899, 12, 30)  # noqa: DTZ001 -- a sheet's clock has no zone
_TEXT, _HEADER, _MOMENT = 1, 2, 3

_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_LIKE_AN_ESCAPE = re.compile("_(?=x[0-9A-Fa-f]{4}_)")

_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"

_STYLES = (
    f'{_HEAD}<styleSheet xmlns="{_MAIN}">'
    '<numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/></numFmts>'
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="4"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" quotePrefix="1"/>'
    '<xf numFmtId="49" fontId="1" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" applyFont="1"/>'
    '<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)
_ROOT_LINKS = (
    f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
)


def write_workbook(
    title: str,
    header: Sequence[str],
    rows: Iterable[Sequence[Cell]],
    *,
    rows_per_sheet: int = ROWS_PER_SHEET,
) -> Iterator[bytes]:
    """Yield the bytes of a workbook with the rows under the header, on as many sheets as they need.

    Moments are written as they stand, without a zone. Of a text too long for a cell, the beginning stays.
    """
    pipe = _Pipe()
    rest, sheets = iter(rows), 0
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as archive:
        first: list[Sequence[Cell]] = []
        while sheets == 0 or (first := list(islice(rest, 1))):
            sheets += 1
            lines = islice(chain(first, rest), rows_per_sheet)
            with archive.open(_part(f"xl/worksheets/sheet{sheets}.xml"), "w") as sheet:
                for text in _sheet(header, lines):
                    sheet.write(text.encode())
                    yield pipe.taken()
        for name, text in _frame(title, sheets).items():
            archive.writestr(_part(name), text)
    yield pipe.taken()


def _sheet(header: Sequence[str], rows: Iterator[Sequence[Cell]]) -> Iterator[str]:
    last = f"{_column(len(header) - 1)}1"
    widths = "".join(
        f'<col min="{place}" max="{place}" width="22" customWidth="1"/>'
        for place in range(1, len(header) + 1)
    )
    yield (
        f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
        '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
        f"<cols>{widths}</cols><sheetData>{_row(header, _HEADER)}"
    )
    while some := list(islice(rows, _CHUNK)):
        yield "".join(_row(row, _TEXT) for row in some)
    yield f'</sheetData><autoFilter ref="A1:{last}"/></worksheet>'


def _row(cells: Sequence[Cell], style: int) -> str:
    return f"<row>{''.join(_cell(cell, style) for cell in cells)}</row>"


def _cell(value: Cell, style: int) -> str:
    match value:
        case datetime():
            days = (value.replace(tzinfo=None, microsecond=0) - _DAY_ZERO).total_seconds() / 86_400
            return f'<c s="{_MOMENT}"><v>{days:.10f}</v></c>'
        case int():
            return f"<c><v>{value}</v></c>"
        case str():
            plain = _LIKE_AN_ESCAPE.sub("_x005F_", _NOT_IN_XML.sub("", value)[:_LONGEST_CELL])
            return f'<c t="inlineStr" s="{style}"><is><t xml:space="preserve">{escape(plain)}</t></is></c>'


def _frame(title: str, sheets: int) -> dict[str, str]:
    numbers = range(1, sheets + 1)
    names = "".join(
        f"<sheet name={quoteattr(title if number == 1 else f'{title} {number}')} "
        f'sheetId="{number}" r:id="rId{number}"/>'
        for number in numbers
    )
    links = "".join(
        f'<Relationship Id="rId{number}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{number}.xml"/>'
        for number in numbers
    )
    types = "".join(
        f'<Override PartName="/xl/worksheets/sheet{number}.xml" ContentType="{_TYPES}.worksheet+xml"/>'
        for number in numbers
    )
    return {
        "xl/workbook.xml": f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">'
        f"<sheets>{names}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{links}'
        f'<Relationship Id="rId{sheets + 1}" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": _STYLES,
        "_rels/.rels": _ROOT_LINKS,
        "[Content_Types].xml": f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPES}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_TYPES}.styles+xml"/>{types}</Types>',
    }


def _column(place: int) -> str:
    before, letter = divmod(place, 26)
    return (_column(before - 1) if before else "") + chr(ord("A") + letter)


def _part(name: str) -> zipfile.ZipInfo:
    part = zipfile.ZipInfo(name, _STAMP)
    part.compress_type = zipfile.ZIP_DEFLATED
    return part


class _Pipe(RawIOBase):
    """A file that only takes: what was written since is handed on and forgotten."""

    def __init__(self) -> None:
        super().__init__()
        self._held: list[bytes] = []

    def writable(self) -> bool:
        """It takes."""
        return True

    def write(self, data: Any) -> int:
        """Take a copy."""
        held = bytes(data)
        self._held.append(held)
        return len(held)

    def taken(self) -> bytes:
        """What came since the last call."""
        held, self._held = b"".join(self._held), []
        return held
