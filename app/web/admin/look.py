"""The look of a campaign: its form, and the landing page beside it as it would be."""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, jsonify, make_response, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from app.adapters.tokens import Purpose
from app.domain import entry_form
from app.domain.colours import TEXT, contrast
from app.domain.palette import Palette
from app.domain.roles import Role
from app.domain.theme import Mode, Theme
from app.extensions import db, tools
from app.models import Campaign
from app.services import campaigns
from app.services import looks as service
from app.web import headers
from app.web.access import may, requires
from app.web.admin.answers import done, public_url, trail
from app.web.admin.frame import campaign_of
from app.web.admin.look_forms import LookForm, values_of

blueprint = Blueprint("look", __name__, url_prefix="/campaigns/<slug>/look")

MAX_BODY_BYTES = (
    20 * 1024 * 1024
)  # two pictures, and one a little too large still gets an answer in its place
READ_AT_ONCE_BYTES = 1024 * 1024
FRAME_HEIGHT, FIELD_HEIGHT = 1400, 96  # pixels on a phone: the usual page, and each further field of its form
WITH_PICTURES = {"admin.look.edit", "admin.look.draft"}


@dataclass(frozen=True, slots=True)
class Sample:
    """Two colours that meet on the page, and how well one is read on the other."""

    label: str
    text: str
    ground: str
    contrast: float


@dataclass(frozen=True, slots=True)
class Sheet:
    """What the colours of a page come to, in light or in dark."""

    title: str
    samples: tuple[Sample, ...]


@blueprint.url_value_preprocessor
def _admit_pictures(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Let editors send pictures along with these forms: before anything reads the body."""
    if endpoint in WITH_PICTURES and may(Role.EDITOR):
        request.max_content_length = MAX_BODY_BYTES
        request.max_form_memory_size = READ_AT_ONCE_BYTES


@blueprint.route("", methods=["GET", "POST"])
@requires(Role.EDITOR)
def edit(slug: str) -> AnyResponse:
    """Choose how the campaign's pages look. The button "Show" shows the choice and saves nothing."""
    campaign = campaign_of(slug)
    form = _form(campaign)
    if "show" not in request.form:
        saved = form.submit(
            lambda: _save(campaign, form),
            lambda: (values_of(service.theme_of(campaign)), campaign.version),
        )
        if saved is not None:
            return done(_("Saved. The pages look like this now."), url_for("admin.look.edit", slug=slug))
    status = form.status if "show" not in request.form else 200
    theme = form.reading().theme
    headers.allow("frame-src", "'self'")
    page = render_template(
        "admin/look/index.html",
        campaign=campaign,
        form=form,
        is_live=campaigns.is_live(campaign, tools().now()),
        snippet=_snippet(campaign),
        embed_url=public_url(url_for("public.embedded", slug=slug)),
        **_shown(campaign, theme),
    )
    return make_response(page, status)


@blueprint.post("/draft")
@requires(Role.EDITOR)
def draft(slug: str) -> Response:
    """What the page would be like with these values, for the preview; nothing is saved but the pictures."""
    campaign = campaign_of(slug)
    form = _form(campaign)
    form.validate()
    shown = _shown(campaign, form.reading().theme)
    return jsonify(
        page=shown["preview_url"],
        style=shown["style_url"],
        shape=shown["shape"],
        checks=render_template("admin/look/_checks.html", sheets=shown["sheets"], note=shown["note"]),
        kept={name: form[name].data or "" for name in ("logo", "hero", "logo_tone")},
        errors={field.id: [str(error) for error in field.errors] for field in form if field.id in _TOLD},
    )


_TOLD = ("colour", "parents", "logo_upload", "hero_upload", "hero_alt")


def _form(campaign: Campaign) -> LookForm:
    form = LookForm(data=values_of(service.theme_of(campaign)) | {"version": campaign.version})
    form.take_pictures(tools().pictures)
    return form


def _save(campaign: Campaign, form: LookForm) -> Campaign:
    what = trail()
    campaigns.require_reason(campaign, what["now"], what["reason"])
    return service.edit(
        db.session(),
        campaign.id,
        form.reading().theme,
        expected_version=form["version"].data,
        **what,
    )


def _shown(campaign: Campaign, theme: Theme) -> dict[str, Any]:
    """What the preview needs. Two looks of one `shape` differ in their style sheet alone."""
    document = {name: value for name, value in theme.to_document().items() if name != "parents"}
    token = tools().signer.sign(Purpose.LOOK, [campaign.slug, document], tools().now())
    return {
        "preview_url": url_for("fitting.page", slug=campaign.slug, look=token),
        "style_url": url_for("fitting.style", slug=campaign.slug, look=token),
        "shape": f"{theme.logo} {theme.hero} {theme.hero_alt}",
        "brand": theme.brand(campaign.accent),
        "sheets": _sheets(campaign, theme),
        "note": _note(campaign, theme),
    }


def _sheets(campaign: Campaign, theme: Theme) -> list[Sheet]:
    light, dark = theme.palettes(campaign.accent)
    titles = {False: _("In light"), True: _("In dark")}
    shown = [light, dark] if theme.mode is Mode.FOLLOW else [light]
    return [Sheet(titles[palette.is_dark], _samples(palette)) for palette in shown]


def _samples(palette: Palette) -> tuple[Sample, ...]:
    pairs = [
        (_("Button"), "on-accent", "accent"),
        (_("Link"), "accent-ink", "paper"),
        (_("Text"), "ink", "paper"),
        (_("Small print"), "muted", "paper"),
        (_("On tint"), "accent-ink", "accent-soft"),
    ]
    return tuple(
        Sample(label, palette[text], palette[ground], palette.contrast(text, ground))
        for label, text, ground in pairs
    )


def _note(campaign: Campaign, theme: Theme) -> str:
    """What was done so that the brand's colour can be read, if anything was."""
    brand = theme.brand(campaign.accent)
    light, dark = theme.palettes(campaign.accent)
    if not light.is_dark and contrast(brand, light["paper"]) < TEXT:
        return str(
            _(
                "Your colour has %(ratio)s : 1 on the page, and text needs 4.5 : 1. Buttons keep it;"
                " links and small text get a darker shade.",
                ratio=f"{contrast(brand, light['paper']):.1f}",
            )
        )
    if dark.is_dark and dark["accent"] != brand:
        return str(_("In the dark your colour could hardly be seen: it is made lighter there."))
    return ""


def _snippet(campaign: Campaign) -> str:
    address = public_url(url_for("public.embedded", slug=campaign.slug))
    height = FRAME_HEIGHT + FIELD_HEIGHT * len(entry_form.parse(campaign.form).own_fields)
    title = campaign.title.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    return (
        f'<iframe src="{address}" title="{title}" width="100%" height="{height}" loading="lazy"'
        ' allow="clipboard-write; web-share" style="border:0;display:block"></iframe>'
    )
