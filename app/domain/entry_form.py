"""The form of a campaign's entrants: what it asks, who may take part, and whether answers will do."""

import json
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Any

from app.domain.countries import COUNTRIES
from app.domain.errors import InvalidInput
from app.domain.odds import canonical_json
from app.domain.texts import is_showable, is_visible

SCHEMA = 1
MAX_FIELDS = 12
MAX_OPTIONS = 50
MAX_REMOVED = 200
MAX_LABEL = 80
MAX_HELP = 200
MAX_CONSENT = 500
MAX_PARTNER = 120
MAX_TEXT = 200  # of an answer in one line
MAX_POSTCODE = 12
AGES = range(1, 100)
OLDEST = 130  # years; an earlier birth date is a slip
ELSEWHERE = "-"  # what people choose who live in none of the countries listed

Value = str | bool


class Kind(StrEnum):
    """What a field asks for."""

    NAME = "name"
    EMAIL = "email"
    PHONE = "phone"
    COUNTRY = "country"
    POSTCODE = "postcode"
    BIRTH_DATE = "birth_date"
    SELECT = "select"
    TICK = "tick"
    TEXT = "text"


MANY = frozenset({Kind.SELECT, Kind.TICK, Kind.TEXT})  # kinds of which a form may have several


class AgeBy(StrEnum):
    """How people show that they are old enough."""

    BIRTH_DATE = "birth_date"
    TICK = "tick"


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of a select; the key stays when the label is put differently."""

    key: str
    label: str


@dataclass(frozen=True, slots=True)
class FieldPlan:
    """One field. Without a label it is called by its kind's name, in the reader's language."""

    key: str
    kind: Kind
    label: str = ""
    help: str = ""
    required: bool = True
    options: tuple[Option, ...] = ()


@dataclass(frozen=True, slots=True)
class AgeGate:
    """How old people have to be on the day they enter, in the campaign's zone."""

    least: int = 18
    by: AgeBy = AgeBy.TICK


NAME = FieldPlan("name", Kind.NAME)
EMAIL = FieldPlan("email", Kind.EMAIL)


@dataclass(frozen=True, slots=True)
class FormPlan:
    """All that staff decide about the form. Without texts of their own, consents have Prizewell's.

    `removed` are fields that were asked once: answers to them keep their labels.
    """

    fields: tuple[FieldPlan, ...] = (NAME, EMAIL)
    age: AgeGate | None = None
    countries: tuple[str, ...] = ()  # none: everywhere
    marketing: bool = True  # whether it is asked for at all; it is never a condition
    marketing_text: str = ""
    partner: str = ""  # whom the partner consent names; none: it is not asked for
    partner_text: str = ""
    removed: tuple[FieldPlan, ...] = ()

    def find(self, kind: Kind) -> FieldPlan | None:
        """The first field of a kind."""
        return next((one for one in self.fields if one.kind is kind), None)

    def is_required(self, one: FieldPlan) -> bool:
        """Whether the field has to be filled in: as set, or because who may take part depends on it."""
        return (
            one.required
            or one.kind is Kind.EMAIL
            or (one.kind is Kind.COUNTRY and bool(self.countries))
            or (one.kind is Kind.BIRTH_DATE and self.asks_birth_date)
        )

    @property
    def asks_birth_date(self) -> bool:
        """Whether the birth date decides."""
        return self.age is not None and self.age.by is AgeBy.BIRTH_DATE

    @property
    def asks_age_tick(self) -> bool:
        """Whether people say themselves that they are old enough."""
        return self.age is not None and self.age.by is AgeBy.TICK

    @property
    def own_fields(self) -> tuple[FieldPlan, ...]:
        """The fields besides name and e-mail: their answers are kept together."""
        return tuple(one for one in self.fields if one.kind not in {Kind.NAME, Kind.EMAIL})

    @property
    def asks_more(self) -> bool:
        """Whether there is anything to answer besides name, e-mail and the usual ticks."""
        return bool(self.own_fields or self.age or self.partner)

    @property
    def known_fields(self) -> tuple[FieldPlan, ...]:
        """All fields there are answers to: those asked now, then those asked once."""
        return self.own_fields + self.removed

    @property
    def document(self) -> str:
        """Canonical JSON: what is kept."""
        return canonical_json({"schema": SCHEMA, **asdict(self)})

    def tidied(self) -> "FormPlan":
        """The same with texts normalised and trimmed."""
        return replace(
            self,
            fields=tuple(_tidy_field(one) for one in self.fields),
            countries=tuple(sorted(set(self.countries))),
            marketing_text=_tidy(self.marketing_text),
            partner=_tidy(self.partner),
            partner_text=_tidy(self.partner_text),
        )

    def following(self, before: "FormPlan") -> "FormPlan":
        """The plan with the fields it no longer asks for among the removed ones."""
        asked = {one.key for one in self.fields}
        gone = tuple(one for one in before.own_fields + before.removed if one.key not in asked)
        return replace(self, removed=gone[:MAX_REMOVED])

    def with_new(self, kind: Kind, before: "FormPlan | None" = None) -> "FormPlan":
        """One more field of a kind, last, under a key that no field has or had."""
        used = {one.key for plan in (self, before or self) for one in (*plan.fields, *plan.removed)}
        key, number = kind.value, 1
        if kind in MANY:
            while (key := f"{kind.value}_{number}") in used:
                number += 1
        return replace(self, fields=(*self.fields, FieldPlan(key, kind, required=kind is not Kind.TICK)))


