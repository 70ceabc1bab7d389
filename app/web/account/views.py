"""Staff sign in and out, take a one-time link, and change their password."""

import hashlib
from urllib.parse import urlsplit

from flask import (
    Blueprint,
    Response,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask_babel import gettext as _
from flask_login import current_user, login_user, logout_user
from werkzeug.wrappers import Response as AnyResponse

from app.adapters.tokens import Purpose
from app.domain.errors import InvalidInput
from app.domain.roles import Role
from app.extensions import db, limiter, tools
from app.models import Account
from app.services import accounts
from app.web.access import SignedIn, current_actor, requires
from app.web.account.forms import ChangePasswordForm, NewPasswordForm, SignInForm, WelcomeForm
from app.web.wording import told

account = Blueprint("account", __name__, url_prefix="/account")


def _address_key() -> str:
    """Who is tried to be: counted whatever network the tries come from; the address itself is not kept."""
    address = accounts.plain_address(request.form.get("email", ""))
    return hashlib.sha256(address.encode(errors="replace")).hexdigest()


@account.route("/sign-in", methods=["GET", "POST"])
@limiter.limit("10/minute", methods=["POST"])
@limiter.limit("10/15 minutes", key_func=_address_key, methods=["POST"])
def sign_in() -> AnyResponse:
    """E-mail and password; the answer is the same for an unknown address as for a wrong password."""
    if current_user.is_authenticated and request.method == "GET":
        return redirect(_same_site(request.args.get("next")), 303)
    form = SignInForm()
    if request.method == "GET":
        form.next.data = request.args.get("next", "")
    if form.validate_on_submit():
        found = accounts.sign_in(db.session(), str(form.email.data).strip(), str(form.password.data))
        if found is not None:
            _begin_session(found)
            return redirect(_same_site(form.next.data), 303)
        form.form_errors.append(_("E-mail and password do not match an account."))
    return make_response(render_template("account/sign_in.html", form=form), form.status)


@account.post("/sign-out")
def sign_out() -> AnyResponse:
    """End the session."""
    logout_user()
    session.clear()
    flash(_("You are signed out."), "good")
    return redirect(url_for("account.sign_in"), 303)


@account.route("/link/<token>", methods=["GET", "POST"])
@limiter.limit("30/minute")
def link(token: str) -> AnyResponse:
    """The one-time link: a name and a password, and one is in. A used or old one says so and does nothing."""
    now = tools().now()
    payload = tools().signer.read(Purpose.SIGN_IN, token, now)
    found = accounts.read_link(db.session(), payload)
    if found is None:
        return _link_over()
    form = WelcomeForm(data={"name": found.name})
    if form.validate_on_submit():
        try:
            signed_in = accounts.set_password_by_link(
                db.session(),
                found.id,
                found.link_counter,
                str(form.password.data),
                str(form.name.data),
                now=now,
            )
        except InvalidInput as error:
            _put(form, error)
        else:
            if signed_in is None:
                return _link_over()
            _begin_session(signed_in)
            flash(_("Welcome, %(name)s. Your password is set.", name=signed_in.name), "good")
            return redirect(_same_site(None), 303)
    return _private(render_template("account/link.html", form=form, email=found.email), form.status)


@account.route("/password", methods=["GET", "POST"])
@requires(Role.VIEWER)
@limiter.limit("10/minute", methods=["POST"])
def password() -> AnyResponse:
    """Change one's own password; every other session of the account ends."""
    form = ChangePasswordForm()
    if form.validate_on_submit():
        try:
            changed = accounts.change_password(
                db.session(),
                current_user.account_id,
                str(form.current.data),
                str(form.password.data),
                actor=current_actor(),
                now=tools().now(),
            )
        except InvalidInput as error:
            _put(form, error)
        else:
            _begin_session(changed)
            flash(_("Your password is changed. You are signed out everywhere else."), "good")
            return redirect(_same_site(None), 303)
    return _private(
        render_template("account/password.html", form=form, back_url=_same_site(None)), form.status
    )


def _put(form: NewPasswordForm, error: InvalidInput) -> None:
    known = error.field if error.field in form else "password"
    form.show_error(known, told(error))


def _begin_session(found: Account) -> None:
    """Sign in under a session of its own: nothing that stood in it before is taken over but the language."""
    language = session.get("lang")
    session.clear()
    session.permanent = True
    if language:
        session["lang"] = language
    login_user(SignedIn(found))


def _same_site(target: str | None) -> str:
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


def _link_over() -> Response:
    return _private(render_template("account/link_over.html"), 410)


def _private(page: str, status: int) -> Response:
    response = make_response(page, status)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
