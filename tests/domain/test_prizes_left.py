"""Prizes left: rounded down, and as it stood at the last full ten minutes."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.prizes_left import FEW, Left, Rounded, as_of, rounded

COUNTS = st.integers(0, 10**6)


@pytest.mark.parametrize(
    ("left", "total", "said"),
    [
        (0, 3, Rounded(Left.NONE)),
        (1, 3, Rounded(Left.SOME)),
        (3, 3, Rounded(Left.SOME)),
        (9, 10, Rounded(Left.FEW)),
        (10, 10, Rounded(Left.MANY, 10)),
        (19, 500, Rounded(Left.MANY, 10)),
        (99, 500, Rounded(Left.MANY, 90)),
        (487, 500, Rounded(Left.MANY, 400)),
        (12_345, 20_000, Rounded(Left.MANY, 10_000)),
        (-1, 5, Rounded(Left.NONE)),
    ],
)
def test_what_is_said(left: int, total: int, said: Rounded) -> None:
    assert rounded(left, total) == said


@given(total=COUNTS, given=COUNTS)
def test_it_is_true_and_says_little(total: int, given: int) -> None:
    left = max(0, total - given)
    said = rounded(left, total)
    assert said.least <= left
    assert (said.kind is Left.NONE) == (left == 0)
    if said.kind is Left.MANY:
        assert len(str(said.least).strip("0")) == 1
    if said.kind is Left.FEW:
        assert left < FEW <= total


@given(st.integers(0, 4 * 10**9))
def test_it_stood_so_at_full_ten_minutes(seconds: int) -> None:
    now = datetime.fromtimestamp(seconds, UTC)
    at = as_of(now)
    assert at <= now < at + timedelta(minutes=10)
    assert (at.minute % 10, at.second, at.microsecond) == (0, 0, 0)
    assert as_of(at) == at
