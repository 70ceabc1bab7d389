"""Tiers: weight, order, switch and fallback, changed in place in the prize manager."""

from dataclasses import replace
from uuid import UUID

from flask import Blueprint, abort, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from app.domain.roles import Role
from app.extensions import db, tools
from app.models import Campaign, Tier
from app.services import campaigns, prizes
from app.services import tiers as service
from app.services.tiers import TierPlan
from app.web.access import StepUp, requires, step_up
from app.web.admin.answers import Ask, asked, trail
from app.web.admin.frame import campaign_of, tier_of
from app.web.admin.manager import Editing, changed, show_manager
from app.web.admin.pool_forms import LoseWeightForm, TierEditForm, TierForm, tier_values
from app.web.admin.wording import staying, withdrawal
from app.web.filters import grouped

blueprint = Blueprint("tiers", __name__, url_prefix="/campaigns/<slug>/tiers")


@blueprint.route("/new", methods=["GET", "POST"])
@requires(Role.EDITOR)
@step_up(StepUp.LIVE)
def add(slug: str) -> Response:
    """A new tier, last in the draw order."""
    campaign = campaign_of(slug)
    form = TierForm()
    form.offer_fallbacks(service.listing(db.session(), campaign.id))
    tier = form.submit(
        lambda: service.add(db.session(), campaign.id, form.plan(), rng=tools().rng, **trail())
    )
    if tier is None:
        return show_manager(campaign, Editing("new-tier", form))
    return changed(campaign, _("%(tier)s is in. Give it a prize next.", tier=tier.name), place_of(tier))


@blueprint.route("/<id:tier_id>/edit", methods=["GET", "POST"])
@requires(Role.EDITOR)
@step_up(StepUp.LIVE)
def edit(slug: str, tier_id: UUID) -> Response:
    """Change a tier in place."""
    campaign = campaign_of(slug)
    tier = tier_of(campaign, tier_id)
    form = TierEditForm(data=tier_values(tier) | {"version": tier.version})
    form.offer_fallbacks(other for other in service.listing(db.session(), campaign.id) if other is not tier)
    saved = form.submit(
        lambda: service.edit(
            db.session(), tier_id, form.plan(), expected_version=form.version.data, **trail()
        ),
        lambda: (tier_values(tier), tier.version),
    )
    if saved is None:
        return show_manager(campaign, Editing("tier", form, tier_id))
    return changed(campaign, _("%(tier)s is saved.", tier=saved.name), place_of(saved))


@blueprint.post("/<id:tier_id>/switch")
@requires(Role.EDITOR)
@step_up(StepUp.LIVE)
def switch(slug: str, tier_id: UUID) -> Response:
    """Put a tier into the draw, or take it out."""
    campaign = campaign_of(slug)
    tier = tier_of(campaign, tier_id)
    enabled = request.form.get("to") == "on"
    plan = replace(TierPlan.of(tier), enabled=enabled)
    saved = service.edit(db.session(), tier_id, plan, expected_version=tier.version, **trail())
    message = _("%(tier)s is in the draw.") if enabled else _("%(tier)s is out of the draw.")
    return changed(campaign, message % {"tier": saved.name}, place_of(saved), stay=True)


@blueprint.post("/<id:tier_id>/move")
@requires(Role.EDITOR)
@step_up(StepUp.LIVE)
def move(slug: str, tier_id: UUID) -> Response:
    """One place up or down in the draw order."""
    campaign = campaign_of(slug)
    tier = tier_of(campaign, tier_id)
    order = [other.id for other in service.listing(db.session(), campaign.id)]
    steps = {"up": -1, "down": 1}
    if (step := steps.get(request.form.get("to", ""))) is None:
        abort(400)
    service.move(db.session(), tier_id, max(0, order.index(tier_id) + step), **trail())
    return changed(campaign, _("%(tier)s is moved.", tier=tier.name), place_of(tier), stay=True)


@blueprint.route("/<id:tier_id>/remove", methods=["GET", "POST"])
@requires(Role.EDITOR)
@step_up(StepUp.LIVE)
def remove(slug: str, tier_id: UUID) -> Response:
    """Ask, with numbers; then take the tier and its prizes out."""
    campaign = campaign_of(slug)
    tier = tier_of(campaign, tier_id)
    if request.method == "GET":
        return asked(_question(campaign, tier))
    name = tier.name
    count = service.remove(db.session(), tier_id, **trail())
    message = ngettext(
        "%(tier)s is removed and %(count)s free code withdrawn.",
        "%(tier)s is removed and %(count)s free codes withdrawn.",
        count,
        count=grouped(count),
        tier=name,
    )
    return changed(campaign, message, "add-tier")


@blueprint.route("/no-win", methods=["GET", "POST"])
@requires(Role.EDITOR)
@step_up(StepUp.LIVE)
def lose_weight(slug: str) -> Response:
    """Change the weight of no win."""
    campaign = campaign_of(slug)
    form = LoseWeightForm(data={"weight": campaign.lose_weight})
    saved = form.submit(
        lambda: campaigns.set_lose_weight(db.session(), campaign.id, form.weight.data, **trail())
    )
    if saved is None:
        return show_manager(campaign, Editing("lose-weight", form))
    return changed(campaign, _("The weight of no win is saved."), "no-win")


def place_of(tier: Tier) -> str:
    """The tier's id in the page."""
    return f"tier-{tier.id.hex}"


def _question(campaign: Campaign, tier: Tier) -> Ask:
    stock = prizes.stock_by_prize(db.session(), campaign.id)
    own = [prize for prize in prizes.listing(db.session(), campaign.id) if prize.tier_id == tier.id]
    free = sum(stock[prize.id].free for prize in own)
    won = sum(stock[prize.id].won for prize in own)
    return Ask(
        _("Remove %(tier)s?", tier=tier.name),
        (
            ngettext(
                "The tier and its %(count)s prize leave the draw.",
                "The tier and its %(count)s prizes leave the draw.",
                len(own),
                count=grouped(len(own)),
            ),
            withdrawal(free),
            staying(won),
        ),
        url_for("admin.tiers.remove", slug=campaign.slug, tier_id=tier.id),
        _("Remove the tier"),
        url_for("admin.prizes.index", slug=campaign.slug),
        swaps="#manager",
    )
