"""The application that answers without a commit; only the control of the tests of kills serves it."""

import inspect
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

from sqlalchemy.orm import Session

from app.adapters.direct import DirectConnection
from app.domain.outcomes import Outcome
from app.services.entries import Submission, submit_entry
from app.web.public import views
from tests.faults.wsgi_killed import app as app

_enter: Callable[..., Outcome] = inspect.unwrap(submit_entry)


def answer_at_once(session: Session, submission: Submission, **tools: Any) -> Outcome:
    """Stands in for `submit_entry`: what it answers is never committed."""
    session.rollback()
    try:
        return _enter(DirectConnection(session.connection()), submission, **tools)
    finally:
        session.rollback()


patch.object(views, "submit_entry", answer_at_once).start()
