"""Errors with words: a template, values, and the English text made of both."""

from app.domain.errors import Conflict, InvalidInput, NotFound, StaleEdit


def test_the_values_stand_in_the_text() -> None:
    error = Conflict("more than %(count)s are called “%(name)s”", count=1_000_000, name="Gold")
    assert str(error) == "more than 1,000,000 are called “Gold”"
    assert error.template == "more than %(count)s are called “%(name)s”"


def test_without_values_the_text_is_taken_as_it_stands() -> None:
    assert str(NotFound("no campaign is called '100%s'")) == "no campaign is called '100%s'"


def test_a_value_is_never_read_as_a_template() -> None:
    assert str(StaleEdit("“%(name)s” was changed", name="100%(x)s %d")) == "“100%(x)s %d” was changed"


def test_a_parsers_error_is_told_of_a_field() -> None:
    error = InvalidInput.of("prefix", Conflict("at most %(limit)s", limit=44))
    assert (error.field, str(error), error.values) == ("prefix", "at most 44", {"limit": 44})
