"""Entry log: all entries of a campaign, those that lost too, and why each came out as it did."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Row, Select, func, select, tuple_
from sqlalchemy.orm import Session

from app.domain.draw import past_the_end
from app.domain.entry_form import FormPlan
from app.domain.errors import NotFound
from app.domain.outcomes import AwardReason
from app.domain.search_keys import search_key
from app.models import Award, Entry, OddsTableRecord, Partner, Tier
from app.services import answer_cells, audit, odds
from app.services.audit import Actor
from app.services.uow import unit_of_work
from app.services.winners import (
    BUDGET,
    Place,
    SoughtText,
    fitting,
    read_place,
    sought_exactly,
    written_place,
)


@dataclass(frozen=True, slots=True)
class EntryRow:
    """One entry in the list."""

    entry_id: UUID
    name: str
    email: str
    reason: AwardReason
    prize_name: str | None
    partner_name: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class EntriesPage:
    """Some entries, newest first; `next` is what to give as `after` for more, None at the end.

    `is_cut`: the walk was stopped before the page was full; the next one goes on.
    """

    rows: tuple[EntryRow, ...]
    next: str | None
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class OddsLine:
    """One line of the odds table as the draw saw it: tickets from `first` up to, not with, `end` hit it.

    The tier of the last line is None: no win.
    """

    tier_id: UUID | None
    name: str
    weight: int
    first: int
    end: int
    fallback: str | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """All that decided one entry. Names of tiers are those of today."""

    entry: Entry
    table: OddsTableRecord
    total: int
    lines: tuple[OddsLine, ...]
    tier_hit: str | None
    tier_awarded: str | None
    ways: tuple[str, ...]  # the tiers asked for a prize, in order
    partner_name: str | None


def explain(session: Session, campaign_id: UUID, entry_id: UUID) -> Explanation:
    """Why this entry of the campaign came out as it did. Raises NotFound."""
    entry = session.get(Entry, entry_id)
    if entry is None or entry.campaign_id != campaign_id:
        raise NotFound("no such entry")
    record = session.get_one(OddsTableRecord, (campaign_id, entry.odds_version))
    table = odds.parse(record.document)
    names: dict[UUID, str] = dict(
        session.execute(select(Tier.id, Tier.name).where(Tier.campaign_id == campaign_id)).all()
    )
    lines, upper = [], 0
    for tier in table.tiers:
        lower, upper = upper, upper + tier.weight
        fallback = names[tier.fallback] if tier.fallback else None
        lines.append(OddsLine(tier.id, names[tier.id], tier.weight, lower, upper, fallback))
    lines.append(OddsLine(None, "", table.lose_weight, upper, table.total, None))
    partner = session.get(Partner, entry.partner_id) if entry.partner_id else None
    hit = entry.tier_hit_id
    return Explanation(
        entry,
        record,
        table.total,
        tuple(lines),
        names[hit] if hit else None,
        names[entry.tier_awarded_id] if entry.tier_awarded_id else None,
        tuple(names[tier.id] for tier in table.ways_to_award(hit, past_the_end)) if hit else (),
        partner.name if partner else None,
    )


def search(
    session: Session,
    campaign_id: UUID,
    *,
    text: str = "",
    won: bool | None = None,
    after: str | None = None,
    limit: int = 50,
) -> EntriesPage:
    """The campaign's entries, newest first; `won` or not, None for all. An `after` that is no place is the
    beginning.

    A whole address, or the number of an entry, is found at once, however many there are. Any other text is
    the beginning of a word of the name or of the address, looked for in BUDGET entries at a time: losers are
    in no index by name, which would cost each entry.
    """
    place, stop = read_place(after), None
    sought = _sought(session, campaign_id, text)
    query = _rows(campaign_id, won)
    if place is not None:
        query = query.where(_before(place))
    if sought is not None and sought.exact:
        query = query.where(Entry.id.in_(sought.exact))
    elif sought is not None or won is not None:
        stop = _stop(session, campaign_id, place)
        query = query if stop is None else query.where(~_before(stop))
    found = list(islice(fitting(session, query, sought), limit + 1))
    rows = tuple(_as_row(row) for row in found[:limit])
    if len(found) > limit:
        last = found[limit - 1]
        return EntriesPage(rows, written_place(last.created_at, last.entry_id))
    return EntriesPage(rows, written_place(*stop) if stop else None, stop is not None)


EXPORT_HEADER = (
    *("entered_at", "name", "email", "outcome", "prize", "partner", "entry"),
    *("locale", "rules_version", "form_version"),
)


def export_header(plan: FormPlan) -> tuple[str, ...]:
    """What stands over the columns of an export, answers to the campaign's form last."""
    return (*EXPORT_HEADER, *answer_cells.header(plan))


