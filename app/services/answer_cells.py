"""Answers as cells of an export: one column a field, those that are no longer asked at the end."""

from app.domain.entry_form import FieldPlan, FormPlan, read_answers

CONSENTS = ("marketing", "partner_consent", "of_age")
YES = "yes"


def header(plan: FormPlan) -> tuple[str, ...]:
    """The consents, then the fields by their labels; a label that another one has is told by its key."""
    labels = [one.label or one.key for one in plan.known_fields]
    pairs = zip(plan.known_fields, labels, strict=True)
    return (*CONSENTS, *(_distinct(one, label, labels) for one, label in pairs))


def cells(plan: FormPlan, marketing: bool, document: str) -> tuple[str, ...]:
    """The answers of one entry under that header, the document as it is stored; empty where there is none."""
    answers = read_answers(document)
    said = (marketing, answers.partner, answers.of_age)
    values = (answers.values.get(one.key, "") for one in plan.known_fields)
    return (*(YES if each else "" for each in said), *(_cell(value) for value in values))


def _distinct(one: FieldPlan, label: str, labels: list[str]) -> str:
    return label if labels.count(label) == 1 else f"{label} ({one.key})"


def _cell(value: str | bool) -> str:
    return value if isinstance(value, str) else YES
