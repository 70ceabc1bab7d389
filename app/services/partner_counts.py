"""What came over partners' links, by quarters of an hour: added up together with the campaign's own counts.

A page over a million entries then reads a few thousand rows. The pointer up to which is counted is the
campaign's (`Watch.counted_until`): both kinds of counts go on in one transaction.
"""

from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import exists, func, insert, select
from sqlalchemy.orm import Session, aliased

from app.domain.timeline import start_of
from app.models import Entry, Partner, PartnerCount, Watch
from app.services.quarters import quarter_of_entry

CROWD = 5  # more entries than that in one day make a network crowded


@dataclass(frozen=True, slots=True)
class LinkCount:
    """What came over one partner's link within one quarter; `people` came over it for the first time."""

    partner_id: UUID
    quarter: int
    entries: int
    people: int
    wins: int
    crowded: int = 0


def store(session: Session, campaign_id: UUID, first: int, until: int) -> None:
    """Write down the counts of these quarters. Part of the transaction that moves the pointer past them."""
    rows = _count(session, campaign_id, first, until)
    if not rows:
        return
    crowded = _crowded(session, campaign_id, first, until)
    session.execute(
        insert(PartnerCount),
        [asdict(row) | {"crowded": crowded.get((row.partner_id, row.quarter), 0)} for row in rows],
    )


def counted(session: Session, campaign_id: UUID, partner_id: UUID) -> list[LinkCount]:
    """The counts of one of the campaign's partners, up to this moment."""
    until = session.scalar(select(Watch.counted_until).where(Watch.campaign_id == campaign_id)) or 0
    added_up = select(*_COLUMNS).where(PartnerCount.partner_id == partner_id, PartnerCount.quarter < until)
    found = [LinkCount(*row) for row in session.execute(added_up)]
    return found + _count(session, campaign_id, until, None, partner_id)


def totals(session: Session, campaign_id: UUID) -> dict[UUID, tuple[int, int, int]]:
    """Entries, people and wins of each partner of the campaign who has any, up to this moment."""
    until = session.scalar(select(Watch.counted_until).where(Watch.campaign_id == campaign_id)) or 0
    sums = {
        row[0]: (int(row[1]), int(row[2]), int(row[3]))
        for row in session.execute(
            select(
                PartnerCount.partner_id,
                func.sum(PartnerCount.entries),
                func.sum(PartnerCount.people),
                func.sum(PartnerCount.wins),
            )
            .join(Partner, Partner.id == PartnerCount.partner_id)
            .where(Partner.campaign_id == campaign_id, PartnerCount.quarter < until)
            .group_by(PartnerCount.partner_id)
        )
    }
    for row in _count(session, campaign_id, until, None):
        entries, people, wins = sums.get(row.partner_id, (0, 0, 0))
        sums[row.partner_id] = (entries + row.entries, people + row.people, wins + row.wins)
    return sums


def stored(session: Session, campaign_id: UUID) -> list[LinkCount]:
    """The quarters that are added up, of all the campaign's partners."""
    query = select(*_COLUMNS).join(Partner, Partner.id == PartnerCount.partner_id)
    return [LinkCount(*row) for row in session.execute(query.where(Partner.campaign_id == campaign_id))]


def recount(session: Session, campaign_id: UUID, until: int) -> list[LinkCount]:
    """The quarters before that one, out of the entries themselves: but for crowds, whose networks are
    forgotten after two days.
    """
    return _count(session, campaign_id, 0, until)


def crowded(session: Session, campaign_id: UUID) -> dict[UUID, tuple[int, int]]:
    """Of each partner with entries that are added up: how many came from crowded networks, and how many in
    all.
    """
    rows = session.execute(
        select(PartnerCount.partner_id, func.sum(PartnerCount.crowded), func.sum(PartnerCount.entries))
        .join(Partner, Partner.id == PartnerCount.partner_id)
        .where(Partner.campaign_id == campaign_id)
        .group_by(PartnerCount.partner_id)
    )
    return {row[0]: (int(row[1]), int(row[2])) for row in rows}


def _count(
    session: Session, campaign_id: UUID, first: int, until: int | None, partner_id: UUID | None = None
) -> list[LinkCount]:
    """Ids follow time: a person's first entry over a link is the one without a smaller id."""
    earlier = aliased(Entry)
    is_first = ~exists().where(
        earlier.campaign_id == Entry.campaign_id,
        earlier.entrant_id == Entry.entrant_id,
        # Not `==`: SQLite would walk through all entries over the link, for each of them, not the person's.
        earlier.partner_id.is_not_distinct_from(Entry.partner_id),
        earlier.id < Entry.id,
    )
    quarter = quarter_of_entry(session.get_bind().dialect.name).label("quarter")
    query: Any = (
        select(
            Entry.partner_id,
            quarter,
            func.count(),
            func.count().filter(is_first),
            func.count(Entry.tier_awarded_id),
        )
        .where(Entry.campaign_id == campaign_id, Entry.created_at >= start_of(first))
        .where(Entry.partner_id.is_not(None))
        .group_by(Entry.partner_id, quarter)
        .order_by(quarter)
    )
    if until is not None:
        query = query.where(Entry.created_at < start_of(until))
    if partner_id is not None:
        query = query.where(Entry.partner_id == partner_id)
    return [LinkCount(*row) for row in session.execute(query)]


def _crowded(session: Session, campaign_id: UUID, first: int, until: int) -> dict[tuple[UUID, int], int]:
    """How many entries over each link came from a network that had more than CROWD of them that day, as far
    as the day has gone; hashes of different days never meet.
    """
    day: datetime = datetime.combine(start_of(first).astimezone(UTC).date(), time(), UTC)
    many = (
        select(Entry.network)
        .where(Entry.campaign_id == campaign_id, Entry.created_at >= day)
        .where(Entry.created_at < start_of(until), Entry.network.is_not(None))
        .group_by(Entry.network)
        .having(func.count() > CROWD)
    )
    quarter = quarter_of_entry(session.get_bind().dialect.name).label("quarter")
    query: Any = (
        select(Entry.partner_id, quarter, func.count())
        .where(Entry.campaign_id == campaign_id, Entry.created_at >= start_of(first))
        .where(Entry.created_at < start_of(until), Entry.partner_id.is_not(None))
        .where(Entry.network.in_(many))
        .group_by(Entry.partner_id, quarter)
    )
    return {(row[0], row[1]): row[2] for row in session.execute(query)}


_COLUMNS = tuple(getattr(PartnerCount, each.name) for each in fields(LinkCount))
