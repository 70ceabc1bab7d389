"""Winners: who won what, when and through whom, out of the committed awards only."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Row, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from app.domain.codes import code_key, is_well_formed, mask
from app.domain.errors import NotFound
from app.models import Award, Code, Entry, Partner
from app.services import audit
from app.services.audit import Actor
from app.services.uow import unit_of_work

EXPORT_HEADER = ("won_at", "name", "email", "tier", "prize", "code", "partner", "entry")


@dataclass(frozen=True, slots=True)
class WinnerRow:
    """One win. `code` is masked, but for an export."""

    entry_id: UUID
    name: str
    email: str
    tier_name: str
    prize_name: str
    code: str
    partner_name: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class WinnersPage:
    """Some winners, newest first; `next` is what to give as `after` for more, None at the end."""

    rows: tuple[WinnerRow, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class WinnerFilter:
    """Which winners: `text` is part of a name or address, or a whole code."""

    text: str = ""
    prize_id: UUID | None = None
    tier_id: UUID | None = None
    partner_id: UUID | None = None


def search(
    session: Session,
    campaign_id: UUID,
    *,
    text: str = "",
    prize_id: UUID | None = None,
    tier_id: UUID | None = None,
    partner_id: UUID | None = None,
    after: str | None = None,
    limit: int = 50,
) -> WinnersPage:
    """The campaign's winners that fit, newest first, codes masked. An `after` that is no place is the
    beginning.
    """
    wanted = WinnerFilter(text, prize_id, tier_id, partner_id)
    query = _winners(campaign_id, wanted).order_by(Award.created_at.desc(), Award.entry_id.desc())
    if (place := _read_place(after)) is not None:
        at, entry_id = place
        query = query.where(
            or_(Award.created_at < at, and_(Award.created_at == at, Award.entry_id < entry_id))
        )
    rows = session.execute(query.limit(limit + 1)).all()
    more = _place(rows[limit - 1]) if len(rows) > limit else None
    return WinnersPage(tuple(_as_row(row, mask(row.code)) for row in rows[:limit]), more)


def recent(session: Session, campaign_id: UUID, n: int) -> tuple[WinnerRow, ...]:
    """The last `n` winners, newest first, codes masked."""
    return search(session, campaign_id, limit=n).rows


def export(
    session: Session,
    campaign_id: UUID,
    *,
    text: str = "",
    prize_id: UUID | None = None,
    tier_id: UUID | None = None,
    partner_id: UUID | None = None,
    actor: Actor,
    now: datetime,
) -> Iterator[WinnerRow]:
    """The winners that fit, oldest first, with their codes in full, streamed.

    The export is on record before the first row is out.
    """
    wanted = WinnerFilter(text, prize_id, tier_id, partner_id)
    _record_export(session, campaign_id, wanted, actor=actor, now=now)
    return _stream(session, campaign_id, wanted)


def as_cells(row: WinnerRow, zone: ZoneInfo) -> tuple[str, ...]:
    """The row under EXPORT_HEADER, its moment in the campaign's time zone."""
    return (
        row.at.astimezone(zone).isoformat(timespec="seconds"),
        row.name,
        row.email,
        row.tier_name,
        row.prize_name,
        row.code,
        row.partner_name or "",
        row.entry_id.hex,
    )


@unit_of_work
def reveal_code(session: Session, entry_id: UUID, *, actor: Actor, now: datetime) -> str:
    """The code of one win in full; who looked is on record. Raises NotFound."""
    row = session.execute(
        select(Code.text, Award.campaign_id)
        .join(Award, Award.code_id == Code.id)
        .where(Award.entry_id == entry_id)
    ).one_or_none()
    if row is None:
        raise NotFound("no such win")
    audit.record(session, actor, "winner.reveal", entry_id.hex, now=now, campaign_id=row.campaign_id)
    return str(row.text)


@unit_of_work
def _record_export(
    session: Session, campaign_id: UUID, wanted: WinnerFilter, *, actor: Actor, now: datetime
) -> None:
    count = session.scalar(select(func.count()).select_from(_winners(campaign_id, wanted).subquery()))
    audit.record(
        session, actor, "winners.export", "", now=now, campaign_id=campaign_id, after={"exported": count}
    )


def _stream(session: Session, campaign_id: UUID, wanted: WinnerFilter) -> Iterator[WinnerRow]:
    query = _winners(campaign_id, wanted).order_by(Award.created_at, Award.entry_id)
    # Closed also when whoever reads goes away half-way.
    with session.execute(query.execution_options(yield_per=1000)) as rows:
        for row in rows:
            yield _as_row(row, row.code)


def _winners(campaign_id: UUID, wanted: WinnerFilter) -> Select[*tuple[Any, ...]]:
    query: Select[*tuple[Any, ...]] = (
        select(
            Award.entry_id,
            Award.tier_name,
            Award.prize_name,
            Award.created_at,
            Entry.name,
            Entry.email,
            Code.text.label("code"),
            Partner.name.label("partner_name"),
        )
        .join(Entry, Entry.id == Award.entry_id)
        .join(Code, Code.id == Award.code_id)
        .outerjoin(Partner, Partner.id == Entry.partner_id)
        .where(Award.campaign_id == campaign_id)
    )
    for column, value in (
        (Award.prize_id, wanted.prize_id),
        (Award.tier_id, wanted.tier_id),
        (Entry.partner_id, wanted.partner_id),
    ):
        if value is not None:
            query = query.where(column == value)
    text = wanted.text.replace("\0", "").strip()
    if text:
        query = query.where(_fits(text))
    return query


def _fits(text: str) -> ColumnElement[bool]:
    key = code_key(text)
    has_code = Code.key == key
    if is_well_formed(key):
        return has_code  # nobody is called that: one look into an index, not one at every winner
    return or_(
        Entry.name.icontains(text, autoescape=True), Entry.email.icontains(text, autoescape=True), has_code
    )


def _as_row(row: Row[*tuple[Any, ...]], code: str) -> WinnerRow:
    return WinnerRow(
        row.entry_id,
        row.name,
        row.email,
        row.tier_name,
        row.prize_name,
        code,
        row.partner_name,
        row.created_at,
    )


def _place(row: Row[*tuple[Any, ...]]) -> str:
    return f"{row.created_at.isoformat()}~{row.entry_id.hex}"


def _read_place(text: str | None) -> tuple[datetime, UUID] | None:
    try:
        at, entry_id = (text or "").split("~")
        moment = datetime.fromisoformat(at)
        return (moment.astimezone(UTC), UUID(hex=entry_id)) if moment.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None
