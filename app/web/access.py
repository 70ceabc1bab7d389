"""Who may see what: staff sign-in state, and the role each console route needs."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar
from uuid import UUID

from flask import Flask, abort, redirect, request, url_for
from flask_login import UserMixin, current_user
from werkzeug.wrappers import Response

from app.domain.roles import Role
from app.extensions import db, login
from app.models import Account
from app.services import accounts
from app.services.audit import Actor

P = ParamSpec("P")
T = TypeVar("T")


class SignedIn(UserMixin):
    """The member of staff behind a session. Its id carries the session counter: a new password ends it."""

    def __init__(self, account: Account) -> None:
        self.account_id = account.id
        self.email = account.email
        self.name = account.name or account.email
        self.role = account.role
        self._session_counter = account.session_counter

    def get_id(self) -> str:
        """What the session cookie holds."""
        return f"{self.account_id.hex}:{self._session_counter}"

    @property
    def actor(self) -> Actor:
        """How the audit trail names this person."""
        return Actor(self.email, self.account_id)


def load_staff(app: Flask) -> None:
    """Teach the login extension to find staff."""
    login.user_loader(_find_signed_in)
    login.unauthorized_handler(_ask_to_sign_in)
    app.context_processor(lambda: {"Role": Role, "may": may})


def requires(role: Role) -> Callable[[Callable[P, T]], Callable[P, T | Response]]:
    """A view for staff with at least this role: others are asked to sign in, or refused with 403.

    The role is kept on the view, so that the access table can be checked against the URL map.
    """

    def decorate(view: Callable[P, T]) -> Callable[P, T | Response]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> T | Response:
            if not current_user.is_authenticated:
                return _ask_to_sign_in()
            if not may(role):
                abort(403)
            return view(*args, **kwargs)

        guarded.required_role = role  # type: ignore[attr-defined]
        return guarded

    return decorate


def may(role: Role) -> bool:
    """True when whoever is at work is signed in with at least this role."""
    return bool(current_user.is_authenticated and current_user.role.covers(role))


def current_actor() -> Actor:
    """The signed-in member of staff, for the audit trail."""
    actor: Actor = current_user.actor
    return actor


def _find_signed_in(key: str) -> SignedIn | None:
    try:
        account_id, counter = key.split(":")
        account = accounts.find_active(db.session(), UUID(hex=account_id))
    except ValueError:
        return None
    if account is None or str(account.session_counter) != counter:
        return None
    return SignedIn(account)


def _ask_to_sign_in() -> Response:
    is_htmx = request.headers.get("HX-Request") == "true"
    is_page = request.method == "GET" and not is_htmx
    target = url_for("account.sign_in", next=request.full_path.rstrip("?") if is_page else None)
    if is_htmx:
        return Response(status=401, headers={"HX-Redirect": target})
    return redirect(target, 303)
