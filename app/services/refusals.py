"""Refusals: how often submissions were not taken, by reason. Counted beside the entries, never among them."""

import threading
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Insert, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.domain.campaign_rules import is_slug
from app.domain.timeline import quarter_of
from app.models import Campaign, RefusalCount
from app.services.uow import unit_of_work

MOST_KEPT = 1000  # different counts in memory: campaigns that do not exist cannot fill it
Key = tuple[str, int, str]


class Tally:
    """The refusals of one process that are not stored yet. What it holds when the process is killed is lost:
    the counts are good to within a few seconds.
    """

    def __init__(self) -> None:
        self._counts: Counter[Key] = Counter()
        self._mutex = threading.Lock()

    def count(self, slug: str, reason: str, *, now: datetime) -> None:
        """Count one; nothing is written, nothing can fail."""
        key = (slug, quarter_of(now), reason)
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


def flush(session: Session, tally: Tally) -> None:
    """Store what was counted. Whatever keeps it from that, raised here, loses nothing."""
    taken = tally.take()
    if not taken:
        return
    try:
        _store(session, taken)
    except BaseException:
        tally.put_back(taken)
        raise


@unit_of_work
def _store(session: Session, taken: Mapping[Key, int]) -> None:
    slugs = {slug for slug, _quarter, _reason in taken}
    ids: dict[str, UUID] = dict(
        session.execute(select(Campaign.slug, Campaign.id).where(Campaign.slug.in_(slugs))).all()
    )
    rows = [
        {"campaign_id": ids[slug], "quarter": quarter, "reason": reason[:32], "count": count}
        for (slug, quarter, reason), count in sorted(taken.items())  # in one order, against deadlocks
        if slug in ids
    ]
    if not rows:
        return
    session.execute(_ADD[session.get_bind().dialect.name], rows)


def by_reason(session: Session, campaign_id: UUID) -> list[tuple[str, int]]:
    """The reasons and how often each, the most frequent first."""
    total = func.sum(RefusalCount.count)
    query = (
        select(RefusalCount.reason, total)
        .where(RefusalCount.campaign_id == campaign_id)
        .group_by(RefusalCount.reason)
        .order_by(total.desc(), RefusalCount.reason)
    )
    return [(row[0], int(row[1])) for row in session.execute(query)]


def _adding(insert: Any) -> Insert:
    statement = insert(RefusalCount)
    added: Insert = statement.on_conflict_do_update(
        index_elements=["campaign_id", "quarter", "reason"],
        set_={"count": RefusalCount.count + statement.excluded.count},
    )
    return added


_ADD = {"postgresql": _adding(postgresql.insert), "sqlite": _adding(sqlite.insert)}
