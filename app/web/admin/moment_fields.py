"""Fields for a beginning and an end in a campaign's own time zone, also on the nights when clocks change."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import DateTimeLocalField, RadioField
from wtforms.validators import Optional, ValidationError

from app.domain.campaign_rules import YEARS
from app.domain.errors import InvalidInput
from app.domain.moments import NoSuchTime, TwiceTime, Which, moment_of
from app.web.staff_forms import StaffForm, choice

WHICH_NAMES = {
    Which.FIRST.value: _l("the first, before the clocks go back"),
    Which.SECOND.value: _l("the second, after they have gone back"),
}
_FORMATS = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]


def moment_field(label: Any, description: Any) -> DateTimeLocalField:
    """A day and a time of the campaign's zone, or nothing."""
    return DateTimeLocalField(label, [Optional()], format=_FORMATS, description=description)


def which_field() -> RadioField:
    """Which of two is meant, for a time that came out double."""
    return RadioField(
        _l("The clocks go back that night. Which of the two do you mean?"),
        choices=[choice(*pair) for pair in WHICH_NAMES.items()],
        validators=[Optional()],
        validate_choice=False,
    )


class WindowForm(StaffForm):
    """A form with `opens_at`, `opens_which`, `closes_at` and `closes_which`."""

    asks_which: frozenset[str] = frozenset()  # the times that came out double

    def validate_opens_at(self, field: DateTimeLocalField) -> None:
        """Refuse years nobody means."""
        _check_year(field.data)

    def validate_closes_at(self, field: DateTimeLocalField) -> None:
        """Refuse years nobody means."""
        _check_year(field.data)

    def moment(self, name: str, zone: ZoneInfo, stored: datetime | None) -> datetime | None:
        """The moment that "opens" or "closes" means. The `stored` one, left as it was shown, stays what it
        is, to the second. Raises InvalidInput for a time the clocks jump over, or show twice.
        """
        field = f"{name}_at"
        local = self[field].data
        # Not only seconds are lost in the form: the hour that comes twice when clocks go back looks the same.
        chosen = self[f"{name}_which"].data
        if local is None or (local == local_time(stored, zone) and not chosen):
            return stored if local else None
        try:
            return moment_of(local, zone, Which(chosen) if chosen in WHICH_NAMES else None)
        except NoSuchTime as error:
            raise InvalidInput(
                field,
                "the clocks jump over this time that night; the next one after it is %(time)s",
                time=error.instead.strftime("%H:%M"),
            ) from error
        except TwiceTime as error:
            self.asks_which = self.asks_which | {name}
            raise InvalidInput(
                field,
                "this time comes twice that night: first at %(first)s, then at %(second)s; choose below",
                first=_with_offset(error.first),
                second=_with_offset(error.second),
            ) from error


def local_time(moment: datetime | None, zone: ZoneInfo) -> datetime | None:
    """As the form shows it, to the minute."""
    return moment.astimezone(zone).replace(tzinfo=None, second=0, microsecond=0, fold=0) if moment else None


def _check_year(value: datetime | None) -> None:
    if value is not None and value.year not in YEARS:
        raise ValidationError(_("Use a year from %(first)s to %(last)s.", first=YEARS[0], last=YEARS[-1]))


def _with_offset(moment: datetime) -> str:
    offset = moment.strftime("%z")
    return f"{moment:%H:%M} (UTC{offset[:3]}:{offset[3:5]})"
