"""When a message is sent again, and when it is given up."""

from datetime import timedelta
from itertools import pairwise

import pytest

from app.domain.delivery import (
    LEASE,
    MAX_TRIES,
    QUIET,
    TOO_OLD,
    NotSent,
    Trouble,
    free_at,
    is_too_old,
    next_try,
)
from tests.support.fakes import NOON, FakeRng

LEAST, MOST = 0, 999


def tries(spread: int) -> list[timedelta]:
    """How long after the first try each further one comes, when all fail at once."""
    moment, found = NOON, []
    for number in range(1, MAX_TRIES + 1):
        again = next_try(number, moment, FakeRng(answers=[spread]))
        if again is None:
            break
        found.append(again - NOON)
        moment = again
    return found


def test_waits_grow_to_about_a_day_and_end_after_about_three() -> None:
    found = tries(LEAST)
    assert found[:3] == [timedelta(minutes=2), timedelta(minutes=10), timedelta(minutes=42)]
    waits = [later - earlier for earlier, later in pairwise(found)]
    assert waits == sorted(waits)
    assert len(found) == MAX_TRIES - 1
    assert timedelta(days=3) < found[-1] < tries(MOST)[-1] < timedelta(days=3, hours=12)


def test_what_failed_together_comes_back_apart_and_never_early() -> None:
    again = [next_try(3, NOON, FakeRng(seed)) for seed in range(50)]
    assert len(set(again)) > 40
    assert all(each is not None and 32 * 60 <= (each - NOON).seconds < 32 * 66 for each in again)


@pytest.mark.parametrize("number", [MAX_TRIES, MAX_TRIES + 1])
def test_after_the_last_try_it_is_given_up(number: int) -> None:
    assert next_try(number, NOON, FakeRng()) is None


def test_a_message_tried_in_time_gets_all_its_tries() -> None:
    assert tries(MOST)[-1] + LEASE * MAX_TRIES < TOO_OLD
    assert not is_too_old(NOON, NOON + TOO_OLD)
    assert is_too_old(NOON, NOON + TOO_OLD + timedelta(seconds=1))


def test_an_address_is_left_alone_for_an_hour() -> None:
    assert free_at(None, NOON) is None
    assert free_at(NOON - QUIET, NOON) is None
    last = NOON - QUIET + timedelta(seconds=1)
    assert free_at(last, NOON) == NOON + timedelta(seconds=1)
    assert free_at(NOON + QUIET, NOON) == NOON + 2 * QUIET, "a clock that was set back"


def test_trouble_is_stored_as_its_word_and_its_digits() -> None:
    assert str(NotSent(Trouble.RECIPIENT, True, "550 5.1.1")) == "recipient 550 5.1.1"
    assert str(NotSent(Trouble.UNREACHABLE, False)) == "unreachable"
