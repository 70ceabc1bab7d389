"""Idempotency: what is asked for twice is done once, in the transaction that keeps the answer."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.models import IdempotencyKey, RulesVersion
from app.services import housekeeping, idempotency
from app.services.idempotency import Answer, Asked, OtherRequest, StillRunning
from tests.support.factories import make_campaign
from tests.support.fakes import NOON

OWNER = UUID(int=1)
ASKED = Asked(OWNER, "k-1", b"body")


def once(
    session: Session,
    asked: Asked = ASKED,
    work: Callable[[Session], Answer] | None = None,
    now: datetime = NOON,
) -> object:
    return idempotency.once(session, asked, work or (lambda _session: Answer(201, '{"done": 1}')), now=now)


def never(_session: Session) -> Answer:
    raise AssertionError


def test_the_second_time_the_first_answer_is_given(session: Session) -> None:
    assert once(session) == Answer(201, '{"done": 1}')
    assert once(session, work=never) == Answer(201, '{"done": 1}', is_replayed=True)
    assert once(session, Asked(OWNER, "k-1", b"other"), never) == OtherRequest()
    assert once(session, Asked(UUID(int=2), "k-1", b"other")) == Answer(201, '{"done": 1}')


def test_an_answer_is_kept_for_a_day(session: Session) -> None:
    once(session)
    late = NOON + timedelta(hours=24)
    assert once(session, work=never, now=late - timedelta(seconds=1)) != Answer(201, '{"done": 1}')
    assert once(session, work=lambda _: Answer(200, "new"), now=late) == Answer(200, "new")
    housekeeping.purge(session, now=late + timedelta(hours=24))
    assert session.scalar(select(func.count()).select_from(IdempotencyKey)) == 0


def test_work_that_fails_leaves_the_key_free(session: Session) -> None:
    with pytest.raises(AssertionError):
        once(session, work=never)
    assert once(session) == Answer(201, '{"done": 1}')


def test_work_and_answer_are_there_together_or_not_at_all(session: Session) -> None:
    campaign = make_campaign(session)

    def work(own: Session) -> Answer:
        own.add(RulesVersion(campaign_id=campaign.id, version=99, document="{}", created_at=NOON))
        own.flush()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        once(session, work=work)
    assert session.get(IdempotencyKey, (OWNER, "k-1")) is None
    assert session.get(RulesVersion, (campaign.id, 99)) is None


def test_who_asks_while_it_is_being_done_is_told_so(session: Session) -> None:
    engine = session.get_bind().engine
    met: list[object] = []

    def work(_session: Session) -> Answer:
        def ask() -> None:
            with Session(engine) as own:
                met.append(once(own, work=never))

        thread = threading.Thread(target=ask)
        thread.start()
        thread.join()
        return Answer(201, "done")

    assert once(session, work=work) == Answer(201, "done")
    assert met == [StillRunning()]


def test_so_is_who_asks_another_process(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idempotency, "_lock", lambda *_: False)
    assert once(session, work=never) == StillRunning()


def test_who_sees_too_late_that_it_was_done_looks_again(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing: list[bool] = []
    tried: list[bool] = []
    flush = session.flush

    def flush_or_fail(*args: object) -> None:
        if failing:
            failing.clear()
            raise IntegrityError("INSERT", {}, Exception("UNIQUE"))
        flush(*args)  # type: ignore[arg-type]

    def work(_session: Session) -> Answer:
        if not tried:
            failing.append(True)
        tried.append(True)
        return Answer(201, "done")

    monkeypatch.setattr(session, "flush", flush_or_fail)
    assert once(session, work=work) == Answer(201, "done")
    assert len(tried) == 2
