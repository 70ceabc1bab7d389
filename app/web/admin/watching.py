"""Watching a campaign: alerts seen, the drain brake let go, and what the campaign is watched for."""

from typing import Any
from uuid import UUID

from flask import Blueprint, make_response, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response
from wtforms import RadioField

from app.domain.alerts import Brake
from app.domain.roles import Role
from app.extensions import db, tools
from app.models import Alert, Campaign
from app.services import alerts, brake, watching
from app.services.watching import MOST_WINS, WatchPlan
from app.web.access import StepUp, current_actor, requires, step_up
from app.web.admin.answers import done, trail
from app.web.admin.frame import campaign_of
from app.web.staff_forms import Present, StaffForm, Version, WholeNumber, choice

blueprint = Blueprint("watching", __name__)


class WatchForm(StaffForm):
    """What a campaign is watched for."""

    brake = RadioField(
        _l("When one tier wins more than is plausible"),
        choices=[
            choice(Brake.WARN.value, _l("Tell us")),
            choice(Brake.PAUSE.value, _l("Switch the tier off, and tell us")),
            choice(Brake.OFF.value, _l("Do nothing")),
        ],
    )
    most_per_hour = WholeNumber(_l("Most wins of one tier within an hour"), low=1, high=MOST_WINS)
    low_percent = WholeNumber(_l("Low stock, in percent of what is offered"), [Present()], low=1, high=100)
    version = Version()

    def plan(self) -> WatchPlan:
        """What was filled in."""
        return WatchPlan(Brake(self.brake.data), self.most_per_hour.data, self.low_percent.data)


@blueprint.route("/campaigns/<slug>/watching", methods=["GET", "POST"])
@requires(Role.EDITOR)
def edit(slug: str) -> Response:
    """What the campaign is watched for."""
    campaign = campaign_of(slug)
    version = watching.version_of(db.session(), campaign.id)
    form = WatchForm(data=_stored(campaign) | {"version": version})
    saved = form.submit(
        lambda: watching.edit(
            db.session(), campaign.id, form.plan(), expected_version=form.version.data, **trail()
        ),
        lambda: (_stored(campaign), watching.version_of(db.session(), campaign.id)),
    )
    if saved is not None:
        return done(_("Saved."), url_for("admin.campaigns.detail", slug=campaign.slug))
    page = render_template("admin/campaigns/watching.html", campaign=campaign, form=form)
    return make_response(page, form.status)


@blueprint.post("/campaigns/<slug>/alerts/<id:alert_id>/seen")
@requires(Role.EDITOR)
def seen(slug: str, alert_id: UUID) -> Response:
    """Take an alert off the lists, for everybody."""
    campaign = campaign_of(slug)
    alert = _alert_of(campaign, alert_id)
    alerts.see(db.session(), alert.id, actor=current_actor(), now=tools().now())
    return done(_("Seen."), url_for("admin.campaigns.detail", slug=campaign.slug))


@blueprint.post("/campaigns/<slug>/alerts/<id:alert_id>/resume")
@requires(Role.EDITOR)
@step_up(StepUp.LIVE)
def resume(slug: str, alert_id: UUID) -> Response:
    """Switch a tier on again that the drain brake has switched off."""
    campaign = campaign_of(slug)
    alert = _alert_of(campaign, alert_id)
    brake.resume(db.session(), alert.id, **trail())
    message = _("“%(tier)s” is switched on again.", tier=alert.details["tier"])
    return done(message, url_for("admin.campaigns.detail", slug=campaign.slug))


def _alert_of(campaign: Campaign, alert_id: UUID) -> Alert:
    alert = alerts.get(db.session(), alert_id)
    if alert.campaign_id != campaign.id:
        raise NotFound
    return alert


def _stored(campaign: Campaign) -> dict[str, Any]:
    plan = watching.plan_of(db.session(), campaign.id)
    return {
        "brake": plan.brake.value,
        "most_per_hour": plan.most_per_hour,
        "low_percent": plan.low_percent,
    }
