"""The console's form about a campaign's entry form, and how it becomes a plan and back."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, RadioField, SelectMultipleField

from app.domain import entry_form
from app.domain.entry_form import AGES, AgeBy, AgeGate, FieldPlan, FormPlan, Kind
from app.domain.errors import InvalidInput
from app.web.form_words import country_choices, kind_name
from app.web.staff_forms import AtMost, Difference, Line, StaffForm, Version, WholeNumber, choice
from app.web.wording import told

MOST_ROWS = entry_form.MAX_FIELDS + 1


class FormPlanForm(StaffForm):
    """What the form asks besides its fields, which are rows of their own; and why it is changed."""

    age = RadioField(
        _l("How old"),
        choices=[
            choice("", _l("Any age")),
            choice(AgeBy.TICK.value, _l("People tick that they are old enough")),
            choice(AgeBy.BIRTH_DATE.value, _l("The date of birth decides")),
        ],
    )
    least_age = WholeNumber(_l("Least age"), low=AGES[0], high=AGES[-1])
    countries = SelectMultipleField(_l("Countries"))
    marketing = BooleanField(_l("Ask whether you may send news"))
    marketing_text = Line(_l("Words of the tick for news"), [AtMost(entry_form.MAX_CONSENT)])
    partner = Line(_l("Partner who may send news, too"), [AtMost(entry_form.MAX_PARTNER)])
    partner_text = Line(_l("Words of the tick for the partner"), [AtMost(entry_form.MAX_CONSENT)])
    reason = Line(_l("Reason"), [AtMost(200)])
    version = Version()

    def __init__(self, plan: FormPlan, version: int) -> None:
        super().__init__(data=values_of(plan) | {"version": version})
        self.countries.choices = country_choices(())
        self.row_errors: dict[str, list[str]] = {}

    def plan(self, fields: tuple[FieldPlan, ...]) -> FormPlan:
        """What was filled in, with these fields."""
        gate = (
            AgeGate(self.least_age.data or 0, AgeBy(self.age.data)) if self.age.data in set(AgeBy) else None
        )
        return FormPlan(
            fields,
            gate,
            tuple(self.countries.data or ()),
            bool(self.marketing.data),
            self.marketing_text.data or "",
            self.partner.data or "",
            self.partner_text.data or "",
        ).tidied()

    def compare_fields(self, stored: FormPlan, plan: FormPlan) -> None:
        """After somebody else saved: their fields beside these."""
        theirs, yours = (names_of(each.fields) for each in (stored, plan))
        self.differences.append(Difference(str(_("Fields")), theirs, yours))

    def tell(self, problems: Iterable[InvalidInput]) -> bool:
        """Put what is wrong where it belongs; True when there was anything."""
        found = False
        for problem in problems:
            found = True
            if problem.field.startswith("fields."):
                self.row_errors.setdefault(problem.field, []).append(told(problem))
            else:
                self._put("least_age" if problem.field == "age" else problem.field, told(problem))
        return found


@dataclass(frozen=True, slots=True)
class Row:
    """One field as the page shows it."""

    place: int
    field: FieldPlan
    kind: str
    is_first: bool
    is_last: bool
    is_fixed: bool  # it cannot be removed
    is_forced: bool  # it is required whatever is ticked
    errors: Mapping[str, list[str]]

    @property
    def name(self) -> str:
        """What people call it."""
        return self.field.label or self.kind

    @property
    def options(self) -> str:
        """The choices, one a line."""
        return "\n".join(option.label for option in self.field.options)


def rows_of(plan: FormPlan, errors: Mapping[str, list[str]]) -> Iterator[Row]:
    """The fields of a plan for the page."""
    for place, one in enumerate(plan.fields):
        here = f"fields.{place}"
        own = {key.removeprefix(here).lstrip("."): words for key, words in errors.items() if _at(key, here)}
        unticked = replace(one, required=False)
        yield Row(
            place,
            one,
            kind_name(one.kind),
            place == 0,
            place == len(plan.fields) - 1,
            one.kind is Kind.EMAIL,
            plan.is_required(unticked),
            own,
        )


def read_rows(posted: MultiDict[str, str], stored: FormPlan) -> tuple[FieldPlan, ...]:
    """The fields in the order in which their rows stand on the page."""
    known = {one.key: one for one in (*stored.fields, *stored.removed)}
    return tuple(_read_row(posted, row, known) for row in posted.getlist("row")[:MOST_ROWS])


def rearranged(plan: FormPlan, act: str, new: str, stored: FormPlan) -> tuple[FormPlan, str]:
    """The plan after a press on a button of the list, and what is said about it."""
    verb, _colon, place = act.partition(":")
    fields = list(plan.fields)
    if verb == "add" and new in set(Kind) and len(fields) < entry_form.MAX_FIELDS:
        added = plan.with_new(Kind(new), stored)
        return added, str(_("%(field)s is added at the end.", field=kind_name(Kind(new))))
    at = int(place) if place.isdigit() and int(place) < len(fields) else -1
    if at < 0:
        return plan, ""
    one = fields.pop(at)
    name = one.label or kind_name(one.kind)
    if verb == "remove" and one.kind is not Kind.EMAIL:
        return replace(plan, fields=tuple(fields)), str(_("%(field)s is taken out.", field=name))
    to = min(max(at + {"up": -1, "down": 1}.get(verb, 0), 0), len(fields))
    fields.insert(to, one)
    words = _("%(field)s is at place %(place)s.", field=name, place=str(to + 1))
    return replace(plan, fields=tuple(fields)), str(words)


def names_of(fields: Iterable[FieldPlan]) -> str:
    """What fields are called, in their order."""
    return ", ".join(one.label or kind_name(one.kind) for one in fields)


def addable(plan: FormPlan) -> list[tuple[str, str]]:
    """The kinds one can still add, with their names."""
    return [
        (kind.value, kind_name(kind)) for kind in Kind if kind in entry_form.MANY or plan.find(kind) is None
    ]


def values_of(plan: FormPlan) -> dict[str, Any]:
    """A plan as the form's fields hold it."""
    return {
        "age": plan.age.by.value if plan.age else "",
        "least_age": plan.age.least if plan.age else 18,
        "countries": list(plan.countries),
        "marketing": plan.marketing,
        "marketing_text": plan.marketing_text,
        "partner": plan.partner,
        "partner_text": plan.partner_text,
    }


def _at(key: str, place: str) -> bool:
    return key == place or key.startswith(f"{place}.")


def _read_row(posted: MultiDict[str, str], row: str, known: Mapping[str, FieldPlan]) -> FieldPlan:
    key, kind = posted.get(f"key-{row}", ""), posted.get(f"kind-{row}", "")
    before = known.get(key)
    found = Kind(kind) if kind in set(Kind) else Kind.TEXT
    options = entry_form.options_of(
        posted.get(f"options-{row}", "")[:20_000], before.options if before else ()
    )
    return FieldPlan(
        key,
        found,
        posted.get(f"label-{row}", ""),
        posted.get(f"help-{row}", ""),
        found is Kind.EMAIL or f"required-{row}" in posted,
        options if found is Kind.SELECT else (),
    )
