"""Refusals, counted: each process keeps its own, and stores them every few seconds and when it ends."""

import os
import threading
import time
from contextlib import suppress
from enum import StrEnum
from multiprocessing.util import Finalize

from flask import Flask, Response, current_app, request
from sqlalchemy.exc import SQLAlchemyError

from app.domain.errors import Busy, CommitUnknown
from app.extensions import db, tools
from app.services import refusals, tallies, traffic
from app.services.tallies import Tally

EVERY_SECONDS = 5.0
ENTRY = "public.enter"


class Told(StrEnum):
    """What is refused before anybody asks the campaign. Stored beside the words of RefusalReason."""

    FORM = "form"
    STALE_PAGE = "stale_page"
    BOT = "bot"
    TOO_MANY = "too_many"
    BUSY = "busy"


_BY_STATUS = {429: Told.TOO_MANY, 503: Told.BUSY}


class Refusals:
    """The tally of this process, and when it is stored next."""

    def __init__(self, app: Flask) -> None:
        self.tally = Tally()
        self.traffic = Tally()
        self.due = time.monotonic() + EVERY_SECONDS
        self.is_kept = False  # stored without a request too
        self._app = app
        self._starting = threading.Lock()
        self._storing = threading.Lock()
        self._stopping = threading.Event()
        self._process = 0

    def count(self, slug: str, reason: str) -> None:
        """Count one; the first of a process sees to it that none is forgotten."""
        self.tally.count(slug, reason, now=tools().now())
        self._see_to_it()

    def count_traffic(self, slug: str, reason: str) -> None:
        """Count a page shown, or a form sent; see app.services.traffic."""
        self.traffic.count(slug, reason, now=tools().now())
        self._see_to_it()

    def _see_to_it(self) -> None:
        if self.is_kept:
            with self._starting:
                self._start()

    def _start(self) -> None:
        if self._process == os.getpid():  # a server forks after it has loaded the application
            return
        self._process = os.getpid()
        threading.Thread(target=self._keep, daemon=True).start()
        # A forked process ends without what `atexit` knows of, but not without this.
        Finalize(None, self.stop, exitpriority=10)

    def begin(self) -> bool:
        """True for the one request that finds it due."""
        if time.monotonic() < self.due:
            return False
        self.due = time.monotonic() + EVERY_SECONDS
        return True

    def store(self) -> None:
        """Store what was counted; it stays where it is should the database have no time for it."""
        with self._storing, suppress(Busy, CommitUnknown, SQLAlchemyError):
            tallies.flush(db.session(), self.tally, refusals.STORE)
            tallies.flush(db.session(), self.traffic, traffic.STORE)

    def stop(self) -> None:
        """Store what is left: the process ends."""
        self._stopping.set()
        self._store_alone()

    def _keep(self) -> None:
        while not self._stopping.wait(EVERY_SECONDS):
            self._store_alone()

    def _store_alone(self) -> None:
        with self._app.app_context():
            self.store()


def register(app: Flask) -> None:
    """Count what is turned away before a view sees it, and store all counts after an answer, once due."""
    own = Refusals(app)
    app.extensions["prizewell_refusals"] = own

    @app.after_request
    def turned_away(response: Response) -> Response:
        told = _BY_STATUS.get(response.status_code)
        if told is not None and request.endpoint == ENTRY:
            count((request.view_args or {})["slug"], told)
        return response

    @app.teardown_request
    def store(_error: BaseException | None) -> None:
        if own.begin():
            own.store()


def keep(app: Flask) -> None:
    """Store counts also while nobody asks for anything, and at the end of the process: for real servers."""
    app.extensions["prizewell_refusals"].is_kept = True


def count(slug: str, reason: str) -> None:
    """Count one submission that was not taken."""
    own: Refusals = current_app.extensions["prizewell_refusals"]
    own.count(slug, reason)
