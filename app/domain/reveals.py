"""Reveals: the ways to show a result that was drawn and stored before."""

from enum import StrEnum


class Reveal(StrEnum):
    """What a campaign's result is uncovered with. It shows the result and decides nothing."""

    PLAIN = "plain"
    SCRATCH = "scratch"
    WHEEL = "wheel"
    SLOTS = "slots"
    GIFT = "gift"
