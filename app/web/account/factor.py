"""The second factor of one's own account: switched on with a first code, recovery codes, switched off."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_login import current_user
from markupsafe import Markup
from werkzeug.wrappers import Response

from app.adapters.qr import qr_svg
from app.adapters.second_factor import provisioning_uri
from app.domain.roles import Role
from app.extensions import db, limiter, tools
from app.services import second_factor as service
from app.services import sessions
from app.web.access import current_actor, requires, same_site, step_up
from app.web.account.entrance import is_right_code, is_right_password, own_key, private
from app.web.account.forms import CodeForm, PasswordForm, SwitchOffForm

blueprint = Blueprint("factor", __name__, url_prefix="/second-factor")


@blueprint.route("", methods=["GET", "POST"])
@requires(Role.VIEWER, before_second_factor=True)
@limiter.limit("10/15 minutes", key_func=own_key, methods=["POST"])
def begin() -> Response:
    """What it is; and with the password, on to its set-up."""
    if current_user.has_second_factor:
        return redirect(url_for("account.own.index"), 303)
    form = PasswordForm()
    session, me, now = db.session(), current_user.account_id, tools().now()
    if form.validate_on_submit() and is_right_password(form, me):
        service.begin(session, me, now=now, rng=tools().rng, vault=tools().secrets)
        sessions.prove(session, current_user.session_id, now=now)
        return redirect(url_for("account.factor.set_up"), 303)
    page = render_template(
        "account/factor.html",
        form=form,
        is_needed=current_user.needs_second_factor,
        back_url=url_for("account.own.index"),
    )
    return private(page, form.status)


@blueprint.route("/set-up", methods=["GET", "POST"])
@requires(Role.VIEWER, before_second_factor=True)
@step_up()
@limiter.limit("10/minute", key_func=own_key, methods=["POST"])
def set_up() -> Response:
    """The secret as a picture and as text, until a first code shows that the app has it."""
    session, me, vault = db.session(), current_user.account_id, tools().secrets
    secret = service.pending_secret(session, me, vault)
    if secret is None:
        return redirect(url_for("account.factor.begin"), 303)
    form = CodeForm()
    if form.validate_on_submit():
        codes = service.confirm(
            session,
            me,
            str(form.code.data),
            actor=current_actor(),
            now=tools().now(),
            rng=tools().rng,
            vault=vault,
        )
        if codes is not None:
            return _codes_page(codes, is_first=True)
        form.show_error(
            "code", _("This is not the code of now. Look whether the clock of your phone is right.")
        )
    uri = provisioning_uri(secret, current_user.email)
    page = render_template(
        "account/factor_set_up.html",
        form=form,
        picture=Markup(qr_svg(uri)),  # noqa: S704 -- our own drawing; what it encodes is never text in it
        secret=" ".join(secret[place : place + 4] for place in range(0, len(secret), 4)),
        uri=uri,
    )
    return private(page, form.status)


@blueprint.post("/recovery-codes")
@requires(Role.VIEWER)
@step_up()
def renew_codes() -> Response:
    """Ten new recovery codes, shown once."""
    now, rng = tools().now(), tools().rng
    me = current_user.account_id
    return _codes_page(service.renew_codes(db.session(), me, actor=current_actor(), now=now, rng=rng))


@blueprint.route("/off", methods=["GET", "POST"])
@requires(Role.VIEWER)
@limiter.limit("5/minute;20/hour", key_func=own_key, methods=["POST"])
def switch_off() -> Response:
    """Password and code, and the password alone is enough from then on."""
    if not current_user.has_second_factor:
        return redirect(url_for("account.own.index"), 303)
    form = SwitchOffForm()
    me = current_user.account_id
    if form.validate_on_submit() and is_right_password(form, me) and is_right_code(form, me):
        service.switch_off(db.session(), me, actor=current_actor(), now=tools().now())
        flash(_("Your second factor is off."), "good")
        return redirect(url_for("account.own.index"), 303)
    page = render_template("account/factor_off.html", form=form, back_url=url_for("account.own.index"))
    return private(page, form.status)


def _codes_page(codes: list[str], *, is_first: bool = False) -> Response:
    page = render_template(
        "account/recovery_codes.html", codes=codes, is_first=is_first, next_url=same_site(None)
    )
    return private(page)
