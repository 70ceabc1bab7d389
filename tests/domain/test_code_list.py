"""Uploaded lists of codes: every shape a spreadsheet writes, and every mistake with its line."""

import io
import time
import tracemalloc
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import code_list
from app.domain.code_list import (
    Duplicate,
    Malformed,
    NotText,
    decode_code_file,
    read_code_list,
)
from app.domain.listed_codes import ListedCode, ListedCodes


class Found(NamedTuple):
    """What was read, its codes as a plain tuple."""

    codes: tuple[ListedCode, ...]
    malformed: tuple[Malformed, ...]
    duplicates: tuple[Duplicate, ...]


def read(text: str, encoding: str = "utf-8") -> Found:
    codes, malformed, duplicates = read_code_list(decode_code_file(text.encode(encoding)))
    return Found(tuple(codes), malformed, duplicates)


def texts(found: Found) -> list[str]:
    assert found.malformed == ()
    return [code.text for code in found.codes]


@pytest.mark.parametrize(
    "text",
    [
        "AAAA-1\nBBBB-2\n",
        "AAAA-1\r\nBBBB-2",
        "AAAA-1\rBBBB-2\r",
        "\ufeffAAAA-1\n\n   \nBBBB-2\n\n",
        '"AAAA-1"\n "BBBB-2" \n',
        "code\nAAAA-1\nBBBB-2\n",
        '"CODE"\nAAAA-1\n"BBBB-2"\n',
        "\n\nCode\nAAAA-1\nBBBB-2\n",
        "code,value\nAAAA-1,10\nBBBB-2,20\n",
        "\ufeffid;Code;note\r\n1;AAAA-1;\r\n2; BBBB-2 ;hello\r\n",
        "id\tCODE\n1\tAAAA-1\n\t\n2\tBBBB-2",
        "sep=;\nid;code\n1;AAAA-1\n2;BBBB-2\n",
        'id,"code","a, note"\n1,AAAA-1,"one\ntwo, ""three"""\n2,"BBBB-2",5" wide\n',
        "code,note\nAAAA-1\nBBBB-2,,,\n,,\n",
        "note, code \nx,AAAA-1\ny,BBBB-2",
        "ＣＯＤＥ;x\nAAAA-1;\nBBBB-2;\n",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_all_usual_shapes(text: str, encoding: str) -> None:
    assert texts(read(text, encoding)) == ["AAAA-1", "BBBB-2"]


def test_big_endian_utf_16() -> None:
    assert texts(read("\ufeffKUPON-Ç\n", "utf-16-be")) == ["KUPON-Ç"]


def test_codes_come_with_line_and_key() -> None:
    assert read("\nab  cd\n\nışık-1").codes == (
        ListedCode(2, "ab  cd", "AB CD"),
        ListedCode(4, "ışık-1", "IŞIK-1"),
    )


def test_an_empty_file_is_an_empty_list() -> None:
    for text in ["", "\n\n", "\ufeff", "code\n", "code,x\n", "sep=;\n"]:
        assert read(text) == Found((), (), ())


def test_repeated_codes_name_both_lines() -> None:
    found = read("code\nAAAA-1\nBBBB-2\n aaaa-1 \nＡＡＡＡ-1\n")
    assert [code.line for code in found.codes] == [2, 3]
    assert found.duplicates == (Duplicate(4, 2), Duplicate(5, 2))


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("ABC", "too_short"),
        ("A" * 65, "too_long"),
        ("ﷺ" * 4, "too_long"),
        ("e\u0301e\u0301", "too_short"),
        ("AB\0CD", "unprintable"),
        ("AB\x0bCD", "unprintable"),
        ("AB\u2028CD", "unprintable"),
        ("AB\u200bCD", "unprintable"),
        ("AB\u00a0CD", "unprintable"),
        ("AB\x85CD", "unprintable"),
        ("\ud800ABC", "unprintable"),
        ("=1+1", "formula"),
        ("+ABC", "formula"),
        ("-ABC", "formula"),
        ("@SUM", "formula"),
        ("＝ABC", "formula"),
        ("\u2212ABC", "formula"),
        ('AB"CD', "quotes"),
        ('"ABCD', "quotes"),
        ('"AB""CD"', "quotes"),
        ('"', "quotes"),
        ("ABCD,10", "columns"),
        ("ABCD;10", "columns"),
        ("ABCD\t10", "columns"),
    ],
)
def test_wrong_lines_have_a_number_and_a_reason(code: str, reason: str) -> None:
    found = read_code_list(["GOOD-1", "", code, "GOOD-2"])
    assert found.malformed == (Malformed(3, reason),)
    assert [listed.text for listed in found.codes] == ["GOOD-1", "GOOD-2"]


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (",10", "missing"),
        ('"",10', "missing"),
        ('"ABCD\nEFGH",10', "line_break"),
        ("ABCD,10,more", "columns"),
        ('"ABCD"x,10', "quotes"),
        ('"AB""CD",10', "quotes"),
        ('"ABCD,10', "quotes"),
        ("=ABCD,10", "formula"),
        ('" =ABCD",10', "formula"),
        ("ABC,10", "too_short"),
    ],
)
def test_wrong_rows_have_a_number_and_a_reason(rows: str, reason: str) -> None:
    assert read(f"code,value\nGOOD-1,5\n{rows}").malformed == (Malformed(3, reason),)


