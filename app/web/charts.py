"""Charts: bars as shapes of an SVG of ours. A template draws them; a table beside them says the same."""

from collections.abc import Sequence
from dataclasses import dataclass

_STEPS = (10, 12, 15, 20, 25, 30, 40, 50, 60, 80)  # tenths of a power of ten


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: where it stands and how high its two parts are, in units of the drawing."""

    x: float
    width: float
    height: float
    won: float


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars in a drawing of WIDTH x HEIGHT, and what the top line stands for."""

    bars: tuple[Bar, ...]
    top: int
    width: int
    height: int


def bars(counts: Sequence[tuple[int, int]], width: int = 960, height: int = 160) -> Chart:
    """Bars for (entries, wins) one after another: each as high as its entries, the wins at its foot."""
    top = nice_top(max((entries for entries, _wins in counts), default=0))
    slot = width / max(1, len(counts))
    gap = min(4.0, slot * 0.2)
    drawn = tuple(
        Bar(
            round(place * slot + gap / 2, 2),
            round(slot - gap, 2),
            _high(entries, top, height),
            _high(wins, top, height),
        )
        for place, (entries, wins) in enumerate(counts)
    )
    return Chart(drawn, top, width, height)


def nice_top(most: int) -> int:
    """The next whole round number from `most` on; at least 1."""
    power = 1
    while True:
        for step in _STEPS:
            if step * power % 10 == 0 and step * power >= most * 10:
                return step * power // 10
        power *= 10


def _high(count: int, top: int, height: int) -> float:
    """In proportion, and never so low that something looks like nothing."""
    return max(2.0, round(count / top * height, 2)) if count else 0.0
