"""The language of a page: the one in its address, else the one chosen before, else the browser's first that
we speak, else the campaign's own. Worked out once for each request.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from babel import Locale
from flask import Flask, g, has_request_context, request, url_for
from flask import Response as FlaskResponse
from flask_babel import refresh
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from app.domain.languages import DEFAULT, ENTRANTS, STAFF, spoken
from app.extensions import tools

COOKIE = "prizewell_language"
_REMEMBERED_SECONDS = 365 * 24 * 3600
_PLACE = "prizewell.language"
_FOR_STAFF = ("/admin", "/account", "/counter", "/api", "/partner")
_BY_STAFF = ("trying", "fitting", "form_preview")  # below /admin, and yet the pages that visitors see
_FORM_PAGES = {
    "public.enter": "public.landing_page",
    "trying.play": "trying.page",
    "trying.look": "trying.page",
}
# Addresses that keep the language of the page they stand on.
_CARRIED = ("public.", "human.", "winner.", "trying.")


@dataclass(slots=True)
class _Choice:
    """A language, and where it came from: `stays` when further addresses name it, too."""

    language: str
    offered: Sequence[str]
    is_asked: bool = False  # by the address
    stays: bool = False
    is_ours: bool = False  # nobody asked for any language that we speak


def register(app: Flask) -> None:
    """Have addresses keep the language of their page, and remember a choice."""
    app.url_defaults(_keep)
    app.after_request(_remember)
    app.context_processor(lambda: {"other_languages": _switch, "address_in": address_in})


def language() -> str:
    """The language of this request."""
    return _choice().language


def is_asked() -> bool:
    """Whether the address names the language."""
    return _choice().is_asked


def fall_back_to(own: str) -> None:
    """Speak a campaign's own language to whoever has asked for none that we speak."""
    choice = _choice()
    if choice.is_ours and own in choice.offered and own != choice.language:
        choice.language, choice.stays = own, True
        refresh()


def address_in(language: str | None) -> str:
    """The path of this page in that language, or with None the one that leaves the language open.

    What answers a form has no address of its own: it is the page that the form stands on.
    """
    path: str = g.get("page_path", request.path)
    if request.endpoint in _FORM_PAGES and request.method == "POST":
        path = url_for(_FORM_PAGES[request.endpoint], **(request.view_args or {}), lang=None)
    return f"{path}?lang={language}" if language else path


def page_key() -> tuple[str, str, bool, bool]:
    """All that is decided here and shows in a page: two requests with the same have the same page."""
    choice = _choice()
    return address_in(None), choice.language, choice.is_asked, choice.stays


def page_is(path: str) -> None:
    """Name this page by another address than the one it was asked for by."""
    g.page_path = path


def _switch() -> list[tuple[str, str, str]]:
    """What a reader can choose from: code, name in the language itself, address of this page in it."""
    return [(code, _own_name(code), address_in(code)) for code in _choice().offered]


@lru_cache
def _own_name(code: str) -> str:
    return (Locale.parse(code).get_display_name(code) or code).capitalize()


def _choice() -> _Choice:
    environ: dict[str, Any] = request.environ
    found: _Choice | None = environ.get(_PLACE)
    if found is None:
        found = environ[_PLACE] = _chosen()
    return found


def _chosen() -> _Choice:
    languages = _languages()
    asked = spoken(request.args.get("lang"), languages) if b"lang=" in request.query_string else None
    if asked is not None:
        return _Choice(asked, languages, is_asked=True, stays=True)
    chosen = request.cookies.get(COOKIE)
    if chosen in languages:
        return _Choice(chosen, languages)
    found = _best(request.headers.get("Accept-Language", ""), languages)
    return _Choice(found or DEFAULT, languages, is_ours=found is None)


def _languages() -> tuple[str, ...]:
    return STAFF if request.path.startswith(_FOR_STAFF) and request.blueprint not in _BY_STAFF else ENTRANTS


@lru_cache(maxsize=256)
def _best(header: str, languages: tuple[str, ...]) -> str | None:
    """The first of the browser's languages that is one of these."""
    accepted = parse_accept_header(header[:200], LanguageAccept)
    return next((found for tag, quality in accepted if quality and (found := spoken(tag, languages))), None)


def _keep(endpoint: str, values: dict[str, Any]) -> None:
    if endpoint.startswith(_CARRIED) and "lang" not in values and has_request_context():
        choice = _choice()
        if choice.stays:
            values["lang"] = choice.language


def _remember(response: FlaskResponse) -> FlaskResponse:
    found: _Choice | None = request.environ.get(_PLACE)
    if found is None:
        return response
    if not found.is_asked:
        response.vary.update(("Accept-Language", "Cookie"))
    elif request.cookies.get(COOKIE) != found.language and response.mimetype == "text/html":
        response.set_cookie(
            COOKIE,
            found.language,
            max_age=_REMEMBERED_SECONDS,
            secure=tools().settings.is_https,
            httponly=True,
            samesite="Lax",
        )
    return response
