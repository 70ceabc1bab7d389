"""Tallies: what a process counts in memory, and stores together now and then."""

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.domain.campaign_rules import is_slug
from app.domain.timeline import quarter_of
from app.models import Campaign
from app.services.uow import unit_of_work

MOST_KEPT = 1000  # different counts in memory: campaigns that do not exist cannot fill it
Key = tuple[str, int, str]  # campaign, quarter of an hour, what


class Tally:
    """The counts of one process that are not stored yet. What it holds when the process is killed is lost:
    they are good to within a few seconds.
    """

    def __init__(self) -> None:
        self._counts: Counter[Key] = Counter()
        self._mutex = threading.Lock()

    def count(self, slug: str, what: str, *, now: datetime) -> None:
        """Count one; nothing is written, nothing can fail."""
        key = (slug, quarter_of(now), what)
        with self._mutex:
            if is_slug(slug) and (key in self._counts or len(self._counts) < MOST_KEPT):
                self._counts[key] += 1

    def take(self) -> Counter[Key]:
        """What was counted since the last time."""
        with self._mutex:
            taken, self._counts = self._counts, Counter()
        return taken

    def put_back(self, taken: Mapping[Key, int]) -> None:
        """What could not be stored after all."""
        with self._mutex:
            self._counts.update(taken)


@dataclass(frozen=True, slots=True)
class Store:
    """Where a tally is kept: a table of counts by campaign, quarter and what `columns_of` makes of a word."""

    table: Any  # of the models, with the columns campaign_id, quarter and count
    columns: tuple[str, ...]
    columns_of: Callable[[str], tuple[str, ...]]

    def adding(self, dialect: str) -> Insert:
        """Insert a count, or add it to the one that stands."""
        insert = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}[dialect]
        statement: Any = insert(self.table)
        added: Insert = statement.on_conflict_do_update(
            index_elements=["campaign_id", "quarter", *self.columns],
            set_={"count": self.table.count + statement.excluded.count},
        )
        return added


def flush(session: Session, tally: Tally, store: Store) -> None:
    """Store what was counted. Whatever keeps it from that, raised here, loses nothing."""
    taken = tally.take()
    if not taken:
        return
    try:
        _keep(session, taken, store)
    except BaseException:
        tally.put_back(taken)
        raise


@unit_of_work
def _keep(session: Session, taken: Mapping[Key, int], store: Store) -> None:
    slugs = {slug for slug, _quarter, _what in taken}
    ids: dict[str, UUID] = dict(
        session.execute(select(Campaign.slug, Campaign.id).where(Campaign.slug.in_(slugs))).all()
    )
    rows = [
        dict(zip(store.columns, store.columns_of(what), strict=True))
        | {"campaign_id": ids[slug], "quarter": quarter, "count": count}
        for (slug, quarter, what), count in sorted(taken.items())  # in one order, against deadlocks
        if slug in ids
    ]
    if rows:
        session.execute(store.adding(session.get_bind().dialect.name), rows)
