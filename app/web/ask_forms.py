"""What is asked on the pages of winners and partners: an address, or a press of a button."""

from typing import Any

from flask import request
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import EmailField, Field, ValidationError
from wtforms.validators import DataRequired, Length

from app.domain.identity import InvalidAddress, canonical_email
from app.web.page_parts import PagePart


def _stripped(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


def _mail_address(_form: FlaskForm, field: Field) -> None:
    try:
        canonical_email(field.data)
    except InvalidAddress:
        raise ValidationError(_l("Please give a valid e-mail address, like name@example.org.")) from None


class _Quiet(FlaskForm):
    class Meta(FlaskForm.Meta):
        """Every message here is our own."""

        def get_translations(self, form: FlaskForm) -> None:
            """No catalogue beside ours."""


class AskForm(_Quiet):
    """Whose link it is to be."""

    email = EmailField(
        _l("E-mail address"),
        filters=[_stripped],
        validators=[
            DataRequired(_l("Please give your e-mail address.")),
            Length(max=254, message=_l("An e-mail address has at most 254 characters.")),
            _mail_address,
        ],
    )


class CheckedAskForm(AskForm):
    """The same, and the check for humans that goes with it."""

    def __init__(self) -> None:
        super().__init__()
        self.altcha = PagePart("altcha", request.form.get("altcha", ""))


class ActForm(_Quiet):
    """A button, with the token against forged requests."""
