"""What comes with a campaign's pages: its style sheet, and the card beside shared links."""

from flask import Blueprint, Response, request
from werkzeug.exceptions import NotFound

from app.domain.eligibility import Phase, phase
from app.extensions import db, limiter, tools
from app.services import campaigns
from app.services.entries import window_of
from app.services.looks import theme_of
from app.web import looks as wearing
from app.web.campaign_words import in_words
from app.web.static_files import ASK_AGAIN, FOR_GOOD, TYPES

looks = Blueprint("looks", __name__)


@looks.get("/c/<slug>/theme.css")
@limiter.limit("240/minute")
def style(slug: str) -> Response:
    """The campaign's style sheet."""
    campaign = campaigns.get(db.session(), slug)
    theme = theme_of(campaign)
    version = wearing.version_of(theme, campaign.accent)
    response = Response(wearing.style_sheet(theme, campaign.accent), content_type=TYPES[".css"])
    return _kept(response, version)


@looks.get("/c/<slug>/card.jpg")
@limiter.limit("60/minute")
def card(slug: str) -> Response:
    """The picture beside a shared link, in the language of the page it is for; of a draft there is none."""
    campaign = campaigns.get(db.session(), slug)
    if phase(window_of(campaign), tools().now()) is Phase.DRAFT:
        raise NotFound
    asked = wearing.card_of(in_words(campaign))
    response = Response(tools().cards.draw(asked), mimetype="image/jpeg")
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"  # other sites show it beside the link
    return _kept(response, wearing.card_version(asked))


def _kept(response: Response, version: str) -> Response:
    """Whoever names the version of now may keep it for good."""
    response.set_etag(version)
    response.headers["Cache-Control"] = FOR_GOOD if request.args.get("v") == version else ASK_AGAIN
    response.make_conditional(request)
    return response