def test_lines_are_counted_through_cells_of_several_lines() -> None:
    found = read('code,note\nAAAA-1,"one\n\ntwo"\nBBBB-2,x\nabc,x\n')
    assert [code.line for code in found.codes] == [2, 5]
    assert found.malformed == (Malformed(6, "too_short"),)


def test_a_quote_that_stays_open_does_not_swallow_the_file() -> None:
    lines = [f"CODE-{number},x" for number in range(1000)]
    found = read_code_list(["code,note", 'ABCD,"open', *lines])
    assert found.malformed == (Malformed(2, "quotes"),)
    assert len(found.codes) == 900


@pytest.mark.parametrize("heading", ["voucher,amount", "code,Code", "id;codes", "AAAA-1,10"])
def test_a_table_without_exactly_one_code_column(heading: str) -> None:
    assert read(f"\n{heading}\nAAAA-2,10\n") == Found((), (Malformed(2, "heading"),), ())


@pytest.mark.parametrize("heading", ["Codes", "voucher", "Promo Code", "coupon_code", "İndirim Kodu"])
def test_another_heading_is_not_a_code(heading: str) -> None:
    found = read(f"{heading}\nAAAA-1\n")
    assert found.malformed == (Malformed(1, "heading"),)
    assert [code.line for code in found.codes] == [2]


def test_lines_may_keep_any_line_end() -> None:
    found = read_code_list(["\ufeffAAAA-1\r\n", "BBBB-2\rCCCC-3\n", "DDDD-4"])
    assert [(code.line, code.text) for code in found.codes] == [
        (1, "AAAA-1"),
        (2, "BBBB-2"),
        (3, "CCCC-3"),
        (4, "DDDD-4"),
    ]


def test_too_many_codes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code_list, "MAX_CODES", 3)
    assert len(read("code\nAAAA\nBBBB\nCCCC\n").codes) == 3
    with pytest.raises(code_list.TooManyCodes, match="more than 3 codes"):
        read("AAAA\nBBBB\nCCCC\nDDDD\n")


