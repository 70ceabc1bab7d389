"""Fields and manners all staff forms share: what is kept, what is refused, and where an error stands."""

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from babel.dates import format_datetime
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, Field, HiddenField, SelectField, StringField, TextAreaField
from wtforms.fields import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import ValidationError
from wtforms.widgets import HiddenInput, Input, TextInput

from app.domain.errors import Conflict, InvalidInput, StaleEdit
from app.domain.odds import MAX_WEIGHT
from app.web.filters import grouped, locale
from app.web.wording import told

T = TypeVar("T")

_DIGITS = 19


@dataclass(frozen=True, slots=True)
class Difference:
    """One value somebody else has saved meanwhile, beside the one in the form."""

    label: str
    theirs: str
    yours: str


class StaffForm(FlaskForm):
    """A form of the console: keeps what was typed, and takes a service's refusals as errors in place."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.differences: list[Difference] = []
        self.status = 422 if self.is_submitted() else 200

    def submit(
        self, act: Callable[[], T], current: Callable[[], tuple[dict[str, Any], int]] | None = None
    ) -> T | None:
        """Run `act` if the form was sent and is right; None when the page has to show the form (again).

        `current` gives the stored values and their version, for an edit that came too late.
        """
        if not self.validate_on_submit():
            return None
        try:
            return act()
        except InvalidInput as error:
            self._put(error.field, told(error))
        except StaleEdit:
            self.status = 409
            self._compare(*current()) if current else self.form_errors.append(_("It was changed meanwhile."))
        except Conflict as error:
            self.status = 409
            self.form_errors.append(told(error))
        return None

    @property
    def loose_errors(self) -> list[str]:
        """Errors that belong to no field one can see."""
        hidden = [message for field in self if _is_hidden(field) for message in field.errors]
        return [*self.form_errors, *map(str, hidden)]

    def _put(self, name: str, message: str) -> None:
        if name in self and not _is_hidden(self[name]):
            self[name].errors = [*self[name].errors, message]
        else:
            self.form_errors.append(message)

    def _compare(self, stored: dict[str, Any], version: int) -> None:
        self.differences = list(self._different(stored))
        edited: Any = self["version"]
        edited.data, edited.raw_data = version, None

    def _different(self, stored: dict[str, Any]) -> Iterator[Difference]:
        for field in self:
            if field.short_name in stored and field.data != stored[field.short_name]:
                yield Difference(
                    str(field.label.text), spoken(field, stored[field.short_name]), spoken(field, field.data)
                )


class WholeNumber(Field):
    """A whole number from `low` to `high`, written in digits; anything else is refused in words."""

    widget: Input = TextInput()

    def __init__(
        self, label: Any = None, validators: Any = None, low: int = 0, high: int = MAX_WEIGHT, **kw: Any
    ):
        super().__init__(label, validators, **kw)
        self.low, self.high = low, high

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the number; an empty field is no number and no error of its own."""
        self.data = None
        text = valuelist[0].strip() if valuelist else ""
        if not text:
            return
        negative = text.startswith(("-", "−"))
        if not text.isascii() or not text.isdigit():
            if negative and text[1:].isdigit():
                raise ValueError(_("Use a number of at least %(low)s.", low=grouped(self.low)))
            raise ValueError(_("Use a whole number in digits, such as 250."))
        text = text.lstrip("0") or "0"
        if len(text) > _DIGITS or not self.low <= int(text) <= self.high:
            raise ValueError(
                _("Use a number from %(low)s to %(high)s.", low=grouped(self.low), high=grouped(self.high))
            )
        self.data = int(text)

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else str(self.data)


class Version(WholeNumber):
    """The version of the row that a form was filled from."""

    widget = HiddenInput()

    def __init__(self, **kw: Any):
        super().__init__(
            "", [Present(_l("The form is incomplete. Please load the page again."))], high=2**31 - 1, **kw
        )


class Present:
    """A value has to be there, and more than spaces."""

    def __init__(self, message: Any = None) -> None:
        self.field_flags = {"required": True}
        self.message = message

    def __call__(self, _form: Any, field: Any) -> None:
        """Refuse an empty value; say nothing where another error already says it."""
        if field.errors or (field.data is not None and str(field.data).strip()):
            return
        raise ValidationError(self.message or _("Please fill this in."))


class Line(StringField):
    """One line of text: spaces round it and line breaks go, characters that cannot be stored are refused."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Take the text with its spaces tidied."""
        self.data = " ".join(valuelist[0].split()) if valuelist else ""

    def pre_validate(self, _form: Any) -> None:
        """Refuse control characters."""
        refuse_controls(self.data or "", allowed="")


class Paragraphs(TextAreaField):
    """Plain text of several lines."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Take the text with one kind of line end."""
        self.data = valuelist[0].replace("\r\n", "\n").strip() if valuelist else ""

    def pre_validate(self, _form: Any) -> None:
        """Refuse control characters."""
        refuse_controls(self.data or "", allowed="\n\t")


class AtMost:
    """A text of at most `limit` characters."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.field_flags = {"maxlength": limit}

    def __call__(self, _form: Any, field: Any) -> None:
        """Refuse a longer text and say how long it is."""
        length = len(field.data or "")
        if length > self.limit:
            raise ValidationError(
                _(
                    "Use at most %(limit)s characters; these are %(length)s.",
                    limit=grouped(self.limit),
                    length=grouped(length),
                )
            )


def choice(value: str, label: Any) -> Any:
    """One of the choices of a select or radio field."""
    return SelectChoice(value, label)


def refuse_controls(text: str, allowed: str) -> None:
    """Raise ValidationError for characters no text of ours holds (NUL and its kin, half characters)."""
    if any(unicodedata.category(char) in {"Cc", "Cs"} and char not in allowed for char in text):
        raise ValidationError(_("This holds characters that cannot be stored. Please type it anew."))


def spoken(field: Any, value: Any) -> str:
    """A field's value as people read it."""
    if isinstance(field, SelectField):
        offered: Any = field.choices
        names: dict[Any, str] = {option.value: str(option.label) for option in offered}
        return names.get(value, str(value))
    if isinstance(field, BooleanField):
        return str(_("yes") if value else _("no"))
    if isinstance(value, datetime):
        return format_datetime(value, format="d MMM y, HH:mm", locale=locale())
    return str(value) if value not in {None, ""} else str(_("(empty)"))


def _is_hidden(field: Field) -> bool:
    return isinstance(field, HiddenField) or isinstance(field.widget, HiddenInput)
