"""Webhooks as they run: commands, the worker as a process that is killed, and a slow endpoint."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.cli import worker
from app.config import ROOT
from app.domain.events import EventType
from app.models import AuditRecord, DeliveryState, WebhookDelivery
from tests.support.application import application, environment
from tests.support.factories import make_campaign
from tests.support.hooks import add_endpoint, centre_of, deliveries
from tests.support.receiver import Call, Receiver, receiving
from tests.support.shop import win

SECONDS = 60.0
WINS = [EventType.AWARD_WON]


def until(there: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + SECONDS
    while not there():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def sent(session: Session) -> int:
    return sum(row.state is DeliveryState.SENT for row in deliveries(session))


@contextmanager
def process(variables: dict[str, str]) -> Iterator["subprocess.Popen[bytes]"]:
    """`flask prizewell worker` as a process of its own."""
    command = [sys.executable, "-m", "flask", "prizewell", "worker"]
    started = subprocess.Popen(command, cwd=ROOT, env={"PATH": os.defpath, **variables})
    try:
        yield started
    finally:
        started.kill()
        started.wait()


def variables(url: str, folder: Path, receiver: Receiver) -> dict[str, str]:
    return environment(url, folder, PRIZEWELL_WEBHOOK_ALLOW=receiver.origin, PRIZEWELL_MAIL="off")


def test_killed_between_the_call_and_noting_it_another_calls_again_with_the_same_id(
    database_url: str, session: Session, tmp_path: Path
) -> None:
    now = datetime.now(UTC)
    make_campaign(session, now=now)
    with receiving() as receiver:
        _, secret = add_endpoint(session, receiver, events=WINS, now=now)
        win(session, now=now)
        came = threading.Event()

        def answer_nothing(_call: Call) -> tuple[int, bytes, dict[str, str]]:
            came.set()
            killed.wait(SECONDS)
            return 200, b"", {}

        killed = threading.Event()
        receiver.answer = answer_nothing
        with process(variables(database_url, tmp_path, receiver)) as running:
            assert came.wait(SECONDS)
            running.kill()  # the receiver has taken it; nobody has noted that
            running.wait()
        killed.set()
        (row,) = deliveries(session)
        assert (row.state, row.tries) == (DeliveryState.WAITING, 1)
        assert row.held_until is not None
        receiver.answer = lambda _call: (200, b"", {})
        session.execute(update(WebhookDelivery).values(held_until=now))  # the lease is over
        session.commit()
        with process(variables(database_url, tmp_path, receiver)):
            until(lambda: sent(session) == 1, "nobody calls again")
        first, second = receiver.calls
        assert first.headers["webhook-id"] == second.headers["webhook-id"]
        assert first.verified(secret) == second.verified(secret)


def test_a_slow_endpoint_does_not_hold_up_the_others(app: Flask, session: Session) -> None:
    now = datetime.now(UTC)
    make_campaign(session, now=now)
    release = threading.Event()

    def stall(_call: Call) -> tuple[int, bytes, dict[str, str]]:
        release.wait(SECONDS)
        return 200, b"", {}

    with receiving() as slow, receiving() as quick:
        slow.answer = stall
        add_endpoint(session, slow, now=now)
        _, secret = add_endpoint(session, quick, now=now)
        for number in range(1, 7):
            win(session, number, now=now)
        loops = worker._Loops(app, None, centre_of(slow, quick, timeout=SECONDS))
        thread = threading.Thread(target=loops.work, args=(None,))
        thread.start()
        try:
            until(lambda: len(quick.types(secret)) == 12, "the quick one waits for the slow one")
            assert len(slow.calls) == 2
            release.set()
            until(lambda: sent(session) == 24, "the slow one is forgotten")
        finally:
            release.set()
            loops.stop()
            thread.join(SECONDS)
        assert not thread.is_alive()


def test_once_calls_what_is_due(database_url: str, session: Session, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    make_campaign(session, now=now)
    with receiving() as receiver:
        add_endpoint(session, receiver, now=now)
        win(session, now=now)
        given = variables(database_url, tmp_path, receiver)
        with application(given | {"PRIZEWELL_WEBHOOKS": "off"}) as app:
            assert app.test_cli_runner().invoke(args=["prizewell", "worker", "--once"]).exit_code == 0
        assert not receiver.calls
        with application(given) as app:
            assert app.test_cli_runner().invoke(args=["prizewell", "worker", "--once"]).exit_code == 0
        assert len(receiver.calls) == 2


@pytest.fixture
def runner(database_url: str, tmp_path: Path) -> Iterator[tuple[FlaskCliRunner, str]]:
    with receiving() as receiver, application(variables(database_url, tmp_path, receiver)) as app:
        yield app.test_cli_runner(), receiver.url


def test_endpoints_are_added_listed_and_removed(runner: tuple[FlaskCliRunner, str], session: Session) -> None:
    run, url = runner
    make_campaign(session)
    first = run.invoke(args=["prizewell", "webhook", "add", url])
    assert first.exit_code == 0, first.output
    endpoint, secret = first.output.split()
    assert secret.startswith("whsec_")
    more = ["--campaign", "summer", "--event", "award.won", "--with-codes"]
    assert run.invoke(args=["prizewell", "webhook", "add", url, *more]).exit_code == 0
    listed = run.invoke(args=["prizewell", "webhook", "list"]).output
    lines = [line.split("\t") for line in listed.splitlines()]
    assert [(line[1], line[2], line[3]) for line in lines] == [
        ("on", "all campaigns", url),
        ("on", "summer", url),
    ]
    assert lines[1][4:] == ["award.won", "0 told, 0 waiting, 0 failed"]
    assert secret not in listed
    assert run.invoke(args=["prizewell", "webhook", "remove", endpoint]).exit_code == 0
    assert endpoint not in run.invoke(args=["prizewell", "webhook", "list"]).output
    session.rollback()
    actions = {record.action for record in session.scalars(select(AuditRecord))}
    assert {"webhook.add", "webhook.remove"} <= actions


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["add", "http://10.0.0.1/"], "only https"),
        (["add", "https://10.0.0.1/"], "not on the public internet"),
        (["add", "https://shop.example.org/", "--campaign", "nothing"], "no campaign is called"),
        (["remove", "nonsense"], "no such endpoint"),
        (["remove", "0" * 32], "no such endpoint"),
    ],
)
def test_what_is_wrong_is_said(runner: tuple[FlaskCliRunner, str], words: list[str], said: str) -> None:
    run, _url = runner
    done = run.invoke(args=["prizewell", "webhook", *words])
    assert done.exit_code == 1
    assert said in done.stderr
