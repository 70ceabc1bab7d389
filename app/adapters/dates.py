"""Days and moments as each language writes them, everywhere by the 24-hour clock and with Latin digits."""

from datetime import date, datetime

from babel import Locale
from babel.dates import format_date, format_datetime, format_skeleton

_SHORT = {"en": "d MMM y"}  # the international order, where Babel's English is American
_LONG = {"en": "d MMMM y", "tr": "d MMMM y", "de": "d. MMMM y", "ar": "d MMMM y"}
_DAY = {"en": "d MMMM"}
_FULL = {"en": "EEEE, d MMMM y"}


def day_text(day: date, locale: Locale) -> str:
    """Such as "6 Dec 2026"."""
    return _written(day, _SHORT, "yMMMd", locale)


def long_day_text(day: date, locale: Locale) -> str:
    """Such as "6 December 2026"."""
    return _written(day, _LONG, "yMMMMd", locale)


def full_day_text(day: date, locale: Locale) -> str:
    """Such as "Sunday, 6 December 2026"."""
    return format_date(day, _FULL.get(locale.language, "full"), locale=locale)


def day_of_year_text(day: date, locale: Locale) -> str:
    """Such as "6 December"."""
    return _written(day, _DAY, "MMMMd", locale)


def with_time(day: str, local: datetime, locale: Locale) -> str:
    """A day's text with the time of day, such as "6 December, 20:00"."""
    return f"{day}{'،' if locale.language == 'ar' else ','} {clock_text(local, locale)}"


def weekday_text(local: datetime, locale: Locale) -> str:
    """Weekday and time, such as "Sunday 20:00"."""
    return format_datetime(local, "EEEE HH:mm", locale=locale)


def clock_text(local: datetime, locale: Locale) -> str:
    """The time of day, such as "20:00"."""
    return format_datetime(local, "HH:mm", locale=locale)


def _written(day: date, patterns: dict[str, str], skeleton: str, locale: Locale) -> str:
    pattern = patterns.get(locale.language)
    if pattern is not None:
        return format_date(day, pattern, locale=locale)
    return format_skeleton(skeleton, datetime(day.year, day.month, day.day), locale=locale)  # noqa: DTZ001 -- a day has no zone
