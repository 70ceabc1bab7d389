"""What every page of the console shares: the rail, who is signed in, and the campaign it is about."""

from typing import Any
from uuid import UUID

from flask import g, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.exceptions import NotFound

from app.domain.roles import Role
from app.extensions import db
from app.models import Award, Campaign, Prize, Tier
from app.services import campaigns, prizes, tiers
from app.web.access import may


def campaign_of(slug: str) -> Campaign:
    """The campaign a page is about; the rail then shows its pages. Raises NotFound."""
    g.campaign = campaigns.get(db.session(), slug)
    campaign: Campaign = g.campaign
    return campaign


def tier_of(campaign: Campaign, tier_id: UUID) -> Tier:
    """A tier of this campaign that is not removed; 404 for any other."""
    tier = tiers.get(db.session(), tier_id)
    if tier.campaign_id != campaign.id or tier.removed_at is not None:
        raise NotFound
    return tier


def prize_of(campaign: Campaign, prize_id: UUID) -> Prize:
    """A prize of this campaign that is not removed; 404 for any other."""
    prize = prizes.get(db.session(), prize_id)
    if prize.campaign_id != campaign.id or prize.removed_at is not None:
        raise NotFound
    return prize


def award_of(campaign: Campaign, entry_id: UUID) -> Award:
    """A win of this campaign; 404 for any other."""
    award = db.session().get(Award, entry_id)
    if award is None or award.campaign_id != campaign.id:
        raise NotFound
    return award


def frame() -> dict[str, Any]:
    """What templates/admin/base.html is given."""
    if not current_user.is_authenticated:
        return {}
    campaign: Campaign | None = g.get("campaign")
    groups = [{"title": "", "links": [_link("admin.campaigns.index", _("Campaigns"), "flag")]}]
    if campaign is not None:
        groups.append({"title": campaign.title, "links": _campaign_links(campaign)})
    if may(Role.ADMIN):
        groups.append(
            {
                "title": _("Everything"),
                "links": [
                    _link("admin.accounts.index", _("Accounts"), "users"),
                    _link("admin.keys.index", _("API keys"), "key"),
                    _link("admin.locations.index", _("Counters"), "code"),
                    _link("admin.webhooks.index", _("Webhooks"), "link"),
                    _link("admin.audit.everything", _("Audit list"), "shield"),
                ],
            }
        )
    return {
        "console_nav": groups,
        "console_home": url_for("admin.campaigns.index"),
        "current_account": current_user,
        "sign_out_url": url_for("account.sign_out"),
        "account_url": url_for("account.own.index"),
    }


def _campaign_links(campaign: Campaign) -> list[dict[str, Any]]:
    changes = (
        _link("admin.texts.index", _("Texts"), "list", slug=campaign.slug),
        _link("admin.entry_form.edit", _("Form"), "edit", slug=campaign.slug),
        _link("admin.look.edit", _("Look"), "eye", slug=campaign.slug),
    )
    return [
        _link("admin.campaigns.detail", _("Overview"), "chart", slug=campaign.slug),
        _link("admin.prizes.index", _("Prizes"), "gift", slug=campaign.slug),
        _link("admin.winners.index", _("Winners"), "trophy", slug=campaign.slug),
        _link("admin.redemptions.index", _("Redemptions"), "code", slug=campaign.slug),
        _link("admin.figures.index", _("Figures"), "chart", slug=campaign.slug),
        *(changes if may(Role.EDITOR) else ()),
        _link("admin.partners.index", _("Partners"), "link", slug=campaign.slug),
        _link("admin.audit.index", _("Changes"), "history", slug=campaign.slug),
    ]


def _link(endpoint: str, label: str, icon: str, **values: Any) -> dict[str, Any]:
    return {
        "href": url_for(endpoint, **values),
        "label": label,
        "icon": icon,
        "current": _section(request.endpoint or "") == _section(endpoint),
    }


_SECTIONS = {
    "admin.tiers": "admin.prizes",
    "admin.pool_history": "admin.prizes",
    "admin.codes": "admin.prizes",
    "admin.code_search": "admin.prizes",
    "admin.entries": "admin.winners",
}
_HOMES = {
    "admin.campaigns.create": "admin.campaigns.index",
    "admin.campaign_files.import_": "admin.campaigns.index",
    "admin.campaign_files.copy": "admin.campaigns.detail",
    "admin.campaign_files.export": "admin.campaigns.detail",
    "admin.campaigns.rules": "admin.campaigns.detail",
    "admin.campaigns.ask_archive": "admin.campaigns.detail",
    "admin.campaigns.edit": "admin.campaigns.detail",
    "admin.campaigns.status": "admin.campaigns.detail",
    "admin.watching.edit": "admin.campaigns.detail",
    "admin.watching.edit_tier": "admin.campaigns.detail",
}


_BY_PAGE = ("admin.campaigns.", "admin.campaign_files.", "admin.watching.", "admin.audit.")


def _section(endpoint: str) -> str:
    """The entry of the rail a page belongs to."""
    if endpoint.startswith(_BY_PAGE):
        return _HOMES.get(endpoint, endpoint)
    noun = endpoint.rpartition(".")[0]
    return _SECTIONS.get(noun, noun)
