"""The token of an entry form, against forged requests.

A page of ours keeps half of it in the session's cookie. A page inside another site has no cookie there:
browsers withhold it. Its form carries a token that we signed for this campaign and this moment, and it is
taken only from a page of ours (the browser says so itself, and no script of another site can make it say
otherwise). docs/embedding.md tells why that is enough.
"""

from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from flask import request
from flask_babel.speaklater import LazyString
from flask_wtf.csrf import _FlaskFormCSRF
from itsdangerous.encoding import base64_decode, bytes_to_int
from wtforms import Field, Form, ValidationError

from app.adapters.tokens import Purpose
from app.extensions import tools

_MARK = "page."
EMBEDDED = frozenset({"public.embedded", "public.embedded_via"})


class PageToken(_FlaskFormCSRF):
    """A token signed only where a form is shown; of the kind that its page needs."""

    def generate_csrf_token(self, csrf_token_field: Field) -> Any:
        """The token, made when it is written into a page."""
        if is_embedded():
            now = tools().now()
            value = [_slug(), int(now.timestamp())]
            return _MARK + tools().signer.sign(Purpose.PAGE, value, now)
        return LazyString(super().generate_csrf_token, csrf_token_field)

    def validate_csrf_token(self, form: Form, field: Field) -> None:
        """Refuse a token of another page, an old one, or one sent from elsewhere. Raises ValidationError."""
        if not is_embedded():
            super().validate_csrf_token(form, field)
        elif not _comes_from_here() or _signed_at(str(field.data)) is None:
            raise ValidationError("the token of the page is not valid")


def is_embedded() -> bool:
    """Whether the form at work stands on a page inside another site."""
    return request.endpoint in EMBEDDED or request.form.get("csrf_token", "").startswith(_MARK)


def made_at(token: str) -> float:
    """When a valid token was made, in seconds since 1970."""
    if token.startswith(_MARK):
        return float(_signed_at(token) or 0)
    _value, moment, _signature = token.rsplit(".", 2)
    return float(bytes_to_int(base64_decode(moment)))


def _signed_at(token: str) -> int | None:
    now: datetime = tools().now()
    match tools().signer.read(Purpose.PAGE, token.removeprefix(_MARK), now):
        case [str(slug), int(moment)] if slug == _slug():
            return moment
        case _:
            return None


def _slug() -> str:
    return str((request.view_args or {}).get("slug", ""))


def _comes_from_here() -> bool:
    """Whether the browser says that a page of ours sent this. One that says nothing is not believed."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    return urlsplit(request.headers.get("Origin", "")).netloc == request.host
