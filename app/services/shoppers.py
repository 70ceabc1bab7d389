"""Shoppers: what all who redeemed have bought, over all campaigns: counts, in which nobody is told."""

import json
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.domain.figures import Cohort, cohorts
from app.models import Entry, Redemption, ShopperBook
from app.services.counts import SETTLED
from app.services.uow import unit_of_work

EVERY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Worth:
    """What people spent in one currency, as far as shops told: people with orders, orders, minor units."""

    currency: str
    people: int
    orders: int
    amount: int


@dataclass(frozen=True, slots=True)
class Shoppers:
    """People by how many purchases, by the month of the first, and what they spent."""

    by_purchases: dict[int, int]
    cohorts: tuple[Cohort, ...]
    worth: tuple[Worth, ...]

    @property
    def people(self) -> int:
        """All who bought at least once."""
        return sum(self.by_purchases.values())

    @property
    def purchases(self) -> int:
        """All they bought."""
        return sum(often * people for often, people in self.by_purchases.items())


def known(session: Session) -> tuple[Shoppers, datetime] | None:
    """What is known, and of when; None before it was added up for the first time."""
    book = session.get(ShopperBook, 1)
    return (_read(book.document), book.rolled_at) if book else None


def keep_up(session: Session, *, now: datetime) -> None:
    """Add up, unless that was within the last hour or nothing has been redeemed or reversed since."""
    book = session.get(ShopperBook, 1)
    since = book.rolled_at if book else None
    latest = session.execute(select(func.max(Redemption.created_at), func.max(Redemption.reversed_at))).one()
    session.rollback()
    changed = max((moment for moment in latest if moment is not None), default=None)
    if changed is not None and (since is None or (now >= since + EVERY and changed >= since - SETTLED)):
        roll(session, now=now)


def roll(session: Session, *, now: datetime) -> None:
    """Add up anew."""
    document = _written(counted(session))
    session.rollback()
    _store(session, document, now=now)


@unit_of_work
def _store(session: Session, document: str, *, now: datetime) -> None:
    insert: Any = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}[session.get_bind().dialect.name]
    values = {"rolled_at": now, "document": document}
    statement = insert(ShopperBook).values(id=1, **values)
    session.execute(statement.on_conflict_do_update(index_elements=["id"], set_=values))


def counted(session: Session) -> Shoppers:
    """The same out of the rows: one purchase is an order, or a redemption that was told without one."""
    rows = session.execute(
        select(
            Entry.entrant_id,
            Redemption.id,
            Redemption.at,
            Redemption.order_reference,
            Redemption.currency,
            Redemption.order_value,
        )
        .join(Entry, Entry.id == Redemption.entry_id)
        .where(Redemption.reversed_at.is_(None))
        .order_by(Entry.entrant_id, Redemption.id)
        .execution_options(yield_per=10_000)
    )
    by_purchases: Counter[int] = Counter()
    months: list[list[str]] = []
    worth: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for _person, bought in groupby(rows, key=lambda row: row.entrant_id):
        taken = list(bought)
        by_purchases[len({_purchase(row) for row in taken})] += 1
        months.append([f"{row.at:%Y-%m}" for row in taken])
        _spent(taken, worth)
    return Shoppers(
        dict(sorted(by_purchases.items())),
        tuple(cohorts(months)),
        tuple(Worth(currency, *sums) for currency, sums in sorted(worth.items())),
    )


def _purchase(row: Any) -> str | UUID:
    reference: str = row.order_reference
    return reference or row.id


def _spent(taken: list[Any], worth: dict[str, list[int]]) -> None:
    orders = [row for row in taken if row.order_value is not None]
    for currency in {row.currency for row in orders}:
        worth[currency][0] += 1
    for row in orders:
        worth[row.currency][1] += 1
        worth[row.currency][2] += row.order_value


def _written(found: Shoppers) -> str:
    return json.dumps(
        {
            "by_purchases": [[often, people] for often, people in found.by_purchases.items()],
            "cohorts": [[one.month, one.people, list(one.back)] for one in found.cohorts],
            "worth": [[one.currency, one.people, one.orders, one.amount] for one in found.worth],
        }
    )


def _read(document: str) -> Shoppers:
    raw = json.loads(document)
    return Shoppers(
        dict(raw["by_purchases"]),
        tuple(Cohort(month, people, tuple(back)) for month, people, back in raw["cohorts"]),
        tuple(Worth(*one) for one in raw["worth"]),
    )
