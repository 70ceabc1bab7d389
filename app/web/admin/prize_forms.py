"""The forms of a prize, and how their values become a plan and back."""

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from babel.numbers import get_currency_precision
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import BooleanField, DateField, Field, HiddenField, RadioField, SelectField
from wtforms.validators import Optional, ValidationError
from wtforms.widgets import Input, TextInput

from app.domain.campaign_rules import ARTWORKS
from app.domain.expiry import MAX_DAYS
from app.domain.redemption import MAX_USES
from app.models import Prize, PrizeKind
from app.services.prizes import MAX_LINK, PrizePlan
from app.services.stock import MAX_UNITS
from app.web.admin.live import ReasonForm
from app.web.admin.picture_fields import OnePicture
from app.web.staff_forms import (
    AtMost,
    Difference,
    Line,
    Paragraphs,
    Present,
    Version,
    WholeNumber,
    choice,
)

LINK = "link"  # a quantity whose winners are led somewhere
CURRENCIES = (
    *("EUR", "USD", "GBP", "TRY", "CHF", "SEK", "NOK", "DKK"),
    *("PLN", "CZK", "HUF", "RON", "AED", "CAD", "AUD", "JPY"),
)
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
NEVER, ON_DAY, AFTER_DAYS = "never", "on", "days"
_AMOUNT = re.compile(r"\d{1,13}(?:[.,]\d{1,3})?", re.ASCII)


