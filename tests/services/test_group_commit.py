"""Group commit: one fsync for all who wait, each undone alone, nobody answered before the commit."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from uuid import uuid4

import pytest
from sqlalchemy import Engine, event, func, insert, select
from sqlalchemy.orm import Session

from app.adapters.database import write_turn
from app.adapters.direct import DirectConnection, Prepared
from app.domain.errors import Busy
from app.models import Entrant
from app.services import uow
from app.services.group_commit import GroupCommit
from app.services.uow import shared_unit_of_work
from tests.support.fakes import NOON

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)


@pytest.fixture
def engine(session: Session) -> Engine:
    bind = session.get_bind()
    assert isinstance(bind, Engine)
    return bind


ADD = Prepared(insert(Entrant))


def add_entrant(connection: DirectConnection, name: str) -> str:
    connection.execute(ADD, {"id": uuid4(), "email_key": f"{name}@example.org", "created_at": NOON})
    if name.startswith("wrong"):
        raise ValueError(name)
    return name


@contextmanager
def counted_commits(engine: Engine) -> Iterator[list[object]]:
    commits: list[object] = []

    def count(connection: object) -> None:
        commits.append(connection)

    event.listen(engine, "commit", count)
    yield commits
    event.remove(engine, "commit", count)


def together(engine: Engine, names: list[str]) -> dict[str, object]:
    """Let all of them wait while the write turn is taken, then run."""
    answers: dict[str, object] = {}
    add = shared_unit_of_work(add_entrant)

    def run(name: str) -> None:
        with Session(engine) as own:
            try:
                answers[name] = add(own, name)
            except Exception as error:  # noqa: BLE001 -- what came of it is what is tested
                answers[name] = error

    threads = [threading.Thread(target=run, args=(name,)) for name in names]
    queue = uow._group_of(engine)
    with write_turn(engine):
        for thread in threads:
            thread.start()
        _until(lambda: len(queue._waiting) == len(names))
        assert answers == {}, "nobody is answered before the commit"
    for thread in threads:
        thread.join(10)
    return answers


def _until(is_so: Callable[[], bool]) -> None:
    waited = threading.Event()
    for _ in range(2000):
        if is_so():
            return
        waited.wait(0.005)
    raise AssertionError("it did not come to pass")


def stored(session: Session) -> set[str]:
    session.rollback()
    return {key.split("@")[0] for key in session.scalars(select(Entrant.email_key))}


def test_those_who_wait_share_one_commit(session: Session, engine: Engine) -> None:
    names = [f"person{number}" for number in range(12)]
    with counted_commits(engine) as commits:
        answers = together(engine, names)
    assert answers == {name: name for name in names}
    assert stored(session) == set(names)
    assert len(commits) == 1


def test_who_fails_is_undone_alone(session: Session, engine: Engine) -> None:
    answers = together(engine, ["one", "wrong", "two", "wrong too"])
    assert {name: str(answer) for name, answer in answers.items()} == {
        "one": "one", "wrong": "wrong", "two": "two", "wrong too": "wrong too"
    }  # fmt: skip
    assert isinstance(answers["wrong"], ValueError)
    assert stored(session) == {"one", "two"}


def test_a_constraint_fails_only_the_one_who_breaks_it(session: Session, engine: Engine) -> None:
    shared_unit_of_work(add_entrant)(session, "known")
    answers = together(engine, ["one", "known", "two"])
    assert (answers["one"], answers["two"]) == ("one", "two")
    assert isinstance(answers["known"], Exception)
    assert stored(session) == {"known", "one", "two"}


def test_a_failing_commit_reaches_all(session: Session, engine: Engine) -> None:
    def fail(_connection: object) -> None:
        raise OSError("the disk is gone")

    event.listen(engine, "commit", fail)
    try:
        answers = together(engine, ["one", "two", "wrong"])
    finally:
        event.remove(engine, "commit", fail)
    assert {name: type(answer) for name, answer in answers.items()} == {
        "one": OSError, "two": OSError, "wrong": ValueError
    }  # fmt: skip
    assert stored(session) == set()
    assert shared_unit_of_work(add_entrant)(session, "later") == "later", "the queue goes on"


def test_when_the_database_ends_the_transaction_nothing_is_half_written(
    session: Session, engine: Engine
) -> None:
    """A full disk makes SQLite roll back everything by itself: no member may go on outside a transaction."""

    def fill_the_disk(connection: DirectConnection, name: str) -> str:
        add_entrant(connection, name)
        if name == "full":
            connection.command("ROLLBACK")  # what SQLITE_FULL does
            raise OSError("disk full")
        return name

    answers: dict[str, object] = {}
    add = shared_unit_of_work(fill_the_disk)

    def run(name: str) -> None:
        with Session(engine) as own:
            try:
                answers[name] = add(own, name)
            except Exception as error:  # noqa: BLE001 -- what came of it is what is tested
                answers[name] = error

    threads = [threading.Thread(target=run, args=(name,)) for name in ("one", "full", "two")]
    queue = uow._group_of(engine)
    with write_turn(engine):
        for number, thread in enumerate(threads, start=1):
            thread.start()
            _until(lambda expected=number: len(queue._waiting) == expected)  # type: ignore[misc]
    for thread in threads:
        thread.join(10)
    assert all(isinstance(answer, Exception) for answer in answers.values())
    assert stored(session) == set()


def test_past_the_bound_it_says_busy(session: Session, engine: Engine) -> None:
    group = GroupCommit(partial(uow._transact, engine), max_waiting=0, wait_seconds=1)
    with pytest.raises(Busy):
        group.run(lambda connection: add_entrant(connection, "one"))


def test_who_waits_too_long_is_told_and_nothing_is_stored(session: Session, engine: Engine) -> None:
    group = GroupCommit(partial(uow._transact, engine), max_waiting=9, wait_seconds=0.05)
    answers: list[object] = []

    def run() -> None:
        try:
            answers.append(group.run(lambda connection: add_entrant(connection, "late")))
        except Busy as error:
            answers.append(error)

    leader = threading.Thread(target=run)
    follower = threading.Thread(target=run)
    with write_turn(engine):
        leader.start()
        _until(lambda: len(group._waiting) == 1)
        follower.start()
        _until(lambda: len(answers) == 1)
        assert isinstance(answers[0], Busy)
    leader.join(10)
    follower.join(10)
    assert answers[1:] == ["late"]
    assert session.scalar(select(func.count()).select_from(Entrant)) == 1


def test_those_who_come_during_a_commit_are_led_by_the_first_of_them(
    session: Session, engine: Engine
) -> None:
    for round_number in range(5):
        names = [f"round{round_number}person{number}" for number in range(6)]
        assert together(engine, names) == {name: name for name in names}
    assert len(stored(session)) == 30


def _run_in_thread(
    group: GroupCommit, work: Callable[[DirectConnection], str], answers: list[str]
) -> threading.Thread:
    thread = threading.Thread(target=lambda: answers.append(group.run(work)))
    thread.start()
    return thread


def test_who_comes_during_a_commit_leads_the_next_group(session: Session, engine: Engine) -> None:
    group = GroupCommit(partial(uow._transact, engine), max_waiting=9, wait_seconds=10)
    is_inside, may_finish = threading.Event(), threading.Event()
    answers: list[str] = []

    def slow(connection: DirectConnection) -> str:
        is_inside.set()
        may_finish.wait(10)
        return add_entrant(connection, "first")

    leader = _run_in_thread(group, slow, answers)
    assert is_inside.wait(10)
    later = _run_in_thread(group, lambda connection: add_entrant(connection, "second"), answers)
    _until(lambda: len(group._waiting) == 1)
    may_finish.set()
    leader.join(10)
    later.join(10)
    assert sorted(answers) == ["first", "second"]
    assert stored(session) == {"first", "second"}
    assert group.run(lambda connection: add_entrant(connection, "third")) == "third"


def test_whose_time_runs_out_inside_a_group_is_told_what_came_of_it(session: Session, engine: Engine) -> None:
    """Once a unit is being run nobody may be told that nothing was stored."""
    group = GroupCommit(partial(uow._transact, engine), max_waiting=9, wait_seconds=0.3)
    time_is_up = threading.Event()
    answers: list[str] = []

    def slow(connection: DirectConnection) -> str:
        time_is_up.wait(10)
        return add_entrant(connection, "slow")

    with write_turn(engine):
        leader = _run_in_thread(group, slow, answers)
        _until(lambda: len(group._waiting) == 1)
        follower = _run_in_thread(group, lambda connection: add_entrant(connection, "patient"), answers)
        _until(lambda: len(group._waiting) == 2)
    follower.join(0.6)
    assert follower.is_alive()
    time_is_up.set()
    leader.join(10)
    follower.join(10)
    assert sorted(answers) == ["patient", "slow"]
    assert stored(session) == {"patient", "slow"}
