"""The entry form: its fields and what each must be."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from email_validator import EmailNotValidError, validate_email
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from flask_wtf import FlaskForm
from flask_wtf.csrf import _FlaskFormCSRF
from itsdangerous.encoding import base64_decode, bytes_to_int
from wtforms import BooleanField, EmailField, Field, HiddenField, StringField, ValidationError
from wtforms.validators import DataRequired, Length

from app.domain.identity import InvalidAddress, canonical_email
from app.domain.texts import is_showable, is_visible
from app.extensions import tools

_NONCE = re.compile(r"[0-9a-f]{32}")


def _stripped(value: Any) -> Any:
    return value.strip(" \t") if isinstance(value, str) else value


def _one_line(_form: FlaskForm, field: Field) -> None:
    text = field.data or ""
    if text and not (is_showable(text) and is_visible(text)):
        raise ValidationError(_l("Please use letters, digits and usual signs only."))


def _mail_address(_form: FlaskForm, field: Field) -> None:
    if field.errors:
        return
    try:
        validate_email(field.data, check_deliverability=False, test_environment=True)
        canonical_email(field.data)
    except (EmailNotValidError, InvalidAddress):
        raise ValidationError(_l("Please give a valid e-mail address, like name@example.org.")) from None


def _nonce(_form: FlaskForm, field: Field) -> None:
    if not _NONCE.fullmatch(field.data or ""):
        raise ValidationError(_l("This page is out of date. Please load it again."))


class _PageToken(_FlaskFormCSRF):
    """The library's token against forged requests, signed only where a form is shown."""

    def generate_csrf_token(self, csrf_token_field: Field) -> LazyString:
        """The token, made when it is written into a page."""
        return LazyString(super().generate_csrf_token, csrf_token_field)


class EntryForm(FlaskForm):
    """What an entrant fills in; the hidden fields the page fills in: nonce, altcha and partner; and one that
    nobody sees and only programs fill in.
    """

    class Meta(FlaskForm.Meta):
        """Every message here is our own: the library's catalogue need not be read anew for each entry."""

        csrf_class = _PageToken

        def get_translations(self, form: FlaskForm) -> None:
            """No catalogue beside ours."""

    name = StringField(
        _l("Name"),
        filters=[_stripped],
        validators=[
            DataRequired(_l("Please tell us your name.")),
            Length(max=120, message=_l("Please use at most 120 characters.")),
            _one_line,
        ],
    )
    email = EmailField(
        _l("E-mail address"),
        filters=[_stripped],
        validators=[
            DataRequired(_l("Please give your e-mail address.")),
            Length(max=254, message=_l("An e-mail address has at most 254 characters.")),
            _mail_address,
        ],
    )
    accept_rules = BooleanField(
        _l("I accept the rules"), validators=[DataRequired(_l("Please accept the rules to take part."))]
    )
    marketing = BooleanField(_l("Send me news and offers (you can stop them at any time)"))
    nonce = HiddenField(filters=[lambda value: value.lower() if value else value], validators=[_nonce])
    altcha = HiddenField()
    partner = HiddenField()
    homepage = StringField()

    def validate(self, extra_validators: Mapping[str, Sequence[Any]] | None = None) -> bool:
        """The fields; then what gives a program away, told like a CAPTCHA that failed."""
        if not super().validate(extra_validators):
            return False
        if self.homepage.data or self._came_too_soon():
            self.altcha.errors = [_l("Please confirm that you are human.")]
            return False
        return True

    @property
    def least_seconds(self) -> int:
        """How long filling it in takes at least; the page waits that long for people who are faster."""
        return tools().settings.least_fill_seconds

    def _came_too_soon(self) -> bool:
        """Whether the form's page was made just now. The form's token, found valid above, tells when."""
        if "csrf_token" not in self:
            return False
        _value, moment, _signature = self.csrf_token.data.rsplit(".", 2)
        made = bytes_to_int(base64_decode(moment))
        return bool(tools().now().timestamp() - made < self.least_seconds)
