"""Entries over HTTP, with everything on: form, CSRF token, CAPTCHA check, draw, claim, answer."""

import json
import subprocess
import sys
from dataclasses import asdict, dataclass
from statistics import quantiles

from app.config import ROOT
from benchmarks.load import Plan, Seen

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


def entries(port: int, seconds: float, first: int = 1) -> Answers:
    """Entries of people nobody has seen before."""
    most = int((seconds + WARM_UP) * MOST_PER_SECOND)
    return _measure(Plan(port, CLIENTS, seconds, WARM_UP, most, first))


def empty(port: int, seconds: float, path: str) -> Answers:
    """An empty route, for comparison."""
    most = int((seconds + WARM_UP) * MOST_EMPTY_PER_SECOND)
    return _measure(Plan(port, CLIENTS, seconds, WARM_UP, most, path=path))


def _measure(plan: Plan) -> Answers:
    command = [sys.executable, "-m", "benchmarks.load", json.dumps(asdict(plan))]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as load:
        assert load.stdin is not None
        assert load.stdout is not None
        if load.stdout.readline() != "ready\n":
            raise RuntimeError("the load did not start")
        told, _ = load.communicate("go\n", timeout=plan.seconds + SECONDS_TO_PREPARE)
    if load.returncode:
        raise RuntimeError("the load broke off")
    return _summary(Seen(**json.loads(told)))


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
