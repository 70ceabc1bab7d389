"""Several workers at one outbox: no message in two hands, and no two mails to one person within the hour."""

import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, update
from sqlalchemy.orm import Session

from app.domain.delivery import LEASE
from app.models import Message
from app.services import outbox
from app.services.outbox import InHand, delivery
from app.services.uow import unit_of_work
from tests.race.crowd import engine_for, enter, together
from tests.support.factories import TierSpec, make_campaign, submission
from tests.support.fakes import NOON

WORKERS, MESSAGES = 8, 24

pytestmark = pytest.mark.race
only_postgres = pytest.param("postgres", marks=pytest.mark.postgres)  # SQLite has one writer at a time
Take = Callable[[Session], InHand | None]


def take(session: Session) -> InHand | None:
    return outbox.take(session, now=NOON)


class Asking:
    """`take` as it must not be: looks for a message that is due, then writes that it has it. The first looks
    of all workers come before the first write.
    """

    def __init__(self) -> None:
        self._met = threading.Event()
        self._all_have_looked = threading.Barrier(WORKERS, action=self._met.set, timeout=15)

    def __call__(self, session: Session) -> InHand | None:
        """Look, wait for the others, write."""
        row = session.execute(delivery._DUE, {"now": NOON}).one_or_none()
        session.rollback()
        if not self._met.is_set():
            with suppress(threading.BrokenBarrierError):
                self._all_have_looked.wait()
        return _write_what_was_seen(session, row) if row else None


@unit_of_work
def _write_what_was_seen(session: Session, row: Any) -> InHand:
    values = {"due_at": NOON + LEASE, "tries": row.tries + 1, "tried_at": NOON}
    session.execute(update(Message).where(Message.id == row.id).values(values))
    return InHand(row.id, row.kind, row.entry_id, row.tries + 1)


def taken_by_a_crowd(engine: Engine, take_one: Take) -> Counter[UUID]:
    """How often each message was taken by workers that take until nothing is left."""

    def work(_number: int) -> list[UUID]:
        found = []
        with Session(engine) as session:
            while (message := take_one(session)) is not None:
                found.append(message.id)
        return found

    taken: Counter[UUID] = Counter()
    for answer in together(WORKERS, work):
        assert not isinstance(answer, Exception), answer
        taken.update(answer)
    return taken


@pytest.fixture
def full(session: Session, database_url: str) -> None:
    """An outbox with messages to as many people."""
    make_campaign(session, [TierSpec("Gold", codes=MESSAGES)])
    with engine_for(database_url, 2) as engine:
        for number in range(1, MESSAGES + 1):
            enter(engine, submission(number))


def test_each_message_is_in_one_hand(full: None, database_url: str) -> None:
    with engine_for(database_url, WORKERS) as engine:
        taken = taken_by_a_crowd(engine, take)
    assert len(taken) == MESSAGES
    assert set(taken.values()) == {1}


def test_the_race_is_real(full: None, database_url: str) -> None:
    with engine_for(database_url, WORKERS) as engine:
        taken = taken_by_a_crowd(engine, Asking())
    assert max(taken.values()) == WORKERS


def mails_to_one_person(session: Session, url: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many of two messages to one person are taken by two workers, who meet after having looked what was
    sent before.
    """
    looked = threading.Barrier(2)
    look = delivery._last_to_same

    def look_and_meet(*given: Any) -> Any:
        last = look(*given)
        with suppress(threading.BrokenBarrierError):
            looked.wait(1)
        return last

    for seed, slug in enumerate(("summer", "winter")):
        make_campaign(session, slug=slug, seed=seed)
    with engine_for(url, 2) as engine:
        for number, slug in enumerate(("summer", "winter"), start=1):
            enter(engine, submission(number, campaign=slug, email="ada@example.org"))
        monkeypatch.setattr(delivery, "_last_to_same", look_and_meet)
        return taken_by_a_pair(engine)


def taken_by_a_pair(engine: Engine) -> int:
    def work(_number: int) -> InHand | None:
        with Session(engine) as session:
            return take(session)

    answers = together(2, work)
    assert not [answer for answer in answers if isinstance(answer, Exception)]
    return sum(answer is not None for answer in answers)


def test_two_workers_do_not_write_to_one_person_at_once(
    session: Session, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert mails_to_one_person(session, database_url, monkeypatch) == 1


@pytest.mark.parametrize("databases", [only_postgres], indirect=True)
def test_without_the_persons_row_in_hand_they_would(
    session: Session, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        delivery, "_HOLD_ENTRANT", delivery._HOLD_ENTRANT.with_for_update(read=True, key_share=True)
    )
    assert mails_to_one_person(session, database_url, monkeypatch) == 2
