"""Letters: what mail says, out of templates/email, in the reader's language. They know no request."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.numbers import format_decimal
from babel.support import Translations
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from app.adapters.dates import long_day_text, with_time
from app.domain.errors import Worded, filled
from app.domain.expiry import last_day
from app.domain.languages import STAFF

FALLBACK = "en"
# The accents of static/css/tokens.css on light paper, and what is written on them: mail knows no variables.
ACCENTS = {
    "indigo": ("#3f4eca", "#ffffff"),
    "teal": ("#007270", "#ffffff"),
    "rose": ("#b00d4c", "#ffffff"),
    "amber": ("#f6ae2f", "#2e1a01"),
    "forest": ("#1d723e", "#ffffff"),
    "violet": ("#7838b6", "#ffffff"),
    "sky": ("#026a9d", "#ffffff"),
    "ink": ("#2a2520", "#ffffff"),
}


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter ready to be sent."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class AwardWon:
    """What a winner is told. Nothing of it was typed into the form: nobody has proven the address."""

    title: str
    sponsor: str
    accent: str
    timezone: str
    tier: str
    prize: str
    code: str
    instructions: str
    at: datetime
    result_url: str
    landing_url: str
    rules_url: str
    expires_at: datetime | None = None
    link: str = ""


@dataclass(frozen=True, slots=True)
class AlertTold:
    """What staff are told of an alert of the campaign of that title."""

    title: str
    timezone: str
    text: Worded
    url: str


class Letters:
    """Writes letters from the templates in one folder, with the translations in another."""

    def __init__(self, templates: Path, translations: Path) -> None:
        self._templates = templates
        self._translations = translations
        self._environment = lru_cache(self._made_for)

    def award_won(self, about: AwardWon, locale: str) -> Letter:
        """The letter to a winner; English for a language that Prizewell does not speak."""
        language = self._spoken(locale)
        accent, on_accent = ACCENTS.get(about.accent, ACCENTS["indigo"])
        zone = ZoneInfo(about.timezone)
        when = about.at.astimezone(zone)
        last = last_day(about.expires_at, zone) if about.expires_at else None
        values = asdict(about) | {
            "accent": accent,
            "on_accent": on_accent,
            "when": with_time(long_day_text(when.date(), language), when, language),
            "until": long_day_text(last, language) if last else "",
            "lang": str(language).replace("_", "-"),
            "text_dir": language.text_direction,
        }
        environment = self._environment(str(language))
        subject, text, html = (
            environment.get_template(f"award_won.{part}").render(values)
            for part in ("subject.txt", "txt", "html")
        )
        return Letter(" ".join(subject.split()), text, html)

    def sign_in_link(self, url: str, email: str) -> Letter:
        """The letter with a one-time link."""
        return self._in_every_language("sign_in_link", lambda _language: {"url": url, "email": email})

    def alert(self, about: AlertTold) -> Letter:
        """The letter that tells of an alert."""
        return self._in_every_language(
            "alert",
            lambda language: {
                "title": about.title,
                "text": self._said(about.text, language, about.timezone),
                "url": about.url,
            },
        )

    def _in_every_language(self, name: str, values: Callable[[str], Mapping[str, str]]) -> Letter:
        """A letter to staff, in each of their languages, since nobody has chosen one."""
        subjects, texts, parts = (
            [
                self._environment(language).get_template(f"{name}.{part}").render(values(language))
                for language in STAFF
            ]
            for part in ("subject.txt", "txt", "part.html")
        )
        page = self._environment(FALLBACK).get_template("to_staff.html").render(parts=parts)
        subject = " · ".join(" ".join(one.split()) for one in subjects)
        return Letter(subject, "\n\n".join(one.strip() for one in texts) + "\n", page)

    def _said(self, text: Worded, language: str, timezone: str) -> str:
        """The text in that language, with figures and moments as it writes them."""
        template = Translations.load(self._translations, [language]).gettext(text.template)
        return filled(
            template, {name: _told(value, language, timezone) for name, value in text.values.items()}
        )

    def _spoken(self, locale: str) -> Locale:
        try:
            found = Locale.parse(locale)
        except (UnknownLocaleError, ValueError):
            return Locale(FALLBACK)
        return found if (self._translations / str(found)).is_dir() else Locale(FALLBACK)

    def _made_for(self, language: str) -> Environment:
        environment = Environment(
            loader=FileSystemLoader(self._templates),
            autoescape=select_autoescape(["html"]),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.i18n"],
        )
        translations = Translations.load(self._translations, [language])
        environment.install_gettext_translations(translations, newstyle=True)  # type: ignore[attr-defined]
        return environment


def _told(value: object, language: str, timezone: str) -> str:
    if isinstance(value, datetime):
        local = value.astimezone(ZoneInfo(timezone))
        here = Locale.parse(language)
        return f"{with_time(long_day_text(local.date(), here), local, here)} ({timezone})"
    return format_decimal(value, locale=language) if isinstance(value, int) else str(value)
