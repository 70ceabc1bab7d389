"""What a partner shares: links, QR codes, words and pictures to copy. The console shows the same."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import Response, url_for
from flask_babel import gettext as _
from markupsafe import Markup

from app.adapters.qr import qr_file, qr_svg
from app.domain.pictures import Picture
from app.extensions import tools
from app.models import Campaign, Partner
from app.services.looks import theme_of

_TYPES = {"svg": "image/svg+xml", "png": "image/png"}


@dataclass(frozen=True, slots=True)
class ShareKit:
    """All there is to share of a campaign, for one partner."""

    link: str
    short: str
    qr: Markup
    texts: tuple[str, ...]
    card_url: str
    pictures: tuple[Picture, ...]


def share_kit(campaign: Campaign, partner: Partner) -> ShareKit:
    """The partner's share kit, in the language of the page."""
    short, theme = short_link(partner), theme_of(campaign)
    own = [f"{partner.share_text}\n{short}"] if partner.share_text else []
    return ShareKit(
        link=landing_link(campaign, partner),
        short=short,
        qr=Markup(qr_svg(short)),  # noqa: S704 -- our own drawing; what it encodes is never text in it
        texts=(
            *own,
            _(
                "%(title)s: enter here, and know at once whether you have won. %(link)s",
                title=campaign.title,
                link=short,
            ),
            _(
                "Ad. I share this for %(sponsor)s. Entry is free, the odds are on the page: %(link)s",
                sponsor=campaign.sponsor or campaign.title,
                link=short,
            ),
        ),
        card_url=url_for("looks.card", slug=campaign.slug),
        pictures=tuple(each for each in (theme.hero, theme.logo, partner.picture) if each is not None),
    )


def landing_link(campaign: Campaign, partner: Partner) -> str:
    """The landing page with this partner's attribution, and what the shop's own figures are to know."""
    values: dict[str, Any] = {f"utm_{name}": text for name, text in partner.utm.items()}
    path = url_for("public.via_partner", slug=campaign.slug, partner=partner.slug, lang=None)
    return tools().settings.public_url + path + (f"?{urlencode(values)}" if values else "")


def short_link(partner: Partner) -> str:
    """The short link, which leads to the same page."""
    return tools().settings.public_url + url_for("public.short_link", short=partner.short, lang=None)


def qr_answer(partner: Partner, kind: str) -> Response:
    """The short link as a QR code in a file."""
    response = Response(qr_file(short_link(partner), kind), mimetype=_TYPES[kind])
    response.headers["Content-Disposition"] = f'attachment; filename="{partner.slug}-qr.{kind}"'
    response.headers["Cache-Control"] = "no-store"
    return response
