"""The forms of signing in and of passwords."""

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import EmailField, HiddenField, PasswordField
from wtforms.validators import EqualTo

from app.web.staff_forms import AtMost, Line, Present, StaffForm

PASSWORD_RULE = _l(
    "At least 12 characters. Four or five words that do not belong together are easy to keep in mind."
)


class SignInForm(StaffForm):
    """E-mail and password, and where to go on."""

    email = EmailField(_l("E-mail"), [Present(), AtMost(254)])
    password = PasswordField(_l("Password"), [Present(), AtMost(1024)])
    next = HiddenField()


class NewPasswordForm(StaffForm):
    """A password, twice."""

    password = PasswordField(_l("New password"), [Present(), AtMost(128)], description=PASSWORD_RULE)
    repeated = PasswordField(
        _l("The same once more"), [Present(), EqualTo("password", _l("The two passwords differ."))]
    )

    def show_error(self, name: str, message: Any) -> None:
        """Put an error in place that only the service could find."""
        self[name].errors = [*self[name].errors, message]


class WelcomeForm(NewPasswordForm):
    """What a new member of staff tells us: name and password."""

    name = Line(
        _l("Your name"), [Present(), AtMost(120)], description=_l("As colleagues see it in the audit list.")
    )


class ChangePasswordForm(NewPasswordForm):
    """The password in use, and the next one."""

    current = PasswordField(_l("Password in use"), [Present(), AtMost(1024)])
