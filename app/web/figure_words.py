"""What figures are called and how they are worked out: for the pages; docs/figures.md says the same."""

from fractions import Fraction
from typing import Any

from babel import Locale
from babel.numbers import format_decimal
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.services import rollups
from app.web.filters import locale, money, percent

FORMULAS: dict[str, tuple[Any, Any]] = {
    "visits": (
        _l("Page views"),
        _l("How often the landing page was shown; who comes twice counts twice. Of a partner: people a day."),
    ),
    "started": (
        _l("Forms started"),
        _l("How often somebody turned to the form, with a cursor or a finger; once for each page shown."),
    ),
    "sent": (
        _l("Forms sent"),
        _l("How often somebody pressed the button of a filled-in form: then the check for humans begins."),
    ),
    "entries": (_l("Entries"), _l("Forms that were taken and drawn.")),
    "people": (_l("People"), _l("Those who entered, each counted with the first entry.")),
    "wins": (_l("Wins"), _l("Entries that won, without wins that are void.")),
    "winners": (_l("Winners"), _l("People who won, each counted with the first win.")),
    "seen": (_l("Wins seen"), _l("Wins shown in the answer to the entry, or whose page was opened.")),
    "redeemed": (_l("Redeemed"), _l("Wins whose code a shop took at least once and did not give back.")),
    "redeemers": (_l("People who redeemed"), _l("Each counted with the first win that was redeemed.")),
    "again": (
        _l("Bought again"),
        _l("Redeemed wins whose winner redeemed another code later, on another order, in any campaign."),
    ),
    "redemption_rate": (_l("Redemption rate"), _l("Redeemed wins ÷ wins.")),
    "redemption_by_age": (
        _l("Redeemed within so many days"),
        _l("Wins redeemed within n days ÷ wins; only those that have had n whole days."),
    ),
    "revenue": (_l("Revenue"), _l("The sum of the orders shops told with redemptions that stand.")),
    "average_order_value": (_l("Average order"), _l("Revenue ÷ orders with a value.")),
    "discount_cost": (_l("Cost of discounts"), _l("Cost of one redeemed win × redeemed wins.")),
    "return_on_investment": (
        _l("Return on investment"),
        _l("(Revenue − costs) ÷ costs; costs are media, prizes, other and discounts. Revenue is no margin."),
    ),
    "days_to_redeem": (
        _l("Days to redeem"),
        _l("Whole days from the win to its first redemption: the median, and the quartiles around it."),
    ),
    "crowded": (
        _l("Suspicious"),
        _l("Entries out of crowded networks ÷ entries: more than 5 that day from one. A campus is one, too."),
    ),
    "purchase_frequency": (
        _l("Purchases per person"),
        _l("Purchases ÷ people who bought; a purchase is an order, or a redemption told without one."),
    ),
    "repeat_purchase_rate": (
        _l("Bought more than once"),
        _l("People with two purchases or more ÷ people with one or more."),
    ),
    "lifetime_value": (
        _l("Value of a customer so far"),
        _l("Revenue ÷ people who bought, in one currency; no forecast."),
    ),
    "retention": (
        _l("Came back"),
        _l("Of the people whose first purchase was in a month, the share that bought n months later."),
    ),
}
DIMENSION_NAMES: dict[str, Any] = {
    rollups.TIER: _l("By tier"),
    rollups.PRIZE: _l("By prize"),
    rollups.PARTNER: _l("By partner"),
    rollups.SOURCE: _l("By source (utm_source)"),
    rollups.MEDIUM: _l("By medium (utm_medium)"),
    rollups.UTM: _l("By their campaign (utm_campaign)"),
    rollups.COUNTRY: _l("By country"),
    rollups.LANGUAGE: _l("By language"),
    rollups.DEVICE: _l("By device"),
}
_DEVICES: dict[str, Any] = {"phone": _l("Phone"), "tablet": _l("Tablet"), "desktop": _l("Desktop")}


def value_name(dimension: str, value: str, name: str = "") -> str:
    """What a place on a dimension is called."""
    if name:
        return name
    if not value:
        return str(_("without a partner") if dimension == rollups.PARTNER else _("not known"))
    here = locale()
    if dimension == rollups.COUNTRY:
        return str(here.territories.get(value.upper(), value))
    if dimension == rollups.LANGUAGE:
        return _language(value, here)
    return str(_DEVICES.get(value, value)) if dimension == rollups.DEVICE else value


def _language(value: str, here: Locale) -> str:
    return str(here.languages.get(value, value))


def rate(value: Fraction | None) -> str:
    """A share as a percentage; a dash where there is nothing to divide."""
    if value is None:
        return "–"
    if value < 0:
        return f"−{percent(-value.numerator, value.denominator)}"
    return percent(value.numerator, value.denominator)


def minor(value: Fraction | None, currency: str) -> str:
    """An amount in minor units, rounded to whole ones; a dash where there is none."""
    return "–" if value is None else money(round(value), currency)


def number(value: Fraction | None) -> str:
    """A number with two decimals at most."""
    return "–" if value is None else format_decimal(round(float(value), 2), locale=locale())
