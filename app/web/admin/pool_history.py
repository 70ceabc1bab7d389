"""The history of the pool: every change of tiers, prizes, codes and odds, and how it stood at a moment."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, render_template, request, url_for
from flask_babel import gettext as _

from app.domain.moments import NoSuchTime, Which, moment_of
from app.domain.roles import Role
from app.extensions import db
from app.models import AuditRecord, Campaign
from app.services import pool_history as service
from app.web.access import requires
from app.web.admin.audit import Change, act_text, value_names, value_told
from app.web.admin.frame import campaign_of
from app.web.filters import moment

blueprint = Blueprint("pool_history", __name__, url_prefix="/campaigns/<slug>/prizes")

PAGE = 50
_UNTOLD = {"prize", "digest", "batch", "seed_commit"}  # marks for programs
_MOMENTS = {"opens_at", "closes_at"}


@dataclass(frozen=True, slots=True)
class Wish:
    """The moment that was asked for, as typed and as it was understood; `error` where it was not."""

    typed: str
    at: datetime | None
    error: str = ""


@blueprint.get("/history")
@requires(Role.VIEWER)
def index(slug: str) -> str:
    """The changes, newest first, and the state at the moment asked for."""
    campaign = campaign_of(slug)
    session = db.session()
    before = request.args.get("before", "")
    before_id = int(before) if before.isascii() and before.isdigit() and len(before) < 19 else None
    records = service.changes(session, campaign.id, before_id=before_id, limit=PAGE + 1)
    names = {tier_id.hex: name for tier_id, name in service.tier_names(session, campaign.id).items()}
    wish = _wish(campaign)
    return render_template(
        "admin/pool_history/index.html",
        campaign=campaign,
        records=records[:PAGE],
        older=records[PAGE - 1].id if len(records) > PAGE else None,
        wins=service.wins_of(session, records),
        act=act_text,
        changes=lambda record: changes_told(record, names, campaign.timezone),
        wish=wish,
        state=service.state_at(session, campaign, wish.at) if wish.at else None,
        state_url=lambda record: url_for(
            ".index", slug=slug, at=record.at.astimezone(UTC).isoformat(), _anchor="then"
        ),
    )


def changes_told(record: AuditRecord, tier_names: dict[str, str], zone: str) -> list[Change]:
    """What a record changed, in words: tiers by their names, times in the campaign's zone."""
    before, after = record.before or {}, record.after or {}
    labels = value_names()

    def say(name: str, value: Any) -> str:
        if name in _MOMENTS and value:
            return moment(datetime.fromisoformat(value), zone)
        if name == "fallback_id" and value:
            return tier_names.get(str(value), str(value))
        if name == "stock" and isinstance(value, dict):
            return "; ".join(f"{part['name']}: {part['withdrawn']:,}" for part in value.values())
        return value_told(name, value)

    found = (
        Change(labels.get(name, name), say(name, before.get(name)), say(name, after.get(name)))
        for name in (*after, *(name for name in before if name not in after))
        if name not in _UNTOLD and before.get(name) != after.get(name)
    )
    return [change for change in found if change.before or change.after]


def _wish(campaign: Campaign) -> Wish:
    """The moment in the address: a wall time of the campaign's zone, or one with an offset."""
    typed = request.args.get("at", "").strip()[:40]
    if not typed:
        return Wish("", None)
    try:
        wanted = datetime.fromisoformat(typed)
        zone = ZoneInfo(campaign.timezone)
        at = wanted if wanted.tzinfo else _moment(wanted, zone)
        shown = at.astimezone(zone).replace(tzinfo=None, microsecond=0).isoformat()
        return Wish(shown, at.astimezone(UTC))
    except (ValueError, OverflowError):
        return Wish(typed, None, _("This is no day and time."))


def _moment(wall: datetime, zone: ZoneInfo) -> datetime:
    """Of two moments the first; for a time the clocks jump over, the next one there is."""
    try:
        return moment_of(wall, zone, Which.FIRST)
    except NoSuchTime as error:
        return moment_of(error.instead, zone, Which.FIRST)
