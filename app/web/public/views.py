"""One entry, from the form to its answer. Thin: form -> service -> template."""

from typing import assert_never

from flask import (
    Response,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from app.adapters.links import result_token
from app.domain.outcomes import Drawn, Held, Lapsed, Lost, RefusalReason, Refused, Won
from app.extensions import csrf, db, limiter, tools
from app.services import campaigns, landing, traffic
from app.services.entries import submit_entry
from app.web import picture_code, proved, refusal_counts, traffic_counts
from app.web.campaign_words import page_in_words
from app.web.errors import wants_json
from app.web.public.blueprint import public
from app.web.public.forms import EntryForm, class_of_key, form_class
from app.web.public.showing import links, private, reveal
from app.web.public.submission import submission
from app.web.refusal_counts import Told

CAPTCHA_REASONS = {
    RefusalReason.CAPTCHA_INVALID,
    RefusalReason.CAPTCHA_EXPIRED,
    RefusalReason.CAPTCHA_SPENT,
}


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
        db.session(), submission(slug, form, now), now=now, rng=tools().rng, vault=tools().vault
    )
    if isinstance(outcome, Refused):
        refusal_counts.count(slug, outcome.reason)
    match outcome:
        case Won() | Lost() | Held() | Lapsed():
            return _drawn(slug, outcome)
        case Refused(reason) if reason in CAPTCHA_REASONS:
            form.altcha.errors = [picture_code.complaint(reason, form)]
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


@public.get("/c/<slug>/started")
@limiter.limit("120/minute")
def started(slug: str) -> Response:
    """The page tells that somebody turned to its form."""
    campaigns.get(db.session(), slug)
    traffic_counts.count(slug, traffic.STARTED)
    return private(make_response("", 204))


def _drawn(slug: str, outcome: Drawn) -> AnyResponse:
    if wants_json():
        return private(jsonify(_as_json(outcome)))
    token = result_token(tools().signer, outcome.entry, outcome.at)
    page = url_for("public.result", slug=slug, token=token)
    if not request.headers.get("HX-Request"):
        proved.expect(outcome.entry)
        return redirect(page, 303)
    waits = isinstance(outcome, Held | Lapsed)
    template = "public/_waiting.html" if waits else "public/_reveal.html"
    response = private(reveal(template, slug, outcome, fresh=True))
    response.headers["HX-Replace-Url"] = page  # reloading must never lose what was won
    return response


def _refused(slug: str, outcome: Refused) -> Response:
    if wants_json():
        return make_response(jsonify(outcome="refused", reason=outcome.reason), 409)
    template = "public/_reveal.html" if request.headers.get("HX-Request") else "public/result.html"
    return make_response(reveal(template, slug, outcome), 409)


def _sent_back(slug: str, form: EntryForm) -> Response | None:
    """The form again where it cannot be taken, or came only for another code."""
    if picture_code.asks_for_another():
        return _form_again(slug, form, 200)
    if picture_code.is_used(form):  # without JavaScript nothing was asked for before
        traffic_counts.count(slug, traffic.STARTED)
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
    content = render_template(template, page=page, form=form, code=code, **links(slug))
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
