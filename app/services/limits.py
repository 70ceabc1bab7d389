"""The limits of a tier: when it gives, and how many in an hour, in a day, in all, and to one person.

Only a tier that has limits has counters, so only its winners meet in a row. Nothing here commits.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, delete, func, literal_column, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.adapters.direct import DirectConnection, Prepared
from app.domain.odds import Limits, TierOdds
from app.models import Award, Entry, Tier, TierUse

IN_ALL = "all"


def take_room(
    connection: DirectConnection, tier: TierOdds, entrant_id: UUID | None, now: datetime, zone: ZoneInfo
) -> bool:
    """Take one place within the tier's limits; False when a limit is reached, and nothing is taken then.

    `entrant_id` is None for somebody who has never entered. Each count is one conditional statement.
    """
    if not tier.limits:
        return True
    if not tier.limits.is_open(now) or _has_had_enough(connection, tier, entrant_id):
        return False
    taken: list[str] = []
    for period, most in periods(tier.limits, now, zone):
        if connection.row(_TAKE, {"tier": tier.id, "in_period": period, "most": most}) is None:
            _put_back(connection, tier.id, taken)
            return False
        taken.append(period)
    return True


def give_back(connection: DirectConnection, tier: TierOdds, now: datetime, zone: ZoneInfo) -> None:
    """Give the place back: the tier had nothing left."""
    _put_back(connection, tier.id, [period for period, _ in periods(tier.limits, now, zone)])


def recount(session: Session, tier: Tier, now: datetime, zone: ZoneInfo) -> None:
    """Begin to count for limits that were just set, with what was won before them."""
    session.execute(delete(TierUse).where(TierUse.tier_id == tier.id))
    starts = {_hour(now): _start_of_hour(now), _day(now, zone): _start_of_day(now, zone), IN_ALL: None}
    for period, _most in periods(tier.limits, now, zone):
        won = select(func.count()).select_from(Award).where(Award.tier_id == tier.id)
        if (start := starts[period]) is not None:
            won = won.where(Award.created_at >= start)
        session.add(TierUse(tier_id=tier.id, period=period, used=session.scalar(won)))


def periods(limits: Limits, now: datetime, zone: ZoneInfo) -> Iterator[tuple[str, int]]:
    """The periods of this moment that are limited, each with how many it allows; always in one order."""
    for period, most in (
        (_hour(now), limits.per_hour),
        (_day(now, zone), limits.per_day),
        (IN_ALL, limits.in_all),
    ):
        if most is not None:
            yield period, most


def _hour(now: datetime) -> str:
    return f"{now.astimezone(UTC):%Y-%m-%dT%HZ}"


def _start_of_hour(now: datetime) -> datetime:
    return now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _day(now: datetime, zone: ZoneInfo) -> str:
    return f"{now.astimezone(zone):%Y-%m-%d}"


def _start_of_day(now: datetime, zone: ZoneInfo) -> datetime:
    # An hour at a time, because a zone may have no midnight on the day its clocks go forward.
    start = _start_of_hour(now)
    while _day(start - timedelta(minutes=15), zone) == _day(now, zone):
        start -= timedelta(minutes=15)
    return start


def _has_had_enough(connection: DirectConnection, tier: TierOdds, entrant_id: UUID | None) -> bool:
    most = tier.limits.per_person
    if most is None or entrant_id is None:
        return False
    return bool(connection.row(_WON_BY, {"tier": tier.id, "entrant": entrant_id}).won >= most)


def _put_back(connection: DirectConnection, tier_id: UUID, periods: list[str]) -> None:
    for period in periods:
        connection.execute(_GIVE_BACK, {"tier": tier_id, "in_period": period})


_TAKE = Prepared(
    {
        dialect: insert(TierUse)
        .values(tier_id=bindparam("tier"), period=bindparam("in_period"), used=literal_column("1"))
        .on_conflict_do_update(
            index_elements=[TierUse.tier_id, TierUse.period],
            set_={"used": TierUse.used + literal_column("1")},
            where=TierUse.used < bindparam("most", type_=TierUse.used.type),
        )
        .returning(TierUse.used)
        for dialect, insert in (("postgresql", postgresql.insert), ("sqlite", sqlite.insert))
    }
)
_GIVE_BACK = Prepared(
    update(TierUse)
    .where(TierUse.tier_id == bindparam("tier"), TierUse.period == bindparam("in_period"))
    .values(used=TierUse.used - literal_column("1"))
)
_WON_BY = Prepared(
    select(func.count().label("won"))
    .select_from(Entry)
    .join(Award, Award.entry_id == Entry.id)
    .where(
        Entry.campaign_id == select(Tier.campaign_id).where(Tier.id == bindparam("tier")).scalar_subquery()
    )
    .where(Entry.entrant_id == bindparam("entrant"), Award.tier_id == bindparam("tier"))
)
