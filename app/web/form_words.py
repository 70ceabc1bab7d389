"""What the entry form says: the campaign's own words where it has some, in the reader's language."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from babel import Locale
from babel.dates import get_date_format, get_month_names
from flask import Flask
from flask_babel import gettext as _

from app.domain import entry_form
from app.domain.campaign_texts import CampaignTexts
from app.domain.countries import COUNTRIES
from app.domain.entry_form import FieldPlan, FormPlan, Kind, Option, Wrong
from app.models import Campaign
from app.web.filters import locale
from app.web.locale import language

AUTOCOMPLETE = {
    Kind.NAME: "name",
    Kind.EMAIL: "email",
    Kind.PHONE: "tel",
    Kind.COUNTRY: "country",
    Kind.POSTCODE: "postal-code",
}


@dataclass(frozen=True, slots=True)
class FormWords:
    """The texts of one campaign's form for one reader."""

    plan: FormPlan
    texts: CampaignTexts
    language: str

    def label(self, one: FieldPlan) -> str:
        """What a field is called."""
        return self.texts.text(f"form.{one.key}.label", self.language, one.label) or kind_name(one.kind)

    def help(self, one: FieldPlan) -> str:
        """What stands under a field."""
        found = self.texts.text(f"form.{one.key}.help", self.language, one.help)
        if not found and one.kind is Kind.PHONE and self.plan.find(Kind.COUNTRY) is None:
            return str(_("With the country's code, such as +90 532 123 45 67."))
        return found

    def option(self, one: FieldPlan, option: Option) -> str:
        """One choice of a select."""
        return self.texts.text(f"form.{one.key}.option.{option.key}", self.language, option.label)

    @property
    def marketing(self) -> str:
        """What one agrees to with the tick for news."""
        default = self.plan.marketing_text or str(
            _("Send me news and offers (you can stop them at any time)")
        )
        return self.texts.text("form.marketing.text", self.language, default)

    @property
    def partner(self) -> str:
        """What one agrees to with the tick for the partner."""
        default = self.plan.partner_text or str(
            _(
                "%(partner)s may send me news and offers, too (I can stop them at any time)",
                partner=self.plan.partner,
            )
        )
        return self.texts.text("form.partner.text", self.language, default)

    @property
    def of_age(self) -> str:
        """What one says with the tick for the age."""
        least = self.plan.age.least if self.plan.age else 0
        return str(_("I am %(age)s or older", age=least))

    @property
    def countries(self) -> list[tuple[str, str]]:
        """The countries to choose from, in the order of their names."""
        return country_choices(self.plan.countries)


def register(app: Flask) -> None:
    """Let templates say what a form says."""
    app.add_template_global(words_of, "form_words")
    app.add_template_global(months, "month_names")
    app.add_template_global(date_order, "date_order")
    app.add_template_global(country_names, "country_names")


def words_of(campaign: Campaign, plan: FormPlan | None = None) -> FormWords:
    """The words of a campaign's form in the language of this request."""
    texts: Mapping[str, Any] = campaign.texts
    found = entry_form.parse(campaign.form) if plan is None else plan
    return FormWords(found, CampaignTexts(campaign.language, texts), language())


def fault_text(plan: FormPlan, one: FieldPlan | None, wrong: Wrong) -> str:
    """What is wrong with an answer; without a field it is the tick for the age."""
    too_young = _("You have to be %(age)s or older to take part.", age=plan.age.least if plan.age else "")
    if one is None:
        return str(too_young)
    match wrong:
        case Wrong.MISSING if one.kind is Kind.TICK:
            return str(_("Please tick this to take part."))
        case Wrong.TOO_LONG:
            return str(_("Please use at most %(most)s characters.", most=entry_form.MAX_TEXT))
        case Wrong.COUNTRY_CLOSED:
            names = country_names(plan.countries)
            return str(_("This giveaway is open to people in: %(countries)s.", countries=names))
        case Wrong.TOO_YOUNG:
            return str(too_young)
        case _:
            return _fault_words()[wrong]


def _fault_words() -> dict[Wrong, str]:
    return {
        Wrong.MISSING: _("Please fill this in."),
        Wrong.UNFIT: _("Please use letters, digits and usual signs only."),
        Wrong.PHONE: _("Please give a valid phone number, such as +90 532 123 45 67."),
        Wrong.COUNTRY: _("Please choose a country from the list."),
        Wrong.POSTCODE: _("Please give a valid postcode."),
        Wrong.DATE: _("Please give a date that exists: day, month and year."),
        Wrong.OPTION: _("Please choose one from the list."),
    }


def kind_name(kind: Kind) -> str:
    """What a field of that kind is called where nobody has called it otherwise."""
    names: dict[Kind, str] = {
        Kind.NAME: _("Name"),
        Kind.EMAIL: _("E-mail address"),
        Kind.PHONE: _("Phone number"),
        Kind.COUNTRY: _("Country"),
        Kind.POSTCODE: _("Postcode"),
        Kind.BIRTH_DATE: _("Date of birth"),
        Kind.SELECT: _("Choice"),
        Kind.TICK: _("Tick"),
        Kind.TEXT: _("Short text"),
    }
    return names[kind]


def country_name(code: str) -> str:
    """A country in the reader's language."""
    return str(locale().territories.get(code, code))


def country_names(codes: Sequence[str]) -> str:
    """Some countries in the order of their names."""
    return ", ".join(name for _code, name in country_choices(codes))


def country_choices(codes: Sequence[str]) -> list[tuple[str, str]]:
    """These countries, or all for none, as (letters, name) in the order of their names."""
    return _named(locale(), tuple(codes) or tuple(sorted(COUNTRIES)))


def months() -> list[tuple[int, str]]:
    """The months by their numbers."""
    return list(get_month_names("wide", context="stand-alone", locale=locale()).items())


def date_order() -> str:
    """The order in which a date is written on our pages, such as dMy."""
    where = locale()
    if where.language == "en":  # as adapters/dates.py writes it
        return "dMy"
    pattern = get_date_format("short", locale=where).pattern
    return "".join(sorted("dMy", key=lambda part: pattern.lower().find(part.lower())))


@lru_cache(maxsize=64)
def _named(where: Locale, codes: tuple[str, ...]) -> list[tuple[str, str]]:
    named = [(code, str(where.territories.get(code, code))) for code in codes]
    return sorted(named, key=lambda one: unicodedata.normalize("NFKD", one[1]).casefold())
