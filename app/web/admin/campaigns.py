"""Campaigns: the list, the overview of one, and its form."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_wtf.csrf import generate_csrf
from markupsafe import escape
from werkzeug.wrappers import Response

from app.domain.eligibility import CampaignStatus, Stage, stage
from app.domain.errors import InvalidInput
from app.domain.launch import NotReady, Place, contradicted
from app.domain.official_rules import contradictions
from app.domain.roles import Role
from app.domain.timeline import Hour
from app.extensions import db, tools
from app.models import Campaign
from app.services import campaigns as service
from app.services import (
    figures,
    launch_check,
    odds,
    official_rules,
    outbox,
    referrals,
    tiers,
    watching,
    winners,
)
from app.services.entries import window_of
from app.services.figures import CampaignFigures
from app.web.access import current_actor, requires, visible
from app.web.admin.answers import Ask, asked, done, public_url, trail
from app.web.admin.campaign_forms import (
    TIME_ZONES,
    CampaignEditForm,
    CampaignForm,
    suggested_slug,
    values_of,
)
from app.web.admin.frame import campaign_of
from app.web.admin.opening import not_yet, what_opening_does
from app.web.admin.wording import not_counted, refusal_reason
from app.web.admin.worries import worries_of
from app.web.charts import Chart, bars
from app.web.filters import grouped
from app.web.wording import told

blueprint = Blueprint("campaigns", __name__)

LATEST = 8


@dataclass(frozen=True, slots=True)
class Line:
    """A campaign in the list."""

    campaign: Campaign
    stage: Stage
    figures: CampaignFigures
    hours: Chart


@blueprint.get("/")
@requires(Role.VIEWER)
def index() -> str:
    """The campaigns with what they have come to; those that are archived have a list of their own."""
    session, now = db.session(), tools().now()
    archived = request.args.get("show") == "archived"
    listed = visible(service.listing(session))
    shown = [campaign for campaign in listed if (campaign.archived_at is not None) == archived]
    lines = [
        Line(
            campaign,
            shown_stage(campaign, now),
            figures.campaign_figures(session, campaign.id),
            _tiny(watching.last_hours(session, campaign, watching.CHART_HOURS, now=now)),
        )
        for campaign in shown
    ]
    return render_template(
        "admin/campaigns/index.html",
        lines=lines,
        archived=archived,
        worries=[] if archived else worries_of(shown),
        unready=[] if archived else _unready(shown, now),
        undelivered=[] if archived else _undelivered(shown),
        any_archived=any(campaign.archived_at is not None for campaign in listed),
    )


@blueprint.route("/campaigns/new", methods=["GET", "POST"])
@requires(Role.EDITOR)
def create() -> Response:
    """A new campaign: a draft that nobody sees yet."""
    form = CampaignForm()
    campaign = form.submit(
        lambda: service.create(
            db.session(),
            form.plan(),
            actor=current_actor(),
            now=tools().now(),
            rng=tools().rng,
            vault=tools().vault,
        )
    )
    if campaign is not None:
        return done(
            _("The draft is made. Now give it tiers and prizes."),
            url_for("admin.prizes.index", slug=campaign.slug),
        )
    page = render_template("admin/campaigns/new.html", form=form, time_zones=TIME_ZONES, notes=[])
    return make_response(page, form.status)


@blueprint.get("/campaigns/address")
@requires(Role.EDITOR)
def suggest_address() -> str:
    """What an address left empty becomes, told beside the field: what stands in it is never touched."""
    slug = suggested_slug(request.args.get("title", "")[:200])
    return str(escape(_("Left empty, it becomes %(address)s", address=f"/c/{slug}"))) if slug else ""


@blueprint.get("/campaigns/<slug>")
@requires(Role.VIEWER)
def detail(slug: str) -> str:
    """How a campaign is doing: figures, latest winners, links, and the switches."""
    campaign = campaign_of(slug)
    now = tools().now()
    table = odds.in_force(db.session(), campaign)
    return render_template(
        "admin/campaigns/detail.html",
        campaign=campaign,
        checklist=checklist(campaign, now),
        win_weight=table.total - table.lose_weight,
        total_weight=table.total,
        landing_url=public_url(url_for("public.landing_page", slug=campaign.slug)),
        friends=referrals.figures(db.session(), campaign.id) if campaign.refer_most else None,
        why_not=not_counted,
        steps=steps_of(campaign),
        may_archive=_may_archive(campaign, now),
        **_watched(campaign, now),
    )


@blueprint.get("/campaigns/<slug>/figures")
@requires(Role.VIEWER)
def figures_now(slug: str) -> Response:
    """The figures alone, for a page that renews them; 304 while nothing has changed."""
    campaign = campaign_of(slug)
    page = render_template(
        "admin/campaigns/_figures.html", campaign=campaign, **_watched(campaign, tools().now())
    )
    answer = make_response(page)
    # The token of its forms is another one each time, and no news.
    answer.set_etag(hashlib.sha256(page.replace(generate_csrf(), "").encode()).hexdigest()[:32])
    answer.headers["Cache-Control"] = "private, no-cache"
    return answer.make_conditional(request)


@blueprint.route("/campaigns/<slug>/edit", methods=["GET", "POST"])
@requires(Role.EDITOR)
def edit(slug: str) -> Response:
    """Change a campaign's texts, window and limit."""
    campaign = campaign_of(slug)
    form = CampaignEditForm(data=values_of(campaign) | {"version": campaign.version})
    form.offer_tiers(tiers.listing(db.session(), campaign.id))
    saved = form.submit(
        lambda: service.edit(
            db.session(), campaign.id, form.plan(campaign), expected_version=form.version.data, **trail()
        ),
        lambda: (values_of(campaign), campaign.version),
    )
    if saved is not None:
        for note in notes_on(saved):
            flash(note, "warn")
        return done(_("Saved."), url_for("admin.campaigns.detail", slug=saved.slug))
    page = render_template(
        "admin/campaigns/edit.html",
        campaign=campaign,
        stage=shown_stage(campaign, tools().now()),
        form=form,
        time_zones=TIME_ZONES,
        notes=notes_on(campaign),
    )
    return make_response(page, form.status)


