"""Sums: what days that were added up come to."""

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
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
