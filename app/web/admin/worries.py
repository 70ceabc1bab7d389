"""Alerts as the console shows them: in words, the loudest first."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _
from markupsafe import Markup, escape

from app.domain.alerts import AlertKind, said
from app.extensions import db
from app.models import Alert, Campaign
from app.services import alerts
from app.web.filters import grouped, moment

_LOUDEST = (AlertKind.BRAKE, AlertKind.AHEAD, AlertKind.STOCK, AlertKind.RUNS_OUT)


@dataclass(frozen=True, slots=True)
class Worry:
    """An alert in the list: `undo` names what undoes it, where the brake holds a tier."""

    alert: Alert
    campaign: Campaign
    text: Markup
    is_loud: bool
    undo: str


def worries_of(campaigns: Iterable[Campaign]) -> list[Worry]:
    """What of these campaigns needs a look, the loudest first, else the newest."""
    by_id = {campaign.id: campaign for campaign in campaigns}
    found = [_worry(alert, by_id[alert.campaign_id]) for alert in alerts.open_ones(db.session(), by_id)]
    return sorted(found, key=lambda worry: _place(worry.alert.kind))


def _worry(alert: Alert, campaign: Campaign) -> Worry:
    text = said(alert.kind, alert.details)
    values = {name: _told(value, campaign) for name, value in text.values.items()}
    is_brake = alert.kind is AlertKind.BRAKE
    return Worry(
        alert,
        campaign,
        escape(_(text.template)) % values,
        is_loud=is_brake or alert.kind is AlertKind.AHEAD or alert.details.get("free") == 0,
        undo=_undo(alert) if is_brake else "",
    )


def _undo(alert: Alert) -> str:
    if alert.details["paused"]:
        return str(_("Switch on again"))
    return str(_("Give as before")) if alert.details.get("slowed") else ""


def _place(kind: AlertKind) -> int:
    return _LOUDEST.index(kind) if kind in _LOUDEST else len(_LOUDEST)


def _told(value: object, campaign: Campaign) -> Markup:
    if isinstance(value, datetime):
        return moment(value, campaign.timezone)
    return escape(grouped(value) if isinstance(value, int) else value)