class Amount(Field):
    """An amount of money as people write it: digits, and a point or comma before the cents."""

    widget: Input = TextInput()

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the amount; an empty field is none."""
        self.data = None
        text = valuelist[0].strip() if valuelist else ""
        if not text:
            return
        if not _AMOUNT.fullmatch(text):
            raise ValueError(_("Use an amount in digits, such as 49.90."))
        self.data = Decimal(text.replace(",", "."))

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else str(self.data)


class PrizeForm(OnePicture, ReasonForm):
    """A prize: what visitors see of it, and what its winner reads."""

    today: date | None = None  # by the campaign's clocks; with it a day that is over is refused

    name = Line(_l("Name"), [Present(), AtMost(120)])
    text = Line(
        _l("A few words for visitors"),
        [AtMost(300)],
        description=_l("Shown with the prize on the landing page."),
    )
    upload = FileField(
        _l("Picture of your own"),
        description=_l("JPEG, PNG, WebP or GIF; 8 MB at most. It is shown in place of the drawing."),
    )
    picture = HiddenField()
    no_picture = BooleanField(_l("Show the drawing instead"))
    artwork = RadioField(
        _l("Drawing"),
        choices=[choice(key, ARTWORK_NAMES[key]) for key in ARTWORKS],
        default=ARTWORKS[0],
    )
    instructions = Paragraphs(
        _l("How the winner gets it"), [AtMost(2000)], description=_l("Shown with the won code.")
    )
    value = Amount(_l("Value"), description=_l("What one is worth. Visitors see it only if you say so."))
    currency = Line(_l("Currency"), [AtMost(3)], description=_l("Three letters, such as EUR."))
    shows_value = BooleanField(_l("Show the value to visitors"))
    expires = RadioField(
        _l("How long the code is good"),
        choices=[
            choice(NEVER, _l("For ever")),
            choice(ON_DAY, _l("Until a day")),
            choice(AFTER_DAYS, _l("Some days from the win")),
        ],
        default=NEVER,
    )
    expires_on = DateField(
        _l("Last day"), [Optional()], description=_l("Until midnight, by the campaign’s clocks.")
    )
    expires_days = WholeNumber(
        _l("Days after the win"), high=MAX_DAYS, description=_l("Until midnight of that day.")
    )
    uses = WholeNumber(
        _l("How often each code can be used"),
        low=1,
        high=MAX_USES,
        default=1,
        description=_l(
            "More than once for cards of ten and the like. Codes that have been used keep theirs."
        ),
    )
    low_stock = WholeNumber(
        _l("Stock is low from"),
        low=1,
        high=MAX_UNITS,
        description=_l(
            "You are told then, here and by mail. Left empty: the share under “Alerts and drain brake”."
        ),
    )
    low_stock_unit = SelectField(
        _l("Counted in"),
        choices=[choice("units", _l("Units left")), choice("percent", _l("Percent left"))],
        default="units",
    )

    @property
    def wants_more(self) -> bool:
        """True when one of the fields that few need is filled in, or wrong."""
        few = (self.value, self.currency, self.expires_on, self.expires_days, self.low_stock)
        is_filled = any(field.data or field.errors for field in few) or self.expires.data != NEVER
        return is_filled or self.uses.data not in {None, 1} or bool(self.uses.errors)

    def validate_value(self, field: Amount) -> None:
        """No more cents than the currency has, and more than nothing."""
        if field.data is None or field.errors:
            return
        digits = get_currency_precision(_code(self.currency.data))
        if field.data != round(field.data, digits):
            raise ValidationError(_("This currency has %(digits)s digits after the point.", digits=digits))
        if field.data <= 0:
            raise ValidationError(_("Use an amount above nothing, or leave it empty."))

    def validate_currency(self, field: Line) -> None:
        """An amount needs its currency."""
        if self.value.data is not None and not re.fullmatch("[A-Z]{3}", _code(field.data)):
            raise ValidationError(_("Which currency? Use its three letters, such as EUR."))

    def validate_expires(self, _field: RadioField) -> None:
        """The day is there."""
        if self.expires.data == ON_DAY and self.expires_on.data is None and not self.expires_on.errors:
            raise ValidationError(_("Until which day?"))

    def validate_expires_on(self, field: DateField) -> None:
        """The day is not over when it is new."""
        if self.expires.data != ON_DAY or field.errors or field.data is None:
            return
        if self.today is not None and field.data < self.today and field.data != field.object_data:
            raise ValidationError(_("This day is over."))

    def validate_expires_days(self, field: WholeNumber) -> None:
        """The number is there."""
        if self.expires.data == AFTER_DAYS and field.data is None and not field.errors:
            raise ValidationError(_("How many days?"))

    def validate_low_stock(self, field: WholeNumber) -> None:
        """A percentage ends at 100."""
        if self.low_stock_unit.data == "percent" and (field.data or 0) > 100:
            raise ValidationError(_("Use a percentage from 1 to 100."))

    def plan(self) -> PrizePlan:
        """What the form asks for."""
        currency = _code(self.currency.data)
        is_percent = self.low_stock_unit.data == "percent"
        return PrizePlan(
            name=str(self.name.data),
            text=self.text.data or "",
            instructions=self.instructions.data or "",
            artwork=str(self.artwork.data),
            picture=None if self.no_picture.data else self.shown_picture,
            value=_minor(self.value.data, currency),
            currency=currency,
            shows_value=bool(self.shows_value.data),
            link=self.address,
            expires_on=self.expires_on.data if self.expires.data == ON_DAY else None,
            expires_days=self.expires_days.data if self.expires.data == AFTER_DAYS else None,
            low_stock=None if is_percent else self.low_stock.data,
            low_stock_percent=self.low_stock.data if is_percent else None,
            uses=self.uses.data or 1,
        )

    @property
    def address(self) -> str:
        """Where the winner is led to; "" for most prizes."""
        return ""

    @property
    def units(self) -> int | None:
        """The number of things; None for codes."""
        return None

    def _put(self, name: str, message: str) -> None:
        super()._put("low_stock" if name == "low_stock_percent" else name, message)

    def _different(self, stored: dict[str, Any]) -> Iterator[Difference]:
        """A picture is told by where it is, not by its name."""
        yield from super()._different({name: value for name, value in stored.items() if name != "picture"})
        if self.picture.data != stored["picture"]:
            theirs = _("another picture") if stored["picture"] else _("the drawing")
            yours = _("your picture") if self.picture.data else _("the drawing")
            yield Difference(_("Picture"), theirs, yours)


class NewPrizeForm(PrizeForm):
    """A prize to add: its stock is a pool of codes, or a number of units."""

    kind = RadioField(
        _l("What is in stock"),
        choices=[
            choice(PrizeKind.CODES.value, _l("Codes: you upload or generate them next")),
            choice(PrizeKind.QUANTITY.value, _l("Physical: no code list, we make claim codes")),
            choice(LINK, _l("A link: winners get a button to a web address, and a claim code")),
        ],
        default=PrizeKind.CODES.value,
    )
    quantity = WholeNumber(_l("How many"), high=MAX_UNITS)
    link = Line(_l("Web address"), [AtMost(MAX_LINK)], description=_l("https only; it never holds the code."))

    def validate_quantity(self, field: WholeNumber) -> None:
        """A number of things needs its number."""
        if self._is_counted and field.data is None and not field.errors:
            raise ValidationError(_("How many are there?"))

    def validate_link(self, field: Line) -> None:
        """A link needs its address."""
        if self.kind.data == LINK and not field.data:
            raise ValidationError(_("Where does the button lead?"))

    @property
    def units(self) -> int | None:
        """The number of things; None for codes."""
        return self.quantity.data if self._is_counted else None

    @property
    def address(self) -> str:
        """Where the winner is led to."""
        return self.link.data or "" if self.kind.data == LINK else ""

    @property
    def _is_counted(self) -> bool:
        return self.kind.data in {PrizeKind.QUANTITY.value, LINK}


class PrizeEditForm(PrizeForm):
    """A prize that exists."""

    version = Version()


class QuantityPrizeEditForm(PrizeEditForm):
    """A prize that exists and is a number of things."""

    quantity = WholeNumber(
        _l("How many in all"),
        [Present()],
        high=MAX_UNITS,
        description=_l("Those won count too: lowering it withdraws units nobody has won."),
    )

    @property
    def units(self) -> int | None:
        """The number of things in all."""
        return int(self.quantity.data)


class LinkPrizeEditForm(QuantityPrizeEditForm):
    """A prize that exists and leads its winners somewhere."""

    link = Line(
        _l("Web address"),
        [Present(), AtMost(MAX_LINK)],
        description=_l("https only; it never holds the code."),
    )

    @property
    def address(self) -> str:
        """Where the winner is led to."""
        return self.link.data or ""


def edit_form(prize: Prize, total: int) -> PrizeForm:
    """The form of a prize that exists, with its values."""
    kind: type[PrizeEditForm] = PrizeEditForm
    if prize.kind is PrizeKind.QUANTITY:
        kind = LinkPrizeEditForm if prize.link else QuantityPrizeEditForm
    return kind(data=prize_values(prize, total) | {"version": prize.version})


def prize_values(prize: Prize, total: int) -> dict[str, Any]:
    """A prize's values as the form's fields hold them."""
    values: dict[str, Any] = {
        "name": prize.name,
        "text": prize.text,
        "instructions": prize.instructions,
        "artwork": prize.artwork,
        "picture": str(prize.picture or ""),
        "value": _amount(prize.value, prize.currency),
        "currency": prize.currency,
        "shows_value": prize.shows_value,
        "expires": NEVER,
        "expires_on": prize.expires_on,
        "expires_days": prize.expires_days,
        "uses": prize.uses,
        "low_stock": prize.low_stock if prize.low_stock_percent is None else prize.low_stock_percent,
        "low_stock_unit": "units" if prize.low_stock_percent is None else "percent",
    }
    if prize.expires_on is not None:
        values["expires"] = ON_DAY
    elif prize.expires_days is not None:
        values["expires"] = AFTER_DAYS
    if prize.kind is PrizeKind.QUANTITY:
        values |= {"quantity": total, "link": prize.link}
    return values


def _code(currency: str | None) -> str:
    return (currency or "").strip().upper()


def _minor(amount: Decimal | None, currency: str) -> int | None:
    return None if amount is None else int(amount.scaleb(get_currency_precision(currency)))


def _amount(value: int | None, currency: str) -> Decimal | None:
    return None if value is None else Decimal(value).scaleb(-get_currency_precision(currency))
