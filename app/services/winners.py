"""Winners: who won what, when and through whom, out of the committed awards only.

The list is as fast with a million winners as with ten thousand. What is sought is looked up first in an index
of its own: where few fit, those are fetched. Where many do, they come in the order of that index, or the list
is walked from its end; a walk that has met BUDGET winners stops and says so.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Row, Select, and_, func, literal_column, select, tuple_
from sqlalchemy.orm import Session

from app.domain.codes import code_key, is_well_formed, mask
from app.domain.entry_form import FormPlan
from app.domain.errors import Conflict, NotFound
from app.domain.identity import InvalidAddress, canonical_email
from app.domain.outcomes import AwardReason
from app.domain.search_keys import keys_of, search_key
from app.models import (
    Award,
    AwardStatus,
    Code,
    Entrant,
    Entry,
    Partner,
    Prize,
    Redemption,
    Replacement,
    WinnerKey,
)
from app.services import answer_cells, audit, redemptions
from app.services.audit import Actor
from app.services.uow import unit_of_work
from app.services.winner_keys import begins_with, has_key, without_keys

EXPORT_HEADER = (
    *("won_at", "name", "email", "tier", "prize", "code", "partner", "entry"),
    *("locale", "status", "notes", "kind"),
    *("redeemed_at", "redeemed_where"),
)
FEW = 1000
BUDGET = 10_000

Place = tuple[datetime, UUID]


@dataclass(frozen=True, slots=True)
class WinnerRow:
    """One win as it stands: tier, prize, code and status are its replacement's where there is one.

    `code` is masked, but for an export. `instead_of` is the prize that was won where another stands in.
    """

    entry_id: UUID
    name: str
    email: str
    tier_name: str
    prize_name: str
    code: str
    partner_name: str | None
    at: datetime
    status: AwardStatus
    locale: str
    notes: str
    version: int
    instead_of: str | None
    held_until: datetime | None = None  # the code waits for proof of the address
    is_lapsed: bool = False  # it waited for too long
    marketing: bool = False
    answers: str = ""  # as stored
    is_bonus: bool = False  # given for a friend, not drawn
    redeemed_at: datetime | None = None  # the last time a shop took the code, and which
    redeemed_where: str = ""


@dataclass(frozen=True, slots=True)
class WinnersPage:
    """Some winners; `next` is what to give as `after` for more, None at the end.

    `by_name`: so many begin with the text that they come in the order of the alphabet. `is_cut`: the walk was
    stopped before the page was full; the next one goes on.
    """

    rows: tuple[WinnerRow, ...]
    next: str | None
    by_name: bool = False
    is_cut: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WinnerFilter:
    """Which winners. `text` begins a word of the name, or the address, or is a whole code or address.

    Won from `since` on and before `until`, both aware.
    """

    text: str = ""
    prize_id: UUID | None = None
    tier_id: UUID | None = None
    partner_id: UUID | None = None
    status: AwardStatus | None = None
    redeemed: bool | None = None
    since: datetime | None = None
    until: datetime | None = None


EVERYBODY = WinnerFilter()


@dataclass(frozen=True, slots=True)
class SoughtText:
    """A text as it is looked for: entries it names exactly, and what a key begins with ("" for none)."""

    exact: frozenset[UUID]
    key: str

    def fits(self, entry_id: UUID, name: str, email: str) -> bool:
        """Whether this entry is meant."""
        return entry_id in self.exact or bool(self.begins(name, email))

    def begins(self, name: str, email: str) -> list[str]:
        """The keys that begin so."""
        return [key for key in keys_of(name, email) if key.startswith(self.key)] if self.key else []


def search(
    session: Session,
    campaign_id: UUID,
    wanted: WinnerFilter = EVERYBODY,
    *,
    oldest_first: bool = False,
    after: str | None = None,
    limit: int = 50,
) -> WinnersPage:
    """The campaign's winners that fit, newest first unless told otherwise, codes masked. An `after` that is
    no place is the beginning.

    Of more than FEW who begin with the text, those who won in the last moments may be missing.
    """
    sought = _sought(session, campaign_id, wanted.text)
    few = _few(session, campaign_id, wanted, sought)
    if few is None and sought is not None:
        return _by_name(session, campaign_id, wanted, sought, after, limit)
    place, stop = read_place(after), None
    query = _ordered(_winners(campaign_id, wanted, few), oldest_first, place)
    if few is None and _is_picky(wanted):
        stop = _stop(session, campaign_id, wanted, oldest_first, place)
        query = query.where(_beyond(stop, not oldest_first, or_there=True)) if stop else query
    found = list(islice(fitting(session, query if sought else query.limit(limit + 1), sought), limit + 1))
    rows = _as_rows(session, found[:limit])
    if len(found) > limit:
        last = found[limit - 1]
        return WinnersPage(rows, written_place(last.created_at, last.entry_id))
    return WinnersPage(rows, written_place(*stop) if stop else None, is_cut=stop is not None)


def recent(session: Session, campaign_id: UUID, n: int) -> tuple[WinnerRow, ...]:
    """The last `n` winners, newest first, codes masked."""
    return search(session, campaign_id, limit=n).rows


def one(session: Session, entry_id: UUID) -> WinnerRow:
    """One win, its code masked. Raises NotFound."""
    row = session.execute(_rows().where(Award.entry_id == entry_id)).one_or_none()
    if row is None:
        raise NotFound("no such win")
    return _as_rows(session, [row])[0]


def export(
    session: Session,
    campaign_id: UUID,
    wanted: WinnerFilter = EVERYBODY,
    *,
    actor: Actor,
    now: datetime,
) -> Iterator[WinnerRow]:
    """The winners that fit, oldest first, with their codes in full, streamed.

    The export is on record before the first row is out.
    """
    _record_export(session, campaign_id, wanted, actor=actor, now=now)
    return _stream(session, campaign_id, wanted)


def export_header(plan: FormPlan) -> tuple[str, ...]:
    """What stands over the columns of an export, answers to the campaign's form last."""
    return (*EXPORT_HEADER, *answer_cells.header(plan))


