"""Browser sessions: Flask's own signed cookies, for pages."""

from flask import Flask, Request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from itsdangerous import URLSafeTimedSerializer

_FILES = ("/theme.css", "/card.jpg")  # that come with a campaign's pages


class Sessions(SecureCookieSessionInterface):
    """The sessions of one application. What checks signatures is made once, not for each request."""

    _serializer: URLSafeTimedSerializer | None = None

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        """The serializer for the application's keys; None when it has none."""
        if self._serializer is None:
            self._serializer = super().get_signing_serializer(app)
        return self._serializer

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """The session of a page; None, which cannot be written, for a file, and for what takes no cookie.
        Files are the same for everyone: no session is looked at, so that no cache keeps them apart by cookie.
        """
        without = ("/static/", "/pictures/", "/api/")
        is_file = request.path.startswith(without) or request.path.endswith(_FILES)
        return None if is_file else super().open_session(app, request)
