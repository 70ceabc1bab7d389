"""The application, and pages that say what is wrong when it is asked for too often or has no time."""

from flask import Response, abort

from wsgi import app

__all__ = ["app"]


@app.get("/broken/<int:status>")
def broken(status: int) -> Response:
    """The page of that error."""
    abort(status)
