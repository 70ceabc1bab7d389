"""Partners: who shares the campaign, under which links, with which codes, and what came of it."""

from typing import Any
from uuid import UUID

from flask import Blueprint, make_response, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from app.adapters.links import Links
from app.domain.roles import Role
from app.extensions import db, tools
from app.models import Campaign, Partner
from app.services import campaigns
from app.services import partner_pools as pools
from app.services import partners as service
from app.web.access import StepUp, may, requires, step_up
from app.web.admin.answers import done, show, trail
from app.web.admin.campaign_forms import suggested_slug
from app.web.admin.frame import campaign_of, prize_of
from app.web.admin.partner_forms import (
    GENERATE,
    EditPartnerForm,
    PartnerForm,
    PoolForm,
    values_of,
)
from app.web.share_kit import landing_link, qr_answer, share_kit

blueprint = Blueprint("partners", __name__, url_prefix="/campaigns/<slug>/partners")

MAX_BODY_BYTES = 12 * 1024 * 1024  # a picture that is a little too large still gets an answer in its place
READ_AT_ONCE_BYTES = 1024 * 1024


@blueprint.url_value_preprocessor
def _admit_picture(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Let editors send a picture along: before anything reads the body."""
    if endpoint == "admin.partners.detail" and may(Role.EDITOR):
        request.max_content_length = MAX_BODY_BYTES
        request.max_form_memory_size = READ_AT_ONCE_BYTES


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


@blueprint.route("/<id:partner_id>", methods=["GET", "POST"])
@requires(Role.EDITOR)
def detail(slug: str, partner_id: UUID) -> Response:
    """One partner: what is decided, what is kept, what there is to share."""
    campaign = campaign_of(slug)
    partner = _partner_of(campaign, partner_id)
    form = EditPartnerForm(data=values_of(partner, campaign))
    form.take_picture(tools().pictures)
    saved = form.submit(
        lambda: service.edit(
            db.session(),
            partner_id,
            form.plan(partner, campaign),
            expected_version=form["version"].data,
            **trail(),
        ),
        lambda: (values_of(partner, campaign), partner.version),
    )
    if saved is not None:
        return done(_("%(name)s is saved.", name=saved.name), _address(slug, partner_id))
    return _detail(campaign, partner, form, PoolForm(formdata=None), form.status)


@blueprint.post("/<id:partner_id>/codes")
@requires(Role.EDITOR)
@step_up(StepUp.LIVE)
def keep(slug: str, partner_id: UUID) -> Response:
    """Keep codes for the partner's visitors, out of stock or made anew."""
    campaign = campaign_of(slug)
    partner = _partner_of(campaign, partner_id)
    form = PoolForm()
    form.offer(pools.common(db.session(), campaign.id))
    count = form.submit(lambda: _kept(campaign, partner, form))
    if count is None:
        edited = EditPartnerForm(formdata=None, data=values_of(partner, campaign))
        return _detail(campaign, partner, edited, form, form.status)
    message = _("%(count)s codes are kept for visitors of %(name)s.", count=count, name=partner.name)
    return done(message, _address(slug, partner_id))


@blueprint.post("/<id:partner_id>/codes/<id:prize_id>/release")
@requires(Role.EDITOR)
@step_up(StepUp.LIVE)
def release(slug: str, partner_id: UUID, prize_id: UUID) -> Response:
    """Give kept codes of a prize back to everybody."""
    campaign = campaign_of(slug)
    partner = _partner_of(campaign, partner_id)
    prize = prize_of(campaign, prize_id)
    count = pools.release(db.session(), partner.id, prize.id, **trail())
    message = _("%(count)s codes of %(prize)s are for everybody again.", count=count, prize=prize.name)
    return done(message, _address(slug, partner_id))


@blueprint.post("/<id:partner_id>/revoke")
@requires(Role.EDITOR)
def revoke(slug: str, partner_id: UUID) -> Response:
    """Take all links to the figures back."""
    campaign = campaign_of(slug)
    partner = service.revoke(db.session(), _partner_of(campaign, partner_id).id, **trail())
    message = _("All links to the figures of %(name)s are taken back; there is a new one.", name=partner.name)
    return done(message, _address(slug, partner_id))


@blueprint.get("/<id:partner_id>/qr.<any(svg, png):kind>")
@requires(Role.VIEWER)
def qr(slug: str, partner_id: UUID, kind: str) -> Response:
    """The short link as a QR code to print."""
    return qr_answer(_partner_of(campaign_of(slug), partner_id), kind)


def _kept(campaign: Campaign, partner: Partner, form: PoolForm) -> int:
    campaigns.require_reason(campaign, tools().now(), form.reason.data or "")
    prize_id, count = UUID(hex=form.prize.data), form.count.data or 0
    beginning = form.beginning.data or ""
    if form.way.data == GENERATE:
        return pools.generate(
            db.session(), partner.id, prize_id, count, prefix=beginning, rng=tools().rng, **trail()
        )
    return pools.reserve(db.session(), partner.id, prize_id, count, beginning=beginning, **trail())


def _partner_of(campaign: Campaign, partner_id: UUID) -> Partner:
    """A partner of this campaign; 404 for any other."""
    partner = service.get(db.session(), partner_id)
    if partner.campaign_id != campaign.id:
        raise NotFound
    return partner


def _address(slug: str, partner_id: UUID) -> str:
    return url_for("admin.partners.detail", slug=slug, partner_id=partner_id)


def _detail(
    campaign: Campaign, partner: Partner, form: EditPartnerForm, pool_form: PoolForm, status: int
) -> Response:
    common = pools.common(db.session(), campaign.id)
    pool_form.offer(common)
    page = render_template(
        "admin/partners/detail.html",
        campaign=campaign,
        partner=partner,
        form=form,
        pool_form=pool_form,
        kept=pools.kept(db.session(), partner.id),
        has_prizes=bool(common),
        kit=share_kit(campaign, partner),
        figures_link=figures_link(partner),
    )
    return make_response(page, status)


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


def figures_link(partner: Partner) -> str:
    """A one-time link to the partner's own figures."""
    links = Links(tools().settings.public_url, tools().signer)
    return links.partner(partner.id, partner.link_counter, tools().now())
