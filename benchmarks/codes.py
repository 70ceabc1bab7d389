"""Codes by the hundred thousand, imported and generated, beside the driver's bare executemany."""

from collections.abc import Iterator

from app.adapters.chance import SystemRng
from app.domain.codes import generate
from benchmarks import children
from benchmarks.ground import Grounds
from benchmarks.pace import Pace
from benchmarks.report import Figure, Goal, ratio

PATIENCE = 600
WAYS = {
    "bare": ("executemany of ready rows", None),
    "import": ("import from CSV", 3.0),
    "generate": ("generate and store", 2.5),
}
MEMORY = Goal(200, at_least=False)


class Codes:
    """Every load is a process of its own on an empty pool, so that its memory can be told."""

    def __init__(self, grounds: Grounds, pace: Pace) -> None:
        self.rounds = pace.heavy_rounds
        self.notes: list[str] = []
        self._grounds = grounds
        self._rows = pace.rows
        self._file = grounds.folder / "codes.csv"
        made = generate(SystemRng(), self._rows)
        self._file.write_text("\n".join(["code", *made, ""]))
        self._kinds = grounds.kinds("codes", self.notes)
        keys = [(kind, way) for kind in self._kinds for way in WAYS]
        self._seconds = {
            (kind, way): Figure(f"{kind}: {WAYS[way][0]}, {self._rows:,} codes", "s") for kind, way in keys
        }
        self._memory = {
            key: Figure("   most memory held", "MB", MEMORY if key[1] == "import" else None) for key in keys
        }

    def round(self) -> None:
        """Each way once on each database."""
        for (kind, way), figure in self._seconds.items():
            url = self._grounds.empty(kind, "codes")
            plan = {"url": url, "way": way, "file": str(self._file), "rows": self._rows}
            (seen,) = children.run("benchmarks.bulk", [plan], PATIENCE)
            figure.values.append(seen["seconds"])
            self._memory[kind, way].values.append(seen["megabytes"])

    def figures(self) -> Iterator[Figure]:
        """Times, ratios to the bare rows, memory."""
        for (kind, way), figure in self._seconds.items():
            yield figure
            bound = WAYS[way][1]
            if bound is not None:
                goal = Goal(bound, at_least=False)
                yield ratio("   beside the bare rows", figure, self._seconds[kind, "bare"], goal)
                yield self._memory[kind, way]
