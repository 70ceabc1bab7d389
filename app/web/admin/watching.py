"""Watching a campaign: alerts seen, the drain brake let go, and what the campaign is watched for."""

from dataclasses import asdict, dataclass
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
from app.models import Alert, Campaign, Tier
from app.services import alerts, brake, tiers, watching
from app.services.brake import Setting
from app.services.watching import LEAST_PLAN, MOST_WINS, TierPlan, WatchPlan
from app.web.access import StepUp, current_actor, requires, step_up
from app.web.admin.answers import done, trail
from app.web.admin.frame import campaign_of
from app.web.staff_forms import Present, StaffForm, Version, WholeNumber, choice

blueprint = Blueprint("watching", __name__)


_WHAT = (
    choice(Brake.WARN.value, _l("Tell us")),
    choice(Brake.SLOW.value, _l("Let it give no more an hour than was to be expected, and tell us")),
    choice(Brake.PAUSE.value, _l("Switch the tier off, and tell us")),
    choice(Brake.OFF.value, _l("Do nothing")),
)


class WatchForm(StaffForm):
    """What a campaign is watched for."""

    brake = RadioField(_l("When one tier wins more than is plausible"), choices=list(_WHAT))
    most_per_hour = WholeNumber(_l("Most wins of one tier within an hour"), low=1, high=MOST_WINS)
    network_percent = WholeNumber(
        _l("What one network may well win of a tier, in percent"), [Present()], low=1, high=100
    )
    low_percent = WholeNumber(_l("Low stock, in percent of what is offered"), [Present()], low=1, high=100)
    version = Version()

    def plan(self) -> WatchPlan:
        """What was filled in."""
        return WatchPlan(
            Brake(self.brake.data), self.most_per_hour.data, self.low_percent.data, self.network_percent.data
        )


class TierForm(StaffForm):
    """What the brake does about one tier."""

    brake = RadioField(
        _l("When this tier wins more than is plausible"),
        choices=[choice("", _l("As for the campaign")), *_WHAT],
    )
    most_per_hour = WholeNumber(_l("Most wins within an hour"), low=1, high=MOST_WINS)
    plan_percent = WholeNumber(
        _l("Most wins within an hour, in percent of the plan"), low=LEAST_PLAN, high=MOST_WINS
    )
    version = Version()

    def plan(self) -> TierPlan:
        """What was filled in."""
        brake = Brake(self.brake.data) if self.brake.data else None
        return TierPlan(brake, self.most_per_hour.data, self.plan_percent.data)


@dataclass(frozen=True, slots=True)
class TierLine:
    """A tier on the page: what holds for it, and the alert by which the brake holds it."""

    tier: Tier
    setting: Setting
    alert: Alert | None


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
    page = render_template(
        "admin/campaigns/watching.html", campaign=campaign, form=form, lines=_lines(campaign)
    )
    return make_response(page, form.status)


@blueprint.route("/campaigns/<slug>/watching/<id:tier_id>", methods=["GET", "POST"])
@requires(Role.EDITOR)
def edit_tier(slug: str, tier_id: UUID) -> Response:
    """What the brake does about one tier."""
    campaign = campaign_of(slug)
    tier = tiers.get(db.session(), tier_id)
    if tier.campaign_id != campaign.id:
        raise NotFound
    form = TierForm(data=_stored_of(tier) | {"version": watching.version_of(db.session(), campaign.id)})
    saved = form.submit(
        lambda: watching.edit_tier(
            db.session(), tier_id, form.plan(), expected_version=form.version.data, **trail()
        ),
        lambda: (_stored_of(tier), watching.version_of(db.session(), campaign.id)),
    )
    if saved is not None:
        return done(_("Saved."), url_for("admin.watching.edit", slug=campaign.slug))
    page = render_template("admin/campaigns/watching_tier.html", campaign=campaign, tier=tier, form=form)
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
    """Undo what the drain brake has done about a tier."""
    campaign = campaign_of(slug)
    alert = _alert_of(campaign, alert_id)
    brake.resume(db.session(), alert.id, **trail())
    message = (
        _("“%(tier)s” is switched on again.", tier=alert.details["tier"])
        if alert.details["paused"]
        else _("“%(tier)s” gives as before.", tier=alert.details["tier"])
    )
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
        "network_percent": plan.network_percent,
    }


def _stored_of(tier: Tier) -> dict[str, Any]:
    plan = watching.tier_plans(db.session(), tier.campaign_id).get(tier.id, TierPlan())
    return asdict(plan) | {"brake": plan.brake.value if plan.brake else ""}


def _lines(campaign: Campaign) -> list[TierLine]:
    session = db.session()
    plan, own = watching.plan_of(session, campaign.id), watching.tier_plans(session, campaign.id)
    held = brake.held(session, campaign.id)
    return [
        TierLine(tier, brake.setting_of(plan, own.get(tier.id)), held.get(tier.id))
        for tier in tiers.listing(session, campaign.id)
    ]
