"""What a change of the odds would do: what an entry gets with the stock and the limits of this moment, in
exact fractions, and when each tier has nothing left at the present rate.

Figures are for somebody who has not won here yet: a limit per person is not looked at.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction
from typing import TypeVar
from uuid import UUID

from app.domain.forecast import Forecast, Lasts, Rate, Unknown, run_out
from app.domain.odds import FIRST_PREV, OddsTable, OnEmpty, TierOdds

T = TypeVar("T")

MOST_TANGLES = 200  # sets of tiers tried before a drawing again; only fallbacks into such tiers make any
_NOTHING = Fraction(0)


class TooTangled(Exception):
    """So many empty tiers fall to empty tiers that draw again that the exact odds are not worked out."""


@dataclass(frozen=True, slots=True)
class EffectiveOdds:
    """How likely an entry is given something from each tier (those that give nothing are left out)."""

    tiers: Mapping[UUID, Fraction]

    @property
    def wins(self) -> Fraction:
        """How likely it wins at all."""
        return sum(self.tiers.values(), _NOTHING)

    @property
    def no_win(self) -> Fraction:
        """How likely it does not."""
        return 1 - self.wins

    def of(self, tier_id: UUID) -> Fraction:
        """How likely it gets something from that tier."""
        return self.tiers.get(tier_id, _NOTHING)


def effective(table: OddsTable, giving: Collection[UUID]) -> EffectiveOdds:
    """What an entry gets while only the tiers of `giving` have something to give: the share of each other one
    goes where its rule leads. Raises TooTangled.

    An empty tier that draws again, and that nothing falls to, takes part in no outcome: leaving it out of all
    drawings says the same as drawing until another comes. The rest is walked as `ways_to_award` walks it.
    """
    lines = {tier.id: tier for tier in table.tiers}
    empty = [tier for tier in table.tiers if tier.id not in giving]
    led_to = {tier.fallback for tier in empty}
    for tier in empty:
        if tier.on_empty is OnEmpty.REDRAW and tier.id not in led_to:
            del lines[tier.id]
    found = _Walk(lines, frozenset(giving), table.lose_weight).drawn(frozenset())
    return EffectiveOdds({tier_id: share for tier_id, share in found.items() if share})


class _Walk:
    """The draw among some tiers, with what each set of tiers already tried leads to."""

    def __init__(self, lines: Mapping[UUID, TierOdds], giving: frozenset[UUID], lose_weight: int) -> None:
        self._lines = lines
        self._giving = giving
        self._lose_weight = lose_weight
        self._known: dict[frozenset[UUID], dict[UUID, Fraction]] = {}

    def drawn(self, tried: frozenset[UUID]) -> dict[UUID, Fraction]:
        """The odds of each tier that gives, drawing among those not tried yet, and no win."""
        if tried not in self._known:
            if len(self._known) == MOST_TANGLES:
                raise TooTangled
            self._known[tried] = {}
            self._known[tried] = self._drawn(tried)
        return self._known[tried]

    def _drawn(self, tried: frozenset[UUID]) -> dict[UUID, Fraction]:
        left = [line for line in self._lines.values() if line.weight and line.id not in tried]
        total = self._lose_weight + sum(line.weight for line in left)
        found: dict[UUID, Fraction] = {}
        for line in left:
            share = Fraction(line.weight, total)
            for tier_id, odds in self._reached(line, tried).items():
                found[tier_id] = found.get(tier_id, _NOTHING) + share * odds
        return found

    def _reached(self, line: TierOdds, tried: frozenset[UUID]) -> Mapping[UUID, Fraction]:
        """What somebody gets who hits that tier."""
        while line.id not in self._giving:
            tried |= {line.id}
            if line.on_empty is OnEmpty.REDRAW:
                return self.drawn(tried)
            if line.fallback is None or line.fallback not in self._lines or line.fallback in tried:
                return {}
            line = self._lines[line.fallback]
        return {line.id: Fraction(1)}


@dataclass(frozen=True, slots=True)
class Used:
    """How many a tier has given in this hour, on this day, and in all."""

    per_hour: int = 0
    per_day: int = 0
    in_all: int = 0


@dataclass(frozen=True, slots=True)
class Level:
    """A tier with its stock: as it stands, or as it would stand after a change."""

    odds: TierOdds
    name: str
    enabled: bool = True
    free: int = 0
    used: Used = Used()

    @property
    def left(self) -> int:
        """Units it can still give: its stock, or what its limit in all leaves of it."""
        in_all = self.odds.limits.in_all
        return self.free if in_all is None else max(0, min(self.free, in_all - self.used.in_all))

    def can_give(self, now: datetime) -> bool:
        """Whether an entry that hits it now gets something."""
        limits = self.odds.limits
        is_full = any(
            most is not None and used >= most
            for most, used in (
                (limits.per_hour, self.used.per_hour),
                (limits.per_day, self.used.per_day),
            )
        )
        return self.left > 0 and not is_full and limits.is_open(now)


@dataclass(frozen=True, slots=True)
class Pool:
    """All tiers of a campaign in draw order, and the weight of no win."""

    campaign: UUID
    lose_weight: int
    levels: tuple[Level, ...]

    @property
    def table(self) -> OddsTable:
        """The odds as a table, with no version of its own. Raises InvalidOdds."""
        lines = tuple(level.odds for level in self.levels if level.enabled)
        return OddsTable(self.campaign, 1, FIRST_PREV, self.lose_weight, lines)

    def find(self, tier_id: UUID) -> Level | None:
        """The tier of that id, if it is among them."""
        return next((level for level in self.levels if level.odds.id == tier_id), None)

    def with_level(self, changed: Level) -> "Pool":
        """The same with a tier changed; one that is new comes last."""
        if self.find(changed.odds.id) is None:
            return replace(self, levels=(*self.levels, changed))
        levels = tuple(changed if level.odds.id == changed.odds.id else level for level in self.levels)
        return replace(self, levels=levels)

    def stocked(self, tier_id: UUID, units: int) -> "Pool":
        """The same with so many units more in a tier, or fewer; never fewer than none."""
        return replace(
            self,
            levels=tuple(
                replace(level, free=max(0, level.free + units)) if level.odds.id == tier_id else level
                for level in self.levels
            ),
        )

    def without(self, tier_id: UUID) -> "Pool":
        """The same with a tier removed."""
        return replace(self, levels=tuple(level for level in self.levels if level.odds.id != tier_id))

    def moved(self, tier_id: UUID, position: int) -> "Pool":
        """The same with a tier at another place, counted from 0; beyond either end means that end."""
        levels = list(self.without(tier_id).levels)
        levels[max(0, position) : max(0, position)] = [
            level for level in self.levels if level.odds.id == tier_id
        ]
        return replace(self, levels=tuple(levels))

    def effective(self, now: datetime) -> EffectiveOdds | None:
        """What an entry gets at that moment; None where that is too tangled to be told."""
        return self._odds(lambda level: level.can_give(now))

    def run_outs(self, entries: Rate, now: datetime, ends_at: datetime | None) -> dict[UUID, Forecast]:
        """When each tier in the draw has nothing left, should entries come on like this.

        It gives no faster than its limits allow. One that is still to open is counted from then on.
        """
        return {
            level.odds.id: self._run_out(level, entries, now, ends_at)
            for level in self.levels
            if level.enabled
        }

    def _run_out(self, level: Level, entries: Rate, now: datetime, ends_at: datetime | None) -> Forecast:
        limits = level.odds.limits
        begins = max(now, limits.opens_at) if limits.opens_at else now
        ends = min((end for end in (limits.closes_at, ends_at) if end is not None), default=None)
        if ends is not None and ends <= begins:
            return Lasts() if level.left else run_out(0, entries, now, ends)
        odds = self._odds(
            lambda other: other is level or (other.left > 0 and other.odds.limits.is_open(begins))
        )
        if odds is None and level.left:
            return Unknown()
        share = odds.of(level.odds.id) if odds else _NOTHING
        rate = entries.times(share)
        for most, hours in ((limits.per_hour, 1), (limits.per_day, 24)):
            if most is not None:
                rate = replace(rate, per_hour=min(rate.per_hour, Fraction(most, hours)))
        return run_out(level.left, rate, begins, ends)

    def _odds(self, gives: Callable[[Level], bool]) -> EffectiveOdds | None:
        try:
            return effective(self.table, {level.odds.id for level in self.levels if gives(level)})
        except TooTangled:
            return None


@dataclass(frozen=True, slots=True)
class Standing:
    """How one tier stands: its stated odds, what an entry gets from it now, when it has nothing left, and how
    many units it can still give.
    """

    stated: Fraction
    now: Fraction | None
    runs_out: Forecast | None  # None: it is not in the draw
    left: int


@dataclass(frozen=True, slots=True)
class Row:
    """One tier before and after a change; None where it is not there."""

    name: str
    before: Standing | None
    after: Standing | None

    @property
    def is_changed(self) -> bool:
        """Whether the change does anything to it."""
        return self.before != self.after


@dataclass(frozen=True, slots=True)
class Preview:
    """What a change would do: how likely an entry wins as things are, and each tier."""

    before: Fraction | None
    after: Fraction | None
    rows: tuple[Row, ...]
    is_rate_known: bool


def compare(before: Pool, after: Pool, entries: Rate, now: datetime, ends_at: datetime | None) -> Preview:
    """What the change from one to the other does, with entries at that rate. Raises InvalidOdds."""
    told = [_standings(pool, entries, now, ends_at) for pool in (before, after)]
    names = {level.odds.id: level.name for pool in (before, after) for level in pool.levels}
    order = [level.odds.id for level in after.levels]
    order += [level.odds.id for level in before.levels if after.find(level.odds.id) is None]
    wins = [odds.wins if odds else None for odds in (before.effective(now), after.effective(now))]
    rows = tuple(Row(names[tier_id], told[0].get(tier_id), told[1].get(tier_id)) for tier_id in order)
    return Preview(wins[0], wins[1], rows, entries.is_known)


def _standings(pool: Pool, entries: Rate, now: datetime, ends_at: datetime | None) -> dict[UUID, Standing]:
    table, odds = pool.table, pool.effective(now)
    forecasts = pool.run_outs(entries, now, ends_at)
    return {
        level.odds.id: Standing(
            Fraction(level.odds.weight if level.enabled else 0, table.total),
            (odds.of(level.odds.id) if level.enabled else _NOTHING) if odds else None,
            forecasts.get(level.odds.id),
            level.left,
        )
        for level in pool.levels
    }
