"""Webhooks: which other systems are told what happens, and what they answered. For admins."""

from typing import Any
from uuid import UUID

from flask import Blueprint, make_response, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response
from wtforms import BooleanField, SelectField, SelectMultipleField
from wtforms.widgets import CheckboxInput

from app.domain.errors import Conflict
from app.domain.events import CHOOSABLE, EventType
from app.domain.roles import Role
from app.domain.webhooks import MAX_URL, Trouble
from app.extensions import db, tools
from app.models import WebhookEndpoint
from app.services import campaigns
from app.services import webhook_endpoints as service
from app.services.webhook_endpoints import EndpointPlan
from app.web.access import requires, step_up
from app.web.admin.answers import Ask, asked, done, trail
from app.web.staff_forms import AtMost, Line, Present, StaffForm, Version, choice
from app.web.wording import told

blueprint = Blueprint("webhooks", __name__, url_prefix="/webhooks")

PAGE = 50
FRESH = "fresh_webhook"
EVENT_NAMES = {
    EventType.ENTRY_CREATED: _l("Somebody has entered"),
    EventType.AWARD_WON: _l("Somebody has won"),
    EventType.AWARD_EXPIRED: _l("A code has ended unused"),
    EventType.AWARD_VOID: _l("A win has become void"),
    EventType.CODE_REDEEMED: _l("A code was redeemed"),
    EventType.REDEMPTION_REVERSED: _l("A redemption was reversed"),
    EventType.STOCK_LOW: _l("Stock runs low"),
    EventType.CAMPAIGN_OPENED: _l("A campaign has opened"),
    EventType.CAMPAIGN_CLOSED: _l("A campaign has closed"),
    EventType.TEST: _l("Test"),
}
TROUBLES = {
    Trouble.ADDRESS: _l("the address is not on the public internet"),
    Trouble.UNKNOWN_HOST: _l("no such host is known"),
    Trouble.CONNECT: _l("nobody listens there"),
    Trouble.TLS: _l("its certificate cannot be trusted"),
    Trouble.TIMEOUT: _l("no answer within ten seconds"),
    Trouble.PROTOCOL: _l("the answer broke off, or was no HTTP"),
    Trouble.CONTENT: _l("what it was about is no more, or could not be read"),
}


class EndpointForm(StaffForm):
    """Where and of what is told."""

    url = Line(
        _l("Address"),
        [Present(), AtMost(MAX_URL)],
        description=_l("It begins with https:// and is reachable from the internet."),
    )
    events = SelectMultipleField(
        _l("Events"),
        choices=[choice(each.value, EVENT_NAMES[each]) for each in CHOOSABLE],
        option_widget=CheckboxInput(),
    )
    with_codes = BooleanField(
        _l("Tell codes, too"),
        description=_l("Only where the other system needs them: whoever knows a code can use it."),
    )

    @property
    def chosen(self) -> frozenset[EventType]:
        """The events ticked."""
        return frozenset(map(EventType, self.events.data or ()))


class NewEndpointForm(EndpointForm):
    """A new endpoint, and whose events it is told of."""

    campaign = SelectField(_l("Campaign"))


class EditEndpointForm(EndpointForm):
    """An endpoint there is."""

    version = Version()


@blueprint.get("")
@requires(Role.ADMIN)
def index() -> Response:
    """All endpoints, and the form for another one."""
    return _index(_new_form(fresh=True))


@blueprint.post("")
@requires(Role.ADMIN)
@step_up()
def add() -> Response:
    """A new endpoint; its page shows the secret once."""
    form = _new_form()
    made = form.submit(
        lambda: service.add(
            db.session(),
            EndpointPlan(
                str(form.url.data),
                form.chosen,
                UUID(hex=form.campaign.data) if form.campaign.data else None,
                bool(form.with_codes.data),
            ),
            caller=tools().calls.caller,
            vault=tools().calls.vault,
            rng=tools().rng,
            **trail(),
        )
    )
    return _index(form) if made is None else _with_secret(made[0], _("The endpoint is in."))


@blueprint.get("/<id:endpoint_id>")
@requires(Role.ADMIN)
def detail(endpoint_id: UUID) -> Response:
    """One endpoint: its settings, and the log of its calls."""
    endpoint = service.get(db.session(), endpoint_id)
    return _detail(endpoint, _edit_form(endpoint, fresh=True))


@blueprint.post("/<id:endpoint_id>")
@requires(Role.ADMIN)
@step_up()
def edit(endpoint_id: UUID) -> Response:
    """Change where and of what is told."""
    endpoint = service.get(db.session(), endpoint_id)
    form = _edit_form(endpoint)
    changed = form.submit(
        lambda: service.edit(
            db.session(),
            endpoint_id,
            EndpointPlan(str(form.url.data), form.chosen, endpoint.campaign_id, bool(form.with_codes.data)),
            caller=tools().calls.caller,
            expected_version=form.version.data,
            **trail(),
        )
    )
    if changed is None:
        return _detail(endpoint, form)
    return done(_("Saved."), _url(endpoint_id))


@blueprint.post("/<id:endpoint_id>/test")
@requires(Role.ADMIN)
def test(endpoint_id: UUID) -> Response:
    """Tell an event that means nothing."""
    try:
        service.test(db.session(), endpoint_id, rng=tools().rng, **_who())
    except Conflict as error:
        return _refused(endpoint_id, error)
    return done(_("A test is on its way; what comes of it stands below in a moment."), _url(endpoint_id))


