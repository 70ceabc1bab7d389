"""Errors as people and programs see them: a page, a fragment's status, or JSON; never a trace."""

import time

from flask import Flask, Response, current_app, jsonify, make_response, render_template, request
from flask_babel import gettext as _
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import BadRequest, HTTPException, MethodNotAllowed, TooManyRequests

from app.domain.errors import Busy, CommitUnknown, Conflict, InvalidInput, NotFound, SeedUnreadable
from app.extensions import limiter
from app.web import problems
from app.web.wording import told


def register(app: Flask) -> None:
    """Answer HTTP errors, and the errors services raise that no view has handled."""
    app.register_error_handler(HTTPException, _on_http)
    app.register_error_handler(NotFound, lambda _error: _answer(404))
    app.register_error_handler(Conflict, lambda error: _answer(409, told(error)))
    app.register_error_handler(InvalidInput, lambda error: _answer(422, told(error)))
    app.register_error_handler(Busy, _on_busy)
    app.register_error_handler(SeedUnreadable, _on_seed)
    app.register_error_handler(OperationalError, _on_database)
    app.register_error_handler(CommitUnknown, _on_unknown)


def wants_json() -> bool:
    """True when the client asks for JSON rather than a page."""
    best = request.accept_mimetypes.best_match(["text/html", "application/json"])
    return best == "application/json"


def _on_http(error: HTTPException) -> Response:
    response = _answer(error.code or 500)
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        response.headers["Allow"] = ", ".join(sorted(error.valid_methods))
    if isinstance(error, TooManyRequests) and limiter.current_limit is not None:
        response.headers["Retry-After"] = str(max(1, limiter.current_limit.reset_at - int(time.time())))
    return response


def _on_busy(error: Busy) -> Response:
    response = _answer(503, _("Many people are here right now. Please try again in a moment."))
    response.headers["Retry-After"] = str(error.retry_after)
    return response


def _on_seed(_error: SeedUnreadable) -> Response:
    return _answer(503, _("Entries are closed for the moment. Please come back later."))


def _on_unknown(error: CommitUnknown) -> Response:
    current_app.logger.error("a commit may or may not have taken place", exc_info=error)
    return _answer(503, _("The connection was lost while saving. Please look whether it was saved first."))


def _on_database(error: OperationalError) -> Response:
    current_app.logger.error("the database cannot be used", exc_info=error)
    response = _answer(503)
    response.headers["Retry-After"] = str(Busy().retry_after)
    return response


def _answer(status: int, message: str = "") -> Response:
    if request.path.startswith(problems.API):
        return problems.of_status(status)
    title, usual = _texts(status)
    if wants_json():
        return make_response(jsonify(error=title, message=message or usual), status)
    if isinstance(request.routing_exception, BadRequest):  # a Host that is not ours: no page can be linked to
        return Response(f"{title}. {message or usual}\n", status, mimetype="text/plain")
    page = render_template("errors/error.html", status=status, title=title, message=message or usual)
    return make_response(page, status)


def _texts(status: int) -> tuple[str, str]:
    known = {
        400: (_("That did not work"), _("The request could not be read. Please go back and try again.")),
        403: (_("Not for this account"), _("Your account may not do this. Ask an admin if you need to.")),
        404: (_("Nothing here"), _("This page does not exist, or no longer does.")),
        405: (_("That did not work"), _("This address does not take that kind of request.")),
        409: (_("That did not fit"), _("It was changed meanwhile. Please look again.")),
        413: (_("Too large"), _("What was sent is too large.")),
        422: (_("Please check"), _("Something in the form is not right.")),
        429: (_("Too many tries"), _("Please wait a moment before you try again.")),
        503: (_("One moment"), _("Please try again in a moment.")),
    }
    return known.get(status, (_("Something went wrong"), _("It is our fault, not yours. Please try again.")))
