"""The audit list: who changed what and when, for one campaign or over everything."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import Blueprint, request, url_for
from flask_babel import gettext as _
from flask_babel import pgettext
from werkzeug.wrappers import Response

from app.adapters.csv_export import write_rows
from app.domain.roles import Role
from app.extensions import db, tools
from app.models import AuditRecord, Campaign
from app.services import audit as service
from app.services import campaigns
from app.services.audit import Wanted
from app.web.access import current_actor, may, requires, step_up
from app.web.admin.answers import show
from app.web.admin.campaign_forms import ACCENT_NAMES, LIMIT_NAMES, PROOF_NAMES
from app.web.admin.downloads import as_download
from app.web.admin.frame import campaign_of
from app.web.admin.look_forms import CORNER_NAMES, FONT_NAMES, GROUND_NAMES, MODE_NAMES
from app.web.admin.prize_forms import ARTWORK_NAMES
from app.web.admin.winner_forms import STATUS_NAMES
from app.web.filters import grouped
from app.web.wording import REVEAL_NAMES

blueprint = Blueprint("audit", __name__)

PAGE = 50
NOUNS = ("campaign", "tier", "prize", "codes", "partner", "winner", "redemption", "audit")
EXPORT_HEADER = ("at", "who", "action", "subject", "campaign", "before", "after", "reason")


@blueprint.get("/campaigns/<slug>/audit")
@requires(Role.VIEWER)
def index(slug: str) -> Response:
    """The changes of one campaign, newest first."""
    return _page(campaign_of(slug))


@blueprint.get("/audit")
@requires(Role.ADMIN)
def everything() -> Response:
    """All changes, those of accounts too."""
    return _page(None)


@blueprint.post("/campaigns/<slug>/audit.csv")
@requires(Role.EDITOR)
@step_up()
def export(slug: str) -> Response:
    """The changes of one campaign that fit, as CSV."""
    return _download(campaign_of(slug))


@blueprint.post("/audit.csv")
@requires(Role.ADMIN)
@step_up()
def export_everything() -> Response:
    """All changes that fit, as CSV."""
    return _download(None)


@dataclass(frozen=True, slots=True)
class Sought:
    """The filter as it stands in the address: what is no choice, no day, no campaign filters nothing out."""

    campaign: str
    noun: str
    who: str
    text: str
    since: str
    until: str

    @classmethod
    def of(cls, page_of: Campaign | None) -> "Sought":
        """What the request asks for."""
        values = {field.name: _typed(field.name) for field in fields(cls)}
        values["noun"] = values["noun"] if values["noun"] in _nouns(page_of) else ""
        values["campaign"] = "" if page_of else values["campaign"]
        for name in ("since", "until"):
            values[name] = values[name] if _day(values[name]) else ""
        return cls(**values)

    def wanted(self, campaign: Campaign | None) -> Wanted:
        """As the service takes it; days are the campaign's, or UTC's."""
        zone = ZoneInfo(campaign.timezone) if campaign else UTC
        since, until = _day(self.since), _day(self.until)
        return Wanted(
            campaign.id if campaign else None,
            self.noun,
            self.who,
            self.text,
            datetime.combine(since, time(), zone) if since else None,
            datetime.combine(until + timedelta(days=1), time(), zone) if until else None,
        )

    def given(self, **changes: Any) -> dict[str, Any]:
        """The part of an address that says the same, but for the changes."""
        return {name: value for name, value in (asdict(self) | changes).items() if value}


def _page(page_of: Campaign | None) -> Response:
    sought = Sought.of(page_of)
    campaign = page_of or _chosen(sought)
    before = _number(request.args.get("before", ""))
    records = service.latest(db.session(), sought.wanted(campaign), before_id=before, limit=PAGE + 1)
    older = records[PAGE - 1].id if len(records) > PAGE else None
    names = noun_names()
    return show(
        "admin/audit/index.html",
        "admin/audit/_list.html",
        campaign=page_of,
        zone=campaign.timezone if campaign else "UTC",
        campaigns=[] if page_of else campaigns.listing(db.session()),
        records=records[:PAGE],
        winners=service.winners_named(db.session(), records[:PAGE]),
        entry_url=_entry_url,
        next_url=_here(page_of, sought.given(before=older)) if older else "",
        chips=[("", _("Everything")), *((name, names[name]) for name in _nouns(page_of))],
        chip_url=lambda name: _here(page_of, sought.given(noun=name)),
        here=_here(page_of, {}),
        export_url=_export_url(page_of),
        sought=sought,
        is_filtered=bool(sought.given()),
        act=act_text,
        changes=changes_of,
    )


def _download(page_of: Campaign | None) -> Response:
    sought, session = Sought.of(page_of), db.session()
    campaign = page_of or _chosen(sought)
    slugs = {each.id: each.slug for each in campaigns.listing(session)}
    found = service.export(session, sought.wanted(campaign), actor=current_actor(), now=tools().now())
    lines = write_rows(EXPORT_HEADER, (_cells(record, slugs) for record in found))
    return as_download(lines, f"{page_of.slug}-changes.csv" if page_of else "changes.csv")


def _cells(record: AuditRecord, slugs: Mapping[UUID, str]) -> tuple[str, ...]:
    return (
        record.at.isoformat(timespec="seconds"),
        record.actor,
        record.action,
        record.subject,
        slugs[record.campaign_id] if record.campaign_id else "",
        json.dumps(record.before, ensure_ascii=False) if record.before else "",
        json.dumps(record.after, ensure_ascii=False) if record.after else "",
        record.reason,
    )


def _nouns(page_of: Campaign | None) -> tuple[str, ...]:
    return NOUNS if page_of else (*NOUNS, "account", "key", "location")


def _chosen(sought: Sought) -> Campaign | None:
    return campaigns.find(db.session(), sought.campaign)


def _typed(name: str) -> str:
    return request.values.get(name, "").replace("\0", "").strip()[:120]


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    # The first and the last year have days that no other time zone has.
    return day if 1 < day.year < 9999 else None


def _entry_url(campaign: Campaign, subject: str) -> str:
    return url_for("admin.entries.detail", slug=campaign.slug, entry_id=UUID(subject))


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
        Change(names.get(name, name), value_told(name, before.get(name)), value_told(name, after.get(name)))
        for name in (*after, *(name for name in before if name not in after))
        if before.get(name) != after.get(name)
    ]


def value_told(name: str, value: Any) -> str:
    """A value in words: the stable words of the data as the forms say them."""
    if name == "campaigns":  # that an account is limited to
        return ", ".join(value) if value is not None else str(_("everything"))
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
        "logo": _("Logo"),
        "logo_tone": _("Tone of the logo"),
        "hero": _("Picture above the title"),
        "hero_alt": _("What the picture shows"),
        "colour": _("The brand’s colour"),
        "ground": _("Page behind"),
        "fonts": _("Type"),
        "mode": _("Light or dark"),
        "corners": _("Corners"),
        "parents": _("Sites that may show it"),
        "alert_mails": _("Alerts by mail"),
        "reports": _("Figures by mail"),
        "brake": _("Drain brake"),
        "low_percent": _("Low stock, in percent of what is offered"),
        "most_per_hour": _("Most wins of one tier within an hour"),
        "added": _("Codes added"),
        "artwork": _("Drawing"),
        "picture": _("Picture"),
        "value": _("Value in cents"),
        "currency": _("Currency"),
        "shows_value": _("Show the value to visitors"),
        "link": _("Web address"),
        "expires_on": _("Last day of the code"),
        "expires_days": _("Days the code is good for"),
        "low_stock": _("Stock is low from"),
        "low_stock_percent": _("Stock is low from (percent)"),
        "batch": _("Batch"),
        "archived_at": _("Archived"),
        "campaigns": _("Campaigns"),
        "closes_at": _("Closes"),
        "codes": _("Codes"),
        "eligibility": _("Who may take part"),
        "from": _("Copied from"),
        "digest": _("Fingerprint of the codes"),
        "enabled": _("In the draw"),
        "ended": _("Sessions ended"),
        "entries": _("How often one may enter"),
        "erased": _("Entries erased"),
        "exported": _("Lines exported"),
        "fallback_id": _("Falls back to"),
        "in_all": _("At most in all"),
        "instructions": _("How the winner gets it"),
        "intro": _("One sentence for visitors"),
        "kind": _("What is in stock"),
        "language": _("Language"),
        "languages": _("Languages"),
        "left": _("Left"),
        "form_fields": _("Fields of the form"),
        "least_age": _("Least age"),
        "countries": _("Countries"),
        "marketing": _("Ask whether you may send news"),
        "marketing_text": _("Words of the tick for news"),
        "partner_named": _("Partner who may send news, too"),
        "partner_text": _("Words of the tick for the partner"),
        "lose_weight": _("Weight of no win"),
        "name": _("Name"),
        "notes": _("Notes"),
        "odds_version": _("Odds table"),
        "on_empty": _("When nothing is left"),
        "opens_at": _("Opens"),
        "order": _("Order"),
        "partners": _("Partners"),
        "per_day": _("At most per day"),
        "per_hour": _("At most per hour"),
        "per_person": _("At most per person"),
        "prizes": _("Prizes"),
        "prize": _("Prize"),
        "mail_losers": _("Also write to those who do not win"),
        "proof": _("Entrants prove their address"),
        "proof_hours": _("Hours a code is kept for that"),
        "quantity": _("How many"),
        "remind_days": _("Days before a code ends to remind its winner"),
        "replacement": _("Prize given in its place"),
        "returned": _("Codes that came back"),
        "reveal": _("How the result is shown"),
        "role": _("Role"),
        "rules": _("Rules"),
        "seed_commit": _("Seed commitment"),
        "touch": _("Which partner’s link counts"),
        "touch_hours": _("Hours a partner’s link counts"),
        "refer_most": _("Further entries one person can earn by friends"),
        "refer_tier_id": _("Codes for friends"),
        "shows_left": _("Show about how many prizes are left"),
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
        "wins": _("Wins among them"),
        "withdrawn": _("Codes withdrawn"),
        "uses": _("Uses of each code"),
        "location": _("Place"),
        "order_reference": _("Order"),
        "order_value": _("Order value in cents"),
        "prefix": _("Beginning of the key"),
        "scopes": _("May be used for"),
        "expires_at": _("Good until"),
        "pin": _("New PIN"),
        "campaign": _("Campaign"),
        "redemptions": _("Redemptions"),
    }


def stable_words() -> dict[str, Mapping[str, Any]]:
    """The words that stand in the data for a choice, by the name of the value, as people say them."""
    return {
        "accent": ACCENT_NAMES,
        "ground": GROUND_NAMES,
        "fonts": FONT_NAMES,
        "mode": MODE_NAMES,
        "corners": CORNER_NAMES,
        "artwork": ARTWORK_NAMES,
        "brake": {
            "off": _("Do nothing"),
            "warn": _("Tell us"),
            "pause": _("Switch the tier off, and tell us"),
        },
        "entries": LIMIT_NAMES,
        "kind": {"codes": _("Codes"), "quantity": _("A number of things")},
        "on_empty": {
            "lose": _("The entry does not win"),
            "fallback": _("Another tier gives"),
            "redraw": _("Draw again among the rest"),
        },
        "proof": PROOF_NAMES,
        "reveal": REVEAL_NAMES,
        "role": {"viewer": _("Viewer"), "editor": _("Editor"), "admin": _("Admin")},
        "status": {
            "draft": _("Draft"),
            "open": pgettext("status", "Open"),
            "paused": _("Paused"),
            "closed": _("Closed"),
            **{status.value: name for status, name in STATUS_NAMES.items()},
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
        "audit": _("This list"),
        "account": _("Accounts"),
        "redemption": _("Redemptions"),
        "key": _("API keys"),
        "location": _("Counters"),
    }


def acts() -> dict[str, str]:
    """The acts of the audit trail in words."""
    return {
        "campaign.create": _("Campaign made"),
        "campaign.edit": _("Campaign changed"),
        "campaign.look": _("Look changed"),
        "campaign.form": _("Form changed"),
        "campaign.texts": _("Texts changed"),
        "campaign.languages": _("Languages changed"),
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
        "codes.find": _("Code looked for"),
        "codes.withdraw": _("Batch of codes withdrawn"),
        "partner.add": _("Partner added"),
        "partner.edit": _("Partner changed"),
        "partner.reserve": _("Codes kept for a partner"),
        "partner.release": _("Kept codes given back"),
        "partner.revoke": _("Links to a partner’s figures taken back"),
        "winner.reveal": _("Code of a winner looked at"),
        "winners.export": _("Winners exported"),
        "entries.export": _("Entries exported"),
        "winner.edit": _("Winner’s status or notes changed"),
        "winner.void": _("Win declared void"),
        "winner.return": _("One put back into stock"),
        "winner.replace": _("Replacement given"),
        "winner.lapse": _("Code back in stock: address not proved"),
        "winner.mail": _("Winner mailed again"),
        "person.erase": _("Person erased"),
        "redemption.make": _("Code redeemed"),
        "redemption.reverse": _("Redemption reversed"),
        "redemption.import": _("Redemptions imported"),
        "key.create": _("API key made"),
        "key.revoke": _("API key revoked"),
        "location.add": _("Counter added"),
        "location.edit": _("Counter changed"),
        "location.on": _("Counter switched on"),
        "location.off": _("Counter switched off"),
        "account.invite": _("One-time link made"),
        "account.link": _("One-time link used"),
        "account.role": _("Role changed"),
        "account.disable": _("Account disabled"),
        "account.enable": _("Account enabled"),
        "account.password": _("Password changed"),
        "account.sign_in": _("Signed in"),
        "account.session_end": _("Session ended"),
        "account.second_factor_on": _("Second factor switched on"),
        "account.second_factor_off": _("Second factor switched off"),
        "account.second_factor_reset": _("Second factor taken away"),
        "account.recovery_code": _("Recovery code used"),
        "account.recovery_codes": _("New recovery codes made"),
        "account.campaigns": _("Limited to other campaigns"),
        "account.alert_mails": _("Alert mails switched on or off"),
        "account.reports": _("Figures by mail changed"),
        "webhook.add": _("Webhook added"),
        "webhook.edit": _("Webhook changed"),
        "webhook.on": _("Webhook switched on"),
        "webhook.off": _("Webhook switched off"),
        "webhook.secret": _("Webhook’s secret renewed"),
        "webhook.remove": _("Webhook removed"),
        "webhook.test": _("Webhook tested"),
        "webhook.replay": _("Event sent again"),
        "watch.edit": _("Watching changed"),
        "costs.edit": _("Costs changed"),
        "watch.tier": _("Drain brake of a tier changed"),
        "alert.seen": _("Alert seen"),
        "audit.export": _("This list exported"),
    }


def _here(page_of: Campaign | None, values: dict[str, Any]) -> str:
    if page_of is None:
        return url_for("admin.audit.everything", **values)
    return url_for("admin.audit.index", slug=page_of.slug, **values)


def _export_url(page_of: Campaign | None) -> str:
    """Where the list can be had as a file, for whoever may."""
    if page_of is None:
        return url_for("admin.audit.export_everything")
    return url_for("admin.audit.export", slug=page_of.slug) if may(Role.EDITOR) else ""


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