@blueprint.post("/<id:endpoint_id>/switch")
@requires(Role.ADMIN)
@step_up()
def switch(endpoint_id: UUID) -> Response:
    """Switch on, or off."""
    is_on = request.form.get("on") == "1"
    service.switch(db.session(), endpoint_id, is_on=is_on, **trail())
    return done(_("It is on.") if is_on else _("It is off."), _url(endpoint_id))


@blueprint.route("/<id:endpoint_id>/secret", methods=["GET", "POST"])
@requires(Role.ADMIN)
@step_up()
def rotate(endpoint_id: UUID) -> Response:
    """Ask; then make a new secret."""
    endpoint = service.get(db.session(), endpoint_id)
    if request.method == "GET":
        return asked(
            Ask(
                _("A new secret?"),
                (
                    _("For a day, calls are signed with the old secret and the new one."),
                    _("Put the new one into the other system within that day."),
                ),
                url_for("admin.webhooks.rotate", endpoint_id=endpoint_id),
                _("Make a new secret"),
                _url(endpoint_id),
                danger=False,
            )
        )
    service.rotate(db.session(), endpoint_id, vault=tools().calls.vault, rng=tools().rng, **trail())
    return _with_secret(endpoint, _("The secret is new. The old one signs, too, for a day."))


@blueprint.route("/<id:endpoint_id>/remove", methods=["GET", "POST"])
@requires(Role.ADMIN)
@step_up()
def remove(endpoint_id: UUID) -> Response:
    """Ask; then take the endpoint away."""
    endpoint = service.get(db.session(), endpoint_id)
    if request.method == "GET":
        return asked(
            Ask(
                _("Remove this endpoint?"),
                (
                    endpoint.url,
                    _("It is told nothing any more, not even what waits. Its secret is forgotten."),
                ),
                url_for("admin.webhooks.remove", endpoint_id=endpoint_id),
                _("Remove it"),
                _url(endpoint_id),
            )
        )
    service.remove(db.session(), endpoint_id, **trail())
    return done(_("The endpoint is removed."), url_for("admin.webhooks.index"))


@blueprint.post("/<id:endpoint_id>/events/<id:event_id>")
@requires(Role.ADMIN)
def replay(endpoint_id: UUID, event_id: UUID) -> Response:
    """Tell an event again."""
    try:
        service.replay(db.session(), endpoint_id, event_id, **_who())
    except Conflict as error:
        return _refused(endpoint_id, error)
    return done(_("It is on its way again, under the same id."), _url(endpoint_id))


def _new_form(*, fresh: bool = False) -> NewEndpointForm:
    form = (
        NewEndpointForm(formdata=None, events=[each.value for each in CHOOSABLE])
        if fresh
        else NewEndpointForm()
    )
    own = [choice(each.id.hex, each.title) for each in campaigns.listing(db.session(), archived=False)]
    form.campaign.choices = [choice("", _("All campaigns, those to come too")), *own]
    return form


def _edit_form(endpoint: WebhookEndpoint, *, fresh: bool = False) -> EditEndpointForm:
    if not fresh:
        return EditEndpointForm()
    return EditEndpointForm(
        formdata=None,
        url=endpoint.url,
        events=sorted(service.chosen(endpoint)),
        with_codes=endpoint.with_codes,
        version=endpoint.version,
    )


def _index(form: NewEndpointForm) -> Response:
    page = render_template(
        "admin/webhooks/index.html",
        form=form,
        endpoints=service.listing(db.session()),
        counts=service.counts(db.session()),
        no_calls=service.Counts(),
        titles=_titles(),
        is_off=not tools().settings.webhooks,
    )
    return make_response(page, form.status)


def _detail(endpoint: WebhookEndpoint, form: EditEndpointForm, problem: str = "") -> Response:
    is_fresh = session.pop(FRESH, None) == endpoint.id.hex
    before = request.args.get("before", "")
    lines = service.log(db.session(), endpoint.id, before=_id_in(before), limit=PAGE + 1)
    page = render_template(
        "admin/webhooks/detail.html",
        form=form,
        endpoint=endpoint,
        problem=problem,
        secret=tools().calls.vault.open(endpoint.id, endpoint.secret) if is_fresh else "",
        title=_titles().get(endpoint.campaign_id, ""),
        lines=lines[:PAGE],
        older=lines[PAGE - 1].delivery.event_id.hex if len(lines) > PAGE else "",
        event_names={each.value: str(name) for each, name in EVENT_NAMES.items()},
        troubles=TROUBLES,
        now=tools().now(),
    )
    return make_response(page, 409 if problem else form.status)


def _id_in(text: str) -> UUID | None:
    try:
        return UUID(hex=text) if text else None
    except ValueError:
        return None


def _titles() -> dict[UUID | None, str]:
    return {each.id: each.title for each in campaigns.listing(db.session())}


def _with_secret(endpoint: WebhookEndpoint, message: str) -> Response:
    session[FRESH] = endpoint.id.hex
    return done(message, _url(endpoint.id))


def _refused(endpoint_id: UUID, error: Conflict) -> Response:
    endpoint = service.get(db.session(), endpoint_id)
    return _detail(endpoint, _edit_form(endpoint, fresh=True), told(error))


def _who() -> dict[str, Any]:
    """Who and when: no reason is asked for what only says something once more."""
    return {name: value for name, value in trail().items() if name != "reason"}


def _url(endpoint_id: UUID) -> str:
    return url_for("admin.webhooks.detail", endpoint_id=endpoint_id)
