"""Asking to be told, once and by mail, when a campaign opens; and taking that back."""

from collections.abc import Mapping
from uuid import UUID

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response as AnyResponse
from wtforms import EmailField, Field, ValidationError
from wtforms.validators import DataRequired, Length

from app.adapters.tokens import Purpose
from app.domain.eligibility import Phase, phase
from app.domain.errors import NotFound
from app.domain.identity import InvalidAddress, canonical_email
from app.extensions import csrf, db, limiter, tools
from app.models import Campaign
from app.services import campaigns, opening_reminders
from app.services.entries import window_of
from app.services.landing import LandingPage
from app.web import locale
from app.web.campaign_words import in_words
from app.web.public.page_tokens import PageToken

reminders = Blueprint("reminders", __name__)


def _mail_address(_form: FlaskForm, field: Field) -> None:
    try:
        canonical_email(field.data)
    except InvalidAddress:
        raise ValidationError(_l("Please give a valid e-mail address, like name@example.org.")) from None


class ReminderForm(FlaskForm):
    """Whom to write to; and a field that nobody sees and only programs fill in."""

    class Meta(FlaskForm.Meta):
        """Every message here is our own; the form stands on pages inside other sites, too."""

        csrf_class = PageToken

        def get_translations(self, form: FlaskForm) -> None:
            """No catalogue beside ours."""

    waiting_email = EmailField(
        _l("E-mail address"),
        filters=[lambda value: value.strip() if isinstance(value, str) else value],
        validators=[
            DataRequired(_l("Please give your e-mail address.")),
            Length(max=254, message=_l("An e-mail address has at most 254 characters.")),
            _mail_address,
        ],
    )

    def __init__(self, formdata: Mapping[str, str] | None = None) -> None:
        super().__init__(formdata=formdata)
        self.is_trap_filled = bool((formdata or {}).get("homepage"))


def offered(page: LandingPage) -> ReminderForm | None:
    """The form that a landing page shows: before the opening, where mail can be sent."""
    return ReminderForm() if page.phase is Phase.NOT_OPEN and tools().office is not None else None


@reminders.get("/c/<slug>/reminder")
@limiter.limit("240/minute")
def asked(slug: str) -> AnyResponse:
    """What happens now; no word about which addresses are known. Nobody waits for a campaign that is open."""
    campaign = campaigns.get(db.session(), slug)
    if phase(window_of(campaign), tools().now()) is not Phase.NOT_OPEN:
        return redirect(url_for("public.landing_page", slug=slug))
    return _page("asked", campaign)


@reminders.get("/c/<slug>/reminder/<token>")
@limiter.limit("60/minute")
def cancelling(slug: str, token: str) -> Response:
    """The link of the mail: a button, since programs that look through mail open links."""
    found = _waiting(slug, token)
    return _gone(slug) if found is None else _page("cancelling", found[0])


@reminders.post("/c/<slug>/reminder/<token>")
@csrf.exempt  # mail programs send it themselves (RFC 8058); whoever has the link may
@limiter.limit("60/minute")
def cancel(slug: str, token: str) -> Response:
    """No mail about this opening."""
    found = _waiting(slug, token)
    if found is not None:
        opening_reminders.cancel(db.session(), found[1])
    return _gone(slug)


def _waiting(slug: str, token: str) -> tuple[Campaign, UUID] | None:
    """The campaign and the reminder behind a link of a mail; None for one that is none or has served."""
    value = tools().signer.read(Purpose.REMINDER, token, tools().now())
    reminder = UUID(hex=value) if isinstance(value, str) else None
    campaign = opening_reminders.campaign_of(db.session(), reminder) if reminder else None
    if reminder is None or campaign is None or campaign.slug != slug:
        return None
    return campaign, reminder


def _gone(slug: str) -> Response:
    """The same for what was just taken back, and for a link that is none or has served."""
    campaign = campaigns.get(db.session(), slug)
    if phase(window_of(campaign), tools().now()) is Phase.DRAFT:
        raise NotFound("nothing of a draft is shown")
    return _page("gone", campaign)


def _page(state: str, campaign: Campaign) -> Response:
    text = render_template(
        "public/reminder.html",
        state=state,
        campaign=in_words(campaign),
        rules_url=url_for("public.rules", slug=campaign.slug),
        fairness_url=url_for("public.fairness", slug=campaign.slug),
        landing_url=url_for("public.landing_page", slug=campaign.slug),
    )
    response = make_response(text)
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    response.headers["Referrer-Policy"] = "no-referrer"  # the address of a page may be a link to act by
    return response


def taken(slug: str, form: ReminderForm) -> AnyResponse | None:
    """The answer to a form that can be taken, the same whatever comes of it; None for one that cannot."""
    if not form.validate_on_submit():
        if form.csrf_token.errors:
            form.csrf_token.errors = [_("This page was open for too long. Please send it once more.")]
        return None
    if not form.is_trap_filled:
        opening_reminders.ask(
            db.session(),
            slug,
            str(form.waiting_email.data),
            locale.language(),
            now=tools().now(),
            rng=tools().rng,
            vault=tools().vault,
        )
    return redirect(url_for("reminders.asked", slug=slug), 303)


def posted() -> ReminderForm:
    """The form as it was sent."""
    return ReminderForm(request.form)
