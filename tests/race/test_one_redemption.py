"""One code, thirty tills: one takes it. And what is asked for under one key is done once, whoever dies."""

import subprocess
import sys
import time
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.adapters.chance import SystemRng
from app.config import ROOT
from app.models import Code, Redemption
from app.services import idempotency, redemptions
from app.services.idempotency import Answer, StillRunning
from app.services.redemptions import Order, Redeemed, Refused, redeem
from tests.race.crowd import engine_for, together
from tests.race.dying_shop import ASKED, work
from tests.support.factories import make_campaign
from tests.support.fakes import NOON
from tests.support.shop import STAFF, win

pytestmark = pytest.mark.race
TILLS = 30


def tries(url: str, code: str) -> list[Redeemed | Refused | Exception]:
    """What thirty tills come to that take the code at once."""
    with engine_for(url, TILLS) as engine:

        def take(_number: int) -> Redeemed | Refused:
            with Session(engine, expire_on_commit=False) as own:
                return redeem(own, code, Order(), STAFF, now=NOON, rng=SystemRng())

        return together(TILLS, take)


def taken(session: Session) -> int:
    session.rollback()
    return session.scalar(select(func.count()).select_from(Redemption)) or 0


def test_of_thirty_one_takes_it(session: Session, database_url: str) -> None:
    make_campaign(session)
    results = tries(database_url, win(session).code)
    assert [type(one) for one in results].count(Redeemed) == 1
    refused = [one for one in results if isinstance(one, Refused)]
    assert len(refused) == TILLS - 1
    assert {one.seen.verdict.value for one in refused} == {"used"}
    assert taken(session) == 1


def test_the_row_decides_and_not_what_was_seen_before(
    session: Session, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = _all_have_seen_it_free(session, monkeypatch)
    results = tries(database_url, code)
    assert [type(one) for one in results].count(Redeemed) == 1
    assert taken(session) == 1


def test_without_the_guard_it_is_taken_many_times(
    session: Session, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = _all_have_seen_it_free(session, monkeypatch)

    def write_what_was_seen(own: Session, standing: Any, units: int) -> int:
        left: int = standing.uses_left - units
        own.execute(
            update(Code).where(Code.id == standing.code_id).values(uses=standing.uses, uses_left=left)
        )
        return left

    monkeypatch.setattr(redemptions, "_take", write_what_was_seen)
    results = tries(database_url, code)
    assert [type(one) for one in results].count(Redeemed) > 1
    assert taken(session) > 1


def _all_have_seen_it_free(session: Session, monkeypatch: pytest.MonkeyPatch) -> str:
    """The race at its worst: everybody looked before anybody wrote."""
    make_campaign(session)
    code = win(session).code
    seen = redemptions.look_up(session, code, STAFF, now=NOON)
    session.rollback()
    monkeypatch.setattr(redemptions, "look_up", lambda *_args, **_more: seen)
    return code


def test_under_one_key_it_is_done_once(session: Session, database_url: str) -> None:
    make_campaign(session)
    code = win(session).code
    with engine_for(database_url, TILLS) as engine:

        def ask(_number: int) -> object:
            with Session(engine, expire_on_commit=False) as own:
                return idempotency.once(own, ASKED, lambda inner: work(inner, code), now=NOON)

        results = together(TILLS, ask)
    first = [one for one in results if isinstance(one, Answer) and not one.is_replayed]
    assert [one.status for one in first] == [201]
    others = [one for one in results if one is not first[0]]
    assert all(one == StillRunning() or one == Answer(201, "{}", is_replayed=True) for one in others), others
    assert taken(session) == 1


@pytest.mark.parametrize(("moment", "is_replayed"), [("before", False), ("after", True)])
def test_who_dies_leaves_all_of_it_or_nothing(
    session: Session, database_url: str, moment: str, is_replayed: bool
) -> None:
    make_campaign(session)
    code = win(session).code
    command = [sys.executable, "-m", "tests.race.dying_shop", database_url, code, moment]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as dying:
        assert dying.stdout is not None
        assert dying.stdout.readline() == b"done\n"
        dying.kill()
    assert taken(session) == (1 if is_replayed else 0)
    session.rollback()
    deadline = time.monotonic() + 20
    answer: object = StillRunning()
    while answer == StillRunning() and time.monotonic() < deadline:  # until the server notices the death
        answer = idempotency.once(session, ASKED, lambda inner: work(inner, code), now=NOON)
    assert answer == Answer(201, "{}", is_replayed=is_replayed)
    assert taken(session) == 1
