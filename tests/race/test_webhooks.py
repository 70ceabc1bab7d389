"""Two workers call the endpoints: no event in two hands, none left out, and one that dies is followed."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count
from typing import Any

import pytest
from sqlalchemy import Engine, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.domain.events import message_id
from app.domain.webhooks import LEASE
from app.models import DeliveryState, WebhookDelivery
from app.services import webhook_endpoints, webhooks
from app.services.audit import COMMAND_LINE
from app.services.uow import unit_of_work
from app.services.webhooks import Taken, delivery
from tests.race.crowd import engine_for, together
from tests.support.fakes import FakeRng
from tests.support.hooks import START, add_endpoint, centre_of, deliveries
from tests.support.receiver import Receiver, receiving

WORKERS, ENDPOINTS, EVENTS = 2, 3, 8  # events of each endpoint

pytestmark = pytest.mark.race


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture
def told(session: Session, receiver: Receiver) -> set[str]:
    """What waits to be told, by its id."""
    seeds = count(900)
    ids = [add_endpoint(session, receiver)[0].id for _ in range(ENDPOINTS)]
    made = [
        webhook_endpoints.test(session, each, actor=COMMAND_LINE, now=START, rng=FakeRng(next(seeds)))
        for each in ids
        for _event in range(EVENTS)
    ]
    return {message_id(event.id) for event in made}


def delivered(
    engine: Engine, receiver: Receiver, *, later: bool = False, harm: tuple[type[Exception], ...] = ()
) -> Counter[str]:
    """How often each event has come, once the workers find nothing more to do, or came to `harm`."""
    now = START + LEASE if later else START

    def work(number: int) -> None:
        with Session(engine) as session, suppress(Died):
            while webhooks.call_next(session, centre_of(receiver), clock=lambda: now, rng=FakeRng(number)):
                pass

    unexpected = [end for end in together(WORKERS, work) if isinstance(end, Exception)]
    assert all(isinstance(end, harm) for end in unexpected), unexpected
    return Counter(call.headers["webhook-id"] for call in receiver.calls)


class Died(Exception):
    """A worker's end."""


class Asking:
    """`take` as it must not be: looks for what is due, then writes that it has it. The first looks of both
    workers come before the first write.
    """

    def __init__(self) -> None:
        self._met = threading.Event()
        self._both_have_looked = threading.Barrier(WORKERS, action=self._met.set, timeout=15)

    def __call__(self, session: Session, *, now: Any) -> Taken | None:
        """Look, wait for the other, write."""
        query = select(WebhookDelivery).where(delivery._is_due(now)).order_by(WebhookDelivery.event_id)
        row = session.scalars(query.limit(1).execution_options(populate_existing=True)).one_or_none()
        seen = Taken(row.event_id, row.endpoint_id, row.tries + 1) if row else None
        session.rollback()
        if not self._met.is_set():
            with suppress(threading.BrokenBarrierError):
                self._both_have_looked.wait()
        return _write_what_was_seen(session, seen, now) if seen else None


@unit_of_work
def _write_what_was_seen(session: Session, seen: Taken, now: Any) -> Taken:
    mine = update(WebhookDelivery).where(
        WebhookDelivery.event_id == seen.event_id, WebhookDelivery.endpoint_id == seen.endpoint_id
    )
    session.execute(mine.values(held_until=now + LEASE, tries=seen.tries))
    return seen


def test_each_event_is_told_once(
    session: Session, told: set[str], receiver: Receiver, database_url: str
) -> None:
    with engine_for(database_url, WORKERS) as engine:
        came = delivered(engine, receiver)
    assert came == Counter(told)
    assert {row.state for row in deliveries(session)} == {DeliveryState.SENT}


def test_the_race_is_real(
    told: set[str], receiver: Receiver, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "take", Asking())
    with engine_for(database_url, WORKERS) as engine:
        # The log of tries holds one of a number: the second to note it learns so, too late.
        came = delivered(engine, receiver, harm=(IntegrityError,))
    assert came.keys() == told
    assert max(came.values()) == WORKERS


def test_a_worker_that_dies_before_it_notes_leaves_nothing_out(
    session: Session,
    told: set[str],
    receiver: Receiver,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settle: Callable[..., None] = delivery.settle
    deaths = iter([True])

    def die_once(*given: Any, **named: Any) -> None:
        if next(deaths, False):
            raise Died
        settle(*given, **named)

    monkeypatch.setattr(delivery, "settle", die_once)
    with engine_for(database_url, WORKERS) as engine:
        assert delivered(engine, receiver) == Counter(told)  # one of them nobody has noted
        again = delivered(engine, receiver, later=True)
    assert again.keys() == told
    assert sorted(again.values()) == [1] * (len(told) - 1) + [2]
    assert {row.state for row in deliveries(session)} == {DeliveryState.SENT}
