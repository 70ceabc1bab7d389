"""A partner's own pages: what the link brought in, without a word about who came, and what to share.

A link out of a mail or from staff works once and opens a visit; the button does it, since programs that look
through mail open links. Links of the first kind, good for a year, work until staff take the access back.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

from flask import Blueprint, Response, make_response, redirect, render_template, session, url_for
from flask_babel import gettext as _
from werkzeug.exceptions import NotFound as PageNotFound
from werkzeug.wrappers import Response as AnyResponse

from app.adapters.csv_export import write_rows
from app.adapters.tokens import Purpose
from app.domain.errors import NotFound
from app.domain.small_counts import SMALLEST, Shown
from app.extensions import db, limiter, tools
from app.models import Campaign, Partner
from app.services import campaigns, partner_portal, partners
from app.services.partner_portal import MEASURES, Portal
from app.web.ask_forms import ActForm, AskForm
from app.web.charts import bars
from app.web.filters import grouped, money
from app.web.share_kit import qr_answer, share_kit

partner = Blueprint("partner", __name__, url_prefix="/partner")

VISIT = timedelta(days=14)
_KEY = "partner"


@partner.get("")
@limiter.limit("60/minute")
def home() -> AnyResponse:
    """The figures and the share kit of whoever has opened a link."""
    visitor = _visitor()
    return redirect(url_for("partner.ask")) if visitor is None else _figures(visitor)


@partner.route("/ask", methods=["GET", "POST"])
@limiter.limit("5/minute;20/hour", methods=["POST"])
def ask() -> AnyResponse:
    """Ask for a link by mail. The answer is the same for any address."""
    form = AskForm()
    if not form.validate_on_submit():
        return _private(render_template("partner/ask.html", form=form), 422 if form.is_submitted() else 200)
    partners.send_links(db.session(), str(form.email.data), now=tools().now(), rng=tools().rng)
    return redirect(url_for("partner.asked"), 303)


@partner.get("/asked")
def asked() -> Response:
    """What happens now; no word about whether anybody is known."""
    return _private(render_template("partner/asked.html"))


@partner.post("/leave")
@limiter.limit("60/minute")
def leave() -> AnyResponse:
    """End the visit in this browser."""
    if ActForm().validate_on_submit():
        session.pop(_KEY, None)
    return redirect(url_for("partner.ask"), 303)


@partner.get("/figures.csv")
@limiter.limit("20/minute")
def export() -> Response:
    """The days of the page as a file."""
    found, campaign = _known()
    answer = Response("".join(_rows(_portal(found, campaign))), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="{campaign.slug}-{found.slug}.csv"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


@partner.get("/qr.<any(svg, png):kind>")
@limiter.limit("60/minute")
def qr(kind: str) -> Response:
    """The short link as a QR code to print."""
    found, _campaign = _known()
    return qr_answer(found, kind)


@partner.route("/<token>", methods=["GET", "POST"])
@limiter.limit("60/minute")
def figures(token: str) -> AnyResponse:
    """A link: a button that opens the visit. One of the first kind shows the figures at once."""
    now = tools().now()
    known = tools().signer.read(Purpose.PARTNER, token, now)
    if isinstance(known, str):
        found = _find(UUID(hex=known))
        return _figures(found) if found and found.access_counter == 0 else _over()
    match tools().signer.read(Purpose.PARTNER_LINK, token, now):
        case [str(hex_id), int(counter)]:
            return _open(UUID(hex=hex_id), counter)
        case _:
            return _over()


def _open(partner_id: UUID, counter: int) -> AnyResponse:
    found = _find(partner_id)
    if found is None or found.link_counter != counter:
        return _over()
    form = ActForm()
    if not form.validate_on_submit():
        page = render_template("partner/open.html", partner=found, form=form)
        return _private(page, 422 if form.is_submitted() else 200)
    access = partners.open_link(db.session(), partner_id, counter)
    if access is None:
        return _over()
    session[_KEY] = [partner_id.hex, access, int(tools().now().timestamp())]
    return redirect(url_for("partner.home"), 303)


def _visitor() -> Partner | None:
    """Whose visit this browser has open; None when it is over, or was taken back."""
    match session.get(_KEY):
        case [str(hex_id), int(access), int(since)]:
            found = _find(UUID(hex=hex_id))
            is_fresh = tools().now() < datetime.fromtimestamp(since, UTC) + VISIT
            return found if found and is_fresh and found.access_counter == access else None
        case _:
            return None


def _known() -> tuple[Partner, Campaign]:
    found = _visitor()
    if found is None:
        raise PageNotFound
    return found, campaigns.get_by_id(db.session(), found.campaign_id)


def _find(partner_id: UUID) -> Partner | None:
    try:
        return partners.get(db.session(), partner_id)
    except NotFound:
        return None


def _portal(found: Partner, campaign: Campaign) -> Portal:
    return partner_portal.portal(db.session(), found, campaign, now=tools().now())


def _figures(found: Partner) -> Response:
    campaign = campaigns.get_by_id(db.session(), found.campaign_id)
    portal = _portal(found, campaign)
    charted = list(zip(portal.counts["visits"].days, portal.counts["entries"].days, strict=True))
    page = render_template(
        "partner/figures.html",
        partner=found,
        campaign=campaign,
        portal=portal,
        tiles=_tiles(portal),
        rows=[
            (day, [_shown(cell) for cell in portal.cells(place)], _revenue(portal, place))
            for place, day in reversed(list(enumerate(portal.days)))
        ],
        chart=bars([(visits or 0, entries or 0) for visits, entries in charted], 480, 120),
        kit=share_kit(campaign, found),
        is_visit=_visitor() is not None,
        form=ActForm(),
    )
    return _private(page)


def _tiles(portal: Portal) -> list[tuple[str, str]]:
    labels = {
        "visits": _("Visits"),
        "people": _("People who entered"),
        "entries": _("Entries"),
        "wins": _("Wins"),
        "redemptions": _("Redeemed"),
    }
    tiles = [(labels[name], _shown(portal.counts[name].whole)) for name in MEASURES]
    return tiles + [(_("Revenue"), _amount(kept, currency)) for currency, kept in portal.revenue.items()]


def _shown(count: int | None) -> str:
    return f"<{SMALLEST}" if count is None else grouped(count)


def _amount(kept: Shown, currency: str) -> str:
    return "–" if kept.whole is None else money(kept.whole, currency)


def _revenue(portal: Portal, place: int) -> str:
    told = [
        money(amount, currency)
        for currency, kept in portal.revenue.items()
        if (amount := kept.days[place]) is not None and amount
    ]
    return " · ".join(told) or "–"


def _rows(portal: Portal) -> Iterator[str]:
    header = ["day", *MEASURES, *(f"revenue_{currency}" for currency in portal.revenue)]
    lines = (
        [
            day.isoformat(),
            *(_plain(cell) for cell in portal.cells(place)),
            *(_plain(kept.days[place]) for kept in portal.revenue.values()),
        ]
        for place, day in enumerate(portal.days)
    )
    return write_rows(header, lines)


def _plain(count: int | None) -> str:
    return f"<{SMALLEST}" if count is None else str(count)


def _over() -> Response:
    """The same for whatever is wrong with a link."""
    return _private(render_template("partner/over.html"), 404)


def _private(answer: str, status: int = 200) -> Response:
    response = make_response(answer, status)
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    response.headers["Referrer-Policy"] = "no-referrer"  # the address of the page may open it
    return response
