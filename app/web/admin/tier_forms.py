"""The forms of tiers and of the weight of no win."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, SelectField

from app.domain.errors import InvalidInput
from app.domain.odds import InvalidOdds, Limits, OnEmpty
from app.models import Campaign, Tier
from app.services.tiers import MAX_LIMIT, TierPlan
from app.web.admin.live import ReasonForm
from app.web.admin.moment_fields import WindowForm, local_time, moment_field, which_field
from app.web.staff_forms import AtMost, Line, Present, Version, WholeNumber, choice

LOSE, REDRAW = OnEmpty.LOSE.value, OnEmpty.REDRAW.value
COUNTS = ("per_hour", "per_day", "in_all", "per_person")
LIMITS = (*COUNTS, "opens_at", "closes_at")


def _limit(label: Any, description: Any) -> WholeNumber:
    return WholeNumber(label, low=1, high=MAX_LIMIT, description=description)


class TierForm(ReasonForm, WindowForm):
    """A tier: its name, its weight, what happens when it has nothing to give, and its limits."""

    name = Line(_l("Name"), [Present(), AtMost(60)], description=_l("Visitors read it in the rules."))
    weight = WholeNumber(
        _l("Weight"),
        [Present()],
        description=_l(
            "Its tickets, out of those of all tiers and no win. Weight 1 of 250 in all: 1 entry in 250."
        ),
    )
    on_empty = SelectField(
        _l("When it has nothing to give"),
        default=LOSE,
        description=_l("For entries that hit it when its stock is used up, or a limit is reached."),
    )
    enabled = BooleanField(
        _l("In the draw"), default=True, description=_l("Switched off, no entry can hit it.")
    )
    per_hour = _limit(_l("At most per hour"), _l("Counted from one full hour to the next."))
    per_day = _limit(_l("At most per day"), _l("From midnight to midnight in the campaign’s time zone."))
    in_all = _limit(_l("At most in all"), _l("Then it has nothing more to give, whatever is in stock."))
    per_person = _limit(_l("At most per person"), _l("Useful where people may enter every day."))
    opens_at = moment_field(_l("Gives from"), _l("Before that it counts as empty. Empty: from the start."))
    opens_which = which_field()
    closes_at = moment_field(_l("Gives until"), _l("From then on it counts as empty. Empty: to the end."))
    closes_which = which_field()

    def offer_fallbacks(self, others: Iterable[Tier]) -> None:
        """Fill the choices: no win, drawing again, or one of the other tiers."""
        pairs = [choice(tier.id.hex, _("Give from %(tier)s", tier=tier.name)) for tier in others]
        self.on_empty.choices = [
            choice(LOSE, _("The entry does not win")),
            choice(REDRAW, _("Draw again among the rest")),
            *pairs,
        ]

    @property
    def has_limits(self) -> bool:
        """Whether a limit is set, or is wrong: then the page shows them at once."""
        return any(self[name].data is not None or self[name].errors for name in LIMITS)

    def plan(self, campaign: Campaign, stored: Tier | None = None) -> TierPlan:
        """What the form asks for. Raises InvalidInput for times that will not do."""
        to, zone = str(self.on_empty.data), ZoneInfo(campaign.timezone)
        opens_at = self.moment("opens", zone, stored.opens_at if stored else None)
        closes_at = self.moment("closes", zone, stored.closes_at if stored else None)
        counts = {name: self[name].data for name in COUNTS}
        try:
            limits = Limits(**counts, opens_at=opens_at, closes_at=closes_at)
        except InvalidOdds as error:
            raise InvalidInput.of("closes_at", error) from error
        falls_back = to not in {LOSE, REDRAW}
        return TierPlan(
            name=str(self.name.data),
            weight=int(self.weight.data),
            enabled=bool(self.enabled.data),
            on_empty=OnEmpty.FALLBACK if falls_back else OnEmpty(to),
            fallback_id=UUID(hex=to) if falls_back else None,
            limits=limits,
        )

    def _put(self, name: str, message: str) -> None:
        super()._put("on_empty" if name == "fallback_id" else name, message)


class TierEditForm(TierForm):
    """The same for a tier that exists."""

    version = Version()


class LoseWeightForm(ReasonForm):
    """The weight of no win."""

    weight = WholeNumber(
        _l("Weight of no win"), [Present()], description=_l("0 makes every entry win, while stock lasts.")
    )

    def _put(self, name: str, message: str) -> None:
        super()._put("weight" if name == "lose_weight" else name, message)


def tier_values(tier: Tier, campaign: Campaign) -> dict[str, Any]:
    """A tier's values as the form's fields hold them."""
    zone = ZoneInfo(campaign.timezone)
    return {
        "name": tier.name,
        "weight": tier.weight,
        "on_empty": tier.fallback_id.hex if tier.fallback_id else tier.on_empty.value,
        "enabled": tier.enabled,
        "per_hour": tier.per_hour,
        "per_day": tier.per_day,
        "in_all": tier.in_all,
        "per_person": tier.per_person,
        "opens_at": local_time(tier.opens_at, zone),
        "closes_at": local_time(tier.closes_at, zone),
    }
