"""Winners: who won what, when and through whom; codes masked until somebody asks, which is on record."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.adapters import xlsx_export
from app.adapters.csv_export import write_rows
from app.adapters.xlsx_export import Cell
from app.domain.entry_form import FormPlan
from app.domain.errors import Conflict
from app.domain.roles import Role
from app.extensions import db, tools
from app.models import AwardStatus, Campaign
from app.services import entry_forms, handling, outbox, partners, prizes, tiers, winner_keys
from app.services import winners as service
from app.services.winners import WinnerFilter
from app.web.access import current_actor, is_htmx, requires, step_up
from app.web.admin.answers import done, show, trail
from app.web.admin.downloads import as_download
from app.web.admin.frame import award_of, campaign_of
from app.web.admin.winner_forms import STATUS_NAMES, HandlingForm, handling_form, handling_values
from app.web.admin.wording import mail_trouble

blueprint = Blueprint("winners", __name__, url_prefix="/campaigns/<slug>")

PAGE = 50
MANY_WAITING = 200
CHOICES = ("text", "prize", "tier", "partner", "state", "redeemed", "since", "until", "sort")
REDEEMED = {"yes": True, "no": False}
OLDEST = "oldest"


@dataclass(frozen=True, slots=True)
class Editing:
    """The win that is being changed in its row."""

    entry_id: UUID
    form: HandlingForm


@dataclass(frozen=True, slots=True)
class Chip:
    """One part of the filter that is set, and the list without it."""

    label: str
    without: str


@blueprint.get("/winners")
@requires(Role.VIEWER)
def index(slug: str) -> Response:
    """The winners that fit the filter, 50 a page."""
    return _page(campaign_of(slug))


@blueprint.route("/winners/<id:entry_id>/edit", methods=["GET", "POST"])
@requires(Role.EDITOR)
def edit(slug: str, entry_id: UUID) -> Response:
    """Change a win's status and notes in its row."""
    campaign = campaign_of(slug)
    award = award_of(campaign, entry_id)
    form = handling_form(award, handling.issues(db.session(), entry_id)[-1])
    saved = form.submit(
        lambda: handling.edit(
            db.session(), entry_id, form.plan(), expected_version=form.version.data, **trail()
        ),
        lambda: (handling_values(award, handling.issues(db.session(), entry_id)[-1]), award.version),
    )
    if saved is None:
        return _page(campaign, editing=Editing(entry_id, form))
    if is_htmx():
        return _page(campaign, focus=entry_id)
    return redirect(_here(campaign, _anchor=f"win-{entry_id.hex}", after=request.args.get("after")), 303)


@blueprint.post("/winners/<id:entry_id>/code")
@requires(Role.EDITOR)
@step_up()
def reveal(slug: str, entry_id: UUID) -> Response:
    """Show one code in full; who looked is on record."""
    campaign = campaign_of(slug)
    award_of(campaign, entry_id)
    code = service.reveal_code(db.session(), entry_id, actor=current_actor(), now=tools().now())
    if is_htmx():
        return make_response(render_template("admin/winners/_code.html", code=code, entry_id=entry_id))
    return _page(campaign, shown={entry_id: code})


@blueprint.post("/winners/<id:entry_id>/mail")
@requires(Role.EDITOR)
def mail(slug: str, entry_id: UUID) -> Response:
    """Send the winner's mail once more."""
    campaign = campaign_of(slug)
    award_of(campaign, entry_id)
    if tools().office is None:
        raise Conflict("mail is off on this server")
    if handling.issues(db.session(), entry_id)[0].status is AwardStatus.VOID:
        raise Conflict("the mail tells of a code that is void; write to this winner yourself")
    outbox.resend(db.session(), entry_id, actor=current_actor(), now=tools().now(), rng=tools().rng)
    if not is_htmx():
        url = url_for("admin.winners.index", slug=campaign.slug)
        return done(_("The mail to this winner goes out once more."), url)
    told = outbox.told(db.session(), [entry_id])[entry_id]
    values = {"campaign": campaign, "entry_id": entry_id, "told": told, "mail_trouble": mail_trouble}
    return make_response(render_template("admin/winners/_mail.html", **values))


@blueprint.post("/winners.csv")
@requires(Role.EDITOR)
@step_up()
def export(slug: str) -> Response:
    """The winners that fit as CSV with their codes, streamed; on record before the first row is out."""
    campaign = campaign_of(slug)
    zone = ZoneInfo(campaign.timezone)
    plan = entry_forms.plan_of(campaign)
    lines = write_rows(
        service.export_header(plan), (service.as_cells(row, zone, plan) for row in _exported(campaign, zone))
    )
    return as_download(lines, f"{campaign.slug}-winners.csv")


