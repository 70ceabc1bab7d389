"""Few cases in which every two values of different factors meet at least once."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, product
from typing import Any

Case = dict[str, Any]
Pair = tuple[tuple[str, Any], tuple[str, Any]]


def all_cases(factors: Mapping[str, Sequence[Any]]) -> list[Case]:
    """Every case there is."""
    return [dict(zip(factors, values, strict=True)) for values in product(*factors.values())]


def pairwise(factors: Mapping[str, Sequence[Any]]) -> list[Case]:
    """A small part of all cases that has every pair; always the same, and not the smallest there could be."""
    cases = all_cases(factors)
    missing = {pair for case in cases for pair in pairs_of(case)}
    chosen: list[Case] = []
    while missing:
        best = max(cases, key=lambda case: sum(pair in missing for pair in pairs_of(case)))
        missing.difference_update(pairs_of(best))
        chosen.append(best)
    return chosen


def pairs_of(case: Case) -> Iterator[Pair]:
    """Each two values of a case."""
    return combinations(case.items(), 2)
