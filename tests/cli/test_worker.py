"""The worker as it runs: once, until a signal, beside a parent; with real mail and a slow receiver."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import flask_migrate
import pytest
from flask import Flask
from flask.testing import FlaskCliRunner
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.adapters.chance import SystemRng
from app.cli import worker
from app.config import ROOT
from app.domain.delivery import Sending, Sent
from app.domain.outcomes import Won
from app.extensions import db, tools
from app.models import Message, MessageState, SpentChallenge
from app.services import housekeeping, outbox
from app.services.entries import submit_entry
from tests.support.application import application, environment
from tests.support.factories import VAULT, make_campaign, solved, submission
from tests.support.smtp import postbox

SECONDS = 30.0


def win(session: Session, *numbers: int) -> None:
    now = datetime.now(UTC)
    for number in numbers:
        sent = submission(number, captcha=solved(number, now))
        assert isinstance(submit_entry(session, sent, now=now, rng=SystemRng(), vault=VAULT), Won)


def count(session: Session, state: MessageState) -> int:
    session.rollback()
    query = select(func.count()).select_from(Message).where(Message.state == state)
    return session.scalar(query) or 0


def until(there: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + SECONDS
    while not there():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


@pytest.fixture
def runner(app: Flask) -> FlaskCliRunner:
    return app.test_cli_runner()


def test_once_sends_what_is_due_and_tidies_up(
    app: Flask, session: Session, runner: FlaskCliRunner, tmp_path: Path
) -> None:
    make_campaign(session)
    win(session, 1, 2, 3)
    session.add(SpentChallenge(signature=bytes(32), expires_at=datetime(2020, 1, 1, tzinfo=UTC)))
    session.commit()
    done = runner.invoke(args=["prizewell", "worker", "--once"])
    assert (done.exit_code, done.output) == (0, "")
    assert count(session, MessageState.SENT) == 3
    assert len(list((tmp_path / "mail").glob("*.eml"))) == 3
    assert session.get(SpentChallenge, bytes(32)) is None
    assert runner.invoke(args=["prizewell", "worker", "--once"]).exit_code == 0
    assert len(list((tmp_path / "mail").glob("*.eml"))) == 3


def test_without_tables_it_says_so(empty_database_url: str, tmp_path: Path) -> None:
    with application(environment(empty_database_url, tmp_path)) as app:
        done = app.test_cli_runner().invoke(args=["prizewell", "worker"])
    assert done.exit_code == 1
    assert "flask db upgrade" in done.stderr


def test_where_mail_is_off_it_only_tidies_up(database_url: str, session: Session, tmp_path: Path) -> None:
    make_campaign(session)
    win(session, 1)
    with application(environment(database_url, tmp_path, PRIZEWELL_MAIL="off")) as app:
        done = app.test_cli_runner().invoke(args=["prizewell", "worker", "--once"])
    assert done.exit_code == 0
    assert "Mail is off" in done.stderr
    assert count(session, MessageState.WAITING) == 1


class Slow:
    """A mailer whose first message takes as long as the others together, and longer."""

    def __init__(self) -> None:
        self.mails: list[str] = []
        self.others_are_out = threading.Event()
        self._mutex = threading.Lock()

    def send(self, mail: EmailMessage) -> Sending:
        """See Mailer.send."""
        with self._mutex:
            is_first = not self.mails
            self.mails.append(str(mail["To"]))
            if len(self.mails) == 6:
                self.others_are_out.set()
        if is_first:
            assert self.others_are_out.wait(SECONDS)
        return Sent()


@contextmanager
def loops(app: Flask, mailer: object) -> Iterator[worker._Loops]:
    """The worker's loops in a thread of this process."""
    with app.app_context():
        office = tools().office
    assert office is not None
    chosen = outbox.PostOffice(mailer, office.letters, office.links, office.sender)  # type: ignore[arg-type]
    running = worker._Loops(app, chosen)
    thread = threading.Thread(target=running.work, args=(None,))
    thread.start()
    try:
        yield running
    finally:
        running.stop()
        thread.join(SECONDS)
        assert not thread.is_alive()


def test_one_slow_receiver_does_not_hold_up_the_others(app: Flask, session: Session) -> None:
    make_campaign(session)
    win(session, 1, 2, 3, 4, 5, 6)
    with loops(app, Slow()):
        until(lambda: count(session, MessageState.SENT) == 6, "six messages are not out")


