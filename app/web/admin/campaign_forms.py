"""The form of a campaign, and how its values become a plan and back."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo, available_timezones

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import BooleanField, RadioField, SelectField

from app.domain.campaign_rules import ACCENTS
from app.domain.eligibility import EntryLimit
from app.domain.partner_rules import TOUCH_HOURS, Touch
from app.domain.proof import HOURS, PROOF_HOURS, REMIND, REMIND_DAYS, Proof
from app.domain.referrals import MOST
from app.domain.reveals import Reveal
from app.models import Campaign, Tier
from app.services.campaigns import CampaignPlan
from app.web.admin.moment_fields import WindowForm, local_time, moment_field, which_field
from app.web.locale import language
from app.web.staff_forms import AtMost, Line, Paragraphs, Present, StaffForm, Version, WholeNumber, choice
from app.web.wording import REVEAL_NAMES

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
PROOF_NAMES = {
    Proof.NEVER.value: _l("Not at all"),
    Proof.CODE.value: _l("Before the code is shown"),
    Proof.REVEAL.value: _l("Before the result is shown"),
}
TIME_ZONES = tuple(sorted(name for name in available_timezones() if "/" in name or name == "UTC"))

_SPELT = str.maketrans({"ı": "i", "ß": "ss", "ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "&": " "})


def _or(usual: int) -> Callable[[int | None], int]:
    """A field left empty means the usual."""
    return lambda number: usual if number is None else number


class CampaignForm(WindowForm):
    """Texts, window and limit of a campaign. Times are those of the campaign's own zone."""

    title = Line(_l("Title"), [Present(), AtMost(120)])
    slug = Line(
        _l("Address"),
        [AtMost(60)],
        description=_l("The end of the landing page's address. Left empty, it is made from the title."),
    )
    sponsor = Line(_l("Who gives the prizes"), [AtMost(120)], description=_l("Named in the official rules."))
    intro = Paragraphs(
        _l("One sentence for visitors"), [AtMost(500)], description=_l("Stands under the title.")
    )
    eligibility = Paragraphs(
        _l("Who may take part"),
        [AtMost(2000)],
        description=_l(
            "Needed before it can open. Such as: everyone who is 18 or older and lives in Türkiye."
        ),
    )
    rules = Paragraphs(
        _l("What else applies"),
        [AtMost(40_000)],
        description=_l(
            "Your own terms, in plain text; a blank line begins a new paragraph. Leave dates, prizes and odds"
            " to the page: it states them from the settings, and they stay true."
        ),
    )
    accent = RadioField(
        _l("Accent colour"),
        choices=[choice(key, ACCENT_NAMES[key]) for key in ACCENTS],
        default=ACCENTS[0],
    )
    reveal = RadioField(
        _l("How the result is shown"),
        choices=[choice(*pair) for pair in REVEAL_NAMES.items()],
        default=Reveal.PLAIN.value,
    )
    shows_left = BooleanField(
        _l("Show about how many prizes are left"),
        description=_l(
            "Rounded down, and as it stood at the last full ten minutes, so that nobody times an entry by it."
        ),
    )
    timezone = Line(
        _l("Time zone"),
        [Present(), AtMost(64)],
        default="UTC",
        description=_l(
            "Decides when a day begins, and how times are shown. Type to search, such as Istanbul."
        ),
    )
    opens_at = moment_field(_l("Opens"), _l("Left empty, it opens the moment you open it."))
    opens_which = which_field()
    closes_at = moment_field(
        _l("Closes"), _l("From this minute on nobody can enter. Left empty, it runs until you close it.")
    )
    closes_which = which_field()
    entries = RadioField(
        _l("How often one may enter"),
        choices=[choice(*pair) for pair in LIMIT_NAMES.items()],
        default=EntryLimit.ONCE.value,
    )
    refer_most = WholeNumber(
        _l("Further entries one person can earn by friends"),
        high=MOST[-1],
        default=0,
        filters=[_or(0)],
        description=_l(
            "Each gets a link of their own with the result. A friend's first entry over it earns one more,"
            " not for oneself nor within one network. 0: there are no such links."
        ),
    )
    refer_tier_id = SelectField(
        _l("Codes for friends"),
        choices=[choice("", _l("None"))],
        default="",
        description=_l(
            "With each further entry earned, who brought the friend and the friend each get a code of this"
            " tier. A weight of 0 keeps its codes for them. They are not drawn, so no odds change."
        ),
    )
    proof = RadioField(
        _l("Entrants prove their address"),
        choices=[choice(*pair) for pair in PROOF_NAMES.items()],
        default=Proof.NEVER.value,
        description=_l(
            "They follow a link in a mail. Each entry is drawn and stored at once, as always; telling waits."
        ),
    )
    proof_hours = WholeNumber(
        _l("Hours a code is kept for that"),
        low=HOURS[0],
        high=HOURS[-1],
        default=PROOF_HOURS,
        filters=[_or(PROOF_HOURS)],
        description=_l("Then the code goes back into stock, unseen, and the win is void."),
    )
    mail_losers = BooleanField(_l("Also write to those who do not win"))
    touch_hours = WholeNumber(
        _l("Hours a partner’s link counts"),
        high=TOUCH_HOURS[-1],
        default=0,
        filters=[_or(0)],
        description=_l(
            "0: only an entry on the page the link opened counts. Up to 24: also one that the same visitor"
            " makes on another page of the campaign. No cookie is set: people behind one connection with the"
            " same browser may be taken for each other."
        ),
    )
    first_touch = BooleanField(
        _l("The first link followed counts, not the last"),
        description=_l("Within these hours, for visitors who come over several partners’ links."),
    )
    remind_days = WholeNumber(
        _l("Days before a code ends to remind its winner"),
        high=REMIND_DAYS[-1],
        default=REMIND,
        filters=[_or(REMIND)],
        description=_l("0 sends no reminder. Codes without an end need none."),
    )

    def offer_tiers(self, tiers: Sequence[Tier]) -> None:
        """Let one of these be chosen for friends."""
        named = [choice(tier.id.hex, tier.name) for tier in tiers]
        self.refer_tier_id.choices = [choice("", _l("None")), *named]

    def plan(self, stored: Campaign | None = None) -> CampaignPlan:
        """What the form asks for. An unknown time zone is left for the service to refuse.

        A time of the `stored` campaign that was left as it was shown stays what it is, to the second.
        """
        name = str(self.timezone.data)
        zone = ZoneInfo(name) if name in available_timezones() else ZoneInfo("UTC")
        opens_at = self.moment("opens", zone, stored.opens_at if stored else None)
        closes_at = self.moment("closes", zone, stored.closes_at if stored else None)
        return CampaignPlan(
            slug=self.slug.data or suggested_slug(str(self.title.data)),
            title=str(self.title.data),
            intro=self.intro.data or "",
            sponsor=self.sponsor.data or "",
            eligibility=self.eligibility.data or "",
            rules=self.rules.data or "",
            language=stored.language if stored else language(),
            accent=str(self.accent.data),
            timezone=name,
            opens_at=opens_at,
            closes_at=closes_at,
            entries=EntryLimit(self.entries.data),
            reveal=Reveal(self.reveal.data),
            proof=Proof(self.proof.data),
            proof_hours=int(self.proof_hours.data),
            mail_losers=bool(self.mail_losers.data),
            remind_days=int(self.remind_days.data),
            refer_most=int(self.refer_most.data),
            refer_tier_id=UUID(hex=str(self.refer_tier_id.data)) if self.refer_tier_id.data else None,
            shows_left=bool(self.shows_left.data),
            touch=Touch.FIRST if self.first_touch.data else Touch.LAST,
            touch_hours=self.touch_hours.data or 0,
        )


