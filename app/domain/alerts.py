"""Alerts: what a campaign is watched for, decided on counted figures, and each in words.

An unusual share. W wins of a tier went to networks that stand for shares p_1, p_2, … of those who can win.
That some network has k of them or more, though none stands for more than p, has a probability of at most

    sum over i of P(Bin(W, p_i) >= k)  <=  P(Bin(W, p) >= k) / p        for p <= (k - 1) / (W - 1)

(Boole's inequality; below (k - 1) / (W - 1) the tail is convex in p_i and 0 at 0, so the sum is largest with
1/p networks of share p each). "Unusual" is said when that is below the error rate: the lower end of the
interval of C. Clopper and E. Pearson (1934) for the network's share, corrected for looking at all networks,
lies above p.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from typing import Any, assert_never

from app.domain.errors import Worded
from app.domain.forecast import ERROR_RATE, most_plausible

LEAST_OF_NETWORK = 10  # wins: an office, or a family, has fewer


class AlertKind(StrEnum):
    """What an alert is about."""

    STOCK = "stock"  # of a prize: below the threshold, half of it, a quarter, nothing
    RUNS_OUT = "runs_out"  # a tier, before the campaign ends
    AHEAD = "ahead"  # wins far ahead of the odds, over the whole campaign
    BRAKE = (
        "brake"  # wins of one tier, too many within an hour or of one network: told, slowed or switched off
    )
    STARTS = "starts"
    ENDS = "ends"


class Brake(StrEnum):
    """What is done about more wins of a tier than are plausible."""

    OFF = "off"
    WARN = "warn"
    SLOW = "slow"  # the tier gives no more an hour than was to be expected
    PAUSE = "pause"  # the tier is switched off


class Said(Worded):
    """An alert in words."""


def low_level(free: int, threshold: int) -> int | None:
    """How low a stock is: 1 from the threshold on, 2 from half of it, 4 from a quarter, 0 nothing left; None
    while it is not low.
    """
    if free <= 0:
        return 0
    return next((level for level in (4, 2, 1) if free * level <= threshold), None)


def threshold_of(offered: int, percent: int) -> int:
    """The threshold for a stock of which so many units were offered: so many percent, rounded up."""
    return -(-offered * percent // 100)


class Why(StrEnum):
    """What pulls the brake of a tier."""

    MOST = "most"  # the number that was set, for an hour
    PLAN = "plan"  # so many times what it was to give in an hour
    ODDS = "odds"  # what the odds let expect of an hour's entries
    NETWORK = "network"  # the share of one network


@dataclass(frozen=True, slots=True)
class Beyond:
    """So many wins, where at most `limit` were to be expected; `out_of` all wins of the tier."""

    why: Why
    wins: int
    limit: int
    out_of: int


def exceeded(
    entries: int, hits: int, odds: Fraction, wins: int, most: int | None, planned: Fraction | None = None
) -> Beyond | None:
    """What the wins of a tier within an hour went beyond, if they did.

    That is the number that was set, for what it gave; what a mean of `planned` lets expect, for the same; or
    what the odds let expect of so many entries, for its hits. The latter two at ERROR_RATE.
    """
    if most is not None and wins > most:
        return Beyond(Why.MOST, wins, most, wins)
    if planned is not None and wins:
        limit = most_plausible(entries, min(Fraction(1), planned / entries), ERROR_RATE)
        if wins > limit:
            return Beyond(Why.PLAN, wins, limit, wins)
    plausible = most_plausible(entries, odds, ERROR_RATE)
    return Beyond(Why.ODDS, hits, plausible, wins) if hits > plausible else None


def unusual_share(wins: Collection[int], share: Fraction) -> Beyond | None:
    """Whether one network has an unusual part of a tier's wins, given by network: more than one that stands
    for `share` of all would have by chance, and LEAST_OF_NETWORK at least.
    """
    total, most = sum(wins), max(wins, default=0)
    if most < LEAST_OF_NETWORK:
        return None
    limit = most_plausible(total, share, ERROR_RATE * float(share))
    return Beyond(Why.NETWORK, most, limit, total) if most > limit else None


def said(kind: AlertKind, details: Mapping[str, Any]) -> Said:
    """The alert in words."""
    match kind:
        case AlertKind.STOCK:
            return _stock(details)
        case AlertKind.RUNS_OUT:
            return Said(
                "At the present rate nothing is left of “%(tier)s” on %(at)s, before the campaign ends.",
                tier=details["tier"],
                at=datetime.fromisoformat(details["at"]),
            )
        case AlertKind.AHEAD:
            return Said(
                "%(wins)s of %(entries)s entries won: far more than the stated odds give by chance.",
                wins=details["wins"],
                entries=details["entries"],
            )
        case AlertKind.BRAKE:
            return _brake(details)
        case AlertKind.STARTS:
            return Said("The campaign opens on %(at)s.", at=datetime.fromisoformat(details["at"]))
        case AlertKind.ENDS:
            return Said("The campaign ends on %(at)s.", at=datetime.fromisoformat(details["at"]))
        case _ as unreachable:
            assert_never(unreachable)


def _stock(details: Mapping[str, Any]) -> Said:
    if not details["free"]:
        return Said("Nothing is left of “%(prize)s”.", prize=details["prize"])
    return Said(
        "Stock of “%(prize)s” is low: %(free)s of %(offered)s left.",
        prize=details["prize"],
        free=details["free"],
        offered=details["offered"],
    )


def _brake(details: Mapping[str, Any]) -> Said:
    values = {name: details[name] for name in ("tier", "wins", "limit")}
    if details.get("why") == Why.NETWORK:
        return _network(details, values | {"out_of": details["out_of"]})
    if details["paused"]:
        return Said(
            "The drain brake has switched off “%(tier)s”: %(wins)s wins within an hour, %(limit)s at most"
            " were to be expected.",
            **values,
        )
    if slowed := details.get("slowed"):
        return Said(
            "The drain brake lets “%(tier)s” give %(slowed)s an hour: %(wins)s wins within an hour,"
            " %(limit)s at most were to be expected.",
            **values,
            slowed=slowed,
        )
    return Said(
        "“%(tier)s” had %(wins)s wins within an hour; %(limit)s at most were to be expected.", **values
    )


def _network(details: Mapping[str, Any], values: dict[str, Any]) -> Said:
    if details["paused"]:
        return Said(
            "The drain brake has switched off “%(tier)s”: one network had %(wins)s of %(out_of)s wins within"
            " a day, %(limit)s at most were to be expected.",
            **values,
        )
    if slowed := details.get("slowed"):
        return Said(
            "The drain brake lets “%(tier)s” give %(slowed)s an hour: one network had %(wins)s of %(out_of)s"
            " wins within a day, %(limit)s at most were to be expected.",
            **values,
            slowed=slowed,
        )
    return Said(
        "One network had %(wins)s of %(out_of)s wins of “%(tier)s” within a day; %(limit)s at most were to be"
        " expected.",
        **values,
    )
