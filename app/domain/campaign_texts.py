"""What a marketer says in a campaign's own words, in each language the campaign speaks.

The title, the sentence under it and the prizes stand in rows of their own, in the campaign's own language;
what is kept here are their translations, and words that have no other place.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from app.domain.languages import ENTRANTS

LONGEST_LINE = 120
LONGEST = 2000
MOST_TEXTS = 4000  # in one language
STATES = ("not_open", "paused", "sold_out", "ended")
# Texts of the campaign's own language that are kept here, since no row has a place for them.
WITHOUT_A_ROW = (*(f"state.{state}" for state in STATES), "won", "lost")

_LINES = re.compile(
    r"title|prize\.[0-9a-f]{32}\.name|form\.[a-z0-9_]{1,40}\.(label|option\.[a-z0-9_-]{1,60})"
)
_PARAGRAPHS = re.compile(
    rf"intro|won|lost|state\.({'|'.join(STATES)})|prize\.[0-9a-f]{{32}}\.(text|instructions)"
    r"|form\.[a-z0-9_]{1,40}\.(help|text)|partner\.[0-9a-f]{32}\.greeting"
)

Texts = Mapping[str, Mapping[str, str]]  # language -> key -> text


@dataclass(frozen=True, slots=True)
class CampaignTexts:
    """The texts of one campaign, whose own language is `own`; `by_language` has those of each language."""

    own: str
    by_language: Texts

    def text(self, key: str, language: str, default: str = "") -> str:
        """The text in that language; else in the campaign's own; else `default`. An empty one is none."""
        return self._found(language, key) or self._found(self.own, key) or default

    def language_of(self, key: str, language: str) -> str:
        """The language that `text` answers in, where `default` is in the campaign's own."""
        return language if self._found(language, key) else self.own

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages the campaign speaks, its own first."""
        others = (language for language in ENTRANTS if language in self.by_language and language != self.own)
        return (self.own, *others)

    def missing(self, keys: Iterable[str], language: str) -> tuple[str, ...]:
        """Those of the keys that have no text in that language."""
        return tuple(key for key in keys if not self._found(language, key))

    def _found(self, language: str, key: str) -> str:
        if language == self.own and key not in WITHOUT_A_ROW:
            return ""  # the row has it
        return self.by_language.get(language, {}).get(key, "")


def is_line(key: str) -> bool:
    """Whether the text of that key stands on one line."""
    return _LINES.fullmatch(key) is not None


def is_key(key: str) -> bool:
    """Whether a text can have that key."""
    return is_line(key) or _PARAGRAPHS.fullmatch(key) is not None


def prize_key(prize: UUID, name: str) -> str:
    """The key of a text of a prize, given by its id: `name`, `text` or `instructions`."""
    return f"prize.{prize.hex}.{name}"
