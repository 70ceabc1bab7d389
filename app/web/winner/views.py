"""A winner's own pages, behind signed links out of mails: what was won, what is stored, and both to forget.

A link proves nothing by being opened: programs that look through mail open links. What changes anything is a
button on the page.
"""

import json
from dataclasses import replace
from typing import Any
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
from werkzeug.wrappers import Response as AnyResponse

from app.adapters.captcha import Unsolved
from app.adapters.links import further_token, referral_token, result_token
from app.adapters.tokens import Purpose
from app.domain.campaign_texts import prize_key
from app.domain.errors import NotFound
from app.domain.identity import mask_email
from app.domain.outcomes import Held, RefusalReason
from app.extensions import csrf, db, limiter, tools
from app.services import challenges, erasure, personal_data, proof, winner_page
from app.services.entries import outcome_of
from app.services.winner_page import Sharing, WinnerPage, WonPrize
from app.web import picture_code, proved
from app.web.ask_forms import ActForm, CheckedAskForm
from app.web.campaign_words import in_words, said

SCOPE = "me"  # what the challenges of this form are good for
winner = Blueprint("winner", __name__, url_prefix="/me")


@winner.route("", methods=["GET", "POST"])
@limiter.limit("5/minute;20/hour", methods=["POST"])
def ask() -> AnyResponse:
    """Ask for a link to one's own page by mail. The answer, and the work, are the same for any address."""
    form = CheckedAskForm()
    if picture_code.asks_for_another():
        return _asking(form, 200)
    if not form.validate_on_submit():
        return _asking(form, 422 if form.is_submitted() else 200)
    if (wrong := _unproven(form)) is not None:
        form.altcha.errors = [picture_code.complaint(wrong, form)]
        return _asking(form, 422)
    winner_page.send_link(db.session(), str(form.email.data), now=tools().now(), rng=tools().rng)
    return redirect(url_for("winner.asked"), 303)


@winner.get("/challenge")
@limiter.limit("120/minute")
def challenge() -> Response:
    """A CAPTCHA challenge for the form above."""
    return jsonify(tools().captcha.challenge(SCOPE, tools().now(), tools().rng))


@winner.get("/asked")
def asked() -> Response:
    """What happens now; no word about whether anybody is known."""
    return _private(render_template("winner/asked.html"))


@winner.route("/proof/<token>", methods=["GET", "POST"])
@limiter.limit("60/minute")
def prove(token: str) -> AnyResponse:
    """The link of a mail that asks for proof: a button, which proves the address and leads to the result."""
    entry = tools().signer.read(Purpose.PROOF, token, tools().now())
    if not isinstance(entry, str):
        return _over()
    entry_id = UUID(hex=entry)
    form = ActForm()
    if form.validate_on_submit():
        return _proved(entry_id)
    try:
        campaign, outcome = outcome_of(db.session(), entry_id)
    except NotFound:
        return _over()
    if not isinstance(outcome, Held):
        return redirect(_result_url(entry_id), 303)
    page = render_template(
        "winner/prove.html",
        campaign=in_words(campaign),
        outcome=outcome,
        email_masked=mask_email(outcome.email),
        form=form,
    )
    return _private(page, 422 if form.is_submitted() else 200)


@winner.get("/<token>")
@limiter.limit("60/minute")
def page(token: str) -> AnyResponse:
    """All that this person has won."""
    person = _person(token)
    if person is None:
        return _over()
    return _private(
        render_template(
            "winner/page.html",
            page=person,
            prizes=[_in_words(won) for won in person.prizes],
            sharing=[_shared(each) for each in person.sharing],
            token=token,
            form=ActForm(),
            email_masked=mask_email(person.email) if person.email else "",
            result_url=_result_url_at,
        )
    )


@winner.post("/<token>/prove/<uuid:entry_id>")
@limiter.limit("60/minute")
def prove_here(token: str, entry_id: UUID) -> AnyResponse:
    """Prove the address of one more entry: whoever came by this link has read the mail to it."""
    person = _person(token)
    if person is None or not ActForm().validate_on_submit():
        return _over()
    mine = {prize.entry_id for prize in person.prizes} | {entry.entry_id for entry in person.waiting}
    return _proved(entry_id) if entry_id in mine else _over()


@winner.get("/<token>/data.json")
@limiter.limit("20/minute")
def export(token: str) -> AnyResponse:
    """All that is stored about this person, as a file."""
    person = _person(token)
    if person is None:
        return _over()
    data = personal_data.export(db.session(), person.entrant.id, now=tools().now(), vault=tools().vault)
    answer = _private(json.dumps(data, indent=1, ensure_ascii=False) + "\n")
    answer.mimetype = "application/json"
    answer.headers["Content-Disposition"] = 'attachment; filename="my-data.json"'
    return answer


