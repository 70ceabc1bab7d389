"""Days and moments in every language that entrants read."""

from datetime import UTC, datetime

import pytest
from babel import Locale

from app.adapters.dates import day_of_year_text, day_text, long_day_text, weekday_text, with_time
from app.domain.languages import ENTRANTS

SUNDAY = datetime(2026, 12, 6, 20, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("language", "short", "long", "moment", "weekday"),
    [
        ("en", "6 Dec 2026", "6 December 2026", "6 December, 20:05", "Sunday 20:05"),
        ("tr", "6 Ara 2026", "6 Aralık 2026", "6 Aralık, 20:05", "Pazar 20:05"),
        ("de", "6. Dez. 2026", "6. Dezember 2026", "6. Dezember, 20:05", "Sonntag 20:05"),
        ("es", "6 dic 2026", "6 de diciembre de 2026", "6 de diciembre, 20:05", "domingo 20:05"),
        ("ar", "6 ديسمبر 2026", "6 ديسمبر 2026", "6 ديسمبر، 20:05", "الأحد 20:05"),
    ],
)
def test_each_language_writes_days_its_own_way(
    language: str, short: str, long: str, moment: str, weekday: str
) -> None:
    locale = Locale.parse(language)
    assert day_text(SUNDAY.date(), locale) == short
    assert long_day_text(SUNDAY.date(), locale) == long
    assert with_time(day_of_year_text(SUNDAY.date(), locale), SUNDAY, locale) == moment
    assert weekday_text(SUNDAY, locale) == weekday


def test_digits_are_latin_everywhere() -> None:
    for language in ENTRANTS:
        assert long_day_text(SUNDAY.date(), Locale.parse(language)).count("2026") == 1
