"""What the entrants' pages share: their addresses, and the card of a result."""

from typing import Any

from flask import (
    Response,
    make_response,
    render_template,
    url_for,
)
from markupsafe import Markup

from app.adapters.links import further_token, referral_token, result_token
from app.adapters.qr import qr_svg
from app.domain.identity import mask_email
from app.domain.outcomes import Drawn, Held, Lapsed, Lost, Outcome, Won
from app.extensions import db, tools
from app.models import Campaign
from app.services import bonuses, campaigns, referrals
from app.web.campaign_words import in_words, outcome_in_words


def links(slug: str) -> dict[str, str]:
    """Where the parts of a campaign's pages are."""
    return {
        "submit_url": url_for("public.enter", slug=slug),
        "challenge_url": url_for("public.challenge", slug=slug),
        "started_url": url_for("public.started", slug=slug),
        "rules_url": url_for("public.rules", slug=slug),
        "fairness_url": url_for("public.fairness", slug=slug),
        "landing_url": url_for("public.landing_page", slug=slug),
    }


def reveal(template: str, slug: str, outcome: Outcome, *, fresh: bool = False) -> str:
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
        **links(slug),
        **_shared(campaign, outcome),
    )


def whole_page(outcome: Drawn) -> str:
    """The template of a result that is a page of its own."""
    return "public/waiting.html" if isinstance(outcome, Held | Lapsed) else "public/result.html"


def told_of(outcome: Outcome) -> dict[str, str]:
    """What the page of a win shows beside its row: the address, masked, and the code as a QR code."""
    if isinstance(outcome, Held):
        return {"email_masked": mask_email(outcome.email), "qr": ""}
    if not isinstance(outcome, Won):
        return {"email_masked": "", "qr": ""}
    # Our own drawing; what it encodes is never text in it.
    return {"email_masked": mask_email(outcome.email), "qr": Markup(qr_svg(outcome.code))}  # noqa: S704


def private(answer: Response | str) -> Response:
    """An answer that no cache keeps and no search engine lists."""
    response = make_response(answer)
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def _shared(campaign: Campaign, outcome: Outcome) -> dict[str, Any]:
    """The address to pass on: one's own, where the campaign counts whom it brings."""
    path = url_for("public.landing_page", slug=campaign.slug)
    refer = friends_code = None
    friends_code_url = further_url = ""
    if campaign.refer_most and isinstance(outcome, Won | Lost):
        refer = referrals.standing(db.session(), outcome.entry)
        token = referral_token(tools().signer, campaign.slug, outcome.entry, outcome.at)
        path = url_for("public.from_friend", slug=campaign.slug, token=token)
        further = further_token(tools().signer, campaign.slug, outcome.entry, outcome.at)
        further_url = url_for("public.once_more", slug=campaign.slug, token=further)
        friends_code = bonuses.of_friend(db.session(), outcome.entry)
        if friends_code and friends_code.entry_id and friends_code.at:
            own = result_token(tools().signer, friends_code.entry_id, friends_code.at)
            friends_code_url = url_for("public.result", slug=campaign.slug, token=own)
    return {
        "refer": refer,
        "further_url": further_url,
        "friends_code": friends_code,
        "friends_code_url": friends_code_url,
        "share_url": tools().settings.public_url + path,
    }


def _mail_url(slug: str, outcome: Won | Held) -> str:
    token = result_token(tools().signer, outcome.entry, outcome.at)
    return url_for("public.mail_result", slug=slug, token=token)
