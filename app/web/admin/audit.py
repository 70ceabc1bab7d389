"""The audit list: who changed what and when, for one campaign or over everything."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, request, url_for
from flask_babel import gettext as _
from flask_babel import pgettext
from werkzeug.wrappers import Response

from app.domain.roles import Role
from app.extensions import db
from app.models import AuditRecord, Campaign
from app.services import audit as service
from app.web.access import requires
from app.web.admin.answers import show
from app.web.admin.campaign_forms import ACCENT_NAMES, LIMIT_NAMES
from app.web.admin.frame import campaign_of
from app.web.admin.pool_forms import ARTWORK_NAMES
from app.web.filters import grouped

blueprint = Blueprint("audit", __name__)

PAGE = 50
NOUNS = ("campaign", "tier", "prize", "codes", "partner", "winner")


@blueprint.get("/campaigns/<slug>/audit")
@requires(Role.VIEWER)
def index(slug: str) -> Response:
    """The changes of one campaign, newest first."""
    return _page(campaign_of(slug), NOUNS)


@blueprint.get("/audit")
@requires(Role.ADMIN)
def everything() -> Response:
    """All changes, those of accounts too."""
    return _page(None, (*NOUNS, "account"))


def _page(campaign: Campaign | None, nouns: tuple[str, ...]) -> Response:
    noun = request.args.get("noun", "") if request.args.get("noun", "") in nouns else ""
    text = request.args.get("text", "").replace("\0", "").strip()[:120]
    records = service.latest(
        db.session(),
        campaign_id=campaign.id if campaign else None,
        before_id=_number(request.args.get("before", "")),
        noun=noun,
        text=text,
        limit=PAGE + 1,
    )
    return show(
        "admin/audit/index.html",
        "admin/audit/_list.html",
        campaign=campaign,
        records=records[:PAGE],
        next_url=_here(campaign, noun, text, before=records[PAGE - 1].id) if len(records) > PAGE else "",
        chips=[("", _("Everything")), *((name, noun_names()[name]) for name in nouns)],
        chip_url=lambda name: _here(campaign, name, text),
        here=_here(campaign, "", ""),
        noun=noun,
        text=text,
        act=act_text,
        changes=changes_of,
    )


def act_text(record: AuditRecord) -> str:
    """What was done, in words; an act without words of its own shows its stable name."""
    return acts().get(record.action, record.action)


@dataclass(frozen=True, slots=True)
class Change:
    """One value that a record tells about, in words; empty where there was or is none."""

    label: str
    before: str
    after: str


def changes_of(record: AuditRecord) -> list[Change]:
    """The values of a record, in words where there are some."""
    before, after = record.before or {}, record.after or {}
    names = value_names()
    return [
        Change(names.get(name, name), _value_told(name, before.get(name)), _value_told(name, after.get(name)))
        for name in (*after, *(name for name in before if name not in after))
        if before.get(name) != after.get(name)
    ]


def _value_told(name: str, value: Any) -> str:
    """A value in words: the stable words of the data as the forms say them."""
    words = stable_words().get(name, {})
    return str(words[value]) if isinstance(value, str) and value in words else _told(value)


def _told(value: Any) -> str:
    match value:
        case None | "":
            return ""
        case bool():
            return str(_("yes") if value else _("no"))
        case int():
            return grouped(value)
        case list():
            return " → ".join(str(item) for item in value)
        case dict():
            return "; ".join(f"{name}: {_told(item)}" for name, item in value.items())
        case _:
            return str(value)


def value_names() -> dict[str, str]:
    """What the audit trail's values are called."""
    return {
        "accent": _("Accent colour"),
        "added": _("Codes added"),
        "artwork": _("Picture"),
        "archived_at": _("Archived"),
        "closes_at": _("Closes"),
        "codes": _("Codes"),
        "eligibility": _("Who may take part"),
        "from": _("Copied from"),
        "digest": _("Fingerprint of the codes"),
        "enabled": _("In the draw"),
        "entries": _("How often one may enter"),
        "exported": _("Lines exported"),
        "fallback_id": _("Falls back to"),
        "instructions": _("How the winner gets it"),
        "intro": _("One sentence for visitors"),
        "kind": _("What is in stock"),
        "lose_weight": _("Weight of no win"),
        "name": _("Name"),
        "odds_version": _("Odds table"),
        "on_empty": _("When nothing is left"),
        "opens_at": _("Opens"),
        "order": _("Order"),
        "partners": _("Partners"),
        "prizes": _("Prizes"),
        "prize": _("Prize"),
        "quantity": _("How many"),
        "role": _("Role"),
        "rules": _("Rules"),
        "seed_commit": _("Seed commitment"),
        "slug": _("Address"),
        "sponsor": _("Who gives the prizes"),
        "status": _("Status"),
        "stock": _("Stock"),
        "text": _("Words for visitors"),
        "tier": _("Tier"),
        "tiers": _("Tiers"),
        "timezone": _("Time zone"),
        "title": _("Title"),
        "units": _("Things"),
        "weight": _("Weight"),
        "withdrawn": _("Codes withdrawn"),
    }


