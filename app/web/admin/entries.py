"""Entries: all of them, why each came out as it did, and what is done about a win."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import Blueprint, flash, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.adapters import xlsx_export
from app.adapters.csv_export import write_rows
from app.domain.codes import mask
from app.domain.errors import Conflict
from app.domain.roles import Role
from app.extensions import db, tools
from app.models import Award, AwardStatus, Campaign, Code
from app.services import bonuses, entry_forms, handling, redemptions, referrals
from app.services import entry_log as service
from app.services.handling import Issue
from app.web.access import StepUp, current_actor, is_htmx, requires, step_up
from app.web.admin.answer_words import answers_of, consents_of
from app.web.admin.answers import done, show, trail
from app.web.admin.downloads import as_download
from app.web.admin.frame import award_of, campaign_of
from app.web.admin.winner_forms import ReplaceForm, VoidForm, handling_form, handling_values
from app.web.admin.wording import not_counted
from app.web.wording import told

blueprint = Blueprint("entries", __name__, url_prefix="/campaigns/<slug>")

PAGE = 50
OUTCOMES = {"won": True, "lost": False}


@dataclass(frozen=True, slots=True)
class Given:
    """One thing given to a winner, its code masked."""

    issue: Issue
    code: str


@blueprint.get("/entries")
@requires(Role.VIEWER)
def index(slug: str) -> Response:
    """All entries that fit, newest first, 50 a page."""
    campaign = campaign_of(slug)
    outcome = request.args.get("outcome", "") if request.args.get("outcome", "") in OUTCOMES else ""
    text = request.args.get("text", "")[:254]
    found = service.search(
        db.session(),
        campaign.id,
        text=text,
        won=OUTCOMES.get(outcome),
        after=request.args.get("after"),
        limit=PAGE,
    )

    def here(**changed: Any) -> str:
        values = {"text": text or None, "outcome": outcome or None, **changed}
        return url_for("admin.entries.index", slug=campaign.slug, **values)

    return show(
        "admin/entries/index.html",
        "admin/entries/_list.html",
        campaign=campaign,
        found=found,
        next_url=here(after=found.next) if found.next else "",
        here=here,
        outcomes=[("", _("All")), ("won", _("Won")), ("lost", _("No win"))],
        outcome=outcome,
        text=text,
        is_filtered=bool(outcome or text.strip()),
        is_later_page="after" in request.args,
    )


@blueprint.post("/entries.csv")
@requires(Role.EDITOR)
@step_up()
def export(slug: str) -> Response:
    """All entries with their answers and consents as CSV, streamed; on record before the first row is out."""
    campaign = campaign_of(slug)
    header, rows = _exported(campaign)
    return as_download(write_rows(header, rows), f"{campaign.slug}-entries.csv")


@blueprint.post("/entries.xlsx")
@requires(Role.EDITOR)
@step_up()
def export_workbook(slug: str) -> Response:
    """The same as a workbook for Excel."""
    campaign = campaign_of(slug)
    chunks = xlsx_export.write_workbook(_("Entries"), *_exported(campaign))
    return as_download(chunks, f"{campaign.slug}-entries.xlsx", xlsx_export.MIME)


@blueprint.get("/entries/<id:entry_id>")
@requires(Role.VIEWER)
def detail(slug: str, entry_id: UUID) -> Response:
    """One entry, explained, and its win with all that was done about it."""
    return _page(campaign_of(slug), entry_id)


@blueprint.post("/entries/<id:entry_id>")
@requires(Role.EDITOR)
def handle(slug: str, entry_id: UUID) -> Response:
    """Change the status and notes of the entry's win."""
    campaign = campaign_of(slug)
    award = award_of(campaign, entry_id)
    form = handling_form(award, _last(entry_id))
    saved = form.submit(
        lambda: handling.edit(
            db.session(), entry_id, form.plan(), expected_version=form.version.data, **trail()
        ),
        lambda: (handling_values(award, _last(entry_id)), award.version),
    )
    return _answer(campaign, entry_id, _("Saved.") if saved else "", form.status, handling_form=form)


@blueprint.post("/entries/<id:entry_id>/void")
@requires(Role.EDITOR)
@step_up(StepUp.LIVE)
def void(slug: str, entry_id: UUID) -> Response:
    """Declare the win void, with a reason."""
    campaign = campaign_of(slug)
    award_of(campaign, entry_id)
    form = VoidForm()
    version = form.version.data
    saved = form.submit(lambda: handling.void(db.session(), entry_id, expected_version=version, **trail()))
    return _answer(campaign, entry_id, _("The win is void.") if saved else "", form.status, void_form=form)


