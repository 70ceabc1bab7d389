"""Sums: what days that were added up come to."""

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, true
from sqlalchemy.orm import Session

from app.domain import figures
from app.domain.figures import COUNTS, Tally
from app.models import FigureDay, FigureMoney
from app.services.rollups import ALL

COLUMNS = tuple(getattr(FigureDay, name) for name in COUNTS)
SUMS = tuple(func.sum(column) for column in COLUMNS)
MONEY = (func.sum(FigureMoney.orders), func.sum(FigureMoney.amount))


@dataclass(frozen=True, slots=True)
class Money:
    """What orders came to in one currency, in minor units."""

    currency: str
    orders: int
    amount: int

    @property
    def average(self) -> Fraction | None:
        """The average order value."""
        return figures.average_order_value(self.amount, self.orders)


@dataclass(frozen=True, slots=True)
class Line:
    """One place on a dimension: `value` as it is stored, `name` where it has one of its own."""

    value: str
    name: str
    tally: Tally
    money: tuple[Money, ...] = ()


def between(session: Session, campaign_id: UUID, first: date = date.min, last: date = date.max) -> Line:
    """What the days from the first to the last come to; all of them, unless told otherwise."""

    def here(table: Any) -> tuple[Any, ...]:
        return table.campaign_id == campaign_id, table.dimension == ALL, table.day.between(first, last)

    counts = session.execute(select(*SUMS).where(*here(FigureDay))).one()
    money = session.execute(
        select(FigureMoney.currency, *MONEY)
        .where(*here(FigureMoney))
        .group_by(FigureMoney.currency)
        .order_by(FigureMoney.currency)
    )
    takings = tuple(Money(currency, int(orders), int(amount)) for currency, orders, amount in money)
    return Line("", "", Tally(*(int(each or 0) for each in counts)), takings)


def by_place(
    session: Session, campaign_id: UUID, dimension: str | None = None
) -> dict[tuple[str, str], Tally]:
    """What each place on each dimension comes to, or on one of them, over all days."""
    rows = session.execute(
        select(FigureDay.dimension, FigureDay.value, *SUMS)
        .where(FigureDay.campaign_id == campaign_id, _of(FigureDay, dimension))
        .group_by(FigureDay.dimension, FigureDay.value)
    )
    return {(row[0], row[1]): Tally(*map(int, row[2:])) for row in rows}


def _of(table: Any, dimension: str | None) -> Any:
    return true() if dimension is None else table.dimension == dimension


def money_by_place(
    session: Session, campaign_id: UUID, dimension: str | None = None
) -> dict[tuple[str, str], tuple[Money, ...]]:
    """What orders came to at each place, by currency."""
    found: dict[tuple[str, str], tuple[Money, ...]] = {}
    rows = session.execute(
        select(FigureMoney.dimension, FigureMoney.value, FigureMoney.currency, *MONEY)
        .where(FigureMoney.campaign_id == campaign_id, _of(FigureMoney, dimension))
        .group_by(FigureMoney.dimension, FigureMoney.value, FigureMoney.currency)
        .order_by(FigureMoney.currency)
    )
    for dimension, value, currency, orders, amount in rows:
        key = (dimension, value)
        found[key] = (*found.get(key, ()), Money(currency, int(orders), int(amount)))
    return found
