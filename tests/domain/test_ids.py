"""Identifiers keep their version and variant bits, and their order."""

from datetime import timedelta

from app.domain.ids import first_id_after, first_id_at, random_id, time_ordered_id
from tests.support.fakes import NOON, FakeRng


def test_a_time_ordered_id_is_a_version_7_uuid_that_begins_with_its_moment() -> None:
    made = time_ordered_id(NOON, FakeRng())
    assert made.version == 7
    assert made.variant == "specified in RFC 4122"
    assert made.int >> 80 == int(NOON.timestamp() * 1000)


def test_later_ids_sort_later_and_none_repeats() -> None:
    rng = FakeRng()
    made = [time_ordered_id(NOON + timedelta(milliseconds=step), rng) for step in range(100)]
    assert made == sorted(made)
    assert len({time_ordered_id(NOON, rng) for _ in range(1000)}) == 1000


def test_a_random_id_is_a_version_4_uuid() -> None:
    assert random_id(FakeRng()).version == 4


def test_bounds_between_ids_of_different_moments() -> None:
    before = NOON - timedelta(milliseconds=1)
    earlier, now = (time_ordered_id(moment, FakeRng(3)) for moment in (before, NOON))
    assert earlier < first_id_at(NOON) < now
    for seed in range(20):
        same = time_ordered_id(NOON, FakeRng(seed))
        assert first_id_at(NOON) < same < first_id_after(now)
    assert first_id_after(earlier) < now
