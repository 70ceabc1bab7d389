"""Entries over HTTP, with everything on: form, CSRF token, CAPTCHA check, draw, claim, answer."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from statistics import quantiles

from benchmarks import children
from benchmarks.ground import Grounds
from benchmarks.load import Plan, Seen
from benchmarks.pace import Pace
from benchmarks.report import Figure, Goal, ratio
from tests.support.site import running_site

CLIENTS = 32
WARM_UP = 0.4  # seconds
MODULE = "benchmarks.wsgi:app"
EMPTY, BARE = "/empty", "/bare/"
MOST_PER_SECOND = 1500  # entries prepared for a second
MOST_EMPTY_PER_SECOND = 20_000
SECONDS_TO_PREPARE = 120


@dataclass(frozen=True, slots=True)
class Answers:
    """What a load came to; times in milliseconds."""

    per_second: float
    p50: float
    p99: float
    longest: float
    errors: int


class Http:
    """The site as it is served, beside empty routes of the same server."""

    def __init__(self, grounds: Grounds, pace: Pace) -> None:
        self.rounds = pace.rounds
        self.notes: list[str] = []
        self._grounds = grounds
        self._pace = pace
        self._bare = Figure("HTTP: an empty route of a bare Flask, 32 clients")
        self._empty = Figure("HTTP: an empty route of the application, 32 clients")
        self._entries = Figure("HTTP: entries, everything on, SQLite FULL, 32 clients")
        self._p50 = Figure("   half of them answered within", "ms")
        self._p99 = Figure("   99 of 100 answered within", "ms", Goal(120, at_least=False))
        self._longest = Figure("   longest wait", "ms", Goal(1000, at_least=False))
        self._errors = Figure("   errors", "", Goal(0, at_least=False))

    def round(self) -> None:
        """The empty routes, then entries, from one server on a fresh copy."""
        pace = self._pace
        with running_site(self._grounds.sqlite.fresh(), self._grounds.folder, module=MODULE) as port:
            self._bare.values.append(empty(port, pace.empty, BARE).per_second)
            self._empty.values.append(empty(port, pace.empty, EMPTY).per_second)
            answers = entries(port, pace.over_http)
        self._entries.values.append(answers.per_second)
        self._p50.values.append(answers.p50)
        self._p99.values.append(answers.p99)
        self._longest.values.append(answers.longest)
        self._errors.values.append(answers.errors)

    def figures(self) -> Iterator[Figure]:
        """Rates, ratios and waits."""
        yield from (self._bare, self._empty, self._entries)
        yield ratio("   beside the empty route of the application", self._entries, self._empty, Goal(0.15))
        yield ratio("   beside the bare Flask", self._entries, self._bare)
        yield from (self._p50, self._p99, self._longest, self._errors)


def entries(port: int, seconds: float, first: int = 1) -> Answers:
    """Entries of people nobody has seen before."""
    most = int((seconds + WARM_UP) * MOST_PER_SECOND)
    return _measure(Plan(port, CLIENTS, seconds, WARM_UP, most, first))


def empty(port: int, seconds: float, path: str) -> Answers:
    """An empty route, for comparison."""
    most = int((seconds + WARM_UP) * MOST_EMPTY_PER_SECOND)
    return _measure(Plan(port, CLIENTS, seconds, WARM_UP, most, path=path))


def _measure(plan: Plan) -> Answers:
    (seen,) = children.run("benchmarks.load", [asdict(plan)], plan.seconds + SECONDS_TO_PREPARE)
    return _summary(Seen(**seen))


def _summary(seen: Seen) -> Answers:
    hundredths = quantiles(seen.latencies, n=100)
    good = seen.statuses.get("200", 0)
    return Answers(
        per_second=good / seen.seconds,
        p50=hundredths[49],
        p99=hundredths[98],
        longest=max(seen.latencies),
        errors=len(seen.latencies) - good,
    )