def test_trouble_with_the_database_is_waited_out(
    app: Flask, session: Session, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    make_campaign(session)
    win(session, 1)
    real, fallen = outbox.deliver_next, threading.Event()

    def fall_once(*given: object, **named: object) -> bool:
        if not fallen.is_set():
            fallen.set()
            raise OSError("person1@example.org")
        return real(*given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(worker, "IDLE_SECONDS", 0.05)
    monkeypatch.setattr(outbox, "deliver_next", fall_once)
    with loops(app, Quick()):
        until(lambda: count(session, MessageState.SENT) == 1, "the message is not out")
    assert "the worker waits: OSError" in caplog.text
    assert "example.org" not in caplog.text


class Quick:
    """A mailer that takes everything."""

    def send(self, _mail: EmailMessage) -> Sending:
        """See Mailer.send."""
        return Sent()


@contextmanager
def process(variables: dict[str, str], *words: str) -> Iterator["subprocess.Popen[bytes]"]:
    """`flask prizewell worker` as a process of its own."""
    command = [sys.executable, "-m", "flask", "prizewell", "worker", *words]
    started = subprocess.Popen(command, cwd=ROOT, env={"PATH": os.defpath, **variables})
    try:
        yield started
    finally:
        started.kill()
        started.wait()


only_sqlite = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)  # signals know no database


@only_sqlite
@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it(database_url: str, session: Session, tmp_path: Path, stop: signal.Signals) -> None:
    make_campaign(session)
    win(session, 1)
    with postbox() as box:
        mail = f"smtp://127.0.0.1:{box.port}"
        with process(environment(database_url, tmp_path, PRIZEWELL_MAIL=mail)) as running:
            until(lambda: count(session, MessageState.SENT) == 1, "the first message is not out")
            win(session, 2)
            until(lambda: count(session, MessageState.SENT) == 2, "what comes later is not out")
            running.send_signal(stop)
            assert running.wait(SECONDS) == 0
        assert [str(each["To"]) for each in box.mails] == ["person1@example.org", "person2@example.org"]


@only_sqlite
def test_what_is_in_flight_is_finished(database_url: str, session: Session, tmp_path: Path) -> None:
    make_campaign(session)
    win(session, 1)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        mail = f"smtp://127.0.0.1:{listening.getsockname()[1]}"
        with process(environment(database_url, tmp_path, PRIZEWELL_MAIL=mail)) as running:
            listening.settimeout(SECONDS)
            client, _ = listening.accept()
            running.send_signal(signal.SIGTERM)
            with client, client.makefile("rwb", buffering=0) as lines:
                for answer in (b"220 here", b"250 hello", b"250 ok", b"250 ok", b"354 go on"):
                    lines.write(answer + b"\r\n")
                    lines.readline()
                while lines.readline().strip() != b".":
                    pass
                lines.write(b"250 taken\r\n")
            assert running.wait(SECONDS) == 0
    assert count(session, MessageState.SENT) == 1


@only_sqlite
def test_it_ends_with_its_parent(database_url: str, tmp_path: Path) -> None:
    with process(environment(database_url, tmp_path), "--beside", "1") as running:
        assert running.wait(SECONDS) == 0


def test_the_worker_beside_is_started_again_and_stopped(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, value in environment(f"sqlite:///{tmp_path}/x.sqlite3", tmp_path).items():
        monkeypatch.setenv(name, value)
    with application(environment(f"sqlite:///{tmp_path}/x.sqlite3", tmp_path)) as app, app.app_context():
        flask_migrate.upgrade()
        db.session.remove()
    monkeypatch.setattr(worker, "IDLE_SECONDS", 0.05)
    with worker.worker_beside() as keeper:
        first = keeper.process
        first.kill()
        until(lambda: keeper.process is not first, "nobody looks after it")
        second = keeper.process
    assert second.poll() is not None


def test_tidying_up_is_one_of_the_loops(
    app: Flask, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = threading.Event()
    monkeypatch.setattr(housekeeping, "purge", lambda *_given, **_named: done.set())
    with loops(app, Quick()):
        assert done.wait(SECONDS)