@winner.route("/<token>/mail", methods=["GET", "POST"])
@csrf.exempt  # mail programs send it themselves (RFC 8058); whoever has the link may
@limiter.limit("60/minute")
def mail(token: str) -> AnyResponse:
    """Stop, or have again, mail that nobody needs for what they won."""
    person = _person(token)
    if person is None:
        return _over()
    if request.method == "POST":
        wanted = request.form.get("wanted") == "yes"
        winner_page.want_mail(db.session(), person.entrant.id, wanted=wanted, now=tools().now())
        told = _("You will get such mail again.") if wanted else _("You will get no more mail like this.")
        flash(told, "good")
        return redirect(url_for("winner.page", token=token), 303)
    return _private(render_template("winner/mail.html", page=person, token=token))


@winner.route("/<token>/erase", methods=["GET", "POST"])
@limiter.limit("20/minute")
def erase(token: str) -> AnyResponse:
    """Say what erasing means, and do it."""
    person = _person(token)
    if person is None:
        return _over()
    form = ActForm()
    if form.validate_on_submit():
        erasure.erase(
            db.session(), person.entrant.id, now=tools().now(), rng=tools().rng, vault=tools().vault
        )
        return redirect(url_for("winner.erased"), 303)
    page_text = render_template("winner/erase.html", page=person, token=token, form=form)
    return _private(page_text, 422 if form.is_submitted() else 200)


@winner.get("/erased")
def erased() -> Response:
    """That it is done."""
    return _private(render_template("winner/erased.html"))


def _asking(form: CheckedAskForm, status: int) -> Response:
    code = picture_code.offered(SCOPE, form, tools().now())
    page = render_template("winner/ask.html", form=form, code=code, challenge_url=url_for("winner.challenge"))
    return _private(page, status)


def _unproven(form: CheckedAskForm) -> RefusalReason | None:
    """Why the check for humans opens nothing; None where it does, this once."""
    found = picture_code.verdict_on(SCOPE, form, tools().now())
    if isinstance(found, Unsolved):
        return found.reason
    return None if challenges.use_up(db.session(), found) else RefusalReason.CAPTCHA_SPENT


def _person(token: str) -> WinnerPage | None:
    """Whose link this is; None for one that is forged, too old, or of somebody who was erased."""
    entrant = tools().signer.read(Purpose.MY_PRIZES, token, tools().now())
    if not isinstance(entrant, str):
        return None
    try:
        return winner_page.page_of(db.session(), UUID(hex=entrant), now=tools().now())
    except NotFound:
        return None


def _in_words(won: WonPrize) -> WonPrize:
    campaign = won.campaign
    return replace(
        won,
        campaign=in_words(campaign),
        name=said(campaign, prize_key(won.prize_id, "name"), won.name),
        # Empty while the code is: then there is nothing to do with it.
        instructions=said(campaign, prize_key(won.prize_id, "instructions"), won.instructions)
        if won.code
        else "",
    )


def _shared(sharing: Sharing) -> dict[str, Any]:
    """What the page shows of one campaign that friends can be brought to."""
    slug, signer = sharing.campaign.slug, tools().signer
    link = referral_token(signer, slug, sharing.entry_id, sharing.at)
    further = further_token(signer, slug, sharing.entry_id, sharing.at)
    return {
        "campaign": in_words(sharing.campaign),
        "refer": sharing.standing,
        "lacking": sharing.lacking,
        "share_url": tools().settings.public_url + url_for("public.from_friend", slug=slug, token=link),
        "further_url": url_for("public.once_more", slug=slug, token=further),
    }


def _proved(entry_id: UUID) -> AnyResponse:
    try:
        entrant_id = proof.prove(db.session(), entry_id, now=tools().now(), rng=tools().rng)
    except NotFound:
        return _over()
    proved.remember(entrant_id, entry_id)
    return redirect(_result_url(entry_id), 303)


def _result_url(entry_id: UUID) -> str:
    campaign, outcome = outcome_of(db.session(), entry_id)
    token = result_token(tools().signer, entry_id, outcome.at)
    return url_for("public.result", slug=campaign.slug, token=token)


def _result_url_at(won: WonPrize) -> str:
    return url_for(
        "public.result",
        slug=won.campaign.slug,
        token=result_token(tools().signer, won.entry_id, won.at),
    )


def _over() -> Response:
    """The same for whatever is wrong with a link."""
    return _private(render_template("winner/over.html"), 404)


def _private(answer: str, status: int = 200) -> Response:
    response = make_response(answer, status)
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    response.headers["Referrer-Policy"] = "no-referrer"  # the address of the page opens it
    return response
