"""Naming of codes: beginnings that tell later where a code came from."""

import unicodedata
from collections.abc import Iterator
from datetime import date

from app.domain.offensive import find_words, fold

LONGEST_WORD = 8


def suggested_prefixes(title: str, tier: str, season: str, day: date) -> tuple[str, ...]:
    """Prefixes such as SUMMER26G: from the campaign's title, its season and year, and the tier; each once.

    `season` is the season's name in whatever language. None of them spells an offensive word.
    """
    kept = (prefix for prefix in _made(title, tier, season, day) if not _offends(prefix))
    return tuple(dict.fromkeys(kept))


def season_of(day: date) -> str:
    """spring, summer, autumn or winter, as the north has them."""
    return ("winter", "spring", "summer", "autumn")[day.month % 12 // 3]


def _made(title: str, tier: str, season: str, day: date) -> Iterator[str]:
    year = f"{day.year % 100:02d}"
    level = _words(tier)
    first = next((word for word in _words(title) if len(word) > 2 and not word.isdigit()), "")
    initial, name = (level[0][0], level[0]) if level else ("", "")
    for word in (first, *_words(season)[:1]):
        if word:
            yield f"{word}{year}{initial}"
    if first and name:
        yield f"{first}-{name}"
    if name:
        yield f"{name}{year}"


def _words(text: str) -> list[str]:
    """The words of a text in the letters of a code, each cut short."""
    plain = unicodedata.normalize("NFKD", text.replace("ı", "i").replace("ß", "ss")).upper()
    kept = "".join(
        char if char.isascii() and char.isalnum() else "" if unicodedata.combining(char) else " "
        for char in plain
    )
    return [word[:LONGEST_WORD] for word in kept.split()]


def _offends(prefix: str) -> bool:
    return any(True for _ in find_words(fold(prefix.replace("-", "")).encode()))
