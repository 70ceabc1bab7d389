"""A partner's own figures: what the link brought in, without a word about who came."""

from uuid import UUID

from flask import Blueprint, Response, make_response, render_template, url_for
from werkzeug.exceptions import NotFound as PageNotFound

from app.adapters.tokens import Purpose
from app.extensions import db, limiter, tools
from app.services import campaigns, partners
from app.web.filters import grouped

partner = Blueprint("partner", __name__, url_prefix="/partner")

SMALLEST_SHOWN = 5


@partner.get("/<token>")
@limiter.limit("60/minute")
def figures(token: str) -> Response:
    """Visits, entries and wins of the partner whose link this is; counts under 5 are shown as "<5"."""
    partner_id = tools().signer.read(Purpose.PARTNER, token, tools().now())
    if not isinstance(partner_id, str):
        raise PageNotFound
    session = db.session()
    found = partners.get(session, UUID(hex=partner_id))
    campaign = campaigns.get_by_id(session, found.campaign_id)
    days = partners.by_day(session, found.id)
    page = render_template(
        "partner/figures.html",
        partner=found,
        campaign=campaign,
        figures={
            "visits": _shown(sum(day.visits for day in days)),
            "entries": _shown(sum(day.entries for day in days)),
            "wins": _shown(sum(day.wins for day in days)),
        },
        by_day=[(day.day, _shown(day.visits), _shown(day.entries), _shown(day.wins)) for day in days],
        link=f"{tools().settings.public_url}"
        + url_for("public.via_partner", slug=campaign.slug, partner=found.slug),
    )
    response = make_response(page)
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def _shown(count: int) -> str:
    return grouped(count) if count == 0 or count >= SMALLEST_SHOWN else f"<{SMALLEST_SHOWN}"
