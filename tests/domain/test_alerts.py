"""What pulls the drain brake, decided on counted figures."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.alerts import LEAST_OF_NETWORK, AlertKind, Beyond, Why, exceeded, said, unusual_share
from app.domain.forecast import ERROR_RATE, at_least

FIFTH = Fraction(1, 5)


@pytest.mark.parametrize(
    ("entries", "hits", "wins", "most", "planned", "found"),
    [
        (1000, 10, 10, None, None, None),
        (1000, 40, 10, None, None, Beyond(Why.ODDS, 40, 28, 10)),
        (1000, 10, 10, 10, None, None),
        (1000, 10, 11, 10, None, Beyond(Why.MOST, 11, 10, 11)),
        (1000, 10, 20, None, Fraction(2), Beyond(Why.PLAN, 20, 12, 20)),
        (1000, 10, 12, None, Fraction(2), None),
        (1000, 10, 12, None, Fraction(5000), None),
        (0, 0, 0, 5, Fraction(2), None),
    ],
)
def test_what_wins_within_an_hour_went_beyond(
    entries: int, hits: int, wins: int, most: int | None, planned: Fraction | None, found: Beyond | None
) -> None:
    assert exceeded(entries, hits, Fraction(1, 100), wins, most, planned) == found


@pytest.mark.parametrize(
    ("wins", "share", "found"),
    [
        ([], FIFTH, None),
        ([9], FIFTH, None),
        ([2, 1], Fraction(1, 100), None),
        ([10], FIFTH, Beyond(Why.NETWORK, 10, 9, 10)),
        ([10, *[1] * 10], FIFTH, None),
        ([31, *[1] * 29], FIFTH, Beyond(Why.NETWORK, 31, 30, 60)),
        ([1000], Fraction(1), None),
    ],
)
def test_which_share_of_one_network_is_unusual(
    wins: list[int], share: Fraction, found: Beyond | None
) -> None:
    assert unusual_share(wins, share) == found


@given(st.integers(1, 400), st.lists(st.integers(1, 20), min_size=1, max_size=12))
def test_a_wrong_alarm_is_as_rare_as_it_says(wins: int, parts: list[int]) -> None:
    """Over all networks, none of which stands for more than the share that is fine."""
    shares = [Fraction(part, sum(parts)) for part in parts]
    fine = max(shares)
    least = next(
        (most for most in range(LEAST_OF_NETWORK, wins + 1) if unusual_share([most, wins - most], fine)), None
    )
    if least is not None and least > wins - least:
        assert sum(at_least(wins, least, share) for share in shares) <= ERROR_RATE


@pytest.mark.parametrize("why", ["odds", "network"])
@pytest.mark.parametrize(
    ("done", "words"),
    [
        ({"paused": True}, "has switched off"),
        ({"paused": False, "slowed": 3, "before": None}, "give %(slowed)s an hour"),
        ({"paused": False}, "at most were to be expected"),
    ],
)
def test_what_the_brake_did_is_said(why: str, done: dict[str, object], words: str) -> None:
    facts = {"tier": "Gold", "wins": 31, "limit": 30, "out_of": 60, "why": why}
    told = said(AlertKind.BRAKE, facts | done)
    assert words in " ".join(told.template.split())
    assert ("network" in told.template) == (why == "network")
    assert told.template % told.values  # every place is filled
