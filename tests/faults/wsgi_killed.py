"""The application with places where it kills itself when told to; only the tests of kills serve it.

A request with the header X-Kill-At names the place: whoever comes by next dies there, with the whole process.
"""

import os
import signal
from collections.abc import Callable, Iterable
from typing import Any, TypeVar
from unittest.mock import patch

from sqlalchemy import event

from app import create_app
from app.extensions import db
from app.services import allocation, entries, uow
from app.web.public import views
from tests.faults.places import AFTER_CLAIM, AFTER_COMMIT, AFTER_LOCK, BEFORE_COMMIT, BEFORE_REPLY

T = TypeVar("T")

_deadly: set[str] = set()


def _pass(place: str) -> None:
    if place in _deadly:
        os.kill(os.getpid(), signal.SIGKILL)


def _before(place: str, function: Callable[..., T]) -> Callable[..., T]:
    def replaced(*args: Any, **options: Any) -> T:
        _pass(place)
        return function(*args, **options)

    return replaced


def _after(place: str, function: Callable[..., T]) -> Callable[..., T]:
    def replaced(*args: Any, **options: Any) -> T:
        result = function(*args, **options)
        _pass(place)
        return result

    return replaced


patch.object(entries, "_campaign_with_odds", _before(AFTER_LOCK, entries._campaign_with_odds)).start()
patch.object(entries, "claim", _after(AFTER_CLAIM, allocation.claim)).start()
patch.object(uow, "_transact", _after(AFTER_COMMIT, uow._transact)).start()
patch.object(views, "submit_entry", _after(BEFORE_REPLY, entries.submit_entry)).start()

site = create_app()
with site.app_context():
    event.listen(db.engine, "commit", _before(BEFORE_COMMIT, lambda _connection: None))


def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """The site; every answer names the process it came from."""
    if place := environ.get("HTTP_X_KILL_AT"):
        _deadly.add(place)

    def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
        return start_response(status, [*headers, ("X-Process", str(os.getpid()))], *rest)

    return site(environ, start)
