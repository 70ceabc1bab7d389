"""How often, how long and how large everything is measured."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """Times in seconds; `rows` are the codes or entries of what is measured at its largest."""

    rounds: int
    heavy_rounds: int  # of what takes minutes rather than seconds
    alone: float
    empty: float
    over_http: float
    claims: float
    endurance: float
    rows: int


QUICK = Pace(rounds=1, heavy_rounds=1, alone=1, empty=1, over_http=2, claims=1, endurance=4, rows=20_000)
USUAL = Pace(
    rounds=3, heavy_rounds=1, alone=1.5, empty=1.5, over_http=3, claims=2, endurance=12, rows=100_000
)
LONG = Pace(
    rounds=5, heavy_rounds=2, alone=1.5, empty=1.5, over_http=4, claims=4, endurance=60, rows=1_000_000
)