@blueprint.get("/campaigns/<slug>/rules")
@requires(Role.VIEWER)
def rules(slug: str) -> str:
    """The official rules as they read with the settings of now, and the versions that were shown."""
    campaign = campaign_of(slug)
    return render_template(
        "admin/campaigns/rules.html",
        campaign=campaign,
        facts=official_rules.facts_now(db.session(), campaign),
        notes=notes_on(campaign),
        versions=official_rules.history(db.session(), campaign.id),
        fairness_url=url_for("public.fairness", slug=campaign.slug),
    )


@blueprint.get("/campaigns/<slug>/status")
@requires(Role.EDITOR)
def status(slug: str) -> Response:
    """Ask before opening, pausing or closing, and say what that does."""
    campaign = campaign_of(slug)
    wanted = _step(request.args.get("to", ""))
    found = checklist(campaign, tools().now()) if wanted is CampaignStatus.OPEN else None
    blocking = [text for text, blocks, _url in found or () if blocks]
    return asked(not_yet(campaign, blocking) if blocking else _question(campaign, wanted))


@blueprint.post("/campaigns/<slug>/status")
@requires(Role.EDITOR)
def set_status(slug: str) -> Response:
    """Open, pause or close."""
    campaign = campaign_of(slug)
    wanted = _step(request.form.get("to", ""))
    try:
        service.set_status(db.session(), campaign.id, wanted, **trail(), site=tools().site)
    except NotReady:
        flash(_("It cannot open yet. The launch check says what is missing."), "bad")
        return redirect(url_for("admin.campaigns.detail", slug=campaign.slug, _anchor="launch"), 303)
    messages = {
        CampaignStatus.OPEN: _("The campaign is open. Share the address of its landing page."),
        CampaignStatus.PAUSED: _("The campaign is paused: nobody can enter until you open it again."),
        CampaignStatus.CLOSED: _("The campaign is closed for good."),
    }
    return done(messages[wanted], url_for("admin.campaigns.detail", slug=campaign.slug))


@blueprint.get("/campaigns/<slug>/archive")
@requires(Role.EDITOR)
def ask_archive(slug: str) -> Response:
    """Ask before a campaign leaves the list."""
    campaign = campaign_of(slug)
    return asked(
        Ask(
            _("Archive “%(title)s”?", title=campaign.title),
            (
                _("It leaves the list of campaigns. Nothing is deleted: winners, codes and changes stay."),
                _("Its page goes on saying that it is over. You can bring it back into the list."),
            ),
            url_for("admin.campaigns.archive", slug=campaign.slug),
            _("Archive"),
            url_for("admin.campaigns.detail", slug=campaign.slug),
            danger=False,
        )
    )


@blueprint.post("/campaigns/<slug>/archive")
@requires(Role.EDITOR)
def archive(slug: str) -> Response:
    """Put a campaign out of the list."""
    service.archive(db.session(), campaign_of(slug).id, **trail())
    return done(_("The campaign is archived."), url_for("admin.campaigns.index"))


@blueprint.post("/campaigns/<slug>/unarchive")
@requires(Role.EDITOR)
def unarchive(slug: str) -> Response:
    """Bring an archived campaign back into the list."""
    campaign = service.unarchive(db.session(), campaign_of(slug).id, **trail())
    return done(
        _("The campaign is in the list again."), url_for("admin.campaigns.detail", slug=campaign.slug)
    )


def _watched(campaign: Campaign, now: datetime) -> dict[str, Any]:
    """What the figures of a campaign are drawn from."""
    found = watching.dashboard(db.session(), campaign, now=now)
    return {
        "stage": shown_stage(campaign, now),
        "figures": found.figures,
        "board": found,
        "hour_chart": bars([(hour.entries, hour.wins) for hour in found.hours]),
        "day_chart": bars([(day.entries, day.wins) for day in found.days]),
        "refusal_reason": refusal_reason,
        "latest": winners.recent(db.session(), campaign.id, LATEST),
        "worries": worries_of([campaign]),
    }


