"""Who may see what: staff sign-in state, the role each console route needs, and where a recent sign-in is."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from enum import StrEnum
from functools import wraps
from typing import ParamSpec, TypeVar
from urllib.parse import urlsplit
from uuid import UUID

from flask import Flask, abort, redirect, request, url_for
from flask_login import UserMixin, current_user
from werkzeug.wrappers import Response

from app.domain.eligibility import CampaignStatus
from app.domain.errors import Busy, CommitUnknown
from app.domain.roles import Role
from app.extensions import db, login, tools
from app.models import Campaign
from app.services import campaigns, restrictions, sessions
from app.services.audit import Actor
from app.services.sessions import Presence

P = ParamSpec("P")
T = TypeVar("T")


class StepUp(StrEnum):
    """When a view wants password or code to have been given within the last minutes."""

    ALWAYS = "always"
    LIVE = "live"  # in any campaign but a draft


class SignedIn(UserMixin):
    """The member of staff behind a session. The cookie holds the session's id, the database all the rest."""

    def __init__(self, presence: Presence) -> None:
        account, session = presence.account, presence.session
        self.account_id = account.id
        self.email = account.email
        self.name = account.name or account.email
        self.role = account.role
        self.is_limited = restrictions.applies_to(account)
        self.has_second_factor = presence.has_second_factor
        self.session_id = session.id
        self.session_counter = session.counter
        self.seen_at = session.seen_at
        self.proven_at = session.proven_at

    def get_id(self) -> str:
        """What the session cookie holds."""
        return self.session_id.hex

    @property
    def actor(self) -> Actor:
        """How the audit trail names this person."""
        return Actor(self.email, self.account_id)

    @property
    def needs_second_factor(self) -> bool:
        """True for an admin who can be reached from everywhere and has a password only."""
        return self.role is Role.ADMIN and tools().settings.is_https and not self.has_second_factor


def load_staff(app: Flask) -> None:
    """Teach the login extension to find staff."""
    login.user_loader(_find_signed_in)
    login.unauthorized_handler(_ask_to_sign_in)
    app.context_processor(lambda: {"Role": Role, "may": may})


def requires(
    role: Role, *, before_second_factor: bool = False
) -> Callable[[Callable[P, T]], Callable[P, T | Response]]:
    """A view for staff with at least this role: others are asked to sign in, or refused with 403.

    Whoever is limited to some campaigns meets 404 in the others. An admin who has to have a second factor and
    has none is led to it, unless the view is open `before_second_factor`. The role is kept on the view, so
    that the access table can be checked against the URL map.
    """

    def decorate(view: Callable[P, T]) -> Callable[P, T | Response]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> T | Response:
            if not current_user.is_authenticated:
                return _ask_to_sign_in()
            _note_presence()
            if current_user.needs_second_factor and not before_second_factor:
                return _go(url_for("account.factor.begin"), 403)
            if not may(role):
                abort(403)
            slug = (request.view_args or {}).get("slug")
            if slug is not None and not _sees(slug):
                abort(404)
            return view(*args, **kwargs)

        guarded.required_role = role  # type: ignore[attr-defined]
        return guarded

    return decorate


def step_up(when: StepUp = StepUp.ALWAYS) -> Callable[[Callable[P, T]], Callable[P, T | Response]]:
    """A view for which the sign-in must be recent, under @requires: others prove themselves once more and are
    sent back to where they came from, to do it then. What they sent is not kept.
    """

    def decorate(view: Callable[P, T]) -> Callable[P, T | Response]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> T | Response:
            is_recent = sessions.is_proven(current_user.proven_at, tools().now())
            if is_recent or not _is_wanted(when):
                return view(*args, **kwargs)
            return _ask_to_confirm()

        guarded.step_up = when  # type: ignore[attr-defined]
        return guarded

    return decorate


def may(role: Role) -> bool:
    """True when whoever is at work is signed in with at least this role."""
    return bool(current_user.is_authenticated and current_user.role.covers(role))


def visible(found: Iterable[Campaign]) -> list[Campaign]:
    """Of these campaigns, those that whoever is at work may see: for lists over all campaigns."""
    if not current_user.is_limited:
        return list(found)
    own = restrictions.campaign_ids(db.session(), current_user.account_id)
    return [campaign for campaign in found if campaign.id in own]


def current_actor() -> Actor:
    """The signed-in member of staff, for the audit trail."""
    actor: Actor = current_user.actor
    return actor


def is_htmx() -> bool:
    """True when htmx asks for a part of a page."""
    return request.headers.get("HX-Request") == "true"


def same_site(target: str | None) -> str:
    """The path asked for if it is one of ours, else the console's first page."""
    home = url_for("admin.campaigns.index")
    if not target or not target.isprintable() or "\\" in target:
        return home
    try:
        parts = urlsplit(target)
    except ValueError:
        return home
    is_path = not parts.scheme and not parts.netloc and parts.path.startswith("/")
    return target if is_path and not target.startswith("//") else home


def _find_signed_in(key: str) -> SignedIn | None:
    try:
        session_id = UUID(hex=key)
    except ValueError:
        return None
    presence = sessions.find(db.session(), session_id, now=tools().now())
    return SignedIn(presence) if presence is not None else None


def _note_presence() -> None:
    """Every few minutes, not at each request; a crowded moment may leave it out."""
    now = tools().now()
    if sessions.is_due(current_user.seen_at, now):
        with suppress(Busy, CommitUnknown):
            sessions.touch(db.session(), current_user.session_id, now=now)


def _sees(slug: str) -> bool:
    return not current_user.is_limited or restrictions.includes(db.session(), current_user.account_id, slug)


def _is_wanted(when: StepUp) -> bool:
    if when is StepUp.ALWAYS:
        return True
    campaign = campaigns.get(db.session(), (request.view_args or {})["slug"])
    return campaign.status is not CampaignStatus.DRAFT


def _ask_to_sign_in() -> Response:
    is_page = request.method == "GET" and not is_htmx()
    target = request.full_path.rstrip("?") if is_page else None
    return _go(url_for("account.sign_in", next=target), 401)


def _ask_to_confirm() -> Response:
    is_page = request.method == "GET" and not is_htmx()
    target = request.full_path.rstrip("?") if is_page else _page_before()
    return _go(url_for("account.own.confirm", next=target, again=None if is_page else 1), 401)


def _page_before() -> str:
    """The page whose form or link was used, as the browser names it."""
    named = request.headers.get("HX-Current-URL") or request.referrer or ""
    try:
        parts = urlsplit(named)
    except ValueError:
        parts = urlsplit("")
    is_ours = parts.netloc == request.host
    return same_site(parts._replace(scheme="", netloc="", fragment="").geturl() if is_ours else None)


def _go(target: str, status: int) -> Response:
    """To another page: for htmx as a whole page, under a status that it swaps nothing for."""
    if is_htmx():
        return Response(status=status, headers={"HX-Redirect": target})
    return redirect(target, 303)
