"""Official rules: the facts a campaign's rules state, kept as they were, and texts that contradict them."""

import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from app.domain.eligibility import EntryLimit
from app.domain.odds import canonical_json

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class PrizeFact:
    """One prize as the rules announce it: `count` is how many there are to win in all."""

    name: str
    tier: str
    count: int


@dataclass(frozen=True, slots=True)
class ChanceFact:
    """One tier's chance: `weight` of `RuleFacts.total` tickets."""

    name: str
    weight: int


@dataclass(frozen=True, slots=True)
class LinkFact:
    """What differs in stock for those who come over a partner's link; the odds are everybody's.

    `reserves`: codes are kept for them. `borrows`: without one they get those for everybody. `most`: how many
    of them can win.
    """

    name: str
    reserves: bool
    borrows: bool
    most: int | None = None


@dataclass(frozen=True, slots=True)
class RuleFacts:
    """Everything a version of the rules says; `who` and `own` are the marketer's own words."""

    title: str
    sponsor: str
    zone: str
    opens_at: datetime | None
    closes_at: datetime | None
    limit: EntryLimit
    prizes: tuple[PrizeFact, ...]
    chances: tuple[ChanceFact, ...]
    total: int
    odds_version: int
    seed_commit: str
    who: str = ""
    own: str = ""
    least_age: int | None = None
    refer_most: int = 0  # further entries one person can earn by friends
    refer_tier: str = ""  # of which who brings a friend, and the friend, get a code
    countries: tuple[str, ...] = ()  # whose people may take part, as ISO codes; none: of all
    links: tuple[LinkFact, ...] = ()  # those over which anything differs

    @property
    def win_weight(self) -> int:
        """Tickets that hit any tier."""
        return sum(chance.weight for chance in self.chances)

    @property
    def document(self) -> str:
        """Canonical JSON: what is kept of a version."""
        return canonical_json(
            {
                "schema": SCHEMA,
                "title": self.title,
                "sponsor": self.sponsor,
                "zone": self.zone,
                "opens_at": _text(self.opens_at),
                "closes_at": _text(self.closes_at),
                "limit": self.limit.value,
                "prizes": [{"name": one.name, "tier": one.tier, "count": one.count} for one in self.prizes],
                "chances": [{"name": one.name, "weight": one.weight} for one in self.chances],
                "total": self.total,
                "odds_version": self.odds_version,
                "seed_commit": self.seed_commit,
                "who": self.who,
                "own": self.own,
                **({"least_age": self.least_age} if self.least_age else {}),
                **({"refer_most": self.refer_most} if self.refer_most else {}),
                **({"refer_tier": self.refer_tier} if self.refer_tier else {}),
                **({"countries": self.countries} if self.countries else {}),
                **({"links": [asdict(one) for one in self.links]} if self.links else {}),
            }
        )

    @classmethod
    def from_document(cls, document: str) -> "RuleFacts":
        """Read a kept version back; the inverse of `document`."""
        raw: dict[str, Any] = json.loads(document)
        raw.pop("schema")
        raw["opens_at"], raw["closes_at"] = _moment(raw["opens_at"]), _moment(raw["closes_at"])
        raw["limit"] = EntryLimit(raw["limit"])
        raw["prizes"] = tuple(PrizeFact(**one) for one in raw["prizes"])
        raw["chances"] = tuple(ChanceFact(**one) for one in raw["chances"])
        raw["countries"] = tuple(raw.get("countries", ()))
        raw["links"] = tuple(LinkFact(**one) for one in raw.get("links", ()))
        return cls(**raw)


class Contradicts(StrEnum):
    """What a stated figure is at odds with."""

    ODDS = "odds"
    DATES = "dates"
    NUMBERS = "numbers"


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Words of the text, as they stand there, that the configuration does not bear out."""

    about: Contradicts
    stated: str


def contradictions(facts: RuleFacts) -> tuple[Contradiction, ...]:
    """Odds, dates and numbers of prizes in the own words that fit nothing in the configuration, each once.

    Modest on purpose: it reads "1 in 20", "1/20", "20'de 1", dates in figures and in English or Turkish
    words, and "500 prizes"; it does not understand sentences.
    """
    text = f"{facts.who}\n{facts.own}"
    found = [*_wrong_odds(text, facts), *_wrong_dates(text, facts), *_wrong_numbers(text, facts)]
    return tuple(dict.fromkeys(found))


def _dotted(name: str) -> str:
    """A month's name in small letters, every i with its dot: one spelling whatever the capitals were."""
    return name.lower().replace("i\u0307", "i").replace("ı", "i")


