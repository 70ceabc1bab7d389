"""Search for a code of a campaign, by the code: it goes in the body of a form, and never into an address."""

from flask import Blueprint
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from app.domain.codes import mask
from app.domain.roles import Role
from app.extensions import db, tools
from app.models import Campaign
from app.services import codes as service
from app.services import redemptions
from app.services.codes import FoundCode
from app.web.access import StepUp, current_actor, requires, step_up
from app.web.admin.answers import show
from app.web.admin.frame import campaign_of
from app.web.staff_forms import AtMost, Line, Present, StaffForm

blueprint = Blueprint("code_search", __name__, url_prefix="/campaigns/<slug>/codes")


class SearchForm(StaffForm):
    """A code as somebody has typed it, or read it out."""

    code = Line(
        _l("The whole code"),
        [Present(), AtMost(200)],
        description=_l("Capitals, spaces and dashes make no difference in codes made here."),
    )


@blueprint.get("")
@requires(Role.EDITOR)
def index(slug: str) -> Response:
    """Where a code is typed in."""
    return _page(campaign_of(slug), SearchForm(formdata=None))


@blueprint.post("")
@requires(Role.EDITOR)
@step_up(StepUp.ALWAYS)
def find(slug: str) -> Response:
    """What the code is and where it stands; that somebody looked is kept."""
    campaign = campaign_of(slug)
    form = SearchForm()
    if not form.validate_on_submit():
        return _page(campaign, form)
    found = service.find(
        db.session(), campaign.id, str(form.code.data), actor=current_actor(), now=tools().now()
    )
    form.status = 200
    return _page(campaign, form, found, is_answer=True)


def _page(
    campaign: Campaign, form: SearchForm, found: FoundCode | None = None, *, is_answer: bool = False
) -> Response:
    return show(
        "admin/codes/search.html",
        "admin/codes/_search.html",
        form.status,
        campaign=campaign,
        form=form,
        found=found,
        is_answer=is_answer,
        masked=mask(found.code.text) if found else "",
        redeemed=redemptions.of_code(db.session(), found.code.id) if found else (),
    )
