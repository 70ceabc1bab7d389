"""Roll-ups: what came of the entries of each day, added up in the background, again where anything changed.

Everything is told by the day of the entry, in the campaign's zone: a redemption in August of a win of July
changes July. A day is read first, then stored in a short transaction: nobody who enters waits for it.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import and_, delete, exists, func, insert, literal_column, or_, select, union, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, aliased

from app.domain.entry_form import read_answers
from app.domain.figures import COUNTS
from app.domain.timeline import quarter_of, start_of
from app.models import (
    Award,
    AwardStatus,
    Campaign,
    Entry,
    FigureBook,
    FigureDay,
    FigureMoney,
    Partner,
    Redemption,
    Replacement,
    TrafficCount,
    Visit,
)
from app.services import traffic
from app.services.counts import SETTLED
from app.services.drawn import is_drawn
from app.services.standing import is_void
from app.services.uow import unit_of_work

EVERY = timedelta(minutes=5)  # figures are no older than that, and a minute
LONGEST = 366  # days to redeem; what took longer took at least that
ALL, HOUR, DAYS, TIER, PRIZE, PARTNER = "all", "hour", "days", "tier", "prize", "partner"
SOURCE, MEDIUM, UTM, COUNTRY, LANGUAGE, DEVICE = "source", "medium", "utm", "country", "language", "device"
DIMENSIONS = (TIER, PRIZE, PARTNER, SOURCE, MEDIUM, UTM, COUNTRY, LANGUAGE, DEVICE)

Key = tuple[str, str]  # dimension, value
Money = tuple[str, str, str]  # dimension, value, currency


@dataclass(slots=True)
class DaySums:
    """What one day came to."""

    counts: dict[Key, dict[str, int]] = field(default_factory=dict)
    money: dict[Money, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))

    def add(self, key: Key, name: str, count: int = 1) -> None:
        """Count on."""
        row = self.counts.get(key)
        if row is None:
            row = self.counts[key] = dict.fromkeys(COUNTS, 0)
        row[name] += count


def keep_up(session: Session, campaign: Campaign, *, now: datetime) -> int:
    """Add up what has changed since the last time, unless that was just now; how many days were stored."""
    book = session.get(FigureBook, campaign.id)
    rolled_at = book.rolled_at if book else None
    session.rollback()
    if rolled_at is not None and now < rolled_at + EVERY:
        return 0
    return roll(session, campaign.id, now=now)


def roll(session: Session, campaign_id: UUID, *, now: datetime, anew: bool = False) -> int:
    """Add up the days that have changed, or all of them `anew`; how many were stored.

    Two workers do no harm: what another has stored meanwhile is left to the next time.
    """
    version = _open(session, campaign_id)
    zone, days = _due(session, campaign_id, anew=anew)
    if anew:
        days |= stored_days(session, campaign_id)
    for stored, day in enumerate(sorted(days)):
        sums = sums_of(session, campaign_id, zone, day)
        session.rollback()
        if not _store(session, campaign_id, day, sums, version + stored):
            return stored
    _close(session, campaign_id, zone.key, version + len(days), now=now)
    return len(days)


def changed_days(session: Session, campaign_id: UUID) -> set[date]:
    """The days whose sums may not be what is stored: something has come since."""
    return _due(session, campaign_id)[1]


def _due(session: Session, campaign_id: UUID, *, anew: bool = False) -> tuple[ZoneInfo, set[date]]:
    campaign = session.get_one(Campaign, campaign_id)
    book = session.get(FigureBook, campaign_id, populate_existing=True)
    zone = ZoneInfo(campaign.timezone)
    since = None
    if book is not None and book.rolled_at is not None and book.timezone == zone.key and not anew:
        since = book.rolled_at - SETTLED
    days = {moment.astimezone(zone).date() for moment in _moments(session, campaign_id, since)}
    days |= _visited(session, campaign_id, zone, since)
    if book is not None and book.timezone != zone.key:
        days |= stored_days(session, campaign_id)
    return zone, days


def _moments(session: Session, campaign_id: UUID, since: datetime | None) -> Iterator[datetime]:
    """When the entries were made whose day is to be added up."""
    mine = Entry.campaign_id == campaign_id
    if since is None:
        yield from _a_moment_a_quarter(session, campaign_id)
        return
    ends = select(func.min(Entry.created_at), func.max(Entry.created_at))
    found: Any = session.execute(ends.where(mine, Entry.created_at >= since)).one()
    if found[0] is not None:
        yield from _hours(*found)
    # Of all campaigns, and sorted out here: without statistics a planner would read one campaign's entries.
    erased = select(Entry.created_at, Entry.campaign_id)
    for row in session.execute(erased.where(Entry.erased_at.is_not(None), Entry.erased_at >= since)):
        if row.campaign_id == campaign_id:
            yield row.created_at
    # Whoever redeemed, or lost a win, may have come back: all wins of these people may count otherwise.
    touched = union(
        select(Redemption.entry_id).where(Redemption.created_at >= since),
        select(Redemption.entry_id).where(
            Redemption.reversed_at.is_not(None), Redemption.reversed_at >= since
        ),
        select(Award.entry_id).where(
            Award.campaign_id == campaign_id,
            Award.status == AwardStatus.VOID,
            Award.status != literal_column("'new'"),  # so SQLite knows that the index without these will do
            Award.voided_at >= since,
        ),
        select(Replacement.entry_id).where(
            Replacement.campaign_id == campaign_id,
            or_(Replacement.created_at >= since, Replacement.voided_at >= since),
        ),
        select(Award.entry_id).where(Award.seen_at > Award.created_at, Award.seen_at >= since),
    ).subquery()
    touching = aliased(Entry)
    people = select(touching.entrant_id).join(touched, touched.c.entry_id == touching.id)
    won = select(Entry.created_at).where(
        mine, Entry.entrant_id.in_(people), Entry.tier_awarded_id.is_not(None)
    )
    yield from session.scalars(won)


def _hours(first: datetime, last: datetime) -> Iterator[datetime]:
    """Moments in every day there is between the two, whatever the zone."""
    while first < last:
        yield first
        first += timedelta(hours=1)
    yield last


def _a_moment_a_quarter(session: Session, campaign_id: UUID) -> Iterator[datetime]:
    """One entry of each quarter of an hour at most: some in every day there is, whatever the zone."""
    after = datetime.min.replace(year=1970, tzinfo=UTC)
    query = select(func.min(Entry.created_at)).where(Entry.campaign_id == campaign_id)
    while (found := session.scalar(query.where(Entry.created_at >= after))) is not None:
        yield found
        after = start_of(quarter_of(found) + 1)


def _visited(session: Session, campaign_id: UUID, zone: ZoneInfo, since: datetime | None) -> set[date]:
    first = quarter_of(since) if since else 0
    quarters = session.scalars(
        select(TrafficCount.quarter)
        .where(TrafficCount.campaign_id == campaign_id, TrafficCount.quarter >= first)
        .distinct()
    )
    days = {start_of(quarter).astimezone(zone).date() for quarter in quarters}
    visits = select(Visit.day).join(Partner, Partner.id == Visit.partner_id)
    visits = visits.where(Partner.campaign_id == campaign_id)
    if since:
        visits = visits.where(Visit.day >= since.astimezone(zone).date())
    return days | set(session.scalars(visits.distinct()))


def stored_days(session: Session, campaign_id: UUID) -> set[date]:
    """The days that have been added up."""
    stored = select(FigureDay.day).where(FigureDay.campaign_id == campaign_id, FigureDay.dimension == ALL)
    return set(session.scalars(stored.distinct()))


def sums_of(session: Session, campaign_id: UUID, zone: ZoneInfo, day: date) -> DaySums:
    """The sums of one day, out of the rows themselves."""
    start, end = (
        datetime.combine(each, time(), zone).astimezone(UTC) for each in (day, day + timedelta(days=1))
    )
    sums = DaySums()
    _add_entries(session, campaign_id, zone, (start, end), sums)
    for hour, device, kind, count in _traffic(session, campaign_id, zone, (start, end)):
        for key in ((ALL, ""), (HOUR, hour), (DEVICE, device)):
            sums.add(key, _OF_TRAFFIC[kind], count)
    for partner_id, count in session.execute(
        select(Visit.partner_id, func.count())
        .join(Partner, Partner.id == Visit.partner_id)
        .where(Partner.campaign_id == campaign_id, Visit.day == day)
        .group_by(Visit.partner_id)
    ):
        sums.add((PARTNER, partner_id.hex), "visits", count)
    return sums


_OF_TRAFFIC = {traffic.PAGE: "visits", traffic.STARTED: "started", traffic.SENT: "sent"}


def _traffic(
    session: Session, campaign_id: UUID, zone: ZoneInfo, within: tuple[datetime, datetime]
) -> Iterator[tuple[str, str, str, int]]:
    first, until = map(quarter_of, within)
    rows = session.execute(
        select(TrafficCount.quarter, TrafficCount.device, TrafficCount.kind, TrafficCount.count).where(
            TrafficCount.campaign_id == campaign_id,
            TrafficCount.quarter >= first,
            TrafficCount.quarter < until,
        )
    )
    for quarter, device, kind, count in rows:
        yield f"{start_of(quarter).astimezone(zone).hour:02}", device, kind, count


def _add_entries(
    session: Session, campaign_id: UUID, zone: ZoneInfo, within: tuple[datetime, datetime], sums: DaySums
) -> None:
    here = (
        and_(Entry.campaign_id == campaign_id, is_drawn()),
        Entry.created_at >= within[0],
        Entry.created_at < within[1],
    )
    taken = _taken(session, here)
    first = _first_of(session, here)
    winners, redeemers = _first_wins(session, here, taken)
    again = _again(session, here)
    rows = session.execute(
        select(
            Entry.id,
            Entry.created_at,
            Entry.partner_id,
            Entry.utm_source,
            Entry.utm_medium,
            Entry.utm_campaign,
            Entry.locale,
            Entry.device,
            Entry.answers,
            Award.tier_id,
            Award.prize_id,
            Award.seen_at,
            and_(Award.entry_id.is_not(None), ~is_void()).label("stands"),
        )
        .outerjoin(Award, Award.entry_id == Entry.id)
        .where(*here)
        .execution_options(yield_per=10_000)
    )
    for row in rows:
        keys = _keys(row, zone)
        names = ["entries"]
        if row.id in first:
            names.append("people")
        if row.stands:
            keys += [(TIER, row.tier_id.hex), (PRIZE, row.prize_id.hex)]
            names.append("wins")
            names += ["winners"] if row.id in winners else []
            names += ["seen"] if row.seen_at is not None else []
            if row.id in taken:
                names.append("redeemed")
                names += ["redeemers"] if row.id in redeemers else []
                names += ["again"] if row.id in again else []
        for key in keys:
            for name in names:
                sums.add(key, name)
        if row.stands and row.id in taken:
            _add_redeemed(sums, row, keys, taken[row.id])


def _keys(row: Any, zone: ZoneInfo) -> list[Key]:
    return [
        (ALL, ""),
        (HOUR, f"{row.created_at.astimezone(zone).hour:02}"),
        (PARTNER, row.partner_id.hex if row.partner_id else ""),
        (SOURCE, row.utm_source),
        (MEDIUM, row.utm_medium),
        (UTM, row.utm_campaign),
        (COUNTRY, _country(row.answers)),
        (LANGUAGE, row.locale.partition("_")[0].partition("-")[0].lower()),
        (DEVICE, row.device),
    ]


def _country(answers: str) -> str:
    if '"country"' not in answers:
        return ""
    value = read_answers(answers).values.get("country", "")
    return value if isinstance(value, str) else ""


def _add_redeemed(sums: DaySums, row: Any, keys: list[Key], taken: list[Any]) -> None:
    days = (min(each.at for each in taken) - row.created_at) // timedelta(days=1)
    key = (DAYS, f"{min(max(days, 0), LONGEST):03}")
    for name in ("entries", "wins", "redeemed"):
        sums.add(key, name)
    for each in taken:
        if each.order_value is not None:
            for dimension, value in keys:
                amounts = sums.money[dimension, value, each.currency]
                amounts[0] += 1
                amounts[1] += each.order_value


def _taken(session: Session, here: tuple[Any, ...]) -> dict[UUID, list[Any]]:
    """What shops took of the day's wins, by the entry."""
    found: dict[UUID, list[Any]] = defaultdict(list)
    for row in session.execute(
        select(Redemption.entry_id, Redemption.at, Redemption.order_value, Redemption.currency)
        .join(Entry, Entry.id == Redemption.entry_id)
        .where(*here, Redemption.reversed_at.is_(None))
    ):
        found[row.entry_id].append(row)
    return found


