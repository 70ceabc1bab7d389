"""Tiers: weight, order, switch and fallback, changed in place in the prize manager."""

from dataclasses import replace
from uuid import UUID

from flask import Blueprint, abort, make_response, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from app.domain.errors import StaleEdit
from app.domain.preview import Pool
from app.domain.roles import Role
from app.extensions import db, tools
from app.models import Campaign, Tier
from app.services import campaigns, preview, prizes
from app.services import tiers as service
from app.services.tiers import TierPlan
from app.web.access import StepUp, requires, step_up
from app.web.admin.answers import Ask, asked, trail
from app.web.admin.frame import campaign_of, tier_of
from app.web.admin.live import Change, asked_first, asking
from app.web.admin.manager import Editing, changed, show_manager, typed_chance
from app.web.admin.tier_forms import LoseWeightForm, TierEditForm, TierForm, tier_values
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
    tier = form.save(
        campaign,
        lambda: _planned(campaign, form.plan(campaign)),
        lambda: service.add(db.session(), campaign.id, form.plan(campaign), rng=tools().rng, **trail()),
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
    form = TierEditForm(data=tier_values(tier, campaign) | {"version": tier.version})
    form.offer_fallbacks(other for other in service.listing(db.session(), campaign.id) if other is not tier)

    def change() -> Change:
        if form.version.data != tier.version:
            raise StaleEdit
        return _planned(campaign, form.plan(campaign, tier), tier_id)

    saved = form.save(
        campaign,
        change,
        lambda: service.edit(
            db.session(), tier_id, form.plan(campaign, tier), expected_version=form.version.data, **trail()
        ),
        lambda: (tier_values(tier, campaign), tier.version),
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
    title = _("Put %(tier)s into the draw?") if enabled else _("Take %(tier)s out of the draw?")
    label = _("Put into the draw") if enabled else _("Take out of the draw")
    ask = _ask(campaign, title % {"tier": tier.name}, label, to="on" if enabled else "off")
    if (question := asked_first(campaign, _planned(campaign, plan, tier_id), ask)) is not None:
        return question
    saved = service.edit(db.session(), tier_id, plan, expected_version=tier.version, **trail())
    message = _("%(tier)s is in the draw.") if enabled else _("%(tier)s is out of the draw.")
    return changed(campaign, message % {"tier": saved.name}, place_of(saved), stay=True)


@blueprint.post("/<id:tier_id>/move")
@requires(Role.EDITOR)
@step_up(StepUp.LIVE)
def move(slug: str, tier_id: UUID) -> Response:
    """To another place in the draw order: one up or down, or to a place counted from 1."""
    campaign = campaign_of(slug)
    tier = tier_of(campaign, tier_id)
    order = [other.id for other in service.listing(db.session(), campaign.id)]
    position = _place_wanted(order.index(tier_id))
    position = max(0, min(position, len(order) - 1))
    title = _("Move %(tier)s to place %(place)s?", tier=tier.name, place=grouped(position + 1))
    ask = _ask(campaign, title, _("Move"), place=str(position + 1))
    question = asked_first(campaign, lambda pool: pool.moved(tier_id, position), ask)
    if question is not None:
        return question
    service.move(db.session(), tier_id, position, **trail())
    message = _(
        "%(tier)s is at place %(place)s of %(count)s.",
        tier=tier.name,
        place=grouped(position + 1),
        count=grouped(len(order)),
    )
    return changed(campaign, message, place_of(tier), stay=True)


@blueprint.route("/<id:tier_id>/remove", methods=["GET", "POST"])
@requires(Role.EDITOR)
@step_up(StepUp.LIVE)
def remove(slug: str, tier_id: UUID) -> Response:
    """Ask, with numbers; then take the tier and its prizes out."""
    campaign = campaign_of(slug)
    tier = tier_of(campaign, tier_id)

    def change(pool: Pool) -> Pool:
        return pool.without(tier_id)

    if request.method == "GET":
        return asked(asking(campaign, change, _question(campaign, tier)))
    if (question := asked_first(campaign, change, _question(campaign, tier))) is not None:
        return question
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
    saved = form.save(
        campaign,
        lambda: preview.with_lose_weight(form.weight.data),
        lambda: campaigns.set_lose_weight(db.session(), campaign.id, form.weight.data, **trail()),
    )
    if saved is None:
        return show_manager(campaign, Editing("lose-weight", form))
    return changed(campaign, _("The weight of no win is saved."), "no-win")


@blueprint.get("/chance")
@requires(Role.EDITOR)
def chance(slug: str) -> Response:
    """What the weight that is being typed comes to, as a part of its form."""
    campaign = campaign_of(slug)
    wanted, weight = request.args.get("of", ""), request.args.get("weight", "").strip()
    number = int(weight) if weight.isascii() and weight.isdigit() and len(weight) < 20 else None
    own = (tier for tier in service.listing(db.session(), campaign.id) if tier.id.hex == wanted)
    typed = typed_chance(
        campaign,
        number,
        enabled="enabled" in request.args,
        tier=next(own, None),
        of_no_win=wanted == "no-win",
    )
    return make_response(render_template("admin/tiers/_chance.html", typed=typed))


def place_of(tier: Tier) -> str:
    """The tier's id in the page."""
    return f"tier-{tier.id.hex}"


def _planned(campaign: Campaign, plan: TierPlan, tier_id: UUID | None = None) -> Change:
    return preview.planned(db.session(), campaign, tools().now(), plan, tier_id)


def _place_wanted(position: int) -> int:
    """Where a tier at that position is to go, counted from 0; 400 for a wish that makes no sense."""
    place = request.form.get("place", "")
    if place.isascii() and place.isdigit() and len(place) < 4:
        return int(place) - 1
    steps = {"up": -1, "down": 1}
    if (step := steps.get(request.form.get("to", ""))) is None:
        abort(400)
    return position + step


def _ask(campaign: Campaign, title: str, label: str, **values: str) -> Ask:
    """The question before a change that can be undone."""
    here, back = request.path, url_for("admin.prizes.index", slug=campaign.slug)
    return Ask(title, (), here, label, back, danger=False, swaps="#manager", values=values)


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
