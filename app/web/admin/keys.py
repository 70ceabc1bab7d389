"""API keys: what shops' systems may do. For admins."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response
from wtforms import DateField, SelectField, SelectMultipleField
from wtforms.validators import Optional
from wtforms.widgets import CheckboxInput

from app.domain.roles import Role
from app.domain.scopes import Scope
from app.extensions import db, tools
from app.models import ApiKey
from app.services import api_keys as service
from app.services import campaigns
from app.services.api_keys import KeyPlan
from app.web.access import current_actor, requires, step_up
from app.web.admin.answers import Ask, asked, done, show, trail
from app.web.staff_forms import AtMost, Line, Present, StaffForm, choice

blueprint = Blueprint("keys", __name__, url_prefix="/keys")

SCOPE_NAMES = {
    Scope.VALIDATE: _l("Ask what a code is worth"),
    Scope.LOOK_UP: _l("See where a code came from and what became of it"),
    Scope.REDEEM: _l("Redeem codes and reverse that"),
    Scope.READ: _l("List redemptions"),
    Scope.FIGURES: _l("Read campaigns’ figures"),
}


class KeyForm(StaffForm):
    """A key to make."""

    name = Line(_l("Name"), [Present(), AtMost(80)], description=_l("Which system uses it, such as Shopify."))
    scopes = SelectMultipleField(
        _l("May be used to"),
        option_widget=CheckboxInput(),
        choices=[choice(scope.value, name) for scope, name in SCOPE_NAMES.items()],
        default=[Scope.VALIDATE.value, Scope.REDEEM.value],
    )
    campaign = SelectField(_l("Campaign"))
    expires_on = DateField(
        _l("Last day"), [Optional()], description=_l("Left empty, it is good until revoked.")
    )

    def plan(self) -> KeyPlan:
        """What the form asks for."""
        scopes = frozenset(Scope(word) for word in self.scopes.data or ())
        campaign_id = UUID(hex=self.campaign.data) if self.campaign.data else None
        return KeyPlan(str(self.name.data), scopes, campaign_id, _end_of(self.expires_on.data))

    def _put(self, name: str, message: str) -> None:
        super()._put("expires_on" if name == "expires_at" else name, message)


@blueprint.get("")
@requires(Role.ADMIN)
def index() -> Response:
    """All keys, and a form for another."""
    return _page(_form(filled=False))


@blueprint.post("")
@requires(Role.ADMIN)
@step_up()
def create() -> Response:
    """A new key: its text stands on this answer and nowhere else."""
    form = _form()
    made = form.submit(
        lambda: service.create(
            db.session(), form.plan(), actor=current_actor(), now=tools().now(), rng=tools().rng
        )
    )
    if made is None:
        return _page(form)
    return _page(_form(filled=False), *made)


@blueprint.route("/<id:key_id>/revoke", methods=["GET", "POST"])
@requires(Role.ADMIN)
@step_up()
def revoke(key_id: UUID) -> Response:
    """Ask; then end a key at once."""
    key = service.get(db.session(), key_id)
    if request.method == "GET":
        return asked(_question(key))
    service.revoke(db.session(), key_id, **trail())
    return done(_("The key %(name)s is revoked.", name=key.name), url_for("admin.keys.index"))


def campaign_choices(everything: str) -> list[Any]:
    """The campaigns one can limit a key or a counter to."""
    found = campaigns.listing(db.session())
    return [choice("", everything), *(choice(one.id.hex, one.title) for one in found)]


def _form(*, filled: bool = True) -> KeyForm:
    form = KeyForm() if filled else KeyForm(formdata=None)
    form.campaign.choices = campaign_choices(_("All campaigns, those to come too"))
    if not filled:
        form.status = 200
    return form


def _page(form: KeyForm, made: ApiKey | None = None, text: str = "") -> Response:
    now = tools().now()
    return show(
        "admin/keys/index.html",
        "admin/keys/_list.html",
        form.status,
        keys=service.listing(db.session()),
        is_good=lambda key: service.is_good(key, now),
        scope_names={scope.value: name for scope, name in SCOPE_NAMES.items()},
        campaign_names={one.id: one.title for one in campaigns.listing(db.session())},
        form=form,
        made=made,
        text=text,
    )


def _question(key: ApiKey) -> Ask:
    return Ask(
        _("Revoke the key %(name)s?", name=key.name),
        (
            _("What uses it gets no answer any more, from this moment on."),
            _("It cannot be brought back. What was redeemed with it stays."),
        ),
        url_for("admin.keys.revoke", key_id=key.id),
        _("Revoke the key"),
        url_for("admin.keys.index"),
    )


def _end_of(day: date | None) -> datetime | None:
    if day is None:
        return None
    try:
        return datetime.combine(day, time(), UTC) + timedelta(days=1)
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)