def as_cells(row: WinnerRow, zone: ZoneInfo, plan: FormPlan) -> tuple[str, ...]:
    """The row under that header, its moment in the campaign's time zone."""
    return (
        row.at.astimezone(zone).isoformat(timespec="seconds"),
        row.name,
        row.email,
        row.tier_name,
        row.prize_name,
        row.code,
        row.partner_name or "",
        row.entry_id.hex,
        row.locale,
        row.status.value,
        row.notes,
        "bonus" if row.is_bonus else "draw",
        row.redeemed_at.astimezone(zone).isoformat(timespec="seconds") if row.redeemed_at else "",
        row.redeemed_where,
        *answer_cells.cells(plan, row.marketing, row.answers),
    )


@unit_of_work
def reveal_code(session: Session, entry_id: UUID, *, actor: Actor, now: datetime) -> str:
    """The code of one win in full, the replacement's where there is one; who looked is on record. Raises
    NotFound, and Conflict for one that nobody may see: it waits for proof, or went back into stock.
    """
    row = session.execute(_rows().where(Award.entry_id == entry_id)).one_or_none()
    if row is None:
        raise NotFound("no such win")
    if _is_unseen(row):
        raise Conflict("nobody sees this code before the address is proved")
    audit.record(session, actor, "winner.reveal", entry_id.hex, now=now, campaign_id=row.campaign_id)
    return str(row.code)


def sought_exactly(session: Session, campaign_id: UUID, text: str) -> frozenset[UUID]:
    """The entries that a whole e-mail address names, however it is spelt."""
    try:
        address = canonical_email(text)
    except InvalidAddress:
        return frozenset()
    person = select(Entrant.id).where(Entrant.email_key == address).scalar_subquery()
    query = select(Entry.id).where(Entry.campaign_id == campaign_id, Entry.entrant_id == person)
    return frozenset(session.scalars(query.limit(FEW)))


def fitting(
    session: Session, query: Select[*tuple[Any, ...]], sought: SoughtText | None
) -> Iterator[Row[*tuple[Any, ...]]]:
    """The rows that are meant, fetched as they are read. They have an entry_id, a name and an email."""
    # Closed also when whoever reads goes away half-way.
    with session.execute(query.execution_options(yield_per=1000)) as rows:
        for row in rows:
            if sought is None or sought.fits(row.entry_id, row.name, row.email):
                yield row


def written_place(at: datetime, entry_id: UUID) -> str:
    """A place in a list by moment, as `after` takes it."""
    return f"{at.isoformat()}~{entry_id.hex}"


