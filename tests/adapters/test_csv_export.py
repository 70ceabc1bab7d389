"""CSV export: whatever people typed, no cell runs as a formula, and every cell reads back."""

import csv
import io

import pytest

from app.adapters.csv_export import safe_cell, write_rows


@pytest.mark.parametrize(
    "text",
    [
        *("=1+1", "+1", "-1", "@SUM(A1)", "|cmd", "\tx", "\rx", " =1", "\n=1", "  \t"),
        *("\ufeff=1", "\x00=1", "\u200b=1", "\u00a0@x", "＝1", "＋1", "－1", "＠x", "｜x", "−1"),
    ],
)
def test_what_might_run_is_disarmed(text: str) -> None:
    assert safe_cell(text) == f"'{text}"


@pytest.mark.parametrize(
    "text", ["", "Ayşe", "a=b", "1-1", "SUMMER-1", "ada@example.org", "'quoted'", " plain"]
)
def test_plain_text_stays(text: str) -> None:
    assert safe_cell(text) == text


def test_every_cell_reads_back() -> None:
    rows = [("plain", 'say "hi"', "a,b", "two\nlines"), ("=1", "", "ş", ";")]
    text = "".join(write_rows(("a", "b", "c", "d"), rows))
    assert text.startswith('"a","b","c","d"\r\n')
    back = list(csv.reader(io.StringIO(text, newline="")))
    assert back[1:] == [list(rows[0]), ["'=1", "", "ş", ";"]]
