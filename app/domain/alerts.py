"""Alerts: what a campaign is watched for, decided on counted figures, and each in words."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from typing import Any, assert_never

from app.domain.errors import Worded
from app.domain.forecast import ERROR_RATE, most_plausible


class AlertKind(StrEnum):
    """What an alert is about."""

    STOCK = "stock"  # of a prize: below the threshold, half of it, a quarter, nothing
    RUNS_OUT = "runs_out"  # a tier, before the campaign ends
    AHEAD = "ahead"  # wins far ahead of the odds, over the whole campaign
    BRAKE = "brake"  # wins of one tier within an hour: told, or switched off
    STARTS = "starts"
    ENDS = "ends"


class Brake(StrEnum):
    """What is done about more wins within an hour than are plausible."""

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


def exceeded(entries: int, hits: int, odds: Fraction, wins: int, most: int | None) -> int | None:
    """The limit that the wins of a tier within an hour went beyond, if they did: what the odds let expect of
    so many entries at ERROR_RATE, for its hits; or the number that was set, for what it gave.
    """
    if most is not None and wins > most:
        return most
    plausible = most_plausible(entries, odds, ERROR_RATE)
    return plausible if hits > plausible else None


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
    if details["paused"]:
        return Said(
            "The drain brake has switched off “%(tier)s”: %(wins)s wins within an hour, %(limit)s at most"
            " were to be expected.",
            **values,
        )
    return Said(
        "“%(tier)s” had %(wins)s wins within an hour; %(limit)s at most were to be expected.", **values
    )
