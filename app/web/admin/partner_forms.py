"""The forms about a partner: what is decided about one, and which codes are kept for its visitors."""

from datetime import datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import BooleanField, DateTimeLocalField, HiddenField, RadioField, SelectField

from app.domain.errors import InvalidInput
from app.domain.languages import STAFF
from app.domain.moments import NoSuchTime, TwiceTime, Which, moment_of
from app.domain.partner_rules import Pool
from app.models import Campaign, Partner
from app.services.partner_pools import MOST, Kept
from app.services.partners import MOST_WINS, UTM, PartnerPlan
from app.web.admin.moment_fields import local_time, moment_field
from app.web.admin.picture_fields import OnePicture
from app.web.staff_forms import AtMost, Line, Paragraphs, Present, StaffForm, Version, WholeNumber, choice

LANGUAGE_NAMES = {"en": "English", "tr": "Türkçe"}
RESERVE, GENERATE = "reserve", "generate"


class PartnerForm(StaffForm):
    """A new partner."""

    name = Line(_l("Name"), [Present(), AtMost(120)])
    slug = Line(
        _l("Name in the link"),
        [AtMost(40)],
        description=_l("Small letters, digits and hyphens. Left empty, it is made from the name."),
    )


class EditPartnerForm(OnePicture):
    """All that staff decide about a partner."""

    name = Line(_l("Name"), [Present(), AtMost(120)])
    slug = Line(
        _l("Name in the link"),
        [Present(), AtMost(40)],
        description=_l("Links that were shared under another name stop counting. The short link stays."),
    )
    handle = Line(_l("Handle"), [AtMost(60)], description=_l("As followers know it, such as @ayse."))
    upload = FileField(_l("Picture"), description=_l("JPEG, PNG, WebP or GIF; 8 MB at most."))
    picture = HiddenField()
    no_picture = BooleanField(_l("No picture"))
    greeting = Paragraphs(
        _l("Greeting on the landing page"),
        [AtMost(500)],
        description=_l("Beside the name, for whoever comes over the link."),
    )
    share_text = Paragraphs(
        _l("Text to share"), [AtMost(1000)], description=_l("First in the share kit; the link is added.")
    )
    utm_source = Line("utm_source", [AtMost(60)])
    utm_medium = Line("utm_medium", [AtMost(60)])
    utm_campaign = Line("utm_campaign", [AtMost(60)])
    starts_at = moment_field(_l("Counts from"), _l("By the campaign’s clocks. Left empty: at once."))
    ends_at = moment_field(_l("Counts until"), _l("Afterwards the link still opens the page."))
    max_wins = WholeNumber(
        _l("Wins at most"),
        high=MOST_WINS,
        description=_l("After so many wins over this link, its visitors win nothing more. Void ones count."),
    )
    pool = RadioField(
        _l("What visitors can win"),
        choices=[
            choice(Pool.BORROW.value, _l("Codes kept for them first, then those for everybody")),
            choice(Pool.LOSE.value, _l("Only codes kept for them; without any they win nothing")),
        ],
    )
    email = Line(
        _l("E-mail address"),
        [AtMost(254)],
        description=_l("Links to the figures are mailed there. The partner’s own entry counts for nobody."),
    )
    locale = SelectField(_l("Language"), choices=[choice(name, LANGUAGE_NAMES[name]) for name in STAFF])
    reason = Line(_l("Reason"), [AtMost(200)], description=_l("Kept in the audit list."))
    version = Version()

    def plan(self, partner: Partner, campaign: Campaign) -> PartnerPlan:
        """What the form says. Raises InvalidInput for a time that does not exist."""
        zone = ZoneInfo(campaign.timezone)
        return PartnerPlan(
            slug=self.slug.data or "",
            name=self.name.data or "",
            handle=self.handle.data or "",
            picture=None if self.no_picture.data else self.shown_picture,
            greeting=self.greeting.data or "",
            share_text=self.share_text.data or "",
            starts_at=_moment("starts_at", self.starts_at, zone, partner.starts_at),
            ends_at=_moment("ends_at", self.ends_at, zone, partner.ends_at),
            max_wins=self.max_wins.data,
            pool=Pool(self.pool.data),
            email=self.email.data or "",
            locale=self.locale.data,
            **{f"utm_{name}": self[f"utm_{name}"].data or "" for name in UTM},
        )


class PoolForm(StaffForm):
    """Codes to keep for a partner's visitors."""

    way = RadioField(
        _l("Where they come from"),
        choices=[
            choice(RESERVE, _l("Codes that are in stock")),
            choice(GENERATE, _l("New codes, with a prefix of their own")),
        ],
        default=RESERVE,
    )
    prize = SelectField(_l("Prize"), validate_choice=True)
    count = WholeNumber(_l("How many"), [Present()], low=1, high=MOST)
    beginning = Line(
        _l("Codes that begin with"),
        [AtMost(20)],
        description=_l("Of new codes the prefix; of those in stock only such are taken. May stay empty."),
    )
    reason = Line(_l("Reason"), [AtMost(200)], id="pool-reason", description=_l("Kept in the audit list."))

    def offer(self, common: list[Kept]) -> None:
        """Let staff choose among these prizes."""
        cast(Any, self.prize).choices = [
            choice(each.prize.id.hex, f"{each.prize.name} ({each.free})") for each in common
        ]


def values_of(partner: Partner, campaign: Campaign) -> dict[str, Any]:
    """A partner's values as the form's fields hold them."""
    zone, plan = ZoneInfo(campaign.timezone), PartnerPlan.of(partner)
    plain = {name: getattr(plan, name) for name in PartnerPlan.__dataclass_fields__}
    return plain | {
        "picture": str(plan.picture or ""),
        "pool": plan.pool.value,
        "starts_at": local_time(plan.starts_at, zone),
        "ends_at": local_time(plan.ends_at, zone),
        "version": partner.version,
    }


def _moment(name: str, field: DateTimeLocalField, zone: ZoneInfo, stored: datetime | None) -> datetime | None:
    """Of a time that comes twice when clocks go back, the first."""
    if field.data is None or field.data == local_time(stored, zone):
        return stored if field.data else None
    try:
        return moment_of(field.data, zone, None)
    except NoSuchTime as error:
        raise InvalidInput(
            name,
            "the clocks jump over this time that night; the next one after it is %(time)s",
            time=error.instead.strftime("%H:%M"),
        ) from error
    except TwiceTime:
        return moment_of(field.data, zone, Which.FIRST)
