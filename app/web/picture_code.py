"""The code in a picture, or spoken: it stands in for the proof of work where no JavaScript runs."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext as _
from werkzeug.exceptions import NotFound

from app.adapters.captcha import Unsolved, Verdict
from app.domain.campaign_rules import is_slug
from app.domain.outcomes import RefusalReason
from app.extensions import db, limiter, tools
from app.services import challenges
from app.web.locale import language
from app.web.page_parts import PagePart

human = Blueprint("human", __name__)

TOKEN, TYPED, ANOTHER = "code_token", "code", "another_code"


@dataclass(frozen=True, slots=True)
class Offered:
    """What the form shows: the challenge, where its picture and its sound are, what was typed."""

    token: str
    typed: str
    light_url: str
    dark_url: str
    sound_url: str


@human.get("/c/<slug>/code/<token>.png")
@limiter.limit("60/minute;600/hour")
def picture(slug: str, token: str) -> Response:
    """The digits as a picture, for a light or a dark page."""
    maker = tools().picture_code
    is_dark = request.args.get("on") == "dark"
    drawn = maker.picture(token, slug, tools().now(), dark=is_dark) if maker and is_slug(slug) else None
    return _file(drawn, "image/png")


@human.get("/c/<slug>/code/<token>.wav")
@limiter.limit("60/minute;600/hour")
def sound(slug: str, token: str) -> Response:
    """The digits spoken in the language of the page."""
    maker = tools().picture_code
    spoken = maker.sound(token, slug, language(), tools().now()) if maker and is_slug(slug) else None
    return _file(spoken, "audio/wav")


class Checked(Protocol):
    """A form with the check for humans."""

    altcha: PagePart


def offered(slug: str, form: Checked, now: datetime) -> Offered | None:
    """The challenge to show: the one that was shown while it is still good, else a new one; None when this
    way is switched off.
    """
    maker = tools().picture_code
    if maker is None:
        return None
    token, typed = request.form.get(TOKEN, ""), request.form.get(TYPED, "")[:20]
    if form.altcha.errors or asks_for_another() or not maker.is_open(token, slug, now):
        token, typed = maker.challenge(slug, now, tools().rng), ""
    return shown(slug, token, typed)


def shown(slug: str, token: str, typed: str = "") -> Offered:
    """That challenge, as the form shows it."""
    return Offered(
        token,
        typed,
        url_for("human.picture", slug=slug, token=token),
        url_for("human.picture", slug=slug, token=token, on="dark"),
        url_for("human.sound", slug=slug, token=token),
    )


def asks_for_another() -> bool:
    """Whether the form came back only for another code."""
    return ANOTHER in request.form


def is_used(form: Checked) -> bool:
    """Whether digits were typed in the place of a proof of work; a form with neither tries nothing."""
    has_digits = bool(request.form.get(TOKEN) and request.form.get(TYPED, "").strip())
    return has_digits and not form.altcha.data and tools().picture_code is not None


def verdict_on(slug: str, form: Checked, now: datetime) -> Verdict:
    """What came of the check, by whichever way it was done."""
    if is_used(form):
        return verdict(slug, now)
    return tools().captcha.verify(form.altcha.data, slug, now)


def verdict(slug: str, now: datetime) -> Verdict:
    """Whether the code is right. A wrong one has used its challenge up."""
    maker = tools().picture_code
    assert maker is not None  # noqa: S101 -- see is_used
    found = maker.verify(request.form.get(TOKEN, ""), request.form.get(TYPED, ""), slug, now)
    if isinstance(found, Unsolved) and found.uses_up is not None:
        challenges.use_up(db.session(), found.uses_up)
    return found


def complaint(reason: RefusalReason, form: Checked) -> str:
    """What to say about a check that opens nothing."""
    if reason is RefusalReason.CAPTCHA_INVALID and is_used(form):
        return str(_("Those were not the digits. Here are new ones."))
    messages = {
        RefusalReason.CAPTCHA_EXPIRED: _("The check took too long. Please try once more."),
        RefusalReason.CAPTCHA_SPENT: _("This check was used already. Please try once more."),
    }
    return str(messages.get(reason) or _("Please confirm that you are human."))


def _file(content: bytes | None, mimetype: str) -> Response:
    if content is None:
        raise NotFound
    answer = Response(content, mimetype=mimetype)
    answer.headers["Cache-Control"] = "private, max-age=1200"
    answer.headers["X-Robots-Tag"] = "noindex"
    return answer