def read_place(text: str | None) -> Place | None:
    """The place; None for what is none."""
    try:
        at, entry_id = (text or "").split("~")
        moment = datetime.fromisoformat(at)
        return (moment.astimezone(UTC), UUID(hex=entry_id)) if moment.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


@unit_of_work
def _record_export(
    session: Session, campaign_id: UUID, wanted: WinnerFilter, *, actor: Actor, now: datetime
) -> None:
    sought = _sought(session, campaign_id, wanted.text)
    query = _winners(campaign_id, wanted, _few(session, campaign_id, wanted, sought))
    if sought is None:
        count = session.scalar(select(func.count()).select_from(query.subquery()))
    else:
        count = sum(1 for _ in fitting(session, query, sought))
    audit.record(
        session, actor, "winners.export", "", now=now, campaign_id=campaign_id, after={"exported": count}
    )


def _stream(session: Session, campaign_id: UUID, wanted: WinnerFilter) -> Iterator[WinnerRow]:
    sought = _sought(session, campaign_id, wanted.text)
    query = _winners(campaign_id, wanted, _few(session, campaign_id, wanted, sought))
    rows = fitting(session, _ordered(query, oldest_first=True), sought)
    while part := list(islice(rows, FEW)):
        yield from _as_rows(session, part, shown=str)


def _sought(session: Session, campaign_id: UUID, typed: str) -> SoughtText | None:
    """What the text names exactly, and begins; None for no text."""
    text = typed.replace("\0", "").strip()
    if not text:
        return None
    key = code_key(text)
    has_code = select(Code.id).where(Code.key == key).scalar_subquery()
    by_code = frozenset(
        session.scalars(
            select(Award.entry_id)
            .where(Award.code_id == has_code, Award.campaign_id == campaign_id)
            .union_all(
                select(Replacement.entry_id).where(
                    Replacement.code_id == has_code, Replacement.campaign_id == campaign_id
                )
            )
        )
    )
    if is_well_formed(key):
        return SoughtText(by_code, "")  # nobody is called that
    return SoughtText(by_code | sought_exactly(session, campaign_id, text), search_key(text))


def _few(
    session: Session, campaign_id: UUID, wanted: WinnerFilter, sought: SoughtText | None
) -> list[UUID] | None:
    """Entries that all who fit are among, where one part of the filter leaves few; None where none does."""
    for known, queries in _lookups(campaign_id, wanted, sought):
        entries = set(known)
        for query in queries:
            entries.update(found := session.scalars(query.limit(FEW + 1)).all())
            if len(found) > FEW:
                break
        else:
            return list(entries)
    return None


def _lookups(
    campaign_id: UUID, wanted: WinnerFilter, sought: SoughtText | None
) -> Iterator[tuple[frozenset[UUID], list[Select[UUID]]]]:
    """For each part of the filter: entries, and queries for more, that hold all who can fit."""
    nobody: frozenset[UUID] = frozenset()
    if sought is not None:
        keys = [begins_with(campaign_id, sought.key), without_keys(campaign_id)] if sought.key else []
        yield sought.exact, keys
    for prizes in _prizes(wanted):
        replaced = select(Replacement.entry_id).where(
            Replacement.campaign_id == campaign_id, Replacement.prize_id.in_(prizes)
        )
        yield nobody, [select(Award.entry_id).where(Award.prize_id.in_(prizes)), replaced]
    if wanted.partner_id is not None:
        won = Entry.tier_awarded_id.is_not(None)
        yield nobody, [select(Entry.id).where(Entry.partner_id == wanted.partner_id, won)]
    if wanted.status is not None and wanted.status is not AwardStatus.NEW:
        # The literal lets planners see that the index of awards past "new" applies.
        handled = and_(Award.status == wanted.status, Award.status != literal_column("'new'"))
        replaced = select(Replacement.entry_id).where(
            Replacement.campaign_id == campaign_id, Replacement.status == wanted.status
        )
        yield nobody, [select(Award.entry_id).where(Award.campaign_id == campaign_id, handled), replaced]

    if wanted.redeemed:
        taken = select(Redemption.entry_id).where(Redemption.campaign_id == campaign_id)
        yield nobody, [taken.where(Redemption.reversed_at.is_(None))]


