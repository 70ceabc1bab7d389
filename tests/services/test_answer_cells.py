"""Answers in exports: a column a field, whatever fields are called."""

from app.domain.entry_form import DEFAULT, EMAIL, Answers, FieldPlan, FormPlan, Kind
from app.services import answer_cells

PLAN = FormPlan(
    (EMAIL, FieldPlan("phone", Kind.PHONE), FieldPlan("text_1", Kind.TEXT, "Wish")),
    removed=(FieldPlan("text_2", Kind.TEXT, "Wish"), FieldPlan("tick_1", Kind.TICK, "Garden")),
)


def test_each_field_has_its_column() -> None:
    header = answer_cells.header(PLAN)
    assert header == (*answer_cells.CONSENTS, "phone", "Wish (text_1)", "Wish (text_2)", "Garden")
    given = Answers({"text_2": "A dog", "tick_1": True}, of_age=True).document
    assert answer_cells.cells(PLAN, True, given) == ("yes", "", "yes", "", "", "A dog", "yes")
    assert answer_cells.cells(DEFAULT, False, "") == ("", "", "")
