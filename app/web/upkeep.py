"""Upkeep: every hour, by the way of a request, what has served its purpose is forgotten."""

import time
from contextlib import suppress

from flask import Flask

from app.domain.errors import Busy
from app.extensions import db, tools
from app.services import housekeeping, pictures

EVERY_SECONDS = 3600.0


class _Round:
    """When this process looks after its data next."""

    def __init__(self) -> None:
        self.due = time.monotonic() + EVERY_SECONDS  # `serve` has just done it

    def begin(self) -> bool:
        """True for the one request that finds it due."""
        if time.monotonic() < self.due:
            return False
        self.due = time.monotonic() + EVERY_SECONDS
        return True


def register(app: Flask) -> None:
    """Do it before a request once it is due; a crowded moment puts it off, the request goes on."""
    own = _Round()
    app.extensions["prizewell_upkeep"] = own

    @app.before_request
    def look_after() -> None:
        if own.begin():
            with suppress(Busy):
                housekeeping.purge(db.session(), now=tools().now())
                tools().networks.forget(now=tools().now())
                pictures.forget_unused(db.session(), tools().pictures, now=tools().now())
