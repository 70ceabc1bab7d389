"""One's own account: password, sessions, and proving oneself once more before what matters."""

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user
from werkzeug.wrappers import Response

from app.domain.errors import InvalidInput
from app.domain.roles import Role
from app.extensions import db, limiter, tools
from app.services import alerts, second_factor, sessions, sign_in
from app.web.access import current_actor, requires, same_site
from app.web.account.entrance import (
    begin_session,
    is_right_code,
    is_right_password,
    own_key,
    private,
)
from app.web.account.forms import ChangePasswordForm, CodeForm, PasswordForm
from app.web.filters import grouped

blueprint = Blueprint("own", __name__)


@blueprint.get("")
@requires(Role.VIEWER, before_second_factor=True)
def index() -> Response:
    """Who one is here, how one signs in, and where one is signed in."""
    now = tools().now()
    page = render_template(
        "account/own.html",
        me=current_user,
        sessions=sessions.listing(db.session(), current_user.account_id, now=now),
        codes_left=second_factor.codes_left(db.session(), current_user.account_id),
        alert_mails=alerts.wants_mails(db.session(), current_user.account_id),
        back_url=same_site(None),
    )
    return private(page)


@blueprint.post("/alerts")
@requires(Role.VIEWER)
def alert_mails() -> Response:
    """Whether alerts come by mail."""
    wanted = request.form.get("wanted") == "on"
    alerts.choose_mails(
        db.session(), current_user.account_id, wanted=wanted, actor=current_actor(), now=tools().now()
    )
    flash(_("Alerts come by mail.") if wanted else _("Alerts no longer come by mail."), "good")
    return redirect(url_for("account.own.index"), 303)


@blueprint.route("/password", methods=["GET", "POST"])
@requires(Role.VIEWER)
@limiter.limit("10/minute", methods=["POST"])
def password() -> Response:
    """Change one's own password; every other session of the account ends."""
    form = ChangePasswordForm()
    if form.validate_on_submit():
        try:
            changed = sign_in.change_password(
                db.session(),
                current_user.account_id,
                str(form.current.data),
                str(form.password.data),
                actor=current_actor(),
                now=tools().now(),
            )
        except InvalidInput as error:
            form.put(error)
        else:
            begin_session(changed)
            flash(_("Your password is changed. You are signed out everywhere else."), "good")
            return redirect(same_site(None), 303)
    back = url_for("account.own.index")
    return private(render_template("account/password.html", form=form, back_url=back), form.status)


@blueprint.post("/sessions/<uuid:session_id>/end")
@requires(Role.VIEWER, before_second_factor=True)
def end_session(session_id: UUID) -> Response:
    """End one of one's own sessions; at its next request it is out."""
    if sessions.end(db.session(), session_id, actor=current_actor(), now=tools().now()):
        flash(_("The session is ended."), "good")
    return redirect(url_for("account.own.index"), 303)


@blueprint.post("/sessions/end-others")
@requires(Role.VIEWER, before_second_factor=True)
def end_others() -> Response:
    """End all of one's own sessions but this one."""
    here = current_user.session_id
    count = sessions.end_others(db.session(), here, actor=current_actor(), now=tools().now())
    message = ngettext(
        "%(count)s session is ended.", "%(count)s sessions are ended.", count, count=grouped(count)
    )
    flash(message, "good")
    return redirect(url_for("account.own.index"), 303)


@blueprint.route("/confirm", methods=["GET", "POST"])
@requires(Role.VIEWER, before_second_factor=True)
@limiter.limit("10/15 minutes", key_func=own_key, methods=["POST"])
def confirm() -> Response:
    """Prove once more that it is oneself; then back to where one came from."""
    takes_code = current_user.has_second_factor and request.args.get("with") != "password"
    form = CodeForm() if takes_code else PasswordForm()
    if request.method == "GET":
        form.next.data = request.args.get("next", "")
    if form.validate_on_submit() and _is_proven(form):
        sessions.prove(db.session(), current_user.session_id, now=tools().now())
        if "again" in request.args:
            flash(_("Thank you. What you wanted to do is not done yet: please do it now."), "info")
        return redirect(same_site(form.next.data), 303)
    page = render_template(
        "account/confirm.html",
        form=form,
        takes_code=takes_code,
        has_choice=current_user.has_second_factor,
        again=request.args.get("again"),
        back_url=same_site(form.next.data),
    )
    return private(page, form.status)


def _is_proven(form: CodeForm | PasswordForm) -> bool:
    me = current_user.account_id
    return is_right_code(form, me) if isinstance(form, CodeForm) else is_right_password(form, me)
