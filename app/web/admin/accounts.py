"""Accounts: who of the staff may do what. For admins."""

from uuid import UUID

from flask import Blueprint, make_response, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response
from wtforms import EmailField, RadioField, SelectMultipleField
from wtforms.widgets import CheckboxInput

from app.adapters.tokens import Purpose
from app.domain.errors import Conflict, InvalidInput
from app.domain.roles import Role
from app.extensions import db, tools
from app.models import Account
from app.services import accounts as service
from app.services import campaigns, restrictions, second_factor
from app.web.access import requires, step_up
from app.web.admin.answers import Ask, asked, done, public_url, show, trail
from app.web.staff_forms import AtMost, Present, StaffForm, choice
from app.web.wording import told

blueprint = Blueprint("accounts", __name__, url_prefix="/accounts")

ROLE_NAMES = {
    Role.VIEWER.value: _l("Viewer: reads everything but codes"),
    Role.EDITOR.value: _l("Editor: changes campaigns, prizes and codes, and exports"),
    Role.ADMIN.value: _l("Admin: does all that, and manages accounts"),
}
FRESH_LINK = "fresh_link"


class InviteForm(StaffForm):
    """Whom to invite, and as what."""

    email = EmailField(_l("E-mail"), [Present(), AtMost(254)])
    role = RadioField(
        _l("Role"), choices=[choice(*pair) for pair in ROLE_NAMES.items()], default=Role.EDITOR.value
    )


class LimitForm(StaffForm):
    """Which campaigns somebody sees."""

    reach = RadioField(
        _l("Sees"),
        choices=[choice("all", _l("All campaigns, those to come too")), choice("some", _l("Only these"))],
    )
    campaigns = SelectMultipleField(_l("Campaigns"), option_widget=CheckboxInput())

    @property
    def chosen(self) -> list[UUID] | None:
        """The campaigns ticked; None for all there are."""
        if self.reach.data == "all":
            return None
        return [UUID(hex=each) for each in self.campaigns.data or ()]


@blueprint.get("")
@requires(Role.ADMIN)
def index() -> Response:
    """All accounts; a link that was just made is shown here once."""
    return _page(InviteForm(formdata=None))


@blueprint.post("/invite")
@requires(Role.ADMIN)
@step_up()
def invite() -> Response:
    """A new account, or a new link for one that exists."""
    form = InviteForm()
    account = form.submit(
        lambda: service.invite(
            db.session(),
            str(form.email.data),
            Role(form.role.data),
            by_mail=tools().office is not None,
            rng=tools().rng,
            **trail(),
        )
    )
    return _page(form) if account is None else _with_link(account)


@blueprint.post("/<id:account_id>/link")
@requires(Role.ADMIN)
@step_up()
def renew_link(account_id: UUID) -> Response:
    """A new one-time link, for somebody who lost the old one or the password."""
    account = service.get(db.session(), account_id)
    try:
        account = service.invite(
            db.session(),
            account.email,
            account.role,
            by_mail=tools().office is not None,
            rng=tools().rng,
            **trail(),
        )
    except Conflict as error:
        return _page_with(told(error))
    return _with_link(account)


@blueprint.post("/<id:account_id>/role")
@requires(Role.ADMIN)
@step_up()
def set_role(account_id: UUID) -> Response:
    """Give an account another role."""
    wanted = request.form.get("role", "")
    if wanted not in ROLE_NAMES:
        raise InvalidInput("role", "Choose a role.")
    try:
        account = service.set_role(db.session(), account_id, Role(wanted), **trail())
    except Conflict as error:
        return _page_with(told(error))
    return done(_("%(email)s has another role now.", email=account.email), url_for("admin.accounts.index"))


@blueprint.route("/<id:account_id>/disable", methods=["GET", "POST"])
@requires(Role.ADMIN)
@step_up()
def disable(account_id: UUID) -> Response:
    """Ask; then shut an account out at once."""
    account = service.get(db.session(), account_id)
    if request.method == "GET":
        return asked(_question(account))
    try:
        service.disable(db.session(), account_id, **trail())
    except Conflict as error:
        return _page_with(told(error))
    return done(_("%(email)s is disabled.", email=account.email), url_for("admin.accounts.index"))