def _tiny(hours: list[Hour]) -> Chart:
    return bars([(hour.entries, hour.wins) for hour in hours], width=96, height=24)


def _unready(shown: list[Campaign], now: datetime) -> list[tuple[Campaign, int]]:
    """Campaigns that are to open by themselves, and how many findings of the launch check keep them from it
    or from being what they should be.
    """
    scheduled = [campaign for campaign in shown if shown_stage(campaign, now) is Stage.SCHEDULED]
    found = [
        (each, len(launch_check.check(db.session(), each, now=now, site=tools().site))) for each in scheduled
    ]
    return [(campaign, count) for campaign, count in found if count]


def _undelivered(shown: list[Campaign]) -> list[tuple[Campaign, int]]:
    """Campaigns with mails to winners that could not be delivered, and how many."""
    counts = outbox.undelivered(db.session(), [campaign.id for campaign in shown])
    return [(campaign, counts[campaign.id]) for campaign in shown if campaign.id in counts]


def shown_stage(campaign: Campaign, now: datetime) -> Stage:
    """Where the campaign stands, as staff see it."""
    return stage(window_of(campaign), now, is_archived=campaign.archived_at is not None)


def steps_of(campaign: Campaign) -> tuple[str, ...]:
    """The statuses the campaign can be given now, the likely one first."""
    return () if campaign.archived_at else tuple(step.value for step in _STEPS[campaign.status])


def notes_on(campaign: Campaign) -> list[str]:
    """What the own words of the rules say that the settings do not bear out."""
    facts = official_rules.facts_now(db.session(), campaign)
    return [told(contradicted(one)) for one in contradictions(facts)]


def checklist(campaign: Campaign, now: datetime) -> list[tuple[str, bool, str]] | None:
    """The launch check, where opening comes next: what was found, whether it blocks, where to mend it."""
    if CampaignStatus.OPEN.value not in steps_of(campaign):
        return None
    places = {
        Place.SETTINGS: url_for("admin.campaigns.edit", slug=campaign.slug),
        Place.RULES: url_for("admin.campaigns.edit", slug=campaign.slug, _anchor="eligibility"),
        Place.PRIZES: url_for("admin.prizes.index", slug=campaign.slug),
        Place.SERVER: "",
    }
    found = launch_check.check(db.session(), campaign, now=now, site=tools().site)
    return [(told(finding), finding.blocks, places[finding.place]) for finding in found]


def _may_archive(campaign: Campaign, now: datetime) -> bool:
    return shown_stage(campaign, now) in {Stage.DRAFT, Stage.ENDED}


_STEPS = {
    CampaignStatus.DRAFT: (CampaignStatus.OPEN,),
    CampaignStatus.OPEN: (CampaignStatus.PAUSED, CampaignStatus.CLOSED),
    CampaignStatus.PAUSED: (CampaignStatus.OPEN, CampaignStatus.CLOSED),
    CampaignStatus.CLOSED: (),
}


def _step(wanted: str) -> CampaignStatus:
    """The status asked for; a word that is none raises InvalidInput. Whether it fits is up to the service."""
    known = {step.value: step for step in CampaignStatus if step is not CampaignStatus.DRAFT}
    if wanted not in known:
        raise InvalidInput("to", "A campaign can be opened, paused or closed.")
    return known[wanted]


def _question(campaign: Campaign, wanted: CampaignStatus) -> Ask:
    found = figures.campaign_figures(db.session(), campaign.id)
    left = grouped(found.stock_free)
    unused = ngettext(
        "%(count)s unit that nobody has won stays unused.",
        "%(count)s units that nobody has won stay unused.",
        found.stock_free,
        count=left,
    )
    texts = {
        CampaignStatus.OPEN: (
            _("Open “%(title)s”?", title=campaign.title),
            what_opening_does(campaign, found.stock_free, tools().now()),
            _("Open"),
        ),
        CampaignStatus.PAUSED: (
            _("Pause “%(title)s”?", title=campaign.title),
            (_("The page says that it is a pause. What was won stays valid, and you can open again."),),
            _("Pause"),
        ),
        CampaignStatus.CLOSED: (
            _("Close “%(title)s” for good?", title=campaign.title),
            (
                _("Nobody can enter any more, and it cannot be opened again. What was won stays valid."),
                unused,
            ),
            _("Close for good"),
        ),
    }
    title, lines, label = texts[wanted]
    return Ask(
        title,
        lines,
        url_for("admin.campaigns.set_status", slug=campaign.slug),
        label,
        url_for("admin.campaigns.detail", slug=campaign.slug),
        danger=wanted is CampaignStatus.CLOSED,
        values={"to": wanted.value},
    )