@blueprint.post("/entries/<id:entry_id>/return")
@requires(Role.EDITOR)
@step_up(StepUp.LIVE)
def give_back(slug: str, entry_id: UUID) -> Response:
    """Put one fresh unit back into stock for a void one."""
    campaign = campaign_of(slug)
    award_of(campaign, entry_id)
    prize = handling.return_stock(db.session(), entry_id, rng=tools().rng, **trail())
    return _answer(campaign, entry_id, _("One more of %(prize)s can be won.", prize=prize.name), 200)


@blueprint.post("/entries/<id:entry_id>/replace")
@requires(Role.EDITOR)
@step_up(StepUp.LIVE)
def replace(slug: str, entry_id: UUID) -> Response:
    """Give the winner another code in place of a void one."""
    campaign = campaign_of(slug)
    award_of(campaign, entry_id)
    form = ReplaceForm()
    form.offer(handling.offers(db.session(), campaign.id), _last(entry_id).prize_id)
    saved = form.submit(
        lambda: handling.replace(
            db.session(),
            entry_id,
            UUID(hex=str(form.prize.data)),
            expected_version=form.version.data,
            rng=tools().rng,
            **trail(),
        )
    )
    message = _("%(prize)s is given in its place.", prize=saved.prize_name) if saved else ""
    return _answer(campaign, entry_id, message, form.status, replace_form=form)


def _exported(campaign: Campaign) -> tuple[tuple[str, ...], Iterator[tuple[str, ...]]]:
    plan, zone = entry_forms.plan_of(campaign), ZoneInfo(campaign.timezone)
    rows = service.export(db.session(), campaign.id, plan, zone, actor=current_actor(), now=tools().now())
    return service.export_header(plan), rows


def _answer(campaign: Campaign, entry_id: UUID, message: str, status: int, **forms: Any) -> Response:
    """After an act: the page again, with the form that was refused or with the message."""
    if not message:
        return _page(campaign, entry_id, status, **forms)
    if not is_htmx():
        return done(message, url_for("admin.entries.detail", slug=campaign.slug, entry_id=entry_id))
    flash(message, "good")
    return _page(campaign, entry_id)


def _page(campaign: Campaign, entry_id: UUID, status: int = 200, **forms: Any) -> Response:
    session = db.session()
    found = service.explain(session, campaign.id, entry_id)
    issues = handling.issues(session, entry_id)
    award = session.get(Award, entry_id)
    return show(
        "admin/entries/detail.html",
        "admin/entries/_handling.html",
        status,
        campaign=campaign,
        found=found,
        entry=found.entry,
        answers=answers_of(campaign, found.entry),
        consents=consents_of(session, campaign, found.entry),
        others=service.of_person(session, found.entry),
        referral=referrals.explained(session, found.entry),
        bonus_for=bonuses.explained(session, found.entry),
        why_not=not_counted,
        redeemed=redemptions.of_entry(session, entry_id),
        given=[Given(each, _masked(session, each)) for each in issues],
        **(_forms(campaign, award, issues[-1]) | forms if award else {}),
    )


def _forms(campaign: Campaign, award: Award, last: Issue) -> dict[str, Any]:
    """The forms about a win, fresh; which of them are shown is for the page to say."""
    session = db.session()
    is_void = last.status is AwardStatus.VOID
    refusal: Conflict | None = handling.no_return(session, last) if is_void else None
    offers = handling.offers(session, campaign.id) if is_void else []
    replace_form = ReplaceForm(formdata=None, data={"version": award.version})
    replace_form.offer(offers, last.prize_id)
    plain = handling_form(award, last)
    return {
        "award": award,
        "last": last,
        "no_return": told(refusal) if refusal else "",
        "offers": offers,
        "handling_form": plain,
        "void_form": VoidForm(formdata=None, data={"version": award.version}),
        "replace_form": replace_form,
    }


def _last(entry_id: UUID) -> Issue:
    return handling.issues(db.session(), entry_id)[-1]


def _masked(session: Session, issue: handling.Issue) -> str:
    """Empty for a code nobody may see."""
    return "" if handling.is_unseen(issue) else mask(session.get_one(Code, issue.code_id).text)
