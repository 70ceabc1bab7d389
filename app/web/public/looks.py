"""What comes with a campaign's pages: its style sheet."""

from flask import Blueprint, Response, request

from app.extensions import db, limiter
from app.services import campaigns
from app.services.looks import theme_of
from app.web import looks as wearing
from app.web.static_files import ASK_AGAIN, FOR_GOOD, TYPES

looks = Blueprint("looks", __name__)


@looks.get("/c/<slug>/theme.css")
@limiter.limit("240/minute")
def style(slug: str) -> Response:
    """The campaign's style sheet; whoever names the version of now may keep it for good."""
    campaign = campaigns.get(db.session(), slug)
    theme = theme_of(campaign)
    version = wearing.version_of(theme, campaign.accent)
    response = Response(wearing.style_sheet(theme, campaign.accent), content_type=TYPES[".css"])
    response.set_etag(version)
    response.headers["Cache-Control"] = FOR_GOOD if request.args.get("v") == version else ASK_AGAIN
    response.make_conditional(request)
    return response