_NUMBER = r"\d{1,3}(?:[.,\u00a0 ]\d{3})+|\d{1,15}"
_ODDS = (
    re.compile(rf"\b(?P<part>{_NUMBER})\s+(?:in|out of)\s+(?P<whole>{_NUMBER})(?![\d.,]*\d)", re.IGNORECASE),
    re.compile(rf"(?<![\d/.:])(?P<part>1)\s?/\s?(?P<whole>{_NUMBER})(?![\d/]|[.,]\d)"),
    re.compile(rf"\b(?P<whole>{_NUMBER})\s?['’]?\s?[dt][ea]\s+(?P<part>\d{{1,6}})\b", re.IGNORECASE),
)
_MONTHS = {
    _dotted(name): number
    for number, names in enumerate(
        (
            "january jan ocak", "february feb şubat", "march mar mart", "april apr nisan", "may mayıs",
            "june jun haziran", "july jul temmuz", "august aug ağustos", "september sep sept eylül",
            "october oct ekim", "november nov kasım", "december dec aralık",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True)).replace("i", "[iıİ]")
_DATES = (
    re.compile(r"\b(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})\b"),
    re.compile(r"\b(?P<day>\d{1,2})[./](?P<month>\d{1,2})[./](?P<year>\d{4})\b"),
    re.compile(
        rf"\b(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?(?P<month>{_MONTH})\.?,?\s+(?P<year>\d{{4}})\b",
        re.IGNORECASE,
    ),
    re.compile(
        rf"\b(?P<month>{_MONTH})\.?\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<year>\d{{4}})\b",
        re.IGNORECASE,
    ),
)
_COUNTS = re.compile(
    rf"\b(?P<count>{_NUMBER})\s+(?:prizes|codes|vouchers|gifts|ödül|hediye|kod)\b", re.IGNORECASE
)


def _wrong_odds(text: str, facts: RuleFacts) -> Iterator[Contradiction]:
    weights = {facts.win_weight, *(chance.weight for chance in facts.chances)}
    for pattern in _ODDS:
        for match in pattern.finditer(text):
            part, whole = _figure(match["part"]), _figure(match["whole"])
            if (
                part
                and whole > part
                and not any(_is_chance(part, whole, one, facts.total) for one in weights)
            ):
                yield Contradiction(Contradicts.ODDS, match[0].strip())


def _is_chance(part: int, whole: int, weight: int, total: int) -> bool:
    """True when "part in whole" is weight / total, exactly or as "1 in N" rounded the way pages round it."""
    if weight == 0:
        return False
    rounded = (2 * total + weight) // (2 * weight)
    return part * total == weight * whole or (part == 1 and total % weight != 0 and whole == rounded)


def _wrong_dates(text: str, facts: RuleFacts) -> Iterator[Contradiction]:
    known = set(_days(facts))
    for pattern in _DATES:
        for match in pattern.finditer(text):
            try:
                stated = date(int(match["year"]), _month(match["month"]), int(match["day"]))
            except ValueError:  # 31.13.2026 is no date: somebody else's number
                continue
            if stated not in known:
                yield Contradiction(Contradicts.DATES, match[0])


def _days(facts: RuleFacts) -> Iterator[date]:
    """The days a text may name: the first, the last, and the one before an end at midnight."""
    zone = ZoneInfo(facts.zone)
    for moment in (facts.opens_at, facts.closes_at):
        if moment is not None:
            yield moment.astimezone(zone).date()
    if facts.closes_at is not None:
        yield (facts.closes_at - timedelta(seconds=1)).astimezone(zone).date()


def _wrong_numbers(text: str, facts: RuleFacts) -> Iterator[Contradiction]:
    by_tier: dict[str, int] = {}
    for prize in facts.prizes:
        by_tier[prize.tier] = by_tier.get(prize.tier, 0) + prize.count
    known = {
        *by_tier.values(),
        *(prize.count for prize in facts.prizes),
        sum(by_tier.values()),
        len(facts.prizes),
    }
    for match in _COUNTS.finditer(text):
        if _figure(match["count"]) not in known:
            yield Contradiction(Contradicts.NUMBERS, match[0])


def _figure(text: str) -> int:
    return int(re.sub(r"\D", "", text))


def _month(text: str) -> int:
    return int(text) if text.isdigit() else _MONTHS[_dotted(text)]


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