DEFAULT = FormPlan()


def parse(document: str) -> FormPlan:
    """The plan of a stored document; the usual form for none. Raises InvalidInput."""
    return _parsed(document) if document else DEFAULT


@lru_cache(maxsize=512)
def _parsed(document: str) -> FormPlan:
    return read(json.loads(document))


def read(raw: Any) -> FormPlan:
    """The plan that JSON values make. Raises InvalidInput for what is no form, but see `problems`."""
    try:
        values = dict(raw)
        if values.pop("schema") != SCHEMA:
            raise ValueError
        for name in ("fields", "removed"):
            values[name] = tuple(_field(one) for one in values.get(name, ()))
        values["countries"] = tuple(map(_text, values.get("countries", ())))
        age = values.get("age")
        values["age"] = age and AgeGate(_whole(age["least"]), AgeBy(age["by"]))
        for name in ("marketing_text", "partner", "partner_text"):
            _text(values.get(name, ""))
        values["marketing"] = values.get("marketing", True) is True
        return FormPlan(**values)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise InvalidInput("form", "this is not the form of a campaign") from error


def problems(plan: FormPlan) -> tuple[InvalidInput, ...]:
    """All that is wrong with a tidied plan, in its order; `field` says where, as in fields.3.label."""
    return tuple(_problems(plan))


def _problems(plan: FormPlan) -> Iterator[InvalidInput]:
    if len(plan.fields) > MAX_FIELDS:
        yield InvalidInput("fields", "a form has at most %(most)s fields", most=MAX_FIELDS)
    if [one.kind for one in plan.fields].count(Kind.EMAIL) != 1:
        yield InvalidInput("fields", "a form asks for one e-mail address")
    seen: set[str] = set()
    for place, one in enumerate(plan.fields):
        if one.key in seen or not _is_own_key(one):
            yield InvalidInput(f"fields.{place}", "this field stands there twice")
        seen.add(one.key)
        yield from _field_problems(one, f"fields.{place}")
    yield from _gate_problems(plan)
    for name, text, most in (
        ("marketing_text", plan.marketing_text, MAX_CONSENT),
        ("partner", plan.partner, MAX_PARTNER),
        ("partner_text", plan.partner_text, MAX_CONSENT),
    ):
        yield from _text_problems(name, text, most)
    if plan.partner_text and not plan.partner:
        yield InvalidInput("partner", "name the partner whom this consent is for")


def _field_problems(one: FieldPlan, place: str) -> Iterator[InvalidInput]:
    if one.kind in MANY and not one.label:
        yield InvalidInput(f"{place}.label", "say what is asked for")
    yield from _text_problems(f"{place}.label", one.label, MAX_LABEL)
    yield from _text_problems(f"{place}.help", one.help, MAX_HELP)
    if one.kind is not Kind.SELECT:
        return
    labels = [option.label for option in one.options]
    if len(labels) < 2:
        yield InvalidInput(f"{place}.options", "give at least two choices, each on a line of its own")
    if len(labels) > MAX_OPTIONS:
        yield InvalidInput(f"{place}.options", "give at most %(most)s choices", most=MAX_OPTIONS)
    if len(set(labels)) < len(labels) or len({option.key for option in one.options}) < len(labels):
        yield InvalidInput(f"{place}.options", "the same choice stands there twice")
    for label in labels:
        yield from _text_problems(f"{place}.options", label, MAX_LABEL)


