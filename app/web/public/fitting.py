"""The landing page in a look that is not saved: staff see it in the frame beside the look's form."""

from flask import Blueprint, Response, render_template, request, url_for
from werkzeug.exceptions import NotFound

from app.adapters.tokens import Purpose
from app.domain.roles import Role
from app.domain.theme import Theme, parse
from app.extensions import db, tools
from app.models import Campaign
from app.services import campaigns, landing
from app.services.looks import theme_of
from app.web import headers, looks
from app.web.access import requires
from app.web.campaign_words import page_in_words
from app.web.public.forms import form_class
from app.web.static_files import TYPES

fitting = Blueprint("fitting", __name__, url_prefix="/admin/campaigns/<slug>/look")


@fitting.get("/page")
@requires(Role.VIEWER)
def page(slug: str) -> str:
    """The page as it looks while people can enter; nothing on it can be pressed."""
    campaign = campaigns.get(db.session(), slug)
    looks.try_on(_tried(campaign), url_for("fitting.style", slug=slug, look=request.args.get("look", "")))
    headers.allow("frame-ancestors", "'self'")
    here = url_for("fitting.page", slug=slug)
    return render_template(
        "public/fitting.html",
        page=page_in_words(landing.preview_page(db.session(), slug)),
        form=form_class(campaign)(),
        submit_url=here,
        landing_url=here,
        challenge_url=here,
        rules_url=here,
        fairness_url=here,
    )


@fitting.get("/style")
@requires(Role.VIEWER)
def style(slug: str) -> Response:
    """The style sheet of that look."""
    campaign = campaigns.get(db.session(), slug)
    return Response(looks.style_sheet(_tried(campaign), campaign.accent), content_type=TYPES[".css"])


def _tried(campaign: Campaign) -> Theme:
    """The look that the address carries; without one the look that is stored."""
    token = request.args.get("look", "")
    if not token:
        return theme_of(campaign)
    match tools().signer.read(Purpose.LOOK, token, tools().now()):
        case [str(slug), dict(document)] if slug == campaign.slug:
            return parse(document).theme
        case _:
            raise NotFound