def _first_of(session: Session, here: tuple[Any, ...]) -> set[UUID]:
    """The day's entries that are their people's first. Ids follow time."""
    earlier = aliased(Entry)
    is_first = ~exists().where(
        earlier.campaign_id == Entry.campaign_id,
        earlier.entrant_id == Entry.entrant_id,
        is_drawn(earlier.reason),
        earlier.id < Entry.id,
    )
    return set(session.scalars(select(Entry.id).where(*here, is_first)))


def _first_wins(
    session: Session, here: tuple[Any, ...], taken: dict[UUID, list[Any]]
) -> tuple[set[UUID], set[UUID]]:
    """The day's wins that are their winners' first to stand, and the first to be redeemed."""
    winning = [*here, Entry.tier_awarded_id.is_not(None)]
    people = select(Entry.entrant_id).where(*winning)
    campaign = here[0]
    is_taken = exists().where(Redemption.entry_id == Entry.id, Redemption.reversed_at.is_(None))
    rows = session.execute(
        select(Entry.entrant_id, Entry.id, is_taken.label("taken"))
        .join(Award, Award.entry_id == Entry.id)
        .where(campaign, Entry.entrant_id.in_(people), ~is_void())
        .order_by(Entry.id)
    )
    first: dict[UUID, UUID] = {}
    first_taken: dict[UUID, UUID] = {}
    for entrant_id, entry_id, was_taken in rows:
        first.setdefault(entrant_id, entry_id)
        if was_taken:
            first_taken.setdefault(entrant_id, entry_id)
    return set(first.values()), set(first_taken.values()) & taken.keys()


