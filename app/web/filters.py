"""Template filters and the few globals every page needs: times, odds, figures, artwork, language.

All of them are pure functions of their arguments, the request's language and, for times that are told
relative to the present, the clock given to `register`.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, tzinfo
from functools import lru_cache
from math import gcd
from pathlib import Path
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_timedelta
from babel.numbers import format_decimal, format_percent
from flask import Flask
from flask_babel import get_locale, gettext
from markupsafe import Markup, escape

from app.adapters.amounts import money_text
from app.adapters.dates import (
    clock_text,
    day_of_year_text,
    day_text,
    full_day_text,
    long_day_text,
    weekday_text,
    with_time,
)
from app.domain.expiry import last_day

ARTWORK = ("gift", "voucher", "coffee", "headphones", "ticket", "bag", "phone", "star", "trip", "meal")
ACCENTS = ("indigo", "teal", "rose", "amber", "forest", "violet", "sky", "ink")
NO_VALUE = escape("–")


def utc_now() -> datetime:
    """Return the present as an aware UTC datetime."""
    return datetime.now(UTC)


def locale() -> Locale:
    """Return the language of this request, English outside of one."""
    return get_locale() or Locale("en")


def zone(tzname: str | tzinfo | None) -> tzinfo:
    """Return the time zone called `tzname`; UTC for None. An unknown name raises ZoneInfoNotFoundError."""
    if tzname is None:
        return UTC
    return ZoneInfo(tzname) if isinstance(tzname, str) else tzname


def _time_tag(moment: datetime, title: str, text: str, **extra: str) -> Markup:
    """Build the <time> element; `datetime` is always UTC, so that scripts need no zone."""
    attributes = Markup("").join(
        Markup(' {}="{}"').format(name.replace("_", "-"), value) for name, value in extra.items()
    )
    stamp = moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return Markup('<time datetime="{}" title="{}"{}>{}</time>').format(stamp, title, attributes, text)


def exact(value: datetime, tzname: str | tzinfo | None = None) -> str:
    """Return date, time and zone in full, e.g. "Sunday, 6 December 2026 20:00 (Europe/Istanbul)"."""
    where = zone(tzname)
    local = value.astimezone(where)
    name = getattr(where, "key", None) or str(where)
    return f"{full_day_text(local.date(), locale())} {clock_text(local, locale())} ({name})"


def moment(value: datetime | None, tzname: str | tzinfo | None = None) -> Markup:
    """Return a <time> element in the zone `tzname`, the exact text as its title; a dash for None."""
    if value is None:
        return NO_VALUE
    local = value.astimezone(zone(tzname))
    text = with_time(day_text(local.date(), locale()), local, locale())
    return _time_tag(value, exact(value, tzname), text)


def day(value: datetime | date | None, tzname: str | tzinfo | None = None) -> Markup:
    """Return a <time> element with the day only, in the zone `tzname` where a moment is given."""
    if value is None:
        return NO_VALUE
    if isinstance(value, datetime):
        text = day_text(value.astimezone(zone(tzname)).date(), locale())
        return _time_tag(value, exact(value, tzname), text)
    text = day_text(value, locale())
    return Markup('<time datetime="{}">{}</time>').format(value.isoformat(), text)


def deadline(value: datetime, tzname: str | tzinfo | None, now: datetime) -> Markup:
    """Return the moment as people say it: weekday and time within six days, else the day and the time."""
    local = value.astimezone(zone(tzname))
    near = abs((local.date() - now.astimezone(zone(tzname)).date()).days) < 6
    here = locale()
    text = weekday_text(local, here) if near else with_time(day_of_year_text(local.date(), here), local, here)
    return _time_tag(value, exact(value, tzname), text)


def relative(value: datetime | None, tzname: str | tzinfo | None, now: datetime) -> Markup:
    """Return "3 hours ago" or "in 2 days" as a <time> element with the exact moment as title."""
    if value is None:
        return NO_VALUE
    text = format_timedelta(value - now, add_direction=True, locale=locale())
    return _time_tag(value, exact(value, tzname), text)


def duration(value: datetime, now: datetime) -> str:
    """Return how long it is from `now` to `value` in one unit, e.g. "2 days"; never less than nothing."""
    return format_timedelta(max(value - now, now - now), threshold=1.6, locale=locale())


def grouped(value: int) -> str:
    """Return a whole number with the language's grouping of digits, e.g. "12,500"."""
    return format_decimal(value, locale=locale())