class CampaignEditForm(CampaignForm):
    """The same for a campaign that exists: it carries the version it was filled from."""

    version = Version()


class DuplicateForm(StaffForm):
    """What a copy is called."""

    title = Line(_l("Title"), [Present(), AtMost(120)])
    slug = Line(
        _l("Address"),
        [AtMost(60)],
        description=_l("The end of the landing page's address. Left empty, it is made from the title."),
    )


class ExportForm(StaffForm):
    """What goes into the file of a campaign."""

    codes = BooleanField(
        _l("Also the free codes"),
        description=_l(
            "Codes are worth money: whoever has the file can use them. Leave this off to pass a campaign on."
        ),
    )


class ImportForm(StaffForm):
    """A campaign's file, and another address for it."""

    file = FileField(
        _l("File"),
        description=_l("A file that “Export as a file” of this or another Prizewell made; 24 MB at most."),
    )
    slug = Line(
        _l("Address"),
        [AtMost(60)],
        description=_l("Left empty, it is the one in the file."),
    )


def values_of(campaign: Campaign) -> dict[str, Any]:
    """A campaign's values as the form's fields hold them."""
    zone = ZoneInfo(campaign.timezone)
    return {
        "title": campaign.title,
        "slug": campaign.slug,
        "sponsor": campaign.sponsor,
        "intro": campaign.intro,
        "eligibility": campaign.eligibility,
        "rules": campaign.rules,
        "accent": campaign.accent,
        "timezone": campaign.timezone,
        "opens_at": local_time(campaign.opens_at, zone),
        "closes_at": local_time(campaign.closes_at, zone),
        "entries": campaign.entries.value,
        "reveal": campaign.reveal.value,
        "proof": campaign.proof.value,
        "proof_hours": campaign.proof_hours,
        "mail_losers": campaign.mail_losers,
        "remind_days": campaign.remind_days,
        "refer_most": campaign.refer_most,
        "refer_tier_id": campaign.refer_tier_id.hex if campaign.refer_tier_id else "",
        "shows_left": campaign.shows_left,
        "first_touch": campaign.touch is Touch.FIRST,
        "touch_hours": campaign.touch_hours,
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
