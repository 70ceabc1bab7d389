"""What was measured, as a table for people and as JSON for programs: medians, and ratios to the floors."""

import json
import os
import platform
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from statistics import median

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True, slots=True)
class Goal:
    """A bound for the median of a figure."""

    bound: float
    at_least: bool = True

    def __str__(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.bound:g}"

    def is_met(self, value: float) -> bool:
        """True when the value is on the right side."""
        return value >= self.bound if self.at_least else value <= self.bound


@dataclass(slots=True)
class Figure:
    """One thing measured, once a round."""

    name: str
    unit: str = "/s"
    goal: Goal | None = None
    values: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        """The median over the rounds."""
        return median(self.values)


def ratio(name: str, figure: Figure, floor: Figure, goal: Goal | None = None) -> Figure:
    """How a figure stands to its floor, round by round, so that a slow moment of the machine hits both."""
    pairs = zip(figure.values, floor.values, strict=True)
    return Figure(name, "of it", goal, [value / beside for value, beside in pairs])


def table(figures: Sequence[Figure]) -> Iterator[str]:
    """The lines of the table."""
    yield f"{'':58}{'median':>10}  {'':6}{'least to most':>22}  {'goal':>8}"
    for figure in figures:
        low, high = min(figure.values), max(figure.values)
        spread = f"{_number(low)} to {_number(high)}"
        line = f"{figure.name:58}{_number(figure.median):>10}  {figure.unit:6}{spread:>22}"
        if figure.goal is not None:
            verdict = "met" if figure.goal.is_met(figure.median) else "missed"
            line += f"  {figure.goal!s:>8}  {verdict}"
        yield line.rstrip()


def write(figures: Sequence[Figure], notes: Sequence[str], now: datetime) -> Path:
    """Store a run in the folder of results and return where."""
    document = {
        "taken_at": now.isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "figures": [asdict(figure) | {"median": figure.median} for figure in figures],
        "notes": list(notes),
    }
    path = RESULTS / f"{now:%Y%m%d-%H%M%S}.json"
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    return path


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
