"""The checker of histories finds what it is there to find."""

import pytest

from tests.faults.history import History, Kind, Told, contradictions

ANNE, BOB = b"a" * 16, b"b" * 16
CODE, OTHER, NOTHING = Told("1", "CODE-1"), Told("2", "CODE-2"), Told("3", "")


def history(*events: tuple[int, Kind, bytes] | tuple[int, Kind, bytes, Told]) -> History:
    made = History()
    for event in events:
        made.note(*event)
    return made


ASKED = (1, Kind.INVOKE, ANNE)


@pytest.mark.parametrize(
    ("events", "stored"),
    [
        ([ASKED, (1, Kind.OK, ANNE, CODE)], {ANNE: CODE}),
        ([ASKED, (1, Kind.UNKNOWN, ANNE)], {ANNE: CODE}),
        ([ASKED, (1, Kind.UNKNOWN, ANNE)], {}),
        ([ASKED, (1, Kind.FAIL, ANNE)], {}),
        ([ASKED, (1, Kind.UNKNOWN, ANNE), ASKED, (1, Kind.OK, ANNE, CODE)], {ANNE: CODE}),
        (
            [ASKED, (2, Kind.INVOKE, BOB), (2, Kind.OK, BOB, NOTHING), (1, Kind.OK, ANNE, CODE)],
            {ANNE: CODE, BOB: NOTHING},
        ),
    ],
)
def test_what_can_be_is_accepted(events: list[tuple[int, Kind, bytes]], stored: dict[bytes, Told]) -> None:
    assert contradictions(history(*events), stored, all_can_win=True) == []


@pytest.mark.parametrize(
    ("events", "stored", "story"),
    [
        ([ASKED, (1, Kind.OK, ANNE, CODE)], {}, "stored is None"),
        ([ASKED, (1, Kind.OK, ANNE, CODE)], {ANNE: OTHER}, "stored is Told"),
        ([ASKED, (1, Kind.FAIL, ANNE)], {ANNE: CODE}, "told that it is not"),
        ([ASKED, (1, Kind.UNKNOWN, ANNE)], {BOB: CODE}, "nobody asked"),
        ([ASKED, (1, Kind.OK, ANNE, CODE), (2, Kind.INVOKE, BOB), (2, Kind.UNKNOWN, BOB)],
         {ANNE: CODE, BOB: Told("2", "CODE-1")}, "given out twice"),
        ([ASKED, (1, Kind.OK, ANNE, NOTHING), (2, Kind.INVOKE, BOB), (2, Kind.OK, BOB, CODE)],
         {ANNE: NOTHING, BOB: CODE}, "nothing is left"),
        ([ASKED, ASKED], {}, "twice at once"),
        ([(1, Kind.UNKNOWN, ANNE)], {}, "had not asked"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_found(
    events: list[tuple[int, Kind, bytes]], stored: dict[bytes, Told], story: str
) -> None:
    found = contradictions(history(*events), stored, all_can_win=True)
    assert len(found) == 1
    assert story in found[0]