@blueprint.post("/winners.xlsx")
@requires(Role.EDITOR)
@step_up()
def export_workbook(slug: str) -> Response:
    """The same as a workbook for Excel, moments as such in the campaign's zone."""
    campaign = campaign_of(slug)
    zone = ZoneInfo(campaign.timezone)
    plan = entry_forms.plan_of(campaign)
    rows = (_as_line(row, zone, plan) for row in _exported(campaign, zone))
    chunks = xlsx_export.write_workbook(_("Winners"), service.export_header(plan), rows)
    return as_download(chunks, f"{campaign.slug}-winners.xlsx", xlsx_export.MIME)


def _as_line(row: service.WinnerRow, zone: ZoneInfo, plan: FormPlan) -> list[Cell]:
    cells: list[Cell] = [*service.as_cells(row, zone, plan)]
    for name, moment in (("won_at", row.at), ("redeemed_at", row.redeemed_at)):
        if moment is not None:
            cells[service.EXPORT_HEADER.index(name)] = moment.astimezone(zone)
    return cells


def _exported(campaign: Campaign, zone: ZoneInfo) -> Iterator[service.WinnerRow]:
    return service.export(db.session(), campaign.id, _filter(zone), actor=current_actor(), now=tools().now())


def _page(
    campaign: Campaign,
    shown: dict[UUID, str] | None = None,
    editing: Editing | None = None,
    focus: UUID | None = None,
) -> Response:
    session, wanted = db.session(), _filter(ZoneInfo(campaign.timezone))
    if wanted.text:
        winner_keys.write_keys(session, campaign.id, at_least=MANY_WAITING)
    found = service.search(
        session,
        campaign.id,
        wanted,
        oldest_first=_chosen()["sort"] == OLDEST,
        after=request.values.get("after"),
        limit=PAGE,
    )
    listed = {
        "prize": prizes.listing(session, campaign.id),
        "tier": tiers.listing(session, campaign.id),
        "partner": partners.listing(session, campaign.id),
    }
    return show(
        "admin/winners/index.html",
        "admin/winners/_list.html",
        editing.form.status if editing else 200,
        campaign=campaign,
        found=found,
        next_url=_here(campaign, after=found.next) if found.next else "",
        here=lambda **changed: _here(campaign, **changed),
        row_values=_set() | {"after": request.values.get("after")},
        is_filtered=bool(_set().keys() - {"sort"}),
        is_later_page="after" in request.values,
        chosen=_chosen(),
        chips=list(_chips(campaign, listed)),
        listed=listed,
        statuses=[("", _("All")), *((each.value, STATUS_NAMES[each]) for each in AwardStatus)],
        shown=shown or {},
        editing=editing,
        focus=focus,
        mails=outbox.told(session, [row.entry_id for row in found.rows]) if tools().office else {},
        mail_trouble=mail_trouble,
    )


def _chosen() -> dict[str, str]:
    return {name: request.values.get(name, "") for name in CHOICES}


def _set() -> dict[str, str]:
    return {name: value for name, value in _chosen().items() if value}


def _here(campaign: Campaign, **changed: Any) -> str:
    """This list with some of its choices changed; None takes one away."""
    values: dict[str, Any] = {**_set(), **changed}
    return url_for("admin.winners.index", slug=campaign.slug, **values)


def _chips(campaign: Campaign, listed: dict[str, Any]) -> Iterator[Chip]:
    chosen = _chosen()
    for name, rows in listed.items():
        for row in rows:
            if row.id.hex == chosen[name]:
                yield Chip(row.name, _here(campaign, **{name: None}))
    if chosen["text"].strip():
        yield Chip(f"“{chosen['text'].strip()}”", _here(campaign, text=None))
    for name, template in (("since", _("from %(day)s")), ("until", _("until %(day)s"))):
        if _day(name) is not None:
            yield Chip(template % {"day": chosen[name]}, _here(campaign, **{name: None}))


def _filter(zone: ZoneInfo) -> WinnerFilter:
    """The filter as the service takes it; an id or a day that is none filters nothing out."""
    state = request.values.get("state", "")
    return WinnerFilter(
        text=request.values.get("text", "")[:254],
        prize_id=_id("prize"),
        tier_id=_id("tier"),
        partner_id=_id("partner"),
        status=AwardStatus(state) if state in set(AwardStatus) else None,
        redeemed=REDEEMED.get(request.values.get("redeemed", "")),
        since=_start(_day("since"), zone),
        until=_start(_day("until"), zone, days=1),
    )


def _id(name: str) -> UUID | None:
    try:
        return UUID(hex=request.values.get(name, ""))
    except ValueError:
        return None


def _day(name: str) -> date | None:
    try:
        day = date.fromisoformat(request.values.get(name, ""))
    except ValueError:
        return None
    return day if 1970 <= day.year <= 9000 else None


def _start(day: date | None, zone: ZoneInfo, days: int = 0) -> datetime | None:
    """The beginning of a day, or of the one so many days later, in the campaign's zone."""
    return datetime.combine(day + timedelta(days), time(), zone) if day else None
