"""The forms of the prize pool: tiers, prizes, the weight of no win."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, RadioField, SelectField
from wtforms.validators import ValidationError

from app.domain.campaign_rules import ARTWORKS
from app.domain.odds import OnEmpty
from app.models import Prize, PrizeKind, Tier
from app.services.prizes import PrizePlan
from app.services.tiers import TierPlan
from app.web.staff_forms import AtMost, Line, Paragraphs, Present, StaffForm, Version, WholeNumber, choice

MAX_UNITS = 1_000_000
LOSE = OnEmpty.LOSE.value

ARTWORK_NAMES = {
    "gift": _l("Gift"),
    "voucher": _l("Voucher"),
    "coffee": _l("Coffee"),
    "headphones": _l("Headphones"),
    "ticket": _l("Ticket"),
    "bag": _l("Bag"),
    "phone": _l("Phone"),
    "star": _l("Star"),
    "trip": _l("Trip"),
    "meal": _l("Meal"),
}


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


class PrizeForm(StaffForm):
    """A prize: what visitors see of it, and what its winner reads."""

    name = Line(_l("Name"), [Present(), AtMost(120)])
    text = Line(_l("A few words for visitors"), [AtMost(300)])
    instructions = Paragraphs(
        _l("How the winner gets it"), [AtMost(2000)], description=_l("Shown with the won code.")
    )
    artwork = RadioField(
        _l("Picture"),
        choices=[choice(key, ARTWORK_NAMES[key]) for key in ARTWORKS],
        default=ARTWORKS[0],
    )

    def plan(self) -> PrizePlan:
        """What the form asks for."""
        return PrizePlan(
            name=str(self.name.data),
            text=self.text.data or "",
            instructions=self.instructions.data or "",
            artwork=str(self.artwork.data),
        )


class NewPrizeForm(PrizeForm):
    """A prize to add: its stock is a pool of codes, or a number of units."""

    kind = RadioField(
        _l("What is in stock"),
        choices=[
            choice(PrizeKind.CODES.value, _l("Codes: you upload or generate them next")),
            choice(PrizeKind.QUANTITY.value, _l("A number of things: each winner gets a claim code")),
        ],
        default=PrizeKind.CODES.value,
    )
    quantity = WholeNumber(_l("How many"), high=MAX_UNITS)

    def validate_quantity(self, field: WholeNumber) -> None:
        """A number of things needs its number."""
        if self.kind.data == PrizeKind.QUANTITY.value and field.data is None and not field.errors:
            raise ValidationError(_("How many are there?"))

    @property
    def units(self) -> int | None:
        """The number of things; None for codes."""
        return self.quantity.data if self.kind.data == PrizeKind.QUANTITY.value else None


class PrizeEditForm(PrizeForm):
    """A prize that exists."""

    version = Version()


class QuantityPrizeEditForm(PrizeForm):
    """A prize that exists and is a number of things."""

    quantity = WholeNumber(
        _l("How many in all"),
        [Present()],
        high=MAX_UNITS,
        description=_l("Those won count too: lowering it withdraws units nobody has won."),
    )
    version = Version()


def tier_values(tier: Tier) -> dict[str, Any]:
    """A tier's values as the form's fields hold them."""
    return {
        "name": tier.name,
        "weight": tier.weight,
        "on_empty": tier.fallback_id.hex if tier.fallback_id else LOSE,
        "enabled": tier.enabled,
    }


def prize_values(prize: Prize, total: int) -> dict[str, Any]:
    """A prize's values as the form's fields hold them."""
    values: dict[str, Any] = {
        "name": prize.name,
        "text": prize.text,
        "instructions": prize.instructions,
        "artwork": prize.artwork,
    }
    return values | ({"quantity": total} if prize.kind is PrizeKind.QUANTITY else {})
