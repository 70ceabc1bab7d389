"""The board of prizes left: counted once every ten minutes by each process, whoever comes meanwhile."""

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.prizes_left import Rounded, as_of, rounded
from app.models import Award, Replacement

MOST_REMEMBERED = 1000


@dataclass(frozen=True, slots=True)
class Board:
    """What is left of each prize, as it stood at `at`."""

    at: datetime
    left: Mapping[UUID, Rounded]


def board(session: Session, campaign_id: UUID, totals: Mapping[UUID, int], *, now: datetime) -> Board:
    """The board of a campaign, out of memory but for the first visitor after each full ten minutes; `totals`
    are the units offered in all, by prize.

    Every process says the same, since only what was given by then counts. While one visitor's page counts,
    others are told what was counted before.
    """
    at = as_of(now)
    found = _counted.get(campaign_id)
    if found is None or found[0] < at:
        found = _count(session, campaign_id, at, found)
    given = found[1]
    return Board(found[0], {prize: rounded(total - given[prize], total) for prize, total in totals.items()})


def _count(
    session: Session, campaign_id: UUID, at: datetime, before: tuple[datetime, Counter[UUID]] | None
) -> tuple[datetime, Counter[UUID]]:
    if not _turn.acquire(blocking=before is None):
        assert before is not None  # noqa: S101 -- else the lock is waited for
        return before
    try:
        given: Counter[UUID] = Counter()
        for table, more in ((Award, (Award.lapsed_at.is_(None),)), (Replacement, ())):
            rows = session.execute(
                select(table.prize_id, func.count())
                .where(table.campaign_id == campaign_id, table.created_at < at, *more)
                .group_by(table.prize_id)
            )
            for prize_id, count in rows:
                given[prize_id] += count
        if len(_counted) > MOST_REMEMBERED:
            _counted.clear()
        _counted[campaign_id] = (at, given)
        return at, given
    finally:
        _turn.release()


_counted: dict[UUID, tuple[datetime, Counter[UUID]]] = {}
_turn = threading.Lock()
