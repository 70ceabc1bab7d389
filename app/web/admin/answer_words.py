"""What somebody answered and agreed to, as staff read it."""

from dataclasses import dataclass
from datetime import date

from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.adapters.dates import long_day_text
from app.domain import entry_form
from app.domain.campaign_texts import CampaignTexts
from app.domain.entry_form import FieldPlan, Kind, Value
from app.models import Campaign, Entry
from app.services import entry_forms, form_versions
from app.web.filters import locale
from app.web.form_words import FormWords, country_name, kind_name


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer under the label the field has now, or had last."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Consent:
    """One thing that was asked, in the words it was asked in, and whether it was agreed to."""

    label: str
    given: bool
    words: str


def answers_of(campaign: Campaign, entry: Entry) -> list[Answered]:
    """The answers to the campaign's own fields, in the order of the form."""
    values = entry_form.read_answers(entry.answers).values
    plan = entry_forms.plan_of(campaign)
    return [
        Answered(one.label or kind_name(one.kind), _spoken(one, values[one.key]))
        for one in plan.known_fields
        if one.key in values
    ]


def consents_of(session: Session, campaign: Campaign, entry: Entry) -> list[Consent]:
    """The consents that were asked for besides the rules, in the entrant's language."""
    kept = form_versions.find(session, campaign.id, entry.form_version)
    plan = entry_form.parse(kept.document if kept else "")
    words = FormWords(plan, CampaignTexts(campaign.language, kept.texts if kept else {}), entry.locale)
    said = entry_form.read_answers(entry.answers)
    with force_locale(entry.locale):
        texts = (words.marketing, words.partner if plan.partner else "", words.of_age)
    found = []
    if plan.marketing:
        found.append(Consent(_("News by mail"), entry.marketing, texts[0]))
    if plan.partner:
        found.append(Consent(plan.partner, said.partner, texts[1]))
    if plan.asks_age_tick:
        found.append(Consent(_("Old enough"), said.of_age, texts[2]))
    return found


def _spoken(one: FieldPlan, value: Value) -> str:
    if isinstance(value, bool):
        return str(_("yes"))
    if one.kind is Kind.COUNTRY:
        return country_name(value)
    if one.kind is Kind.BIRTH_DATE:
        return long_day_text(date.fromisoformat(value), locale())
    return value
