"""Refusals, counted: each process keeps its own and stores them by the way of an answer, once due."""

import time
from contextlib import suppress
from enum import StrEnum

from flask import Flask, Response, current_app, request
from sqlalchemy.exc import SQLAlchemyError

from app.domain.errors import Busy, CommitUnknown
from app.extensions import db, tools
from app.services import refusals
from app.services.refusals import Tally

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

    def __init__(self) -> None:
        self.tally = Tally()
        self.due = time.monotonic() + EVERY_SECONDS

    def begin(self) -> bool:
        """True for the one request that finds it due."""
        if time.monotonic() < self.due:
            return False
        self.due = time.monotonic() + EVERY_SECONDS
        return True


def register(app: Flask) -> None:
    """Count what is turned away before a view sees it, and store all counts after an answer, once due."""
    own = Refusals()
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
            _store(own.tally)


def count(slug: str, reason: str) -> None:
    """Count one submission that was not taken."""
    own: Refusals = current_app.extensions["prizewell_refusals"]
    own.tally.count(slug, reason, now=tools().now())


def _store(tally: Tally) -> None:
    """The counts stay where they are should the database have no time for them."""
    with suppress(Busy, CommitUnknown, SQLAlchemyError):
        refusals.flush(db.session(), tally)
