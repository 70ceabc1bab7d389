"""The forms of signing in and of passwords."""

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import EmailField, HiddenField, PasswordField
from wtforms.validators import EqualTo

from app.domain.errors import InvalidInput
from app.web.staff_forms import AtMost, Line, Present, StaffForm
from app.web.wording import told

PASSWORD_RULE = _l(
    "At least 12 characters. Four or five words that do not belong together are easy to keep in mind."
)


class AccountForm(StaffForm):
    """A form whose errors only the service can find."""

    def show_error(self, name: str, message: Any) -> None:
        """Put an error in place."""
        self[name].errors = [*self[name].errors, message]

    def put(self, error: InvalidInput) -> None:
        """Put what a service refuses in place; what is about no field here is about the password."""
        self.show_error(error.field if error.field in self else "password", told(error))


class SignInForm(AccountForm):
    """E-mail and password, and where to go on."""

    email = EmailField(_l("E-mail"), [Present(), AtMost(254)])
    password = PasswordField(_l("Password"), [Present(), AtMost(1024)])
    next = HiddenField()


class NewPasswordForm(AccountForm):
    """A password, twice."""

    password = PasswordField(_l("New password"), [Present(), AtMost(128)], description=PASSWORD_RULE)
    repeated = PasswordField(
        _l("The same once more"), [Present(), EqualTo("password", _l("The two passwords differ."))]
    )


class WelcomeForm(NewPasswordForm):
    """What a new member of staff tells us: name and password."""

    name = Line(
        _l("Your name"), [Present(), AtMost(120)], description=_l("As colleagues see it in the audit list.")
    )


class ChangePasswordForm(NewPasswordForm):
    """The password in use, and the next one."""

    current = PasswordField(_l("Password in use"), [Present(), AtMost(1024)])


class PasswordForm(AccountForm):
    """The password in use, once more."""

    password = PasswordField(_l("Your password"), [Present(), AtMost(1024)])
    next = HiddenField()


class CodeForm(AccountForm):
    """A code of the authenticator app, or a recovery code."""

    code = Line(_l("Code"), [Present(), AtMost(60)])
    next = HiddenField()


class SwitchOffForm(AccountForm):
    """Both factors, to give one of them up."""

    password = PasswordField(_l("Your password"), [Present(), AtMost(1024)])
    code = Line(
        _l("Code"), [Present(), AtMost(60)], description=_l("From your app, or one of the recovery codes.")
    )