def _gate_problems(plan: FormPlan) -> Iterator[InvalidInput]:
    if plan.age is not None and plan.age.least not in AGES:
        yield InvalidInput("age", "use an age from %(least)s to %(most)s", least=AGES[0], most=AGES[-1])
    if plan.asks_birth_date and plan.find(Kind.BIRTH_DATE) is None:
        yield InvalidInput(
            "age", "the form does not ask for the birth date: add that field, or choose the tick"
        )
    if not COUNTRIES.issuperset(plan.countries):
        yield InvalidInput("countries", "choose countries from the list")
    if plan.countries and plan.find(Kind.COUNTRY) is None:
        yield InvalidInput("countries", "the form does not ask for the country: add that field first")


def _text_problems(place: str, text: str, most: int) -> Iterator[InvalidInput]:
    if len(text) > most:
        yield InvalidInput(place, "use at most %(limit)s characters", limit=most)
    if text and not (is_showable(text) and is_visible(text)):
        yield InvalidInput(place, "leave out line breaks and control characters")


def options_of(text: str, before: tuple[Option, ...] = ()) -> tuple[Option, ...]:
    """The choices in a text, one a line; those that were there before keep their keys."""
    keys = {option.label: option.key for option in before}
    used, number = set(keys.values()), 1
    found = []
    for label in filter(None, map(_tidy, text.splitlines())):
        key = keys.pop(label, "")
        while not key:
            key = f"o{number}" if f"o{number}" not in used else ""
            number += 1
        used.add(key)
        found.append(Option(key, label))
    return tuple(found)


# --- Answers ----------------------------------------------------------------------------------------------


class Wrong(StrEnum):
    """What can be wrong with an answer."""

    MISSING = "missing"
    TOO_LONG = "too_long"
    UNFIT = "unfit"
    PHONE = "phone"
    COUNTRY = "country"
    COUNTRY_CLOSED = "country_closed"
    POSTCODE = "postcode"
    DATE = "date"
    TOO_YOUNG = "too_young"
    OPTION = "option"


@dataclass(frozen=True, slots=True)
class Fault:
    """An answer that will not do, by the key of its field."""

    key: str
    wrong: Wrong


@dataclass(frozen=True, slots=True)
class Answers:
    """What somebody answered, by the keys of the fields, and said besides; empty answers are left out."""

    values: Mapping[str, Value] = field(default_factory=dict)
    of_age: bool = False
    partner: bool = False

    @property
    def document(self) -> str:
        """JSON as it is kept; nothing for nothing."""
        said = {"of_age": self.of_age, "partner": self.partner}
        raw = {"values": dict(self.values)} if self.values else {}
        raw |= {name: True for name, is_so in said.items() if is_so}  # type: ignore[misc]
        return json.dumps(raw, ensure_ascii=False, separators=(",", ":")) if raw else ""


AGE_KEY = "of_age"
Phone = Callable[[str, str], str | None]


def read_answers(document: str) -> Answers:
    """Stored answers."""
    return Answers(**json.loads(document)) if document else Answers()


def accept(
    plan: FormPlan, raw: Mapping[str, str], *, today: date, phone: Phone
) -> Answers | tuple[Fault, ...]:
    """The answers to the plan's own fields, each in one way of writing; or all that is wrong with them.

    `today` is the day in the campaign's zone. `phone` gives a number as E.164, or None for none; its second
    argument is the country chosen, or nothing.
    """
    values: dict[str, Value] = {}
    faults: list[Fault] = []
    for one in plan.own_fields:
        text = _tidy(raw.get(one.key, ""))
        if not text:
            if plan.is_required(one):
                faults.append(Fault(one.key, Wrong.MISSING))
            continue
        found = _READERS[one.kind](_Asked(plan, one, raw, today, phone), text)
        if isinstance(found, Wrong):
            faults.append(Fault(one.key, found))
        else:
            values[one.key] = found
    of_age = plan.asks_age_tick and bool(raw.get(AGE_KEY))
    if plan.asks_age_tick and not of_age:
        faults.append(Fault(AGE_KEY, Wrong.MISSING))
    return tuple(faults) or Answers(values, of_age, bool(plan.partner and raw.get("partner_consent")))


