"""Bars that fit their drawing."""

import pytest

from app.web.charts import Bar, bars, nice_top


@pytest.mark.parametrize(
    ("most", "top"),
    [(0, 1), (1, 1), (2, 2), (3, 3), (7, 8), (10, 10), (11, 12), (110, 120), (499_999, 500_000)],
)
def test_the_top_is_a_round_number(most: int, top: int) -> None:
    assert nice_top(most) == top


def test_bars_stand_side_by_side_in_proportion() -> None:
    chart = bars([(0, 0), (10, 5), (4, 1)], width=300, height=100)
    assert chart.top == 10
    assert chart.bars == (Bar(2, 96, 0, 0), Bar(102, 96, 100, 50), Bar(202, 96, 40, 10))


def test_little_is_seen_beside_much() -> None:
    assert bars([(100_000, 1)], width=10, height=100).bars == (Bar(1, 8, 100, 2),)


def test_no_bars_are_a_chart_too() -> None:
    assert bars([]).bars == ()
