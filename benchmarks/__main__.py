"""`python -m benchmarks [NAME …]`: figures in rounds that take turns, each beside its floor or its rivals.

Without names: what takes a few minutes. Everything, at full length and size: --long.
"""

import argparse
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import bytes as page_bytes
from benchmarks import claims, codes, engine, figures, http, pace, postgres, report, size, winners
from benchmarks.ground import Grounds, Missing, Subject, is_on_another_disk

SUBJECTS: dict[str, Callable[[Grounds, pace.Pace], Subject]] = {
    "http": http.Http,
    "engine": engine.Engine,
    "postgres": postgres.Postgres,
    "claims": claims.Claims,
    "size": size.Size,
    "codes": codes.Codes,
    "winners": winners.Winners,
    "figures": figures.Figures,
    "bytes": page_bytes.Bytes,
}
USUAL = ("http", "engine", "postgres", "claims", "bytes")


def main() -> None:
    """Measure, show, store."""
    names, chosen = _arguments()
    # Asked to end, it takes the servers it started with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended half-way: nothing is stored"))
    notes: list[str] = []
    # In the project's own folder, because /tmp may be memory, where an fsync costs nothing.
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=report.RESULTS)))
        grounds = Grounds(stack, folder)
        subjects = _begin(names, grounds, chosen, notes)
        if is_on_another_disk(folder) and "server" in vars(grounds):
            notes.append("PostgreSQL and Redis wrote to the disk of /tmp, which is not the project's")
        broken = _measure(subjects, notes)
        seen = [figure for subject in subjects.values() for figure in subject.figures() if figure.values]
    notes += [note for subject in subjects.values() for note in subject.notes]
    path = report.write(seen, notes, datetime.now(UTC))
    print(*report.table(seen), *notes, sep="\n")
    print(f"\nStored as {path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path.name}")
    if broken:
        sys.exit(1)


def _arguments() -> tuple[Iterable[str], pace.Pace]:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(SUBJECTS)}")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--quick", action="store_true", help="one short round each, only to see it work")
    length.add_argument("--long", action="store_true", help="everything, a million rows: takes long")
    parser.add_argument("--rounds", type=int, metavar="N", help="this many rounds of everything")
    given = parser.parse_args()
    if unknown := set(given.names) - set(SUBJECTS):
        parser.error(f"no such figures: {', '.join(sorted(unknown))}")
    chosen = pace.LONG if given.long else pace.QUICK if given.quick else pace.USUAL
    if given.rounds:
        chosen = replace(chosen, rounds=given.rounds, heavy_rounds=given.rounds)
    return given.names or (SUBJECTS if given.long else USUAL), chosen


def _begin(names: Iterable[str], grounds: Grounds, chosen: pace.Pace, notes: list[str]) -> dict[str, Subject]:
    subjects: dict[str, Subject] = {}
    for name in names:
        try:
            subjects[name] = SUBJECTS[name](grounds, chosen)
        except Missing as error:
            notes.append(f"{name}: {error}: left out")
    return subjects


def _measure(subjects: dict[str, Subject], notes: list[str]) -> set[str]:
    """Let the subjects take turns; one that breaks costs its own figures, not those of hours before.

    Takes the broken ones out, and says which they were.
    """
    broken: set[str] = set()
    for number in range(max((subject.rounds for subject in subjects.values()), default=0)):
        for name, subject in subjects.items():
            if number >= subject.rounds or name in broken:
                continue
            print(f"round {number + 1}: {name}", file=sys.stderr, flush=True)
            try:
                subject.round()
            except Exception as error:  # noqa: BLE001 -- whatever it was, it is told
                traceback.print_exc()
                broken.add(name)
                notes.append(f"{name} broke off in round {number + 1}: {error!r}")
    for name in broken:
        del subjects[name]
    return broken


if __name__ == "__main__":
    main()