def _prizes(wanted: WinnerFilter) -> Iterator[Select[UUID]]:
    if wanted.prize_id is not None:
        yield select(Prize.id).where(Prize.id == wanted.prize_id)
    if wanted.tier_id is not None:
        yield select(Prize.id).where(Prize.tier_id == wanted.tier_id)


def _is_picky(wanted: WinnerFilter) -> bool:
    """Whether a walk may pass winners that do not fit; moments are ranges of the walk itself."""
    parts = (wanted.prize_id, wanted.tier_id, wanted.partner_id, wanted.status, wanted.redeemed)
    return wanted.text != "" or any(part is not None for part in parts)


def _rows() -> Select[*tuple[Any, ...]]:
    query: Select[*tuple[Any, ...]] = (
        select(
            Award.entry_id,
            Award.campaign_id,
            Award.created_at,
            Award.notes,
            Award.version,
            Award.prize_name.label("won_prize_name"),
            _STANDING_STATUS.label("status"),
            func.coalesce(Replacement.tier_name, Award.tier_name).label("tier_name"),
            func.coalesce(Replacement.prize_name, Award.prize_name).label("prize_name"),
            Replacement.code_id.label("replacement"),
            Award.held_until,
            Award.proved_at,
            Award.lapsed_at,
            Entry.name,
            Entry.email,
            Entry.locale,
            Entry.marketing,
            Entry.answers,
            Entry.reason,
            Code.text.label("code"),
            Code.id.label("code_id"),
            redemptions.is_redeemed().label("is_redeemed"),
            Partner.name.label("partner_name"),
        )
        .join(Entry, Entry.id == Award.entry_id)
        .outerjoin(
            Replacement,
            and_(Replacement.entry_id == Award.entry_id, Replacement.status != literal_column("'void'")),
        )
        .join(Code, Code.id == func.coalesce(Replacement.code_id, Award.code_id))
        .outerjoin(Partner, Partner.id == Entry.partner_id)
    )
    return query


def _by_name(
    session: Session,
    campaign_id: UUID,
    wanted: WinnerFilter,
    sought: SoughtText,
    after: str | None,
    limit: int,
) -> WinnersPage:
    """The winners with a key that begins so, in the order of their keys, each once; in front, on the first
    page, whom the text names exactly.
    """
    place = _read_key_place(after)
    here = tuple_(WinnerKey.key, WinnerKey.entry_id)
    in_range = (
        has_key(campaign_id, sought.key)
        if place is None
        else (and_(has_key(campaign_id, sought.key), here > place))
    )
    order = (WinnerKey.key, WinnerKey.entry_id)
    walk = select(*order).where(in_range).order_by(*order).offset(BUDGET - 1).limit(1)
    stop = session.execute(walk).one_or_none()
    query = (
        _within(_chosen(_rows(), wanted), wanted)
        .join(WinnerKey, WinnerKey.entry_id == Award.entry_id)
        .add_columns(WinnerKey.key)
        .where(in_range)
        .order_by(*order)
    )
    if stop is not None:
        query = query.where(here <= (stop.key, stop.entry_id))
    first = [] if place is not None else list(_named(session, campaign_id, wanted, sought))
    found = list(islice(_once_each(fitting(session, query, None), sought), limit + 1))
    rows = _as_rows(session, [*first, *found[:limit]])
    if len(found) > limit:
        last = found[limit - 1]
        return WinnersPage(rows, f"={last.key}~{last.entry_id.hex}", by_name=True)
    next_place = f"={stop.key}~{stop.entry_id.hex}" if stop else None
    return WinnersPage(rows, next_place, by_name=True, is_cut=stop is not None)


def _named(
    session: Session, campaign_id: UUID, wanted: WinnerFilter, sought: SoughtText
) -> Iterator[Row[*tuple[Any, ...]]]:
    query = _winners(campaign_id, wanted, list(sought.exact))
    for row in session.execute(_ordered(query, oldest_first=False)):
        if not sought.begins(row.name, row.email):
            yield row


def _once_each(rows: Iterator[Row[*tuple[Any, ...]]], sought: SoughtText) -> Iterator[Row[*tuple[Any, ...]]]:
    """Each winner at the first of the keys that begin so."""
    for row in rows:
        if row.key == min(sought.begins(row.name, row.email), default=row.key):
            yield row


