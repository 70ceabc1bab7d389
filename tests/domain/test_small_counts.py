"""Small counts: nobody can be singled out, neither on one day nor by subtracting days from the total."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.small_counts import SMALLEST, Shown, in_fives, shown, shown_amounts


@pytest.mark.parametrize(
    ("counts", "days", "total", "whole"),
    [
        ([], (), 0, 0),
        ([0, 0], (0, 0), 0, 0),
        ([5, 7], (5, 7), 12, 12),
        ([3], (None,), 0, None),
        ([3, 0, 1], (None, None, None), 0, None),
        ([3, 0, 2, 1], (None, None, 5, None), 5, 5),
        ([9, 4, 100], (9, None, 104), 113, 113),
    ],
)
def test_small_counts_gather(
    counts: list[int], days: tuple[int | None, ...], total: int, whole: int | None
) -> None:
    found = shown(counts)
    assert (found.days, found.total, found.whole) == (days, total, whole)


@given(st.lists(st.integers(0, 12), max_size=40))
def test_what_is_shown_stands_for_five_or_for_nobody(counts: list[int]) -> None:
    found = shown(counts)
    assert all(each is None or each == 0 or each >= SMALLEST for each in found.days)
    assert found.total == sum(each or 0 for each in found.days)
    assert 0 <= sum(counts) - found.total < SMALLEST
    assert found.has_more == (sum(counts) > found.total)


def test_no_hidden_day_can_be_told_from_what_is_shown() -> None:
    """Of all ways the same page can come about, each hidden day has had more than one count."""
    ways: dict[Shown, list[tuple[int, ...]]] = {}
    for counts in product(range(13), repeat=3):
        ways.setdefault(shown(counts), []).append(counts)
    for page, possible in ways.items():
        first_hidden = next((place for place, each in enumerate(page.days) if each is None), None)
        if first_hidden is not None and all((each or 0) < 9 for each in page.days):  # beyond, none was tried
            assert len({counts[first_hidden] for counts in possible}) > 1, page


def test_amounts_of_few_are_kept_together() -> None:
    found = shown_amounts([1, 3, 2, 6, 2], [500, 700, 900, 4000, 100])
    assert found == Shown((None, None, 2100, 4000, None), 6100, has_more=True)


@pytest.mark.parametrize(("count", "told"), [(0, 0), (4, 0), (5, 5), (23, 20)])
def test_a_day_that_goes_on_is_told_in_fives(count: int, told: int) -> None:
    assert in_fives(count) == told
