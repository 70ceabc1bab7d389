"""Winners: who won what, when and through whom; codes masked until somebody asks, which is on record."""

from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import Blueprint, make_response, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.adapters.csv_export import write_rows
from app.domain.errors import Conflict
from app.domain.roles import Role
from app.extensions import db, tools
from app.models import Campaign
from app.services import outbox, partners, prizes, tiers
from app.services import winners as service
from app.web.access import current_actor, is_htmx, requires, step_up
from app.web.admin.answers import done, show
from app.web.admin.downloads import as_download
from app.web.admin.frame import award_of, campaign_of
from app.web.admin.wording import mail_trouble

blueprint = Blueprint("winners", __name__, url_prefix="/campaigns/<slug>")

PAGE = 50


@blueprint.get("/winners")
@requires(Role.VIEWER)
def index(slug: str) -> Response:
    """The winners that fit the filter, newest first, 50 a page."""
    return _page(campaign_of(slug))


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
    rows = service.export(db.session(), campaign.id, **_filter(), actor=current_actor(), now=tools().now())
    lines = write_rows(service.EXPORT_HEADER, (service.as_cells(row, zone) for row in rows))
    return as_download(lines, f"{campaign.slug}-winners.csv")


def _page(campaign: Campaign, shown: dict[UUID, str] | None = None) -> Response:
    session, wanted = db.session(), _filter()
    found = service.search(session, campaign.id, **wanted, after=request.values.get("after"), limit=PAGE)
    chosen = {name: request.values.get(name, "") for name in ("text", "prize", "tier", "partner")}
    more: dict[str, Any] = {name: value for name, value in chosen.items() if value}
    return show(
        "admin/winners/index.html",
        "admin/winners/_list.html",
        campaign=campaign,
        rows=found.rows,
        next_url=url_for("admin.winners.index", slug=campaign.slug, after=found.next, **more)
        if found.next
        else "",
        is_filtered=bool(more),
        is_later_page="after" in request.values,
        chosen=chosen,
        shown=shown or {},
        mails=outbox.told(session, [row.entry_id for row in found.rows]) if tools().office else {},
        mail_trouble=mail_trouble,
        prizes=prizes.listing(session, campaign.id),
        tiers=tiers.listing(session, campaign.id),
        partners=partners.listing(session, campaign.id),
    )


def _filter() -> dict[str, Any]:
    """The filter as the service takes it; an id that is none filters nothing out."""
    return {
        "text": request.values.get("text", "")[:254],
        "prize_id": _id("prize"),
        "tier_id": _id("tier"),
        "partner_id": _id("partner"),
    }


def _id(name: str) -> UUID | None:
    try:
        return UUID(hex=request.values.get(name, ""))
    except ValueError:
        return None
