"""`flask prizewell worker`: sends mail, tells other systems, watches the campaigns, tidies up every hour."""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from app.cli.support import session
from app.config import ROOT
from app.extensions import db, tools
from app.services import housekeeping, outbox, watch_round, webhooks
from app.services.outbox import PostOffice
from app.services.webhooks import CallCentre

SIDE_BY_SIDE = 4  # messages under way at once: a slow receiver holds up one of them
CALLS_SIDE_BY_SIDE = 6  # slow endpoints, each with as many as it may have, leave room for others
IDLE_SECONDS = 2.0
TIDY_SECONDS = 3600.0
WATCH_SECONDS = 60.0
STOP_SECONDS = 15  # for messages in flight, once asked to stop; what is cut off is sent again
_log = logging.getLogger(__name__)


@click.command("worker")
@click.option("--once", is_flag=True, help="Watch, send what is due now and tidy up, then end.")
@click.option("--beside", type=int, hidden=True, help="End when this parent process has.")
@with_appcontext
def worker(once: bool, beside: int | None) -> None:
    """Send the mail that waits, call webhooks and watch the campaigns, until told to stop.

    Several at once do no harm.
    """
    office = tools().office
    outbox.is_any_due(session(), now=tools().now())  # a missing table is told now, not in the log
    if office is None and beside is None:
        click.echo("Mail is off (PRIZEWELL_MAIL): only watching and tidying up.", err=True)
    if once:
        watch_round.make(session(), now=tools().now(), rng=tools().rng)
        while office is not None and _deliver_next(office):
            pass
        while tools().settings.webhooks and _call_next(tools().calls):
            pass
        housekeeping.purge(session(), now=tools().now())
        return
    calls = tools().calls if tools().settings.webhooks else None
    _Loops(current_app._get_current_object(), office, calls).run(beside)  # type: ignore[attr-defined]


class _Loops:
    """The loops of one process, each in a thread with a session of its own, until it is stopped."""

    def __init__(self, app: Flask, office: PostOffice | None, calls: CallCentre | None = None) -> None:
        self._app = app
        self._office = office
        self._calls = calls
        self._stopping = threading.Event()

    def stop(self, *_signal: object) -> None:
        """Take nothing on any more."""
        self._stopping.set()

    def run(self, parent: int | None) -> None:
        """Work until a signal comes, or the parent is gone; then finish what is in flight."""
        signal.signal(signal.SIGTERM, self.stop)
        # Ctrl-C reaches the whole terminal: a parent that stops in its own time says so itself.
        signal.signal(signal.SIGINT, self.stop if parent is None else signal.SIG_IGN)
        self.work(parent)

    def work(self, parent: int | None) -> None:
        """The same, without the signals."""
        rounds: list[tuple[Callable[[], bool], float]] = [
            (self._tidy, TIDY_SECONDS),
            (self._watch, WATCH_SECONDS),
        ]
        if self._office is not None:
            rounds += [(self._deliver, IDLE_SECONDS)] * SIDE_BY_SIDE
        if self._calls is not None:
            rounds += [(self._call, IDLE_SECONDS)] * CALLS_SIDE_BY_SIDE
        threads = [threading.Thread(target=self._loop, args=each, daemon=True) for each in rounds]
        for thread in threads:
            thread.start()
        while not self._stopping.wait(1):
            if parent is not None and os.getppid() != parent:
                break
        self._stopping.set()
        deadline = time.monotonic() + STOP_SECONDS
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _loop(self, work: Callable[[], bool], rest_seconds: float) -> None:
        """Do the work again and again, with a rest whenever there was none; trouble is met by waiting."""
        while not self._stopping.is_set():
            try:
                with self._app.app_context():
                    found = work()
            except Exception as error:  # noqa: BLE001 -- whatever it is, mail goes on when it is over
                _log.warning("the worker waits: %s", type(error).__name__)
                found = False
            if not found:
                self._stopping.wait(rest_seconds)

    def _deliver(self) -> bool:
        return self._office is not None and _deliver_next(self._office)

    def _call(self) -> bool:
        return self._calls is not None and _call_next(self._calls)

    def _watch(self) -> bool:
        watch_round.make(db.session(), now=tools().now(), rng=tools().rng)
        return False

    def _tidy(self) -> bool:
        housekeeping.purge(db.session(), now=tools().now())
        return False


def _deliver_next(office: PostOffice) -> bool:
    is_due = outbox.is_any_due(db.session(), now=tools().now())
    return is_due and outbox.deliver_next(db.session(), office, clock=tools().now, rng=tools().rng)


def _call_next(calls: CallCentre) -> bool:
    is_due = webhooks.is_any_due(db.session(), now=tools().now())
    return is_due and webhooks.call_next(db.session(), calls, clock=tools().now, rng=tools().rng)


@contextmanager
def worker_beside() -> Iterator["Keeper"]:
    """A worker in a process of its own while the body runs; started again should it end early."""
    keeper = Keeper()
    keeper.start()
    try:
        yield keeper
    finally:
        keeper.stop()


class Keeper(threading.Thread):
    """Waits for the worker's end, which should not come before `stop`."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._stopping = threading.Event()
        self.process = self._spawn()

    def run(self) -> None:
        """Start the worker again, not too fast, until stopped."""
        while True:
            self.process.wait()
            if self._stopping.wait(IDLE_SECONDS):
                return
            self.process = self._spawn()

    def stop(self) -> None:
        """End the worker and wait for it."""
        self._stopping.set()
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS + 5)
        except subprocess.TimeoutExpired:
            self.process.kill()

    def _spawn(self) -> "subprocess.Popen[Any]":
        command = [sys.executable, "-m", "flask", "prizewell", "worker", "--beside", str(os.getpid())]
        return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL)  # noqa: S603 -- ourselves
