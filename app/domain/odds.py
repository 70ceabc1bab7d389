"""The odds table of PW-FAIR/1, section 2: immutable, versioned, chained by hash."""

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import cached_property
from typing import Any
from uuid import UUID

from app.domain.errors import Worded

MAX_TOTAL = 2**63
MAX_WEIGHT = 2**63 - 1  # what both databases hold
FIRST_PREV = "0" * 64

Redraw = Callable[[int, int], int]


class OnEmpty(StrEnum):
    """What an entry gets that hits a tier with nothing left: it loses, falls to another tier, or is drawn
    again among the rest.
    """

    LOSE = "lose"
    FALLBACK = "fallback"
    REDRAW = "redraw"


class InvalidOdds(Worded, ValueError):
    """The weights or fallbacks do not make an odds table; the text says which."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How many a tier gives, and when: past a limit it counts as empty. None: no such limit.

    An hour is one of UTC, a day one of the campaign's zone; `opens_at` and `closes_at` are aware moments in
    whole seconds.
    """

    per_hour: int | None = None
    per_day: int | None = None
    in_all: int | None = None
    per_person: int | None = None
    opens_at: datetime | None = None
    closes_at: datetime | None = None

    def __post_init__(self) -> None:
        if any(count < 1 for count in self._counts if count is not None):
            raise InvalidOdds("a limit is at least 1; switch the tier off to give nothing")
        if self.opens_at and self.closes_at and self.opens_at >= self.closes_at:
            raise InvalidOdds("a tier must open before it closes")

    @property
    def _counts(self) -> tuple[int | None, ...]:
        return self.per_hour, self.per_day, self.in_all, self.per_person

    def __bool__(self) -> bool:
        return any((*self._counts, self.opens_at, self.closes_at))

    def is_open(self, now: datetime) -> bool:
        """Whether the tier gives anything at this moment."""
        return (self.opens_at is None or self.opens_at <= now) and (
            self.closes_at is None or now < self.closes_at
        )

    def as_json(self) -> dict[str, int]:
        """Those that are set, moments in seconds since 1970, as they stand in the canonical JSON."""
        values = {name: getattr(self, name) for name in _COUNTS} | {
            name: moment and int(moment.timestamp())
            for name, moment in (("opens_at", self.opens_at), ("closes_at", self.closes_at))
        }
        return {name: value for name, value in values.items() if value is not None}

    @classmethod
    def from_json(cls, raw: Mapping[str, int]) -> "Limits":
        """The inverse of `as_json`."""
        values: dict[str, Any] = {name: raw[name] for name in _COUNTS if name in raw}
        for name in ("opens_at", "closes_at"):
            if name in raw:
                values[name] = datetime.fromtimestamp(raw[name], UTC)
        return cls(**values)


_COUNTS = ("per_hour", "per_day", "in_all", "per_person")
NO_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class TierOdds:
    """One tier's line in an odds table."""

    id: UUID
    weight: int
    on_empty: OnEmpty = OnEmpty.LOSE
    fallback: UUID | None = None
    limits: Limits = NO_LIMITS

    def as_json(self) -> dict[str, Any]:
        """The line as it stands in the canonical JSON; limits only where there are some."""
        fallback = self.fallback.hex if self.fallback else None
        line: dict[str, Any] = {
            "id": self.id.hex,
            "weight": self.weight,
            "on_empty": self.on_empty.value,
            "fallback": fallback,
        }
        return line | {"limits": self.limits.as_json()} if self.limits else line


@dataclass(frozen=True)
class OddsTable:
    """One version of a campaign's odds. Tiers stand in draw order; switched-off tiers are absent."""

    campaign: UUID
    version: int
    prev: str
    lose_weight: int
    tiers: tuple[TierOdds, ...]

    def __post_init__(self) -> None:
        weights = [self.lose_weight, *(tier.weight for tier in self.tiers)]
        if any(weight < 0 for weight in weights):
            raise InvalidOdds("a weight cannot be negative")
        if not 1 <= sum(weights) <= MAX_TOTAL:
            raise InvalidOdds(
                "the weights, with the one for no win, must add up to at least 1 and at most 2^63"
            )
        known = {tier.id for tier in self.tiers}
        if len(known) != len(self.tiers):
            raise InvalidOdds("a tier stands in the table twice")
        for tier in self.tiers:
            if (tier.on_empty is OnEmpty.FALLBACK) != (tier.fallback is not None):
                raise InvalidOdds("a tier that falls back must name another tier, and only such a tier")
            if tier.fallback == tier.id:
                raise InvalidOdds("a tier cannot fall back to itself")

    @cached_property
    def total(self) -> int:
        """T: the number of equally likely tickets."""
        return self.lose_weight + sum(tier.weight for tier in self.tiers)

    @cached_property
    def document(self) -> str:
        """Canonical JSON (RFC 8785 subset): what is hashed, stored and published."""
        return canonical_json(
            {
                "campaign": self.campaign.hex,
                "version": self.version,
                "prev": self.prev,
                "lose_weight": self.lose_weight,
                "tiers": [tier.as_json() for tier in self.tiers],
            }
        )

    @cached_property
    def hash(self) -> str:
        """`odds_hash`: 64 hex digits."""
        return hashlib.sha256(b"prizewell/odds/1\0" + self.document.encode()).hexdigest()

    def tier_hit(self, ticket: int) -> UUID | None:
        """The tier a ticket in `[0, total)` falls on; None past the last tier: the entry loses."""
        return _tier_at(self.tiers, ticket)

    def ways_to_award(self, hit: UUID, redraw: Redraw) -> Iterator[TierOdds]:
        """The tiers that may serve a hit, in order: the tier itself, then where its rule for an empty tier
        leads, each at most once.

        A fallback to a tier that is switched off ends it. `redraw(round, total)` gives the ticket of the
        first, second … drawing again, in `[0, total)`: among the tiers not tried yet, and no win.
        """
        lines = {tier.id: tier for tier in self.tiers}
        rounds = 0
        current = lines.pop(hit, None)
        while current is not None:
            yield current
            following = current.fallback
            if current.on_empty is OnEmpty.REDRAW:
                rounds += 1
                following = _redrawn(lines.values(), self.lose_weight, rounds, redraw)
            current = lines.pop(following, None) if following else None

    @classmethod
    def from_document(cls, document: str) -> "OddsTable":
        """Read a stored table back; the inverse of `document`."""
        raw: Mapping[str, Any] = json.loads(document)
        tiers = tuple(
            TierOdds(
                id=UUID(hex=line["id"]),
                weight=line["weight"],
                on_empty=OnEmpty(line["on_empty"]),
                fallback=UUID(hex=line["fallback"]) if line["fallback"] else None,
                limits=Limits.from_json(line.get("limits", {})),
            )
            for line in raw["tiers"]
        )
        return cls(UUID(hex=raw["campaign"]), raw["version"], raw["prev"], raw["lose_weight"], tiers)


def _tier_at(tiers: Iterable[TierOdds], ticket: int) -> UUID | None:
    upper = 0
    for tier in tiers:
        upper += tier.weight
        if ticket < upper:
            return tier.id
    return None


def _redrawn(rest: Collection[TierOdds], lose_weight: int, rounds: int, redraw: Redraw) -> UUID | None:
    total = lose_weight + sum(tier.weight for tier in rest)
    return _tier_at(rest, redraw(rounds, total)) if total else None


def canonical_json(value: object) -> str:
    """Sorted keys, no spaces, not escaped beyond need: one text for one value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