def stable_words() -> dict[str, Mapping[str, Any]]:
    """The words that stand in the data for a choice, by the name of the value, as people say them."""
    return {
        "accent": ACCENT_NAMES,
        "artwork": ARTWORK_NAMES,
        "entries": LIMIT_NAMES,
        "kind": {"codes": _("Codes"), "quantity": _("A number of things")},
        "on_empty": {"lose": _("The entry does not win"), "fallback": _("Another tier gives")},
        "role": {"viewer": _("Viewer"), "editor": _("Editor"), "admin": _("Admin")},
        "status": {
            "draft": _("Draft"),
            "open": pgettext("status", "Open"),
            "paused": _("Paused"),
            "closed": _("Closed"),
        },
    }


def noun_names() -> dict[str, str]:
    """What can be filtered by."""
    return {
        "campaign": _("Campaign"),
        "tier": _("Tiers"),
        "prize": _("Prizes"),
        "codes": _("Codes"),
        "partner": _("Partners"),
        "winner": _("Winners"),
        "account": _("Accounts"),
    }


def acts() -> dict[str, str]:
    """The acts of the audit trail in words."""
    return {
        "campaign.create": _("Campaign made"),
        "campaign.edit": _("Campaign changed"),
        "campaign.open": _("Campaign opened"),
        "campaign.pause": _("Campaign paused"),
        "campaign.close": _("Campaign closed"),
        "campaign.odds": _("Weight of no win changed"),
        "campaign.archive": _("Campaign archived"),
        "campaign.unarchive": _("Campaign back in the list"),
        "campaign.duplicate": _("Campaign made as a copy"),
        "campaign.import": _("Campaign made from a file"),
        "campaign.export": _("Campaign exported as a file"),
        "tier.add": _("Tier added"),
        "tier.edit": _("Tier changed"),
        "tier.move": _("Tier moved"),
        "tier.remove": _("Tier removed"),
        "prize.add": _("Prize added"),
        "prize.edit": _("Prize changed"),
        "prize.remove": _("Prize removed"),
        "codes.import": _("Codes uploaded"),
        "codes.generate": _("Codes generated"),
        "codes.export": _("Free codes exported"),
        "partner.add": _("Partner added"),
        "winner.reveal": _("Code of a winner looked at"),
        "winners.export": _("Winners exported"),
        "account.invite": _("One-time link made"),
        "account.link": _("One-time link used"),
        "account.role": _("Role changed"),
        "account.disable": _("Account disabled"),
        "account.enable": _("Account enabled"),
        "account.password": _("Password changed"),
    }


def _here(campaign: Campaign | None, noun: str, text: str, before: int | None = None) -> str:
    values: dict[str, Any] = {"noun": noun or None, "text": text or None, "before": before}
    if campaign is None:
        return url_for("admin.audit.everything", **values)
    return url_for("admin.audit.index", slug=campaign.slug, **values)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