def money(minor: int, currency: str) -> str:
    """Return an amount in minor units the way the language writes it, e.g. "€49.90" or "€50"."""
    return money_text(minor, currency, locale())


def until(expires_at: datetime, tzname: str) -> Markup:
    """Return the last day a code is good on as a <time> element, the moment it ends as its title."""
    text = long_day_text(last_day(expires_at, ZoneInfo(tzname)), locale())
    return _time_tag(expires_at, exact(expires_at, tzname), text)


def odds(weight: int, total: int) -> str:
    """Return a chance in words: "1 in 250" where that is exact, else "about 1 in 333"; "no chance" for 0."""
    if weight <= 0 or total <= 0:
        return str(gettext("no chance"))
    if weight >= total:
        return str(gettext("every entry"))
    if total % weight == 0:
        return str(gettext("1 in %(number)s", number=grouped(total // weight)))
    if 2 * weight > total:
        shared = gcd(weight, total)
        part, whole = grouped(weight // shared), grouped(total // shared)
        return str(gettext("%(part)s in %(whole)s", part=part, whole=whole))
    ratio = round(total / weight, 1 if total < 10 * weight else 0)
    return str(
        gettext("about 1 in %(number)s", number=format_decimal(ratio, format="#,##0.#", locale=locale()))
    )


def percent(weight: int, total: int) -> str:
    """Return weight / total as a percentage with as many decimals as a small chance needs."""
    share = weight / total if total > 0 and weight > 0 else 0.0
    usual: str = locale().percent_formats[None].pattern  # "#,##0%", "%#,##0" …: the sign has its own place
    fine = usual.replace("#,##0", "#,##0.####")
    if 0 < share < 0.000001:
        return "< " + format_percent(0.000001, format=fine, locale=locale())
    pattern = usual.replace("#,##0", "#,##0.##") if share == 0 or share >= 0.001 else fine
    return format_percent(share, format=pattern, locale=locale())


@lru_cache(maxsize=len(ARTWORK))
def _artwork_file(folder: Path, key: str) -> str:
    """Read one drawing; the set is fixed and small, so each is read once."""
    return (folder / f"{key}.svg").read_text(encoding="utf-8").strip()


def paragraphs(text: str, headings: bool = False) -> Markup:
    """Return plain text as escaped paragraphs: blank lines part them, single line breaks stay.

    With `headings`, a short line on its own that ends no sentence becomes a heading, unless it comes last.
    """
    blocks = [block.strip() for block in text.replace("\r\n", "\n").split("\n\n") if block.strip()]
    return Markup("").join(
        Markup("<h2>{}</h2>").format(block)
        if headings and index < len(blocks) and _is_heading(block)
        else Markup("<p>{}</p>").format(Markup("<br>").join(escape(line) for line in block.split("\n")))
        for index, block in enumerate(blocks, start=1)
    )


def _is_heading(block: str) -> bool:
    return len(block) <= 60 and "\n" not in block and block[-1] not in ".,;:!?…。؟)"


def register(app: Flask, clock: Callable[[], datetime] = utc_now) -> None:
    """Give every template of `app` the filters, its language, its direction and the lists of choices."""
    folder = Path(app.static_folder or "static") / "img" / "prizes"

    def artwork(key: str | None) -> Markup:
        """Return the drawing inline, so that it takes the accent; an unknown key gives the gift."""
        return Markup(_artwork_file(folder, key if key in ARTWORK else "gift"))  # noqa: S704 - our own files

    def ago(value: datetime | None, tzname: str | tzinfo | None = None) -> Markup:
        return relative(value, tzname, clock())

    def closes(value: datetime, tzname: str | tzinfo | None = None) -> Markup:
        return deadline(value, tzname, clock())

    def time_left(value: datetime) -> str:
        return duration(value, clock())

    app.jinja_env.filters.update(
        moment=moment,
        day=day,
        ago=ago,
        deadline=closes,
        time_left=time_left,
        exact=exact,
        grouped=grouped,
        money=money,
        until=until,
        odds=odds,
        percent=percent,
        artwork=artwork,
        paragraphs=paragraphs,
    )

    @app.context_processor
    def language() -> dict[str, object]:
        here = locale()
        return {
            "lang": str(here).replace("_", "-"),
            "text_dir": here.text_direction,
            "accents": ACCENTS,
            "artwork_keys": ARTWORK,
        }
