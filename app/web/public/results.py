"""The result of an entry, behind its signed link."""

from contextlib import suppress
from uuid import UUID

from flask import (
    Response,
    flash,
    redirect,
    request,
    url_for,
)
from flask_babel import gettext as _
from werkzeug.exceptions import NotFound as PageNotFound
from werkzeug.wrappers import Response as AnyResponse

from app.adapters.tokens import Purpose
from app.domain.agents import is_robot
from app.domain.errors import Busy
from app.domain.outcomes import Drawn, Held, Won
from app.extensions import csrf, db, limiter, tools
from app.services import handling, outbox, seen
from app.services.entries import outcome_of
from app.web import proved
from app.web.public.blueprint import public
from app.web.public.showing import private, reveal, whole_page


@public.get("/c/<slug>/result/<token>")
def result(slug: str, token: str) -> Response:
    """The stored outcome of one entry, behind a signed link: reloading it enters nothing."""
    outcome: Drawn = _stored(slug, token)
    if isinstance(outcome, Won):
        stands = handling.as_it_stands(db.session(), outcome)
        if stands is None:
            return private(reveal("public/withdrawn.html", slug, outcome))
        outcome = stands
        _note_seen(outcome.entry)
    if "mailed" in request.args:
        flash(
            _("We mail it to you again, once an hour at most. Please look into the spam folder too."), "good"
        )
    fresh = proved.is_first_look(outcome.entry)
    return private(reveal(whole_page(outcome), slug, outcome, fresh=fresh))


@public.post("/c/<slug>/result/<token>/mail")
@csrf.exempt  # the address is the token, and a page in a frame has no cookie
@limiter.limit("10/minute;60/hour")
def mail_result(slug: str, token: str) -> AnyResponse:
    """Mail the winner once more. The answer is the same whether or not one goes out."""
    outcome = _stored(slug, token)
    if isinstance(outcome, Won | Held):
        outbox.send_again(db.session(), outcome.entry, now=tools().now(), rng=tools().rng)
    return redirect(url_for("public.result", slug=slug, token=token, mailed=1), 303)


def _stored(slug: str, token: str) -> Drawn:
    """The outcome behind a signed link; 404 for a link that is none of this campaign's."""
    entry = tools().signer.read(Purpose.RESULT, token, tools().now())
    if not isinstance(entry, str):
        raise PageNotFound
    campaign, outcome = outcome_of(db.session(), UUID(hex=entry))
    if campaign.slug != slug:
        raise PageNotFound
    return outcome


def _note_seen(entry_id: UUID) -> None:
    """Note that a win was shown, not to what checks links; a crowded moment costs a count, never the page."""
    if request.method == "GET" and not is_robot(request.user_agent.string):
        with suppress(Busy):
            seen.see(db.session(), entry_id, now=tools().now())
