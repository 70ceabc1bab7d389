"""The forms of the tiers, and of the weight of no win."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, SelectField

from app.domain.odds import OnEmpty
from app.models import Tier
from app.services.tiers import TierPlan
from app.web.staff_forms import AtMost, Line, Present, StaffForm, Version, WholeNumber, choice

LOSE = OnEmpty.LOSE.value


class TierForm(StaffForm):
    """A tier: its name, its weight, and what happens when it is empty."""

    name = Line(_l("Name"), [Present(), AtMost(60)])
    weight = WholeNumber(_l("Weight"), [Present()], description=_l("Its share of all weights."))
    on_empty = SelectField(_l("When nothing is left"), default=LOSE)
    enabled = BooleanField(_l("In the draw"), default=True)

    def offer_fallbacks(self, others: Iterable[Tier]) -> None:
        """Fill the choices: no win, or one of the other tiers."""
        pairs = [choice(tier.id.hex, _("Give from %(tier)s", tier=tier.name)) for tier in others]
        self.on_empty.choices = [choice(LOSE, _("The entry does not win")), *pairs]

    def plan(self) -> TierPlan:
        """What the form asks for."""
        to = str(self.on_empty.data)
        return TierPlan(
            name=str(self.name.data),
            weight=int(self.weight.data),
            enabled=bool(self.enabled.data),
            on_empty=OnEmpty.LOSE if to == LOSE else OnEmpty.FALLBACK,
            fallback_id=None if to == LOSE else UUID(hex=to),
        )

    def _put(self, name: str, message: str) -> None:
        super()._put("on_empty" if name == "fallback_id" else name, message)


class TierEditForm(TierForm):
    """The same for a tier that exists."""

    version = Version()


class LoseWeightForm(StaffForm):
    """The weight of no win."""

    weight = WholeNumber(
        _l("Weight of no win"), [Present()], description=_l("0 makes every entry win, while stock lasts.")
    )

    def _put(self, name: str, message: str) -> None:
        super()._put("weight" if name == "lose_weight" else name, message)


def tier_values(tier: Tier) -> dict[str, Any]:
    """A tier's values as the form's fields hold them."""
    return {
        "name": tier.name,
        "weight": tier.weight,
        "on_empty": tier.fallback_id.hex if tier.fallback_id else LOSE,
        "enabled": tier.enabled,
    }
