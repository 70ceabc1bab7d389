"""The entrants' pages that draw nothing: landing page, rules and fairness. Thin: service -> template."""

from collections.abc import Callable, Hashable, Mapping
from contextlib import suppress
from datetime import datetime
from functools import partial
from uuid import UUID

from flask import (
    Response,
    current_app,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from werkzeug.exceptions import NotFound as PageNotFound
from werkzeug.wrappers import Response as AnyResponse

from app.adapters.tokens import Purpose
from app.domain.campaign_rules import is_partner_slug
from app.domain.errors import Busy
from app.domain.partner_rules import Touch
from app.extensions import client_address, csrf, db, limiter, tools
from app.models import Campaign, Partner
from app.services import campaigns, landing, partners, traffic
from app.services.landing import LandingPage
from app.web import locale, picture_code, traffic_counts
from app.web.campaign_words import page_in_words
from app.web.public import kept_pages, reminders
from app.web.public.blueprint import public
from app.web.public.forms import form_class
from app.web.public.reminders import ReminderForm
from app.web.public.showing import links
from app.web.public.submission import further_of, link_of
from app.web.share_kit import landing_link


@public.get("/")
def home() -> AnyResponse | str:
    """The one open campaign, or a list of them."""
    opened = landing.open_campaigns(db.session(), now=tools().now())
    if len(opened) == 1:
        return redirect(url_for("public.landing_page", slug=opened[0].slug))
    return render_template("public/home.html", campaigns=opened)


@public.get("/favicon.ico")
def favicon() -> AnyResponse:
    """Browsers ask for it whatever the page says."""
    return redirect(url_for("static", filename="img/favicon.svg"), 301)


@public.get("/c/<slug>")
@limiter.limit("240/minute")
def landing_page(slug: str) -> str:
    """The landing page."""
    return _landing(slug, None)


@public.get("/c/<slug>/embed")
@limiter.limit("240/minute")
def embedded(slug: str) -> str:
    """The landing page for a frame on another site, where it has no cookie."""
    return _landing(slug, None)


@public.get("/c/<slug>/via/<partner>")
@limiter.limit("240/minute")
def via_partner(slug: str, partner: str) -> str:
    """The landing page over a partner's link; an unknown partner changes nothing."""
    return _via(slug, partner, "public.landing_page")


@public.get("/c/<slug>/via/<partner>/embed")
@limiter.limit("240/minute")
def embedded_via(slug: str, partner: str) -> str:
    """The same for a frame on the partner's own site."""
    return _via(slug, partner, "public.embedded")


@public.get("/c/<slug>/from/<token>")
@limiter.limit("240/minute")
def from_friend(slug: str, token: str) -> str:
    """The landing page over somebody's link for friends; one that is none changes nothing."""
    return _landing(slug, None, invite=_kept(slug, token, link_of))


@public.get("/c/<slug>/again/<token>")
@limiter.limit("240/minute")
def once_more(slug: str, token: str) -> str:
    """The landing page over somebody's link to a further entry; one that is none changes nothing."""
    return _landing(slug, None, again=_kept(slug, token, further_of))


def _kept(slug: str, token: str, read: Callable[[str, str], UUID | None]) -> str:
    """The token where it says something; else none, and the page is the campaign's own."""
    if read(slug, token) is not None:
        return token
    locale.page_is(url_for("public.landing_page", slug=slug, lang=None))
    return ""


@public.post("/c/<slug>/reminder")
@csrf.exempt  # the form checks the token itself, like that of an entry
@limiter.limit("5/minute;20/hour")
def remind(slug: str) -> AnyResponse:
    """Have oneself told when the campaign opens."""
    form = reminders.posted()
    return reminders.taken(slug, form) or make_response(_landing(slug, None, form), 422)


@public.get("/p/<short>")
@limiter.limit("240/minute")
def short_link(short: str) -> AnyResponse:
    """A partner's short link."""
    found = partners.find_by_short(db.session(), short.lower())
    if found is None:
        raise PageNotFound
    return redirect(landing_link(campaigns.get_by_id(db.session(), found.campaign_id), found))


@public.get("/c/<slug>/rules")
def rules(slug: str) -> str:
    """The official rules, with the odds in force."""
    page = page_in_words(landing.rules_page(db.session(), slug, now=tools().now()))
    return render_template("public/rules.html", page=page)


@public.get("/c/<slug>/rules/<int:version>")
def kept_rules(slug: str, version: int) -> str:
    """The official rules as they were shown before: each entry names the version it accepted."""
    page = page_in_words(landing.rules_page(db.session(), slug, version, now=tools().now()))
    return render_template("public/rules.html", page=page)


@public.get("/c/<slug>/fairness")
def fairness(slug: str) -> str:
    """How anyone can check the draws."""
    page = page_in_words(landing.fairness_page(db.session(), slug, now=tools().now()))
    return render_template("public/fairness.html", page=page)


@public.get("/c/<slug>/odds/<int:version>.json")
def odds_table(slug: str, version: int) -> Response:
    """One odds table, byte for byte as it is hashed."""
    page = landing.fairness_page(db.session(), slug, now=tools().now())
    for table in page.tables:
        if table.version == version:
            return Response(table.document, mimetype="application/json")
    raise PageNotFound


def _via(slug: str, partner: str, without: str) -> str:
    campaign = campaigns.get(db.session(), slug)
    found = partners.find(db.session(), campaign.id, partner) if is_partner_slug(partner) else None
    if found is None:  # what anybody can write into an address does not come back in a page that is packed
        locale.page_is(url_for(without, slug=slug, lang=None))
    else:
        _count_visit(found)
    return _landing(slug, found)


def _landing(
    slug: str,
    partner: Partner | None,
    reminder: ReminderForm | None = None,
    *,
    invite: str = "",
    again: str = "",
) -> str:
    now = tools().now()
    found = landing.landing_page(db.session(), slug, now=now, partner=partner)
    page = page_in_words(found)
    traffic_counts.count(slug, traffic.PAGE)
    form = form_class(page.campaign)()
    if page.campaign.refer_most:
        form.invite.data, form.again.data = invite, again
    sent, reminder = reminder, reminder or reminders.offered(page)
    counts = _counting(page.campaign, partner, now)
    code = picture_code.offered(slug, form, now)

    def write(own: Mapping[str, str]) -> str:
        form.nonce.data, form.partner.data = own["nonce"], own["partner"]
        for asking in (form, reminder):
            if asking is not None and "csrf_token" in asking:
                asking.csrf_token.current_token = own["csrf"]
        shown = picture_code.shown(slug, own["code"], code.typed) if code else None
        return render_template(
            "public/landing.html", page=page, form=form, code=shown, reminder=reminder, **links(slug)
        )

    own: dict[str, Callable[[], str]] = {
        "nonce": lambda: tools().nonces.mint(tools().rng).hex(),
        "partner": lambda: _attribution(slug, counts, now),
        "csrf": partial(str, form.csrf_token.current_token if "csrf_token" in form else ""),
        "code": lambda: code.token if code else "",
    }
    if sent or form.invite.data or form.again.data or "_flashes" in session:
        return write({name: make() for name, make in own.items()})
    return kept_pages.of(current_app).page(_key(found), own, write, now=now)


def _key(found: LandingPage) -> Hashable:
    """All that decides what a landing page says, but for the time left."""
    campaign, partner = found.campaign, found.partner
    row = [getattr(campaign, column.key) for column in Campaign.__table__.columns]
    greeted = partner and (partner.id, partner.name, partner.handle, partner.picture, partner.greeting)
    return request.endpoint, locale.page_key(), found.phase, found.prizes, repr((row, found.board)), greeted


def _attribution(slug: str, counts: Partner | None, now: datetime) -> str:
    return tools().signer.sign(Purpose.ATTRIBUTION, [slug, counts.id.hex], now) if counts else ""


def _counting(campaign: Campaign, partner: Partner | None, now: datetime) -> Partner | None:
    """The partner an entry on this page counts for: whose link it is, or another whose link was followed."""
    if not campaign.touch_hours or (partner is not None and campaign.touch is Touch.LAST):
        return partner
    return partners.touched(db.session(), campaign, _visitor(), now=now) or partner


def _count_visit(partner: Partner) -> None:
    """Count a person's visit; a crowded moment costs a count, never the page."""
    if request.method != "GET" or not traffic_counts.is_by_somebody():
        return
    with suppress(Busy):
        partners.record_visit(db.session(), partner.id, _visitor(), now=tools().now(), rng=tools().rng)


def _visitor() -> str:
    return f"{client_address()}|{request.user_agent.string}"
