"""The limits of a tier: when it gives, and how many in an hour, in a day, in all, and to one person.

Only a tier that has limits has counters, so only its winners meet in a row. Nothing here commits.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, func, literal_column, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.adapters.direct import DirectConnection, Prepared
from app.domain.odds import Limits, TierOdds
from app.domain.preview import Used
from app.models import Award, Entrant, Entry, Tier, TierUse

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
    """Begin to count for limits that were just set, with what was won before them.

    What was counted for other periods stays: the clock may be set back.
    """
    counted = [
        session.get(TierUse, (tier.id, period), with_for_update=True, populate_existing=True)
        or TierUse(tier_id=tier.id, period=period)
        for period, _most in periods(tier.limits, now, zone)
    ]
    ends = {_hour(now): _ends_of_hour(now), _day(now, zone): _ends_of_day(now, zone)}
    for use in counted:
        use.used = _won_within(session, tier.id, ends.get(use.period))
        session.add(use)


def won(session: Session, tier_id: UUID, now: datetime, zone: ZoneInfo) -> Used:
    """What a tier has given, counted over its wins: what `recount` would begin with."""
    return Used(
        _won_within(session, tier_id, _ends_of_hour(now)),
        _won_within(session, tier_id, _ends_of_day(now, zone)),
        _won_within(session, tier_id, None),
    )


def used(session: Session, campaign_id: UUID, now: datetime, zone: ZoneInfo) -> dict[UUID, Used]:
    """What the campaign's tiers have given in the periods of this moment, as far as it is counted."""
    names = {_hour(now): "per_hour", _day(now, zone): "per_day", IN_ALL: "in_all"}
    found: dict[UUID, Used] = {}
    for row in session.execute(
        select(TierUse.tier_id, TierUse.period, TierUse.used)
        .join(Tier, Tier.id == TierUse.tier_id)
        .where(Tier.campaign_id == campaign_id, TierUse.period.in_(names))
    ):
        found[row.tier_id] = replace(found.get(row.tier_id, Used()), **{names[row.period]: row.used})
    return found


def _won_within(session: Session, tier_id: UUID, ends: tuple[datetime, datetime] | None) -> int:
    counted = select(func.count()).select_from(Award).where(Award.tier_id == tier_id)
    if ends is not None:
        counted = counted.where(Award.created_at >= ends[0], Award.created_at < ends[1])
    return session.scalar(counted) or 0


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


def _ends_of_hour(now: datetime) -> tuple[datetime, datetime]:
    start = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return start, start + timedelta(hours=1)


def _day(now: datetime, zone: ZoneInfo) -> str:
    return f"{now.astimezone(zone):%Y-%m-%d}"


def _ends_of_day(now: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    # A step at a time, because a zone may have no midnight on the day its clocks go forward. Days begin at a
    # quarter of some hour of UTC, not everywhere at a full one.
    step = timedelta(minutes=15)
    start = end = now.replace(minute=now.minute - now.minute % 15, second=0, microsecond=0)
    while _day(start - step, zone) == _day(now, zone):
        start -= step
    while _day(end, zone) == _day(now, zone):
        end += step
    return start, end


def _has_had_enough(connection: DirectConnection, tier: TierOdds, entrant_id: UUID | None) -> bool:
    most = tier.limits.per_person
    if most is None or entrant_id is None:
        return False
    connection.execute(_ONE_AT_A_TIME, {"entrant": entrant_id})
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
# Two entries of one person, for two days, may come at one moment: the second is to count what the first won.
_ONE_AT_A_TIME = Prepared(
    select(Entrant.id).where(Entrant.id == bindparam("entrant")).with_for_update(key_share=True)
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
