"""The odds table of PW-FAIR/1, section 2: immutable, versioned, chained by hash."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any
from uuid import UUID

from app.domain.errors import Worded

MAX_TOTAL = 2**63
MAX_WEIGHT = 2**63 - 1  # what both databases hold
FIRST_PREV = "0" * 64


class OnEmpty(StrEnum):
    """What an entry gets that hits a tier with nothing left: it loses, or falls to another tier."""

    LOSE = "lose"
    FALLBACK = "fallback"


class InvalidOdds(Worded, ValueError):
    """The weights or fallbacks do not make an odds table; the text says which."""


@dataclass(frozen=True, slots=True)
class TierOdds:
    """One tier's line in an odds table."""

    id: UUID
    weight: int
    on_empty: OnEmpty = OnEmpty.LOSE
    fallback: UUID | None = None

    def as_json(self) -> dict[str, Any]:
        """The line as it stands in the canonical JSON."""
        fallback = self.fallback.hex if self.fallback else None
        return {
            "id": self.id.hex,
            "weight": self.weight,
            "on_empty": self.on_empty.value,
            "fallback": fallback,
        }


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
        upper = 0
        for tier in self.tiers:
            upper += tier.weight
            if ticket < upper:
                return tier.id
        return None

    def ways_to_award(self, hit: UUID) -> tuple[UUID, ...]:
        """The tiers that may serve a hit, in order: the tier itself, then its fallbacks, each at most once.

        A fallback to a tier that is switched off ends the chain.
        """
        lines = {tier.id: tier for tier in self.tiers}
        chain: list[UUID] = []
        current: UUID | None = hit
        while current is not None and current in lines and current not in chain:
            chain.append(current)
            current = lines[current].fallback
        return tuple(chain)

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
            )
            for line in raw["tiers"]
        )
        return cls(UUID(hex=raw["campaign"]), raw["version"], raw["prev"], raw["lose_weight"], tiers)


def canonical_json(value: object) -> str:
    """Sorted keys, no spaces, not escaped beyond need: one text for one value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
