"""The entrants' pages: landing page, entry, result, rules and fairness. Thin: form -> service -> template."""

from contextlib import suppress
from datetime import datetime
from typing import Any, assert_never
from uuid import UUID

from flask import (
    Blueprint,
    Response,
    flash,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_babel import gettext as _
from markupsafe import Markup
from werkzeug.exceptions import NotFound as PageNotFound
from werkzeug.wrappers import Response as AnyResponse

from app.adapters.captcha import Verdict
from app.adapters.links import referral_token, result_token
from app.adapters.qr import qr_svg
from app.adapters.tokens import Purpose
from app.domain.agents import device_class, is_robot
from app.domain.campaign_rules import is_partner_slug
from app.domain.errors import Busy
from app.domain.identity import mask_email
from app.domain.outcomes import Drawn, Held, Lapsed, Lost, Outcome, RefusalReason, Refused, Won
from app.domain.partner_rules import Touch
from app.domain.sources import Source, source_of
from app.extensions import client_address, csrf, db, known_network, limiter, tools
from app.models import Campaign, NonceSource, Partner
from app.services import campaigns, handling, landing, outbox, partners, referrals, seen, traffic
from app.services.entries import Submission, outcome_of, submit_entry
from app.services.referrals import Invitation
from app.web import locale, proved, refusal_counts, traffic_counts
from app.web.campaign_words import in_words, outcome_in_words, page_in_words
from app.web.errors import wants_json
from app.web.public import picture_code, reminders
from app.web.public.forms import EntryForm, class_of_key, form_class
from app.web.public.reminders import ReminderForm
from app.web.refusal_counts import Told
from app.web.share_kit import landing_link

public = Blueprint("public", __name__)

CAPTCHA_REASONS = {
    RefusalReason.CAPTCHA_INVALID,
    RefusalReason.CAPTCHA_EXPIRED,
    RefusalReason.CAPTCHA_SPENT,
}


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


def _via(slug: str, partner: str, without: str) -> str:
    campaign = campaigns.get(db.session(), slug)
    found = partners.find(db.session(), campaign.id, partner) if is_partner_slug(partner) else None
    if found is None:  # what anybody can write into an address does not come back in a page that is packed
        locale.page_is(url_for(without, slug=slug, lang=None))
    else:
        _count_visit(found)
    return _landing(slug, found)


@public.get("/c/<slug>/from/<token>")
@limiter.limit("240/minute")
def from_friend(slug: str, token: str) -> str:
    """The landing page over somebody's link for friends; one that is none changes nothing."""
    if _link_of(slug, token) is None:
        locale.page_is(url_for("public.landing_page", slug=slug, lang=None))
        token = ""
    return _landing(slug, None, invite=token)


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


@public.post("/c/<slug>/entries")
@csrf.exempt  # EntryForm checks the token itself, so that a stale page gets its form back, filled in
@limiter.limit("60/minute;600/hour")
def enter(slug: str) -> AnyResponse:
    """One entry: its fields, its CAPTCHA, its draw, its answer."""
    made_with = class_of_key(db.session(), request.form.get("form", ""))
    if made_with is None:
        return _form_changed(slug)
    form = made_with(request.form)  # form fields alone: a JSON body is not a way round their checks
    if (sent_back := _sent_back(slug, form)) is not None:
        return sent_back
    now = tools().now()
    outcome = submit_entry(
        db.session(), _submission(slug, form, now), now=now, rng=tools().rng, vault=tools().vault
    )
    if isinstance(outcome, Refused):
        refusal_counts.count(slug, outcome.reason)
    match outcome:
        case Won() | Lost() | Held() | Lapsed():
            return _drawn(slug, outcome)
        case Refused(reason) if reason in CAPTCHA_REASONS:
            form.altcha.errors = [_captcha_message(reason, form)]
            return _form_again(slug, form)
        case Refused(RefusalReason.FORM_CHANGED):
            return _form_changed(slug)
        case Refused():
            return _refused(slug, outcome)
        case _ as unreachable:
            assert_never(unreachable)


@public.get("/c/<slug>/challenge")
@limiter.limit("120/minute")
def challenge(slug: str) -> Response:
    """A CAPTCHA challenge for this campaign."""
    campaign = campaigns.get(db.session(), slug)
    traffic_counts.count(slug, traffic.SENT)
    return jsonify(tools().captcha.challenge(campaign.slug, tools().now(), tools().rng))


@public.get("/c/<slug>/result/<token>")
def result(slug: str, token: str) -> Response:
    """The stored outcome of one entry, behind a signed link: reloading it enters nothing."""
    outcome: Drawn = _stored(slug, token)
    if isinstance(outcome, Won):
        stands = handling.as_it_stands(db.session(), outcome)
        if stands is None:
            return _private(_reveal("public/withdrawn.html", slug, outcome))
        outcome = stands
        _note_seen(outcome.entry)
    if "mailed" in request.args:
        flash(
            _("We mail it to you again, once an hour at most. Please look into the spam folder too."), "good"
        )
    fresh = proved.is_first_look(outcome.entry)
    return _private(_reveal(_whole_page(outcome), slug, outcome, fresh=fresh))


@public.post("/c/<slug>/result/<token>/mail")
@csrf.exempt  # the address is the token, and a page in a frame has no cookie
@limiter.limit("10/minute;60/hour")
def mail_result(slug: str, token: str) -> AnyResponse:
    """Mail the winner once more. The answer is the same whether or not one goes out."""
    outcome = _stored(slug, token)
    if isinstance(outcome, Won | Held):
        outbox.send_again(db.session(), outcome.entry, now=tools().now(), rng=tools().rng)
    return redirect(url_for("public.result", slug=slug, token=token, mailed=1), 303)


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


def _stored(slug: str, token: str) -> Drawn:
    """The outcome behind a signed link; 404 for a link that is none of this campaign's."""
    entry = tools().signer.read(Purpose.RESULT, token, tools().now())
    if not isinstance(entry, str):
        raise PageNotFound
    campaign, outcome = outcome_of(db.session(), UUID(hex=entry))
    if campaign.slug != slug:
        raise PageNotFound
    return outcome


def _landing(
    slug: str, partner: Partner | None, reminder: ReminderForm | None = None, invite: str = ""
) -> str:
    now = tools().now()
    page = page_in_words(landing.landing_page(db.session(), slug, now=now, partner=partner))
    traffic_counts.count(slug, traffic.PAGE)
    form = form_class(page.campaign)()
    form.nonce.data = tools().nonces.mint(tools().rng).hex()
    form.invite.data = invite if page.campaign.refer_most else ""
    counts = _counting(page.campaign, partner, now)
    if counts is not None:
        form.partner.data = tools().signer.sign(Purpose.ATTRIBUTION, [slug, counts.id.hex], now)
    code = picture_code.offered(slug, form, now)
    reminder = reminder or reminders.offered(page)
    return render_template(
        "public/landing.html", page=page, form=form, code=code, reminder=reminder, **_links(slug)
    )


def _counting(campaign: Campaign, partner: Partner | None, now: datetime) -> Partner | None:
    """The partner an entry on this page counts for: whose link it is, or another whose link was followed."""
    if not campaign.touch_hours or (partner is not None and campaign.touch is Touch.LAST):
        return partner
    return partners.touched(db.session(), campaign, _visitor(), now=now) or partner


def _links(slug: str) -> dict[str, str]:
    return {
        "submit_url": url_for("public.enter", slug=slug),
        "challenge_url": url_for("public.challenge", slug=slug),
        "rules_url": url_for("public.rules", slug=slug),
        "fairness_url": url_for("public.fairness", slug=slug),
        "landing_url": url_for("public.landing_page", slug=slug),
    }


def _note_seen(entry_id: UUID) -> None:
    """Note that a win was shown, not to what checks links; a crowded moment costs a count, never the page."""
    if request.method == "GET" and not is_robot(request.user_agent.string):
        with suppress(Busy):
            seen.see(db.session(), entry_id, now=tools().now())


def _count_visit(partner: Partner) -> None:
    """Count a person's visit; a crowded moment costs a count, never the page."""
    if request.method != "GET" or request.headers.get("Sec-Purpose", "").startswith("prefetch"):
        return
    with suppress(Busy):
        partners.record_visit(db.session(), partner.id, _visitor(), now=tools().now(), rng=tools().rng)


def _visitor() -> str:
    return f"{client_address()}|{request.user_agent.string}"


def _submission(slug: str, form: EntryForm, now: datetime) -> Submission:
    nonce = bytes.fromhex(form.nonce.data)
    return Submission(
        campaign=slug,
        name=form.text("name"),
        email=str(form.email.data),
        marketing=form.ticked("marketing"),
        form_version=form.shown.version,
        form_of=form.shown.campaign_id,
        answers=form.answers.document,
        nonce=nonce,
        nonce_source=NonceSource.SERVER if tools().nonces.is_ours(nonce) else NonceSource.BROWSER,
        locale=locale.language(),
        captcha=_verdict(slug, form, now),
        partner_id=_attribution(slug, form.partner.data),
        network=_network(now),
        invited=_invited(slug, form.invite.data),
        proved=proved.people(),
        source=_source(),
        shown=bool(request.headers.get("HX-Request")) or wants_json(),
    )


def _source() -> Source:
    """What the address of the page said that the form stood on: no field of it, and no cookie."""
    address = request.headers.get("HX-Current-URL") or request.referrer or ""
    return source_of(address, device_class(request.user_agent.string))


def _verdict(slug: str, form: EntryForm, now: datetime) -> Verdict:
    if picture_code.is_used(form):
        return picture_code.verdict(slug, now)
    return tools().captcha.verify(form.altcha.data, slug, now)


def _invited(slug: str, token: str) -> Invitation | None:
    """By whose link this form came; None where there was none, or it is of another campaign."""
    link = _link_of(slug, token) if token else None
    if link is None:
        return None
    return referrals.invitation(db.session(), link, known_network(), tools().networks)


def _link_of(slug: str, token: str) -> UUID | None:
    match tools().signer.read(Purpose.REFERRAL, token, tools().now()):
        case [str(campaign), str(entry)] if campaign == slug:
            return UUID(hex=entry)
        case _:
            return None


def _network(now: datetime) -> bytes | None:
    prefix = known_network()
    if prefix is None:
        return None
    return tools().networks.hashed(db.session(), prefix, now=now, rng=tools().rng)


def _attribution(slug: str, token: str) -> UUID | None:
    """The partner whose link this form came from; None for no token, or one for another campaign."""
    match tools().signer.read(Purpose.ATTRIBUTION, token, tools().now()):
        case [str(campaign), str(partner)] if campaign == slug:
            return UUID(hex=partner)
        case _:
            return None


def _drawn(slug: str, outcome: Drawn) -> AnyResponse:
    if wants_json():
        return _private(jsonify(_as_json(outcome)))
    token = result_token(tools().signer, outcome.entry, outcome.at)
    page = url_for("public.result", slug=slug, token=token)
    if not request.headers.get("HX-Request"):
        proved.expect(outcome.entry)
        return redirect(page, 303)
    waits = isinstance(outcome, Held | Lapsed)
    template = "public/_waiting.html" if waits else "public/_reveal.html"
    response = _private(_reveal(template, slug, outcome, fresh=True))
    response.headers["HX-Replace-Url"] = page  # reloading must never lose what was won
    return response


def _whole_page(outcome: Drawn) -> str:
    return "public/waiting.html" if isinstance(outcome, Held | Lapsed) else "public/result.html"


def _refused(slug: str, outcome: Refused) -> Response:
    if wants_json():
        return make_response(jsonify(outcome="refused", reason=outcome.reason), 409)
    template = "public/_reveal.html" if request.headers.get("HX-Request") else "public/result.html"
    return make_response(_reveal(template, slug, outcome), 409)


def _sent_back(slug: str, form: EntryForm) -> Response | None:
    """The form again where it cannot be taken, or came only for another code."""
    if picture_code.asks_for_another():
        return _form_again(slug, form, 200)
    if picture_code.is_used(form):  # without JavaScript nothing was asked for before
        traffic_counts.count(slug, traffic.SENT)
    if form.validate_on_submit():
        return None
    refusal_counts.count(slug, _why(form))
    return _form_again(slug, form)


def _form_again(slug: str, form: EntryForm, status: int = 422) -> Response:
    """The form with its errors in place and what was filled in still there, and a fresh token in it."""
    if form.csrf_token.errors:
        form.csrf_token.errors = [_("This page was open for too long. Please send it once more.")]
    page = page_in_words(landing.landing_page(db.session(), slug, now=tools().now()))  # 404 for no campaign
    if wants_json():
        return make_response(jsonify(errors=form.errors), 422)
    template = "public/_entry_form.html" if request.headers.get("HX-Request") else "public/landing.html"
    code = picture_code.offered(slug, form, tools().now())
    content = render_template(template, page=page, form=form, code=code, **_links(slug))
    return make_response(content, status)


def _form_changed(slug: str) -> Response:
    """The form as it is now, with what fits in it, in the place of the one that was filled in."""
    form = form_class(campaigns.get(db.session(), slug))(request.form)
    form.refuse_stale()
    return _form_again(slug, form)


def _why(form: EntryForm) -> Told:
    """What kept a form from being taken, for the count."""
    if form.csrf_token.errors:
        return Told.STALE_PAGE
    return Told.BOT if form.altcha.errors else Told.FORM


def _reveal(template: str, slug: str, outcome: Outcome, *, fresh: bool = False) -> str:
    """The outcome as a fragment or as a page: one content, from the stored row alone. A `fresh` one is played
    out as the campaign has it.
    """
    campaign = in_words(campaigns.get(db.session(), slug))
    return render_template(
        template,
        campaign=campaign,
        outcome=outcome_in_words(campaign, outcome),
        fresh=fresh,
        mail_url=_mail_url(slug, outcome) if isinstance(outcome, Won | Held) else "",
        **told_of(outcome),
        **_links(slug),
        **_shared(campaign, outcome),
    )


def _shared(campaign: Campaign, outcome: Outcome) -> dict[str, Any]:
    """The address to pass on: one's own, where the campaign counts whom it brings."""
    path = url_for("public.landing_page", slug=campaign.slug)
    refer = None
    if campaign.refer_most and isinstance(outcome, Won | Lost):
        refer = referrals.standing(db.session(), outcome.entry)
        token = referral_token(tools().signer, campaign.slug, outcome.entry, outcome.at)
        path = url_for("public.from_friend", slug=campaign.slug, token=token)
    return {"refer": refer, "share_url": tools().settings.public_url + path}


def _mail_url(slug: str, outcome: Won | Held) -> str:
    token = result_token(tools().signer, outcome.entry, outcome.at)
    return url_for("public.mail_result", slug=slug, token=token)


def told_of(outcome: Outcome) -> dict[str, str]:
    """What the page of a win shows beside its row: the address, masked, and the code as a QR code."""
    if isinstance(outcome, Held):
        return {"email_masked": mask_email(outcome.email), "qr": ""}
    if not isinstance(outcome, Won):
        return {"email_masked": "", "qr": ""}
    # Our own drawing; what it encodes is never text in it.
    return {"email_masked": mask_email(outcome.email), "qr": Markup(qr_svg(outcome.code))}  # noqa: S704


def _as_json(outcome: Drawn) -> dict[str, str]:
    match outcome:
        case Won():
            return {
                "outcome": "won",
                "tier": outcome.tier,
                "prize": outcome.prize,
                "code": outcome.code,
                "entry": outcome.entry.hex,
            }
        case Held():
            prize = {"prize": outcome.prize} if outcome.prize else {}
            return {"outcome": "held", "entry": outcome.entry.hex} | prize
        case Lapsed():
            return {"outcome": "lapsed", "entry": outcome.entry.hex}
        case Lost():
            return {"outcome": "lost", "entry": outcome.entry.hex}
        case _ as unreachable:
            assert_never(unreachable)


def _captcha_message(reason: RefusalReason, form: EntryForm) -> str:
    if reason is RefusalReason.CAPTCHA_INVALID and picture_code.is_used(form):
        return picture_code.wrong_code()
    messages = {
        RefusalReason.CAPTCHA_EXPIRED: _("The check took too long. Please try once more."),
        RefusalReason.CAPTCHA_SPENT: _("This check was used already. Please try once more."),
    }
    return str(messages.get(reason) or _("Please confirm that you are human."))


def _private(answer: Response | str) -> Response:
    response = make_response(answer)
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    return response