@pytest.mark.parametrize("filler", [0, 70_000])
def test_bytes_that_are_no_text_name_their_line(filler: int) -> None:
    good = b"AAAA-1\r\n" * (filler // 8) + b"AAAA-1\r\nBBBB-2\r\n"
    with pytest.raises(NotText, match="not UTF-8") as caught:
        list(decode_code_file(good + "İNDİRİM".encode("cp1254") + b"\r\nCCCC"))
    assert caught.value.line == filler // 8 + 3


def test_half_a_character_at_the_end_is_no_text() -> None:
    for data in ["AAAA\nÇ".encode()[:-1], "AAAA\nÇ".encode("utf-16")[:-1]]:
        with pytest.raises(NotText) as caught:
            list(decode_code_file(data))
        assert caught.value.line == 2


def test_a_workbook_is_told_from_text() -> None:
    with pytest.raises(NotText, match="Save the sheet as CSV"):
        list(decode_code_file(b"PK\x03\x04rest"))


def test_a_line_without_end_is_not_kept_in_memory() -> None:
    with pytest.raises(NotText, match="no list of codes") as caught:
        list(decode_code_file(io.BytesIO(b"AAAA\n" + b"A" * 1_000_000)))
    assert caught.value.line == 2


def test_line_ends_on_the_border_of_two_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    data = "ÇÇÇÇ\r\nBBBB\r\r\nDDDD\r".encode()
    for size in range(1, len(data) + 1):
        monkeypatch.setattr(code_list, "_CHUNK", size)
        assert list(decode_code_file(io.BytesIO(data))) == ["ÇÇÇÇ", "BBBB", "", "DDDD"]


def test_a_hundred_thousand_lines_take_a_moment() -> None:
    data = "id;code\r\n" + "".join(f"{number};SUMMER-{number:08}-ABCD-EFGH\r\n" for number in range(100_000))
    start = time.process_time()
    found = read(data)
    assert time.process_time() - start < 5  # half a second; many times that when coverage is traced
    assert len(found.codes) == 100_000


def test_a_long_list_takes_little_memory() -> None:
    lines = (f"SUMMER-{number:08}-ABCD" for number in range(50_000))
    tracemalloc.start()
    try:
        found = read_code_list(lines)
        held, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(found.codes) == 50_000
    assert held < 50_000 * 80  # bytes; as objects and a dict they would take four hundred each
    assert most < 50_000 * 120


def test_the_listed_codes_are_a_sequence() -> None:
    found = read_code_list(["AAAA", "ışık-1", "CCCC"])
    assert found.codes[1] == found.codes[-2] == ListedCode(2, "ışık-1", "IŞIK-1")
    assert found.codes[1:] == tuple(found.codes)[1:]
    assert [code.text for code in found.codes] == ["AAAA", "ışık-1", "CCCC"]
    with pytest.raises(IndexError):
        _ = found.codes[3]


def test_keys_of_one_hash_are_told_apart() -> None:
    codes = ListedCodes()
    size = 64
    crowd = [key for key in map("KEY-{}".format, range(size * size)) if hash(key) % size == 7][:20]
    for line, key in enumerate(crowd, start=1):
        assert codes.add(line, key, key) == line
    for line, key in enumerate(crowd, start=1):
        assert codes.add(100, key.lower(), key) == line
    assert len(codes) == len(crowd)


ROW_TEXT = st.text(st.sampled_from('ABab19,;\t"\r\n\0=- çİ') | st.characters(), max_size=60)


@given(st.lists(ROW_TEXT, max_size=12), st.sampled_from(["", "code", "code,x", "x;CODE;y", '"code"\tz']))
def test_no_text_breaks_the_reader(rows: list[str], heading: str) -> None:
    found = read_code_list([heading, *rows])
    keys = [code.key for code in found.codes]
    assert len(keys) == len(set(keys))
    assert all(4 <= len(code.text) <= 64 and code.text.isprintable() for code in found.codes)
    assert not any(code.key.startswith(("=", "+", "-", "@")) for code in found.codes)
    lines = [code.line for code in found.codes]
    assert lines == sorted(lines)
    assert all(first < line for line, first in found.duplicates)


@given(st.binary(max_size=200))
def test_no_bytes_break_the_decoder(data: bytes) -> None:
    try:
        lines = list(decode_code_file(data))
    except NotText:
        return
    assert not any("\n" in line or "\r" in line for line in lines)


LISTED = st.lists(st.text("AB1 é", min_size=1, max_size=6).map(lambda text: f"K{text}K-9"), max_size=60)


@given(LISTED, st.integers(1, 20))
def test_a_list_in_the_order_of_its_keys(rows: list[str], size: int) -> None:
    codes = read_code_list(rows).codes
    for _ in range(2):  # the second time from memory
        parts = list(codes.in_key_order(size))
        assert [len(part.keys) for part in parts[:-1]] == [size] * (len(parts) - 1)
        found = [ListedCode(*code) for part in parts for code in zip(*part, strict=True)]
        assert found == sorted(codes, key=lambda code: code.key)


def test_a_long_list_in_the_order_of_its_keys() -> None:
    numbers = [number * 7919 % 50_000 for number in range(50_000)]
    codes = read_code_list(f"SUMMER-{number:06}" for number in numbers).codes
    parts = list(codes.in_key_order(1000))
    assert [key for part in parts for key in part.keys] == [f"SUMMER-{number:06}" for number in range(50_000)]
    assert parts[0].lines[0] == numbers.index(0) + 1
