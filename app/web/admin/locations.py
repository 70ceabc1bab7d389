"""Counters: shops that take codes on a page of their own. For admins."""

from uuid import UUID

from flask import Blueprint, make_response, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response
from wtforms import SelectField

from app.domain.roles import Role
from app.extensions import db, tools
from app.models import Location
from app.services import campaigns
from app.services import locations as service
from app.services.locations import LocationPlan
from app.web.access import requires, step_up
from app.web.admin.answers import Ask, asked, done, public_url, show, trail
from app.web.admin.keys import campaign_choices
from app.web.staff_forms import AtMost, Line, Present, StaffForm, Version

blueprint = Blueprint("locations", __name__, url_prefix="/counters")


class NewLocationForm(StaffForm):
    """A counter to add."""

    name = Line(_l("Name"), [Present(), AtMost(120)], description=_l("As the shop is called."))
    pin = Line(
        _l("PIN"),
        [Present(), AtMost(12)],
        description=_l("6 to 12 digits; tell it to the people of the shop."),
    )
    campaign = SelectField(_l("Takes codes of"))
    currency = Line(
        _l("Ask for the value of the order in"),
        [AtMost(3)],
        description=_l("Three letters, such as EUR. Left empty, the counter does not ask."),
    )

    def plan(self) -> LocationPlan:
        """What the form asks for."""
        campaign_id = UUID(hex=self.campaign.data) if self.campaign.data else None
        return LocationPlan(str(self.name.data), campaign_id, self.currency.data or "")


class LocationForm(NewLocationForm):
    """A counter that exists."""

    pin = Line(
        _l("New PIN"),
        [AtMost(12)],
        description=_l("Left empty, it stays. A new one ends the shifts that are open."),
    )
    version = Version()


@blueprint.get("")
@requires(Role.ADMIN)
def index() -> Response:
    """All counters with their addresses, and a form for another."""
    form = NewLocationForm(formdata=None)
    form.status = 200
    return _page(form)


@blueprint.post("")
@requires(Role.ADMIN)
@step_up()
def add() -> Response:
    """A new counter."""
    form = NewLocationForm()
    form.campaign.choices = campaign_choices(_("All campaigns, those to come too"))
    made = form.submit(
        lambda: service.add(db.session(), form.plan(), str(form.pin.data), rng=tools().rng, **trail())
    )
    if made is None:
        return _page(form)
    return done(_("The counter %(name)s is there.", name=made.name), url_for("admin.locations.index"))


@blueprint.route("/<id:location_id>", methods=["GET", "POST"])
@requires(Role.ADMIN)
@step_up()
def edit(location_id: UUID) -> Response:
    """Change name, campaign or PIN."""
    location = service.get(db.session(), location_id)
    form = LocationForm(data=_values(location) | {"version": location.version})
    form.campaign.choices = campaign_choices(_("All campaigns, those to come too"))
    changed = form.submit(
        lambda: service.edit(
            db.session(),
            location_id,
            form.plan(),
            form.pin.data or "",
            expected_version=form.version.data,
            **trail(),
        ),
        lambda: _current(location_id),
    )
    if changed is not None:
        return done(_("Saved."), url_for("admin.locations.index"))
    return make_response(
        render_template("admin/locations/edit.html", form=form, location=location), form.status
    )


@blueprint.route("/<id:location_id>/switch", methods=["GET", "POST"])
@requires(Role.ADMIN)
@step_up()
def switch(location_id: UUID) -> Response:
    """Ask before switching off; then switch."""
    location = service.get(db.session(), location_id)
    is_on = location.disabled_at is None
    if request.method == "GET" and is_on:
        return asked(_question(location))
    if request.method == "POST":
        service.switch(db.session(), location_id, not is_on, **trail())
    message = _("The counter is switched off.") if is_on else _("The counter is switched on.")
    return done(message, url_for("admin.locations.index"))


def _page(form: NewLocationForm) -> Response:
    form.campaign.choices = campaign_choices(_("All campaigns, those to come too"))
    return show(
        "admin/locations/index.html",
        "admin/locations/_list.html",
        form.status,
        locations=service.listing(db.session()),
        campaign_names={one.id: one.title for one in campaigns.listing(db.session())},
        address=lambda one: public_url(url_for("counter.page", location_id=one.id)),
        form=form,
    )


def _values(location: Location) -> dict[str, object]:
    campaign = location.campaign_id.hex if location.campaign_id else ""
    return {"name": location.name, "campaign": campaign, "currency": location.currency}


def _current(location_id: UUID) -> tuple[dict[str, object], int]:
    db.session().rollback()
    now = service.get(db.session(), location_id)
    return _values(now), now.version


def _question(location: Location) -> Ask:
    return Ask(
        _("Switch off the counter %(name)s?", name=location.name),
        (
            _("Whoever is at it is signed out at once, and no PIN opens it."),
            _("What it redeemed stays. You can switch it on again."),
        ),
        url_for("admin.locations.switch", location_id=location.id),
        _("Switch it off"),
        url_for("admin.locations.index"),
    )