def export(
    session: Session, campaign_id: UUID, plan: FormPlan, zone: ZoneInfo, *, actor: Actor, now: datetime
) -> Iterator[tuple[str, ...]]:
    """All entries under that header, oldest first, streamed; moments are those of the zone.

    The export is on record before the first row is out.
    """
    _record_export(session, campaign_id, actor=actor, now=now)
    return _stream(session, campaign_id, plan, zone)


@unit_of_work
def _record_export(session: Session, campaign_id: UUID, *, actor: Actor, now: datetime) -> None:
    count = session.scalar(select(func.count()).where(Entry.campaign_id == campaign_id))
    audit.record(
        session, actor, "entries.export", "", now=now, campaign_id=campaign_id, after={"exported": count}
    )


def _stream(session: Session, campaign_id: UUID, plan: FormPlan, zone: ZoneInfo) -> Iterator[tuple[str, ...]]:
    columns = (Entry.locale, Entry.rules_version, Entry.form_version, Entry.marketing, Entry.answers)
    query = _rows(campaign_id, None).add_columns(*columns).order_by(None)
    query = query.order_by(Entry.created_at, Entry.id).execution_options(yield_per=1000)
    with session.execute(query) as rows:
        for row in rows:
            yield (
                row.created_at.astimezone(zone).isoformat(timespec="seconds"),
                row.name,
                row.email,
                _outcome(row),
                row.prize_name or "",
                row.partner_name or "",
                row.entry_id.hex,
                row.locale,
                str(row.rules_version),
                str(row.form_version),
                *answer_cells.cells(plan, row.marketing, row.answers),
            )


def _outcome(row: Row[*tuple[Any, ...]]) -> str:
    if row.reason is AwardReason.BONUS:
        return "bonus"
    return "won" if row.prize_name else "lost"


def of_person(session: Session, entry: Entry) -> Sequence[Entry]:
    """The other entries of the same person in the same campaign, newest first, fifty at most."""
    query = select(Entry).where(
        Entry.campaign_id == entry.campaign_id, Entry.entrant_id == entry.entrant_id, Entry.id != entry.id
    )
    return session.scalars(query.order_by(Entry.created_at.desc(), Entry.id.desc()).limit(50)).all()


def _before(place: Place) -> ColumnElement[bool]:
    return tuple_(Entry.created_at, Entry.id) < place


def _rows(campaign_id: UUID, won: bool | None) -> Select[*tuple[Any, ...]]:
    query: Select[*tuple[Any, ...]] = (
        select(
            Entry.id.label("entry_id"),
            Entry.name,
            Entry.email,
            Entry.reason,
            Entry.created_at,
            Award.prize_name,
            Partner.name.label("partner_name"),
        )
        .outerjoin(Award, Award.entry_id == Entry.id)
        .outerjoin(Partner, Partner.id == Entry.partner_id)
        .where(Entry.campaign_id == campaign_id)
        .order_by(Entry.created_at.desc(), Entry.id.desc())
    )
    if won is None:
        return query
    return query.where(Award.entry_id.is_not(None) if won else Award.entry_id.is_(None))


def _stop(
    session: Session, campaign_id: UUID, after: tuple[datetime, UUID] | None
) -> tuple[datetime, UUID] | None:
    """Where a walk has met as many entries as it may; None when it ends before."""
    places = select(Entry.created_at, Entry.id).where(Entry.campaign_id == campaign_id)
    places = places if after is None else places.where(_before(after))
    walk = places.order_by(Entry.created_at.desc(), Entry.id.desc()).offset(BUDGET - 1).limit(1)
    row = session.execute(walk).one_or_none()
    return (row.created_at, row.id) if row else None


def _sought(session: Session, campaign_id: UUID, typed: str) -> SoughtText | None:
    text = typed.replace("\0", "").strip()
    if not text:
        return None
    try:
        number = frozenset({UUID(hex=text)})
    except ValueError:
        number = frozenset()
    return SoughtText(number or sought_exactly(session, campaign_id, text), search_key(text))


def _as_row(row: Row[*tuple[Any, ...]]) -> EntryRow:
    return EntryRow(
        row.entry_id, row.name, row.email, row.reason, row.prize_name, row.partner_name, row.created_at
    )
