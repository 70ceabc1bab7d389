"""Letters: what mail says, out of templates/email, in the reader's language. They know no request."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.numbers import format_decimal, format_percent
from babel.support import Translations
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from app.adapters.amounts import money_text
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
class About:
    """What every letter to an entrant knows: nothing that was typed into the form, by whomever.

    `colours` (ground, and text on it) stand in the place of the accent's; `at` is when the entry was made.
    """

    title: str
    sponsor: str
    accent: str
    timezone: str
    at: datetime
    landing_url: str
    rules_url: str
    colours: tuple[str, str] | None = field(default=None, kw_only=True)


@dataclass(frozen=True, slots=True)
class AwardWon(About):
    """What a winner is told; a bonus was given for a friend, and not drawn."""

    tier: str
    prize: str
    code: str
    instructions: str
    result_url: str
    expires_at: datetime | None = None
    link: str = ""
    my_prizes_url: str = ""
    is_bonus: bool = False


@dataclass(frozen=True, slots=True)
class EntryLost(About):
    """What somebody who did not win is told; `words` are the campaign's own, if it has any."""

    result_url: str
    fairness_url: str
    next_chance: datetime | None = None
    words: str = ""


@dataclass(frozen=True, slots=True)
class ProofAsked(About):
    """What somebody is asked before they are told: to show, until then, that the address is theirs.

    The same for winners and losers.
    """

    is_code: bool  # the win itself is known
    until: datetime
    url: str


@dataclass(frozen=True, slots=True)
class MyPrizes(About):
    """The link to all that somebody has won."""

    url: str


@dataclass(frozen=True, slots=True)
class Referred(About):
    """What somebody is told whose friend has earned them a further entry: also that no code was left, where
    one was to go with it. `further_url` is where they make it.
    """

    further_url: str
    lacks_code: bool = False


@dataclass(frozen=True, slots=True)
class Opened(About):
    """What somebody who waited is told: that people can enter, until it closes. `at` is when they asked."""

    closes_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AlertTold:
    """What staff are told of an alert of the campaign of that title."""

    title: str
    timezone: str
    text: Worded
    url: str


@dataclass(frozen=True, slots=True)
class ReportTold:
    """What staff are told of the figures of some days, the first and the last among them: of these days, of
    as many before, and of all. Money stands by currency, in minor units.
    """

    title: str
    first: date
    last: date
    columns: tuple[Mapping[str, int], ...]
    money: tuple[Mapping[str, int], ...]
    url: str


class Letters:
    """Writes letters from the templates in one folder, with the translations in another."""

    def __init__(self, templates: Path, translations: Path) -> None:
        self._templates = templates
        self._translations = translations
        self._environment = lru_cache(self._made_for)

    def award_won(self, about: AwardWon, locale: str) -> Letter:
        """The letter to a winner; as all to entrants, English where Prizewell does not speak the language."""
        return self._to_entrant("award_won", about, locale)

    def code_ends(self, about: AwardWon, stop_url: str, locale: str) -> Letter:
        """The letter to a winner whose code is about to end."""
        return self._to_entrant("code_ends", about, locale, stop_url)

    def entry_lost(self, about: EntryLost, stop_url: str, locale: str) -> Letter:
        """The letter to somebody who did not win."""
        return self._to_entrant("entry_lost", about, locale, stop_url)

    def referred(self, about: Referred, stop_url: str, locale: str) -> Letter:
        """The letter to somebody whose friend has earned them a further entry."""
        return self._to_entrant("referred", about, locale, stop_url)

    def proof(self, about: ProofAsked, locale: str) -> Letter:
        """The letter with the link that proves an address."""
        return self._to_entrant("proof", about, locale)

    def my_prizes(self, about: MyPrizes, locale: str) -> Letter:
        """The letter with the link to all that somebody has won."""
        return self._to_entrant("my_prizes", about, locale)

    def opened(self, about: Opened, stop_url: str, locale: str) -> Letter:
        """The letter to somebody who wanted to hear when a campaign opens."""
        return self._to_entrant("opened", about, locale, stop_url)

    def _to_entrant(self, name: str, about: About, locale: str, stop_url: str = "") -> Letter:
        language = self._spoken(locale)
        zone = ZoneInfo(about.timezone)
        accent, on_accent = about.colours or ACCENTS.get(about.accent, ACCENTS["indigo"])
        values = asdict(about) | {
            "accent": accent,
            "on_accent": on_accent,
            "when": _moment(about.at, zone, language),
            "lang": str(language).replace("_", "-"),
            "text_dir": language.text_direction,
            "stop_url": stop_url,
        }
        if isinstance(about, AwardWon):
            last = last_day(about.expires_at, zone) if about.expires_at else None
            values["until"] = long_day_text(last, language) if last else ""
        elif isinstance(about, ProofAsked):
            values["until"] = _moment(about.until, zone, language)
        elif isinstance(about, EntryLost):
            chance = about.next_chance
            values["next_chance"] = _moment(chance, zone, language) if chance else ""
        elif isinstance(about, Opened):
            values["until"] = _moment(about.closes_at, zone, language) if about.closes_at else ""
        environment = self._environment(str(language))
        subject, text, html = (
            environment.get_template(f"{name}.{part}").render(values)
            for part in ("subject.txt", "txt", "html")
        )
        return Letter(" ".join(subject.split()), text, html)

    def sign_in_link(self, url: str, email: str) -> Letter:
        """The letter with a one-time link."""
        return self._in_every_language("sign_in_link", lambda _language: {"url": url, "email": email})

    def partner_link(self, url: str, title: str, locale: str) -> Letter:
        """The letter with a one-time link to a partner's figures of the campaign of that title."""
        values = {"url": url, "title": title}
        return self._to_one_of_staff("partner_link", values, locale if locale in STAFF else FALLBACK)

    def _to_one_of_staff(self, name: str, values: Mapping[str, Any], language: str) -> Letter:
        """A letter on one card, to somebody whose language is known."""
        environment = self._environment(language)
        subject, text, part = (
            environment.get_template(f"{name}.{part}").render(values)
            for part in ("subject.txt", "txt", "part.html")
        )
        page = environment.get_template("to_staff.html").render(parts=[part])
        return Letter(" ".join(subject.split()), text.strip() + "\n", page)

    def report(self, about: ReportTold, stop_url: str, locale: str) -> Letter:
        """The letter with the figures of some days."""
        language = Locale(locale if locale in STAFF else FALLBACK)
        currencies = sorted({currency for column in about.money for currency in column})
        values = {
            "title": about.title,
            "first": long_day_text(about.first, language),
            "last": long_day_text(about.last, language),
            "columns": about.columns,
            "number": lambda count: format_decimal(count, locale=language),
            "rate": lambda part, whole: format_percent(part / whole, "#,##0.#%", language) if whole else "–",
            "money": [
                [money_text(column.get(each, 0), each, language) for column in about.money]
                for each in currencies
            ],
            "url": about.url,
            "stop_url": stop_url,
        }
        return self._to_one_of_staff("report", values, str(language))

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


def _moment(at: datetime, zone: ZoneInfo, language: Locale) -> str:
    local = at.astimezone(zone)
    return with_time(long_day_text(local.date(), language), local, language)


def _told(value: object, language: str, timezone: str) -> str:
    if isinstance(value, datetime):
        local = value.astimezone(ZoneInfo(timezone))
        here = Locale.parse(language)
        return f"{with_time(long_day_text(local.date(), here), local, here)} ({timezone})"
    return format_decimal(value, locale=language) if isinstance(value, int) else str(value)
