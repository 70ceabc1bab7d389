"""Staff sign in and out, and take a one-time link."""

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_login import current_user, logout_user
from werkzeug.wrappers import Response

from app.adapters.tokens import Purpose
from app.domain.errors import InvalidInput
from app.extensions import db, limiter, tools
from app.services import accounts, sessions
from app.services import sign_in as service
from app.web.access import current_actor, same_site
from app.web.account.entrance import (
    PENDING,
    address_key,
    begin_session,
    guesser_key,
    is_known_device,
    is_right_code,
    pending,
    pending_key,
    private,
    proceed,
)
from app.web.account.factor import blueprint as factor
from app.web.account.forms import CodeForm, SignInForm, WelcomeForm
from app.web.account.own import blueprint as own
from app.web.account.report_mails import blueprint as report_mails

account = Blueprint("account", __name__, url_prefix="/account")
account.register_blueprint(own)
account.register_blueprint(factor)
account.register_blueprint(report_mails, url_prefix="/reports")


# Ten tries from where they come from; a hundred from everywhere, which strangers can use up, and which a
# device that was in before does not share with them.
@account.route("/sign-in", methods=["GET", "POST"])
@limiter.limit("10/minute", methods=["POST"], exempt_when=is_known_device)
@limiter.limit("10/15 minutes", key_func=guesser_key, methods=["POST"])
@limiter.limit("100/15 minutes", key_func=address_key, methods=["POST"], exempt_when=is_known_device)
def sign_in() -> Response:
    """E-mail and password; the answer is the same for an unknown address as for a wrong password."""
    if current_user.is_authenticated and request.method == "GET":
        return redirect(same_site(request.args.get("next")), 303)
    form = SignInForm()
    if request.method == "GET":
        form.next.data = request.args.get("next", "")
    if form.validate_on_submit():
        found = service.with_password(db.session(), str(form.email.data).strip(), str(form.password.data))
        if found is not None:
            return proceed(found, form.next.data)
        form.form_errors.append(_("E-mail and password do not match an account."))
    return private(render_template("account/sign_in.html", form=form), form.status)


@account.route("/code", methods=["GET", "POST"])
@limiter.limit("5/minute;20/hour", key_func=pending_key, methods=["POST"])
def code() -> Response:
    """The second page of signing in: the code of an app, or a recovery code."""
    waiting = pending()
    if waiting is None:
        session.pop(PENDING, None)
        return redirect(url_for("account.sign_in"), 303)
    found, target = waiting
    form = CodeForm()
    if form.validate_on_submit() and is_right_code(form, found.id):
        begin_session(found)
        return redirect(same_site(target), 303)
    is_recovery = request.args.get("with") == "recovery"
    return private(render_template("account/code.html", form=form, is_recovery=is_recovery), form.status)


@account.post("/sign-out")
def sign_out() -> Response:
    """End the session, here and on record."""
    if current_user.is_authenticated:
        ended = current_user.session_id
        sessions.end(db.session(), ended, actor=current_actor(), now=tools().now())
    logout_user()
    session.clear()
    flash(_("You are signed out."), "good")
    return redirect(url_for("account.sign_in"), 303)


@account.route("/link/<token>", methods=["GET", "POST"])
@limiter.limit("30/minute")
def link(token: str) -> Response:
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
            form.put(error)
        else:
            if signed_in is None:
                return _link_over()
            entered = proceed(signed_in, None)
            flash(_("Welcome, %(name)s. Your password is set.", name=signed_in.name), "good")
            return entered
    return private(render_template("account/link.html", form=form, email=found.email), form.status)


def _link_over() -> Response:
    return private(render_template("account/link_over.html"), 410)
