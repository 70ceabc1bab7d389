"""What a partner sees of what a link brought: by day, with redemptions and revenue, and nobody to be singled
out (see domain/small_counts.py).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.small_counts import SMALLEST, Shown, in_fives, shown, shown_amounts
from app.domain.timeline import start_of
from app.models import Campaign, Entry, Partner, Redemption
from app.services import partners
from app.services.partners import DayFigures
from app.services.quarters import quarter_in

MEASURES = ("visits", "people", "entries", "wins", "redemptions")


@dataclass(frozen=True, slots=True)
class Portal:
    """Figures of days that are over, as they may be shown; `today` is told in fives.

    `revenue` is in minor units, by currency. `crowded` is the share, in percent, of entries out of crowded
    networks; None where there is too little to tell.
    """

    days: tuple[date, ...]
    counts: dict[str, Shown]
    revenue: dict[str, Shown]
    today: dict[str, int]
    crowded: int | None

    def cells(self, place: int) -> list[int | None]:
        """The counts of one day, in the order of MEASURES."""
        return [self.counts[name].days[place] for name in MEASURES]


def portal(session: Session, partner: Partner, campaign: Campaign, *, now: datetime) -> Portal:
    """The figures of this moment."""
    zone = ZoneInfo(campaign.timezone)
    today = now.astimezone(zone).date()
    by_day = {each.day: each for each in partners.by_day(session, partner.id)}
    redeemed, orders, amounts = _redeemed(session, partner.id, zone)
    days = sorted(by_day.keys() | redeemed.keys())
    over = [day for day in days if day < today]
    counts = {
        name: [_count(by_day.get(day), name) for day in over] for name in MEASURES if name != "redemptions"
    }
    counts["redemptions"] = [redeemed[day] for day in over]
    return Portal(
        days=tuple(over),
        counts={name: shown(counted) for name, counted in counts.items()},
        revenue={
            currency: shown_amounts(
                [orders[currency, day] for day in over], [amounts[currency, day] for day in over]
            )
            for currency in sorted({currency for currency, _day in orders})
        },
        today={name: in_fives(_count(by_day.get(today), name)) for name in ("visits", "entries", "wins")},
        crowded=_share(sum(by_day[day].crowded for day in over if day in by_day), sum(counts["entries"])),
    )


def _count(day: DayFigures | None, name: str) -> int:
    return getattr(day, name) if day else 0


def _share(part: int, whole: int) -> int | None:
    """In whole percent; nothing where the part or the rest would be few people."""
    if whole < 10 * SMALLEST or whole - part < SMALLEST:
        return None
    return 0 if part < SMALLEST else round(100 * part / whole)


Counted = Counter[tuple[str, date]]


def _redeemed(session: Session, partner_id: UUID, zone: ZoneInfo) -> tuple[Counter[date], Counted, Counted]:
    """Redemptions that stand, by the day the shop took them; orders and amounts by currency and day."""
    quarter = quarter_in(session.get_bind().dialect.name, Redemption.at).label("quarter")
    query: Any = (
        select(
            quarter,
            Redemption.currency,
            func.count(),
            func.count(Redemption.order_value),
            func.sum(Redemption.order_value),
        )
        .join(Entry, Entry.id == Redemption.entry_id)
        .where(Entry.partner_id == partner_id, Entry.tier_awarded_id.is_not(None))
        .where(Redemption.reversed_at.is_(None))
        .group_by(quarter, Redemption.currency)
    )
    redeemed: Counter[date] = Counter()
    orders: Counted = Counter()
    amounts: Counted = Counter()
    rows: Sequence[Any] = session.execute(query).all()
    for row in rows:
        day = start_of(row[0]).astimezone(zone).date()
        redeemed[day] += row[2]
        if row[3]:
            orders[row[1], day] += row[3]
            amounts[row[1], day] += int(row[4])
    return redeemed, orders, amounts