def age_on(born: date, today: date) -> int:
    """Full years; who was born on a leap day is a year older on 1 March where there is none."""
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


@dataclass(frozen=True, slots=True)
class _Asked:
    plan: FormPlan
    field: FieldPlan
    raw: Mapping[str, str]
    today: date
    phone: Phone


def _read_phone(asked: _Asked, text: str) -> Value | Wrong:
    country = asked.plan.find(Kind.COUNTRY)
    return asked.phone(text[:40], asked.raw.get(country.key, "") if country else "") or Wrong.PHONE


def _read_country(asked: _Asked, text: str) -> Value | Wrong:
    code, open_to = text.upper(), asked.plan.countries
    if code not in COUNTRIES and not (open_to and code == ELSEWHERE):
        return Wrong.COUNTRY
    return Wrong.COUNTRY_CLOSED if open_to and code not in open_to else code


def _read_postcode(_asked: _Asked, text: str) -> Value | Wrong:
    code = " ".join(unicodedata.normalize("NFKC", text).upper().split())
    return code if _POSTCODE.fullmatch(code) else Wrong.POSTCODE


def _read_birth_date(asked: _Asked, text: str) -> Value | Wrong:
    try:
        born = date.fromisoformat(text)
    except ValueError:
        return Wrong.DATE
    if not 0 <= age_on(born, asked.today) <= OLDEST:
        return Wrong.DATE
    gate = asked.plan.age
    if gate is not None and asked.plan.asks_birth_date and age_on(born, asked.today) < gate.least:
        return Wrong.TOO_YOUNG
    return born.isoformat()


def _read_option(asked: _Asked, text: str) -> Value | Wrong:
    return next((one.label for one in asked.field.options if one.key == text), Wrong.OPTION)


def _read_text(_asked: _Asked, text: str) -> Value | Wrong:
    if len(text) > MAX_TEXT:
        return Wrong.TOO_LONG
    return text if is_showable(text) and is_visible(text) else Wrong.UNFIT


def _read_tick(_asked: _Asked, _text: str) -> Value | Wrong:
    return True


_READERS: dict[Kind, Callable[[_Asked, str], Value | Wrong]] = {
    Kind.PHONE: _read_phone,
    Kind.COUNTRY: _read_country,
    Kind.POSTCODE: _read_postcode,
    Kind.BIRTH_DATE: _read_birth_date,
    Kind.SELECT: _read_option,
    Kind.TEXT: _read_text,
    Kind.TICK: _read_tick,
}
_POSTCODE = re.compile(rf"(?=.{{2,{MAX_POSTCODE}}}$)[0-9A-Z]+(?:[ -][0-9A-Z]+)*")


def _is_own_key(one: FieldPlan) -> bool:
    """Whether the key says the kind: so no key is that of another part of the page's form."""
    shape = rf"{one.kind.value}_\d{{1,4}}" if one.kind in MANY else one.kind.value
    return re.fullmatch(shape, one.key) is not None


def _tidy(text: str) -> str:
    return " ".join(filter(None, unicodedata.normalize("NFC", text).split(" "))).strip()


def _tidy_field(one: FieldPlan) -> FieldPlan:
    return replace(one, label=_tidy(one.label), help=_tidy(one.help))


def _field(raw: Any) -> FieldPlan:
    values = dict(raw)
    values["key"], values["kind"] = _text(values["key"]), Kind(values["kind"])
    for name in ("label", "help"):
        _text(values.get(name, ""))
    values["required"] = values.get("required", True) is True
    options = values.get("options", ())
    values["options"] = tuple(Option(_text(one["key"]), _text(one["label"])) for one in options)
    return FieldPlan(**values)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _whole(value: Any) -> int:
    if type(value) is not int:
        raise TypeError
    return value
