"""Networks: two entries of one day are told apart or alike, and later nobody can tell any more."""

from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.errors import Busy
from app.models import Entry, NetworkKey
from app.services import housekeeping, networks, watch_round
from app.services.entries import submit_entry
from app.services.networks import HASH_BYTES, Networks
from tests.support.factories import VAULT, make_campaign, submission
from tests.support.fakes import NOON, FakeRng
from tests.support.queries import counted

HERE = "192.0.2.0/24"
THERE = "198.51.100.0/24"
HOUR = timedelta(hours=1)
MIDNIGHT = NOON - 12 * HOUR
SITE = b"the site's secret"


def hashed(session: Session, prefix: str = HERE, now: datetime = NOON, site: bytes = SITE) -> bytes:
    found = Networks(site).hashed(session, prefix, now=now, rng=FakeRng(now.day))
    assert found is not None
    return found


def enter(session: Session, number: int, prefix: str = HERE, now: datetime = NOON) -> None:
    one = submission(number, network=hashed(session, prefix, now))
    submit_entry(session, one, now=now, rng=FakeRng(number), vault=VAULT)


def stored(session: Session) -> list[bytes | None]:
    session.rollback()
    return list(session.scalars(select(Entry.network).order_by(Entry.created_at)))


def keys(session: Session) -> list[bytes | None]:
    session.rollback()
    return list(session.scalars(select(NetworkKey.key).order_by(NetworkKey.day)))


def test_all_processes_call_a_network_the_same_all_day_and_nobody_else_does(session: Session) -> None:
    one = hashed(session)
    assert len(one) == HASH_BYTES
    assert hashed(session, now=NOON + 11 * HOUR) == one
    assert (
        len({one, hashed(session, THERE), hashed(session, now=NOON + 12 * HOUR), hashed(session, site=b"x")})
        == 4
    )


def test_an_entry_keeps_the_hash_and_costs_no_statement_more(app: Flask, session: Session) -> None:
    make_campaign(session)
    known = Networks(SITE)
    rng = FakeRng()
    one = known.hashed(session, HERE, now=NOON, rng=rng)
    session.rollback()
    with counted(app) as statements:
        assert known.hashed(session, HERE, now=NOON, rng=rng) == one
    assert statements == []
    enter(session, 1)
    assert stored(session) == [one]


def test_who_is_here_is_compared_with_who_entered_while_the_key_is_there(session: Session) -> None:
    known = Networks(SITE)
    network = hashed(session, now=MIDNIGHT)
    assert known.is_same(session, HERE, network, MIDNIGHT) is True
    assert known.is_same(session, THERE, network, MIDNIGHT) is False
    assert known.is_same(session, HERE, None, MIDNIGHT) is None
    networks.tidy(session, now=MIDNIGHT + 46 * HOUR)
    assert known.is_same(session, HERE, network, MIDNIGHT) is True
    networks.tidy(session, now=MIDNIGHT + 47 * HOUR)
    assert known.is_same(session, HERE, network, MIDNIGHT) is None


def test_keys_are_destroyed_within_48_hours_and_what_they_hashed_is_taken_off(session: Session) -> None:
    make_campaign(session)
    for number in range(1, 4):
        enter(session, number)
    enter(session, 4, now=NOON + 24 * HOUR)
    housekeeping.purge(session, now=MIDNIGHT + 46 * HOUR)
    assert all(keys(session))
    housekeeping.purge(session, now=MIDNIGHT + 47 * HOUR)
    gone, kept = keys(session)
    assert gone is None
    assert kept is not None
    assert all(stored(session))
    watch_round.make(session, now=MIDNIGHT + 47 * HOUR, rng=FakeRng())
    assert [bool(one) for one in stored(session)] == [False, False, False, True]
    assert keys(session) == [kept]


@pytest.mark.parametrize("at_once", [1, 2, 3])
def test_hashes_are_taken_off_in_steps(
    session: Session, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    make_campaign(session)
    make_campaign(session, slug="winter", seed=1)
    for number in range(1, 6):
        enter(session, number, now=NOON + timedelta(seconds=number // 3))
    monkeypatch.setattr(networks, "AT_ONCE", at_once)
    networks.tidy(session, now=NOON + 48 * HOUR)
    assert stored(session) == [None] * 5
    assert keys(session) == []


def test_a_day_whose_key_is_destroyed_gets_no_other(session: Session) -> None:
    hashed(session)
    housekeeping.purge(session, now=NOON + 48 * HOUR)
    assert Networks(SITE).hashed(session, HERE, now=NOON, rng=FakeRng()) is None


def test_a_crowded_moment_costs_the_hash_not_the_entry(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_args: object, **_named: object) -> None:
        raise Busy

    monkeypatch.setattr(networks, "_make", busy)
    assert Networks(SITE).hashed(session, HERE, now=NOON, rng=FakeRng()) is None


def test_a_process_lets_go_of_the_key_of_another_day(session: Session) -> None:
    known = Networks(SITE)
    known.forget(now=NOON)
    known.hashed(session, HERE, now=NOON, rng=FakeRng())
    known.forget(now=NOON + HOUR)
    assert known._held is not None
    known.forget(now=NOON + 24 * HOUR)
    assert known._held is None