def _read_key_place(text: str | None) -> tuple[str, UUID] | None:
    key, _, entry_id = (text or "").rpartition("~")
    try:
        return (key[1:].replace("\0", ""), UUID(hex=entry_id)) if key.startswith("=") else None
    except ValueError:
        return None


def _winners(campaign_id: UUID, wanted: WinnerFilter, few: list[UUID] | None) -> Select[*tuple[Any, ...]]:
    if few is None:
        query = _rows().where(Award.campaign_id == campaign_id)
    else:
        query = _rows().where(Award.entry_id.in_(few), _apart(Award.campaign_id) == campaign_id)
    return _within(_chosen(query, wanted), wanted)


def _chosen(query: Select[*tuple[Any, ...]], wanted: WinnerFilter) -> Select[*tuple[Any, ...]]:
    for column, value in (
        (func.coalesce(Replacement.prize_id, Award.prize_id), wanted.prize_id),
        (func.coalesce(Replacement.tier_id, Award.tier_id), wanted.tier_id),
        (_apart(Entry.partner_id), wanted.partner_id),
        (_STANDING_STATUS, wanted.status),
        (redemptions.is_redeemed(), wanted.redeemed),
    ):
        if value is not None:
            query = query.where(column == value)
    return query


def _within(query: Select[*tuple[Any, ...]], wanted: WinnerFilter) -> Select[*tuple[Any, ...]]:
    if wanted.since is not None:
        query = query.where(Award.created_at >= wanted.since)
    return query if wanted.until is None else query.where(Award.created_at < wanted.until)


def _ordered(
    query: Select[*tuple[Any, ...]], oldest_first: bool, after: Place | None = None
) -> Select[*tuple[Any, ...]]:
    if after is not None:
        query = query.where(_beyond(after, oldest_first))
    if oldest_first:
        return query.order_by(Award.created_at, Award.entry_id)
    return query.order_by(Award.created_at.desc(), Award.entry_id.desc())


def _beyond(place: Place, later: bool, or_there: bool = False) -> ColumnElement[bool]:
    here = tuple_(Award.created_at, Award.entry_id)
    if or_there:
        return here >= place if later else here <= place
    return here > place if later else here < place


def _stop(
    session: Session, campaign_id: UUID, wanted: WinnerFilter, oldest_first: bool, after: Place | None
) -> Place | None:
    """Where the walk has met as many winners as it may; None when it ends before."""
    places = select(Award.created_at, Award.entry_id).where(Award.campaign_id == campaign_id)
    walk = _ordered(_within(places, wanted), oldest_first, after).offset(BUDGET - 1).limit(1)
    row = session.execute(walk).one_or_none()
    return (row.created_at, row.entry_id) if row else None


def _apart(column: Any) -> ColumnElement[Any]:
    """The column as no index has it: planners are to begin with the entries or the moments instead."""
    return func.coalesce(column, column)


_STANDING_STATUS = func.coalesce(Replacement.status, Award.status)


def _is_unseen(row: Row[*tuple[Any, ...]]) -> bool:
    """Whether nobody has seen the code, or may: it is held back, or went back."""
    is_kept = row.held_until is not None and row.proved_at is None
    return is_kept and row.replacement is None


def _as_rows(
    session: Session, rows: Sequence[Row[*tuple[Any, ...]]], shown: Callable[[str], str] = mask
) -> tuple[WinnerRow, ...]:
    """The rows with their codes as they are `shown`, and what shops took of them: one more query at most."""
    taken = redemptions.last_of(session, [row.code_id for row in rows if row.is_redeemed])
    return tuple(_as_row(row, shown(row.code), taken.get(row.code_id)) for row in rows)


def _as_row(row: Row[*tuple[Any, ...]], code: str, taken: redemptions.Place | None) -> WinnerRow:
    is_unseen = _is_unseen(row)
    return WinnerRow(
        row.entry_id,
        row.name,
        row.email,
        row.tier_name,
        row.prize_name,
        "" if is_unseen else code,
        row.partner_name,
        row.created_at,
        row.status,
        row.locale,
        row.notes,
        row.version,
        row.won_prize_name if row.replacement is not None else None,
        row.held_until if is_unseen and row.status is not AwardStatus.VOID else None,
        row.lapsed_at is not None,
        row.marketing,
        row.answers,
        row.reason is AwardReason.BONUS,
        taken.at if taken else None,
        taken.location if taken else "",
    )
