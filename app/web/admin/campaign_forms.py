"""The form of a campaign, and how its values become a plan and back."""

import re
import unicodedata
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import DateTimeLocalField, RadioField
from wtforms.validators import Optional, ValidationError

from app.domain.campaign_rules import ACCENTS, YEARS
from app.domain.eligibility import EntryLimit
from app.models import Campaign
from app.services.campaigns import CampaignPlan
from app.web.staff_forms import AtMost, Line, Paragraphs, Present, StaffForm, Version, choice

ACCENT_NAMES = {
    "indigo": _l("Indigo"),
    "teal": _l("Teal"),
    "rose": _l("Rose"),
    "amber": _l("Amber"),
    "forest": _l("Forest"),
    "violet": _l("Violet"),
    "sky": _l("Sky"),
    "ink": _l("Ink"),
}
LIMIT_NAMES = {
    EntryLimit.ONCE.value: _l("One entry per person"),
    EntryLimit.DAILY.value: _l("One entry per person and day"),
}
TIME_ZONES = tuple(sorted(name for name in available_timezones() if "/" in name or name == "UTC"))

_SPELT = str.maketrans({"ı": "i", "ß": "ss", "ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "&": " "})


class CampaignForm(StaffForm):
    """Texts, window and limit of a campaign. Times are those of the campaign's own zone."""

    title = Line(_l("Title"), [Present(), AtMost(120)])
    slug = Line(
        _l("Address"),
        [AtMost(60)],
        description=_l("The end of the landing page's address. Left empty, it is made from the title."),
    )
    sponsor = Line(_l("Who gives the prizes"), [AtMost(120)])
    intro = Paragraphs(
        _l("One sentence for visitors"), [AtMost(500)], description=_l("Stands under the title.")
    )
    rules = Paragraphs(
        _l("Rules"),
        [AtMost(40_000)],
        description=_l("Plain text; a blank line begins a new paragraph. The odds are added by themselves."),
    )
    accent = RadioField(
        _l("Accent colour"),
        choices=[choice(key, ACCENT_NAMES[key]) for key in ACCENTS],
        default=ACCENTS[0],
    )
    timezone = Line(
        _l("Time zone"),
        [Present(), AtMost(64)],
        default="UTC",
        description=_l(
            "Decides when a day begins, and how times are shown. Type to search, such as Istanbul."
        ),
    )
    opens_at = DateTimeLocalField(_l("Opens"), [Optional()], format=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"])
    closes_at = DateTimeLocalField(_l("Closes"), [Optional()], format=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"])
    entries = RadioField(
        _l("How often one may enter"),
        choices=[choice(*pair) for pair in LIMIT_NAMES.items()],
        default=EntryLimit.ONCE.value,
    )

    def validate_opens_at(self, field: DateTimeLocalField) -> None:
        """Refuse years nobody means."""
        _check_year(field.data)

    def validate_closes_at(self, field: DateTimeLocalField) -> None:
        """Refuse years nobody means."""
        _check_year(field.data)

    def plan(self, stored: Campaign | None = None) -> CampaignPlan:
        """What the form asks for. An unknown time zone is left for the service to refuse.

        A time of the `stored` campaign that was left as it was shown stays what it is, to the second.
        """
        name = str(self.timezone.data)
        zone = ZoneInfo(name) if name in available_timezones() else ZoneInfo("UTC")
        return CampaignPlan(
            slug=self.slug.data or suggested_slug(str(self.title.data)),
            title=str(self.title.data),
            intro=self.intro.data or "",
            sponsor=self.sponsor.data or "",
            rules=self.rules.data or "",
            accent=str(self.accent.data),
            timezone=name,
            opens_at=_moment(self.opens_at.data, zone, stored.opens_at if stored else None),
            closes_at=_moment(self.closes_at.data, zone, stored.closes_at if stored else None),
            entries=EntryLimit(self.entries.data),
        )


class CampaignEditForm(CampaignForm):
    """The same for a campaign that exists: it carries the version it was filled from."""

    version = Version()


def values_of(campaign: Campaign) -> dict[str, Any]:
    """A campaign's values as the form's fields hold them."""
    zone = ZoneInfo(campaign.timezone)
    return {
        "title": campaign.title,
        "slug": campaign.slug,
        "sponsor": campaign.sponsor,
        "intro": campaign.intro,
        "rules": campaign.rules,
        "accent": campaign.accent,
        "timezone": campaign.timezone,
        "opens_at": _local(campaign.opens_at, zone),
        "closes_at": _local(campaign.closes_at, zone),
        "entries": campaign.entries.value,
    }


def suggested_slug(title: str) -> str:
    """A title as an address: "Yaz Çekilişi 2026" gives "yaz-cekilisi-2026"; empty when no letter fits."""
    spelt = unicodedata.normalize("NFKD", title.replace("İ", "I").lower().translate(_SPELT))
    words = re.findall(r"[a-z0-9]+", "".join(char for char in spelt if not unicodedata.combining(char)))
    slug = ""
    for word in words:
        longer = f"{slug}-{word}".lstrip("-")
        if len(longer) > 60:
            break
        slug = longer
    return slug or (words[0][:60] if words else "")


def _check_year(value: datetime | None) -> None:
    if value is not None and value.year not in YEARS:
        raise ValidationError(_("Use a year from %(first)s to %(last)s.", first=YEARS[0], last=YEARS[-1]))


def _moment(local: datetime | None, zone: ZoneInfo, stored: datetime | None) -> datetime | None:
    # Not only seconds are lost in the form: the hour that comes twice when clocks go back looks the same.
    if local is None or local == _local(stored, zone):
        return stored if local else None
    return local.replace(tzinfo=zone).astimezone(UTC)


def _local(moment: datetime | None, zone: ZoneInfo) -> datetime | None:
    """As the form shows it, to the minute."""
    return moment.astimezone(zone).replace(tzinfo=None, second=0, microsecond=0, fold=0) if moment else None
