"""Counts: entries, people and wins by quarter hours, added up in the background, the open rest counted live.

A dashboard over a million entries then reads a few thousand rows. What is counted is final: entries are never
deleted, and a quarter is closed only when whatever was under way in it has long been settled.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, exists, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, aliased

from app.domain.timeline import Count, quarter_of, start_of
from app.models import Entry, QuarterCount, Watch
from app.services import partner_counts
from app.services.drawn import is_drawn
from app.services.quarters import quarter_of_entry
from app.services.uow import unit_of_work

SETTLED = timedelta(minutes=10)  # no entry waits that long for its commit
AT_ONCE = 96  # quarters in one transaction: a day


@dataclass(frozen=True, slots=True)
class Counted(Count):
    """What came within one quarter under one odds table; `people` entered for the first time."""

    odds_version: int
    people: int


def counted(session: Session, campaign_id: UUID, since: datetime | None = None) -> list[Counted]:
    """The campaign's counts, the oldest first, up to this moment: all, or of the quarters from `since` on."""
    first = quarter_of(since) if since else 0
    until = counted_until(session, campaign_id)
    return stored(session, campaign_id, first) + _count(session, campaign_id, max(first, until), None)


def counted_until(session: Session, campaign_id: UUID) -> int:
    """The first quarter that is not added up yet."""
    return session.scalar(select(Watch.counted_until).where(Watch.campaign_id == campaign_id)) or 0


def stored(session: Session, campaign_id: UUID, first: int = 0) -> list[Counted]:
    """The quarters that are added up, from the first on."""
    rows = session.execute(
        select(
            QuarterCount.quarter,
            QuarterCount.entries,
            QuarterCount.wins,
            QuarterCount.odds_version,
            QuarterCount.people,
        )
        .where(QuarterCount.campaign_id == campaign_id, QuarterCount.quarter >= first)
        .order_by(QuarterCount.quarter, QuarterCount.odds_version)
    )
    return [Counted(*row) for row in rows]


def recount(session: Session, campaign_id: UUID) -> list[Counted]:
    """The same, out of the entries themselves."""
    return _count(session, campaign_id, 0, counted_until(session, campaign_id))


def totals(session: Session, campaign_id: UUID) -> tuple[int, int]:
    """Entries and wins as drawn, up to this moment, in sums."""
    until = counted_until(session, campaign_id)
    sums = session.execute(
        select(func.sum(QuarterCount.entries), func.sum(QuarterCount.wins)).where(
            QuarterCount.campaign_id == campaign_id
        )
    ).one()
    live = select(func.count(), func.count(Entry.tier_awarded_id)).where(
        Entry.campaign_id == campaign_id, Entry.created_at >= start_of(until)
    )
    entries, wins = session.execute(live).one()
    return entries + int(sums[0] or 0), wins + int(sums[1] or 0)


def count_on(session: Session, campaign_id: UUID, *, now: datetime) -> bool:
    """Add up the next quarters that are over, a day of them at most; False when there is nothing to do."""
    until = quarter_of(now - SETTLED)
    start = counted_until(session, campaign_id)
    if _next_with_entries(session, campaign_id, start, until) is None:
        session.rollback()
        return False
    return _store(session, campaign_id, until)


@unit_of_work
def _store(session: Session, campaign_id: UUID, until: int) -> bool:
    watch = hold_watch(session, campaign_id)
    first = _next_with_entries(session, campaign_id, watch.counted_until, until)
    if first is None:  # another worker was faster
        return False
    watch.counted_until = min(first + AT_ONCE, until)
    rows = _count(session, campaign_id, first, watch.counted_until)
    session.execute(insert(QuarterCount), [asdict(row) | {"campaign_id": campaign_id} for row in rows])
    partner_counts.store(session, campaign_id, first, watch.counted_until)
    return True


def hold_watch(session: Session, campaign_id: UUID) -> Watch:
    """What the campaign is watched for, the row made if need be, and locked. Part of a unit of work."""
    session.execute(_MAKE_WATCH[_dialect(session)], {"campaign_id": campaign_id})
    query = select(Watch).where(Watch.campaign_id == campaign_id).with_for_update()
    return session.scalars(query.execution_options(populate_existing=True)).one()


def _next_with_entries(session: Session, campaign_id: UUID, start: int, until: int) -> int | None:
    first: datetime | None = session.scalar(
        select(func.min(Entry.created_at)).where(
            Entry.campaign_id == campaign_id,
            is_drawn(),
            Entry.created_at >= start_of(start),
            Entry.created_at < start_of(until),
        )
    )
    return quarter_of(first) if first else None


def _count(session: Session, campaign_id: UUID, first: int, until: int | None) -> list[Counted]:
    query = _counting(_dialect(session)).where(
        Entry.campaign_id == campaign_id, is_drawn(), Entry.created_at >= start_of(first)
    )
    if until is not None:
        query = query.where(Entry.created_at < start_of(until))
    rows: Sequence[Any] = session.execute(query).all()
    return [Counted(*row) for row in rows]


def _counting(dialect: str) -> Select[*tuple[Any, ...]]:
    """Ids follow time: a person's first entry in a campaign is the one without a smaller id."""
    earlier = aliased(Entry)
    is_first = ~exists().where(
        earlier.campaign_id == Entry.campaign_id,
        earlier.entrant_id == Entry.entrant_id,
        is_drawn(earlier.reason),
        earlier.id < Entry.id,
    )
    quarter = quarter_of_entry(dialect).label("quarter")
    counting: Any = (
        select(
            quarter,
            func.count(),
            func.count(Entry.tier_awarded_id),
            Entry.odds_version,
            func.count().filter(is_first),
        )
        .group_by(quarter, Entry.odds_version)
        .order_by(quarter, Entry.odds_version)
    )
    counted: Select[*tuple[Any, ...]] = counting
    return counted


def _dialect(session: Session) -> str:
    return session.get_bind().dialect.name


_MAKE_WATCH = {
    "postgresql": postgresql.insert(Watch).on_conflict_do_nothing(),
    "sqlite": sqlite.insert(Watch).on_conflict_do_nothing(),
}
