"""What the question before opening says: what will happen, in numbers, or why it cannot open yet."""

from collections.abc import Sequence
from datetime import datetime

from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from app.extensions import db
from app.models import Campaign
from app.services import odds
from app.web.admin.answers import Ask
from app.web.filters import exact, grouped
from app.web.filters import odds as chance


def what_opening_does(campaign: Campaign, free: int, now: datetime) -> tuple[str, ...]:
    """From when to when people can enter, how many win, and how much there is to win."""
    table = odds.in_force(db.session(), campaign)
    stock = ngettext(
        "%(odds)s wins; %(count)s prize is in stock.",
        "%(odds)s wins; %(count)s prizes are in stock.",
        free,
        odds=_capital(chance(table.total - table.lose_weight, table.total)),
        count=grouped(free),
    )
    return (_begin(campaign, now), _end(campaign), stock)


def not_yet(campaign: Campaign, blocking: Sequence[str]) -> Ask:
    """Instead of the question, while the launch check holds it back: what is missing, and no button."""
    count = ngettext(
        "%(count)s thing stands in the way:",
        "%(count)s things stand in the way:",
        len(blocking),
        count=grouped(len(blocking)),
    )
    here = url_for("admin.campaigns.detail", slug=campaign.slug)
    title = _("“%(title)s” cannot open yet", title=campaign.title)
    return Ask(title, (count, *blocking), "", _("Back to the launch check"), here, danger=False)


def _begin(campaign: Campaign, now: datetime) -> str:
    if campaign.opens_at is None or campaign.opens_at <= now:
        return str(_("People can enter at once."))
    return str(_("It begins by itself: %(time)s.", time=exact(campaign.opens_at, campaign.timezone)))


def _end(campaign: Campaign) -> str:
    if campaign.closes_at is None:
        return str(_("It has no end: it runs until you close it."))
    return str(_("It ends by itself: %(time)s.", time=exact(campaign.closes_at, campaign.timezone)))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
