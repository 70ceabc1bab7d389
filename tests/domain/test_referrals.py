"""Referrals: what counts, why not, and the periods of further entries."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.referrals import Brought, NotCounted, further_number, further_period, not_counted

FINE = Brought(is_self=False, is_same_network=False, is_loop=False, is_first=True, earned=0, most=1)


def test_a_friend_counts() -> None:
    assert not_counted(FINE) is None
    assert not_counted(replace(FINE, earned=4, most=5)) is None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"is_self": True}, NotCounted.SELF),
        ({"is_same_network": True}, NotCounted.NETWORK),
        ({"is_loop": True}, NotCounted.LOOP),
        ({"is_first": False}, NotCounted.NOT_FIRST),
        ({"earned": 1}, NotCounted.LIMIT),
        ({"most": 0}, NotCounted.LIMIT),
        ({"is_self": True, "is_first": False, "earned": 1}, NotCounted.SELF),
    ],
)
def test_why_not(changes: dict[str, bool], reason: NotCounted) -> None:
    assert not_counted(replace(FINE, **changes)) is reason


@given(st.integers(1, 999))
def test_each_number_has_its_period(number: int) -> None:
    assert further_number(further_period(number)) == number
    assert len(further_period(number)) <= 10


@pytest.mark.parametrize("period", ["", "2030-06-15", "+0", "+", "1", "+1x"])
def test_other_periods_are_of_no_further_entry(period: str) -> None:
    assert further_number(period) is None