@blueprint.post("/<id:account_id>/enable")
@requires(Role.ADMIN)
@step_up()
def enable(account_id: UUID) -> Response:
    """Let an account in again."""
    account = service.enable(db.session(), account_id, **trail())
    return done(_("%(email)s may sign in again.", email=account.email), url_for("admin.accounts.index"))


@blueprint.route("/<id:account_id>/second-factor", methods=["GET", "POST"])
@requires(Role.ADMIN)
@step_up()
def reset_second_factor(account_id: UUID) -> Response:
    """Ask; then take the second factor of somebody who lost it away."""
    account = service.get(db.session(), account_id)
    if request.method == "GET":
        return asked(_reset_question(account))
    try:
        second_factor.reset(db.session(), account.email, **trail())
    except Conflict as error:
        return _page_with(told(error))
    message = _("%(email)s signs in with the password alone now.", email=account.email)
    return done(message, url_for("admin.accounts.index"))


@blueprint.route("/<id:account_id>/campaigns", methods=["GET", "POST"])
@requires(Role.ADMIN)
@step_up()
def limit(account_id: UUID) -> Response:
    """Which campaigns an account may work on: all, or some."""
    account = service.get(db.session(), account_id)
    own = restrictions.campaign_ids(db.session(), account_id)
    form = LimitForm(
        data={"reach": "some" if account.is_limited else "all", "campaigns": [each.hex for each in own]}
    )
    form.campaigns.choices = [choice(each.id.hex, each.title) for each in campaigns.listing(db.session())]
    changed = form.submit(lambda: restrictions.change(db.session(), account_id, form.chosen, **trail()))
    if changed is not None:
        message = _("What %(email)s sees is changed.", email=account.email)
        return done(message, url_for("admin.accounts.index"))
    page = render_template("admin/accounts/limit.html", form=form, account=account)
    return make_response(page, form.status)


def _with_link(account: Account) -> Response:
    token = tools().signer.sign(Purpose.SIGN_IN, service.link_payload(account), tools().now())
    session[FRESH_LINK] = {"email": account.email, "token": token}
    if tools().office is None:
        message = _("The link is made. It works once, for two days.")
    else:
        message = _("The link is made and on its way by mail. It works once, for two days.")
    return done(message, url_for("admin.accounts.index", _anchor="link"))


def _page_with(problem: str) -> Response:
    form = InviteForm(formdata=None)
    form.status = 409
    return _page(form, problem)


def _page(form: InviteForm, problem: str = "") -> Response:
    fresh = session.pop(FRESH_LINK, None)
    link = public_url(url_for("account.link", token=fresh["token"])) if fresh else ""
    return show(
        "admin/accounts/index.html",
        "admin/accounts/_list.html",
        form.status,
        accounts=service.listing(db.session()),
        second_factors=second_factor.who_has_one(db.session()),
        counts=restrictions.counts(db.session()),
        form=form,
        problem=problem,
        link=link,
        link_email=fresh["email"] if fresh else "",
        role_names=ROLE_NAMES,
    )


def _question(account: Account) -> Ask:
    return Ask(
        _("Disable %(email)s?", email=account.email),
        (
            _("They are signed out at once, and links made for them stop working."),
            _("What they did stays in the audit list. You can enable the account again."),
        ),
        url_for("admin.accounts.disable", account_id=account.id),
        _("Disable the account"),
        url_for("admin.accounts.index"),
    )


def _reset_question(account: Account) -> Ask:
    return Ask(
        _("Take away the second factor of %(email)s?", email=account.email),
        (
            _("For somebody who lost the phone and the recovery codes. Make sure that it is them who asks."),
            _("They are signed out everywhere. Until they set up another, the password alone is asked for."),
        ),
        url_for("admin.accounts.reset_second_factor", account_id=account.id),
        _("Take it away"),
        url_for("admin.accounts.index"),
    )
