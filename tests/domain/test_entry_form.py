"""The entry form: what makes a plan, and what makes an answer."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from app.domain.countries import COUNTRIES
from app.domain.entry_form import (
    DEFAULT,
    EMAIL,
    NAME,
    AgeBy,
    AgeGate,
    Answers,
    Fault,
    FieldPlan,
    FormPlan,
    Kind,
    Option,
    Wrong,
    accept,
    age_on,
    options_of,
    parse,
    problems,
    read,
    read_answers,
)
from app.domain.errors import InvalidInput

TODAY = date(2030, 3, 1)
SIZE = FieldPlan("select_1", Kind.SELECT, "Size", options=(Option("o1", "S"), Option("o2", "M")))
FULL = FormPlan(
    (
        EMAIL,
        NAME,
        FieldPlan("phone", Kind.PHONE, help="With the country's code."),
        FieldPlan("country", Kind.COUNTRY),
        FieldPlan("postcode", Kind.POSTCODE),
        FieldPlan("birth_date", Kind.BIRTH_DATE),
        SIZE,
        FieldPlan("tick_1", Kind.TICK, "I have a garden", required=False),
        FieldPlan("text_1", Kind.TEXT, "Your wish"),
    ),
    age=AgeGate(18, AgeBy.BIRTH_DATE),
    countries=("DE", "TR"),
    marketing_text="News, please",
    partner="Corner & Pine",
    partner_text="They may write to me",
    removed=(FieldPlan("text_2", Kind.TEXT, "Once asked"),),
)
GOOD = {
    "phone": "0532 123 45 67",
    "country": "tr",
    "postcode": " 34 000 ",
    "birth_date": "2000-02-29",
    "select_1": "o2",
    "tick_1": "y",
    "text_1": "  A dog ",
    "partner_consent": "y",
}


def phone(text: str, country: str) -> str | None:
    return f"{country}:{text}" if text.startswith("0") else None


def answers(plan: FormPlan = FULL, today: date = TODAY, **changed: Any) -> Answers | tuple[Fault, ...]:
    return accept(plan, GOOD | changed, today=today, phone=phone)


def wrong(plan: FormPlan = FULL, **changed: Any) -> list[tuple[str, str]]:
    found = answers(plan, **changed)
    assert isinstance(found, tuple)
    return [(fault.key, fault.wrong.value) for fault in found]


def places(plan: FormPlan) -> list[str]:
    return [problem.field for problem in problems(plan.tidied())]


def with_field(one: FieldPlan) -> FormPlan:
    return FormPlan((EMAIL, one))


def test_a_plan_is_read_back_as_it_was_kept() -> None:
    assert problems(FULL) == ()
    assert parse(FULL.document) == FULL
    assert parse("") == DEFAULT == parse(DEFAULT.document)
    assert len(COUNTRIES) == 249


@pytest.mark.parametrize(
    "raw",
    [
        None,
        [],
        {},
        {"schema": 2},
        {"schema": 1, "colour": "red"},
        {"schema": 1, "fields": [{"key": "x"}]},
        {"schema": 1, "fields": [{"key": 1, "kind": "text"}]},
        {"schema": 1, "age": {"least": "18", "by": "tick"}},
        {"schema": 1, "age": {"least": 18, "by": "guess"}},
        {"schema": 1, "partner": 7},
        {"schema": 1, "countries": 7},
    ],
)
def test_what_is_no_form_is_refused(raw: Any) -> None:
    with pytest.raises(InvalidInput):
        read(raw)


@pytest.mark.parametrize(
    ("plan", "where"),
    [
        (FormPlan((EMAIL,)), []),
        (FormPlan((NAME,)), ["fields"]),
        (FormPlan((EMAIL, *(FieldPlan(f"tick_{n}", Kind.TICK, "Yes") for n in range(12)))), ["fields"]),
        (FormPlan((EMAIL, NAME, NAME)), ["fields.2"]),
        (with_field(FieldPlan("nonce", Kind.TEXT, "x")), ["fields.1"]),
        (with_field(FieldPlan("text_1", Kind.TEXT)), ["fields.1.label"]),
        (with_field(FieldPlan("text_1", Kind.TEXT, "x" * 81)), ["fields.1.label"]),
        (
            with_field(FieldPlan("text_1", Kind.TEXT, "x\ny", help="z" * 201)),
            ["fields.1.label", "fields.1.help"],
        ),
        (with_field(replace(SIZE, options=SIZE.options[:1])), ["fields.1.options"]),
        (with_field(replace(SIZE, options=(Option("o1", "S"), Option("o1", "M")))), ["fields.1.options"]),
        (
            with_field(replace(SIZE, options=(Option("o1", "S"), Option("o2", "\u200b")))),
            ["fields.1.options"],
        ),
        (
            with_field(replace(SIZE, options=tuple(Option(f"o{n}", str(n)) for n in range(51)))),
            ["fields.1.options"],
        ),
        (replace(DEFAULT, age=AgeGate(0)), ["age"]),
        (replace(DEFAULT, age=AgeGate(18, AgeBy.BIRTH_DATE)), ["age"]),
        (replace(DEFAULT, countries=("TR",)), ["countries"]),
        (replace(FULL, countries=("XX",)), ["countries"]),
        (replace(DEFAULT, marketing_text="x" * 501), ["marketing_text"]),
        (replace(DEFAULT, partner_text="They may write"), ["partner"]),
    ],
)
def test_problems_name_their_place(plan: FormPlan, where: list[str]) -> None:
    assert places(plan) == where


def test_texts_are_tidied() -> None:
    plan = FormPlan((EMAIL, FieldPlan("text_1", Kind.TEXT, "  Your   wish "))).tidied()
    assert plan.fields[1].label == "Your wish"
    assert replace(FULL, countries=("TR", "DE", "TR")).tidied().countries == ("DE", "TR")


def test_removed_fields_are_remembered_and_their_keys_never_used_again() -> None:
    fewer = replace(FULL, fields=FULL.fields[:6], removed=()).following(FULL)
    assert [one.key for one in fewer.removed] == ["select_1", "tick_1", "text_1", "text_2"]
    assert [one.key for one in fewer.known_fields][:2] == ["phone", "country"]
    added = fewer.with_new(Kind.TEXT).with_new(Kind.TICK)
    assert [one.key for one in added.fields[-2:]] == ["text_3", "tick_2"]
    assert not added.fields[-1].required
    assert DEFAULT.with_new(Kind.TEXT, fewer).fields[-1].key == "text_3"
    again = DEFAULT.with_new(Kind.PHONE)
    assert again.fields[-1].key == "phone"


def test_choices_keep_their_keys() -> None:
    before = options_of("S\nM\n\n  L ")
    assert before == (Option("o1", "S"), Option("o2", "M"), Option("o3", "L"))
    assert options_of("XS\nM\nS", before) == (Option("o4", "XS"), Option("o2", "M"), Option("o1", "S"))


def test_answers_are_kept_in_one_way_of_writing() -> None:
    found = answers()
    assert found == Answers(
        {
            "phone": "tr:0532 123 45 67",
            "country": "TR",
            "postcode": "34 000",
            "birth_date": "2000-02-29",
            "select_1": "M",
            "tick_1": True,
            "text_1": "A dog",
        },
        partner=True,
    )
    assert isinstance(found, Answers)
    assert read_answers(found.document) == found
    assert Answers().document == "" == Answers({}).document
    assert read_answers("") == Answers()


def test_everything_that_is_missing_is_told_at_once() -> None:
    found = accept(FULL, {}, today=TODAY, phone=phone)
    assert isinstance(found, tuple)
    keys = ["phone", "country", "postcode", "birth_date", "select_1", "text_1"]
    assert [(fault.key, fault.wrong) for fault in found] == [(key, Wrong.MISSING) for key in keys]


@pytest.mark.parametrize(
    ("key", "text", "reason"),
    [
        ("phone", "12", "phone"),
        ("country", "XX", "country"),
        ("country", "FR", "country_closed"),
        ("country", "-", "country_closed"),
        ("postcode", "34_000", "postcode"),
        ("postcode", "1234567890123", "postcode"),
        ("birth_date", "29.2.2000", "date"),
        ("birth_date", "2030-03-02", "date"),
        ("birth_date", "1890-01-01", "date"),
        ("birth_date", "2012-03-02", "too_young"),
        ("select_1", "M", "option"),
        ("text_1", "x" * 201, "too_long"),
        ("text_1", "a\u202eb", "unfit"),
    ],
)
def test_answers_that_will_not_do(key: str, text: str, reason: str) -> None:
    assert wrong(FULL, **{key: text}) == [(key, reason)]


def test_without_a_list_of_countries_all_are_open_and_elsewhere_is_none() -> None:
    plan = FormPlan((EMAIL, FieldPlan("country", Kind.COUNTRY)))
    assert answers(plan, country="FR") == Answers({"country": "FR"})
    assert wrong(plan, country="-") == [("country", "country")]


def test_who_may_take_part_makes_fields_required() -> None:
    optional = tuple(replace(one, required=False) for one in FULL.fields)
    plan = replace(FULL, fields=optional)
    required = [one.key for one in plan.fields if plan.is_required(one)]
    assert required == ["email", "country", "birth_date"]


def test_age_by_a_tick() -> None:
    plan = replace(DEFAULT, age=AgeGate(18))
    assert wrong(plan) == [("of_age", "missing")]
    assert answers(plan, of_age="y") == Answers(of_age=True)
    assert answers(DEFAULT, of_age="y") == Answers()


@pytest.mark.parametrize(
    ("born", "today", "age"),
    [
        (date(2012, 3, 1), date(2030, 3, 1), 18),
        (date(2012, 3, 2), date(2030, 3, 1), 17),
        (date(2012, 2, 29), date(2030, 2, 28), 17),
        (date(2012, 2, 29), date(2030, 3, 1), 18),
        (date(2012, 2, 29), date(2032, 2, 29), 20),
    ],
)
def test_ages_on_the_day(born: date, today: date, age: int) -> None:
    assert age_on(born, today) == age