def _again(session: Session, here: tuple[Any, ...]) -> set[UUID]:
    """The day's redeemed wins whose winner bought once more later: another order, of whatever campaign.

    People's entries are found campaign by campaign: there is an index for that, and none over all of them.
    """
    stands, bought = Redemption.reversed_at.is_(None), Redemption.entry_id == Entry.id
    query = select(Entry.id, Entry.entrant_id, Redemption.at, Redemption.order_reference)
    query = query.join(Redemption, bought).where(stands)
    taken = session.execute(query.where(*here)).all()
    people = select(Entry.entrant_id).join(Redemption, bought).where(*here, stands)
    purchases = defaultdict(list)
    everywhere = Entry.campaign_id.in_(select(Campaign.id))
    for row in session.execute(query.where(everywhere, Entry.entrant_id.in_(people))):
        purchases[row.entrant_id].append(row)
    return {row.id for row in taken if any(_is_another(later, row) for later in purchases[row.entrant_id])}


def _is_another(later: Any, row: Any) -> bool:
    return later.at > row.at and (not later.order_reference or later.order_reference != row.order_reference)


def rows_of(campaign_id: UUID, day: date, sums: DaySums) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The sums as the rows that are stored."""
    base = {"campaign_id": campaign_id, "day": day}
    counts = [
        base | {"dimension": dimension, "value": value} | row
        for (dimension, value), row in sorted(sums.counts.items())
    ]
    money = [
        base
        | {"dimension": dimension, "value": value, "currency": currency, "orders": orders, "amount": amount}
        for (dimension, value, currency), (orders, amount) in sorted(sums.money.items())
    ]
    return counts, money


@unit_of_work
def _open(session: Session, campaign_id: UUID) -> int:
    session.execute(_MAKE_BOOK[session.get_bind().dialect.name], {"campaign_id": campaign_id})
    version = session.scalar(select(FigureBook.version).where(FigureBook.campaign_id == campaign_id))
    return version or 0


@unit_of_work
def _store(session: Session, campaign_id: UUID, day: date, sums: DaySums, version: int) -> bool:
    if not _turn(session, campaign_id, version):
        return False
    counts, money = rows_of(campaign_id, day, sums)
    for table, rows in ((FigureDay, counts), (FigureMoney, money)):
        session.execute(delete(table).where(table.campaign_id == campaign_id, table.day == day))
        if rows:
            session.execute(insert(table), rows)
    return True


@unit_of_work
def _close(session: Session, campaign_id: UUID, zone: str, version: int, *, now: datetime) -> None:
    if _turn(session, campaign_id, version):
        session.execute(
            update(FigureBook)
            .where(FigureBook.campaign_id == campaign_id)
            .values(rolled_at=now, timezone=zone)
        )


def _turn(session: Session, campaign_id: UUID, version: int) -> bool:
    """Whether nobody else has stored anything since that version."""
    turned = session.execute(
        update(FigureBook)
        .where(FigureBook.campaign_id == campaign_id, FigureBook.version == version)
        .values(version=version + 1)
        .returning(FigureBook.version)
    )
    return turned.one_or_none() is not None


_MAKE_BOOK = {
    "postgresql": postgresql.insert(FigureBook).on_conflict_do_nothing(),
    "sqlite": sqlite.insert(FigureBook).on_conflict_do_nothing(),
}
