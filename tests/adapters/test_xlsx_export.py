"""Workbooks: what stands in them, that no text of it is a formula, and that memory stays small."""

import io
import tracemalloc
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

import pytest

from app.adapters.xlsx_export import Cell, write_workbook

NS = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}


def made(rows: Iterable[Sequence[Cell]], **kwargs: int) -> zipfile.ZipFile:
    archive = zipfile.ZipFile(io.BytesIO(b"".join(write_workbook("Wins & co", ("a", "b"), rows, **kwargs))))
    assert archive.testzip() is None
    return archive


def sheet(archive: zipfile.ZipFile, number: int = 1) -> ET.Element:
    return ET.fromstring(archive.read(f"xl/worksheets/sheet{number}.xml"))  # noqa: S314 -- our own


def texts(archive: zipfile.ZipFile, number: int = 1) -> list[list[str | None]]:
    rows = sheet(archive, number).findall(".//m:row", NS)
    return [[cell.text for cell in row.findall(".//m:t", NS)] for row in rows]


def test_rows_stand_under_the_header() -> None:
    archive = made([("Ayşe <&>", "“x”"), ("  two", "lines\nhere")])
    assert texts(archive) == [["a", "b"], ["Ayşe <&>", "“x”"], ["  two", "lines\nhere"]]
    workbook = ET.fromstring(archive.read("xl/workbook.xml"))  # noqa: S314 -- our own
    assert [each.get("name") for each in workbook.findall(".//m:sheet", NS)] == ["Wins & co"]
    for name in archive.namelist():
        ET.fromstring(archive.read(name))  # noqa: S314 -- our own


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", '=HYPERLINK("http://x.example")', "\t=1"])
def test_no_text_becomes_a_formula(text: str) -> None:
    archive = made([(text, "")])
    cell = sheet(archive).findall(".//m:row", NS)[1][0]
    assert (cell.get("t"), cell.find("m:f", NS)) == ("inlineStr", None)
    assert cell.findtext(".//m:t", None, NS) == text
    styles = ET.fromstring(archive.read("xl/styles.xml"))  # noqa: S314 -- our own
    style = styles.findall(".//m:cellXfs/m:xf", NS)[int(cell.get("s") or 0)]
    assert (style.get("numFmtId"), style.get("quotePrefix")) == ("49", "1")


def test_what_a_cell_cannot_hold_is_left_out() -> None:
    long = "x" * 40_000
    assert texts(made([("a\x00\x1fb\ud800", "_x0041_"), (long, "")]))[1:] == [
        ["ab", "_x005F_x0041_"],
        [long[:32_767], None],
    ]


def test_moments_and_numbers_are_values() -> None:
    cells = sheet(made([(datetime(2030, 6, 15, 18, 0, 0, 5, UTC), 42)])).findall(".//m:row", NS)[1]
    assert [float(cell.findtext("m:v", "", NS)) for cell in cells] == [47649.75, 42]


def test_a_full_sheet_is_followed_by_the_next() -> None:
    archive = made([(str(number), "") for number in range(5)], rows_per_sheet=2)
    assert [len(texts(archive, number)) for number in (1, 2, 3)] == [3, 3, 2]
    assert texts(archive, 3)[1][0] == "4"
    workbook = ET.fromstring(archive.read("xl/workbook.xml"))  # noqa: S314 -- our own
    names = [each.get("name") for each in workbook.findall(".//m:sheet", NS)]
    assert names == ["Wins & co", "Wins & co 2", "Wins & co 3"]
    assert texts(made([], rows_per_sheet=2)) == [["a", "b"]]
    assert "xl/worksheets/sheet2.xml" not in made([("1", ""), ("2", "")], rows_per_sheet=2).namelist()


def test_memory_does_not_grow_with_the_rows() -> None:
    def rows() -> Iterator[Sequence[Cell]]:
        for number in range(60_000):
            yield f"person {number} of very many", str(number * 7919)

    tracemalloc.start()
    size = sum(map(len, write_workbook("Wins", ("a", "b"), rows())))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size > 500_000
    assert peak < 3_000_000
