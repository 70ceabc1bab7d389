"""Partners: who shares the campaign, under which links, and what came of it."""

from flask import Blueprint, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from app.adapters.tokens import Purpose
from app.domain.roles import Role
from app.extensions import db, tools
from app.models import Campaign, Partner
from app.services import partners as service
from app.web.access import requires
from app.web.admin.answers import done, public_url, show, trail
from app.web.admin.campaign_forms import suggested_slug
from app.web.admin.frame import campaign_of
from app.web.staff_forms import AtMost, Line, Present, StaffForm

blueprint = Blueprint("partners", __name__, url_prefix="/campaigns/<slug>/partners")


class PartnerForm(StaffForm):
    """A new partner."""

    name = Line(_l("Name"), [Present(), AtMost(120)])
    slug = Line(
        _l("Name in the link"),
        [AtMost(40)],
        description=_l("Small letters, digits and hyphens. Left empty, it is made from the name."),
    )


@blueprint.get("")
@requires(Role.VIEWER)
def index(slug: str) -> Response:
    """All partners with their links and figures."""
    return _page(campaign_of(slug), PartnerForm(formdata=None))


@blueprint.post("/new")
@requires(Role.EDITOR)
def add(slug: str) -> Response:
    """A new partner with a link of their own."""
    campaign = campaign_of(slug)
    form = PartnerForm()
    partner = form.submit(
        lambda: service.add(
            db.session(),
            campaign.id,
            form.slug.data or suggested_slug(str(form.name.data))[:40].strip("-"),
            str(form.name.data),
            rng=tools().rng,
            **trail(),
        )
    )
    if partner is None:
        return _page(campaign, form)
    message = _(
        "%(name)s is in. Send both links on: one to share, one to see the figures.", name=partner.name
    )
    return done(message, url_for("admin.partners.index", slug=slug))


def _page(campaign: Campaign, form: PartnerForm) -> Response:
    return show(
        "admin/partners/index.html",
        "admin/partners/_list.html",
        form.status,
        campaign=campaign,
        form=form,
        lines=service.figures(db.session(), campaign.id),
        landing_link=landing_link,
        figures_link=figures_link,
    )


def landing_link(campaign: Campaign, partner: Partner) -> str:
    """The landing page with this partner's attribution."""
    return public_url(url_for("public.via_partner", slug=campaign.slug, partner=partner.slug))


def figures_link(partner: Partner) -> str:
    """The page of the partner's own figures, signed; good for a year from now."""
    token = tools().signer.sign(Purpose.PARTNER, partner.id.hex, tools().now())
    return public_url(url_for("partner.figures", token=token))
