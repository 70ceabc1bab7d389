"""Reports: a campaign's figures out of what was added up by day: few rows, however many entered."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import figures
from app.domain.figures import COUNTS, Aged, Costs, DayOfWins, Stage, Tally
from app.models import Campaign, FigureBook, FigureDay, FigureMoney, Partner, Prize, Tier
from app.services import campaigns, costs
from app.services.rollups import ALL, DAYS, DIMENSIONS, HOUR, PARTNER, PRIZE, TIER
from app.services.sums import COLUMNS, MONEY, SUMS, Line, Money, between, by_place, money_by_place

AGES = (1, 3, 7, 14, 30, 90)
MOST_LINES = 50  # of a breakdown on a page; the file has all
_NAMED = {TIER: Tier, PRIZE: Prize, PARTNER: Partner}


@dataclass(frozen=True, slots=True)
class Return:
    """What came back of what was spent, in the currency of the costs."""

    currency: str
    revenue: int
    discount: int
    cost: int

    @property
    def rate(self) -> Fraction | None:
        """The return on investment."""
        return figures.return_on_investment(self.revenue, self.cost)


@dataclass(frozen=True, slots=True)
class Report:
    """All figures of one campaign; `at` is when they were added up, None before the first time."""

    at: datetime | None
    total: Line
    days: tuple[tuple[date, Tally], ...]
    hours: tuple[tuple[int, Tally], ...]
    breakdowns: Mapping[str, tuple[Line, ...]]
    aged: tuple[Aged, ...]
    days_to_redeem: tuple[Fraction, Fraction, Fraction] | None
    costs: Costs
    returned: Return | None = field(default=None)

    @property
    def funnel(self) -> tuple[Stage, ...]:
        """From the page shown to the second purchase."""
        return figures.funnel(self.total.tally)


def of_campaign(session: Session, campaign: Campaign, *, now: datetime) -> Report:
    """The campaign's figures as they were last added up, in a fixed number of queries."""
    book = session.get(FigureBook, campaign.id)
    sums, money = by_place(session, campaign.id), money_by_place(session, campaign.id)
    names = _names(session, campaign.id)
    by_day = _by_day(session, campaign.id)
    total = Line("", "", sums.get((ALL, ""), Tally()), money.get((ALL, ""), ()))
    waits = {int(value): tally.redeemed for (dimension, value), tally in sums.items() if dimension == DAYS}
    spent, _version = costs.of_campaign(session, campaign.id)
    return Report(
        book.rolled_at if book else None,
        total,
        tuple(by_day.items()),
        tuple((hour, sums.get((HOUR, f"{hour:02}"), Tally())) for hour in range(24)),
        {dimension: _lines(dimension, sums, money, names) for dimension in DIMENSIONS},
        tuple(_aged(session, campaign, by_day, now)),
        figures.quartiles(waits),
        spent,
        returned(spent, total),
    )


def total_of(session: Session, campaign_id: UUID) -> tuple[datetime | None, Line]:
    """What all the campaign's days come to, and when they were added up; None before the first time."""
    book = session.get(FigureBook, campaign_id)
    return book.rolled_at if book else None, between(session, campaign_id)


def returned(spent: Costs, total: Line) -> Return | None:
    """What came back; None where no costs were entered."""
    if not spent.currency:
        return None
    revenue = sum(money.amount for money in total.money if money.currency == spent.currency)
    redeemed = total.tally.redeemed
    return Return(
        spent.currency,
        revenue,
        figures.discount_cost(spent, redeemed),
        figures.total_cost(spent, redeemed),
    )


@dataclass(frozen=True, slots=True)
class Side:
    """A campaign beside others."""

    campaign: Campaign
    total: Line
    returned: Return | None


def side_by_side(session: Session) -> list[Side]:
    """All campaigns that are not put away, in the order of the list."""
    spent = costs.of_all(session)
    tallies = {
        row[0]: Tally(*map(int, row[1:]))
        for row in session.execute(
            select(FigureDay.campaign_id, *SUMS)
            .where(FigureDay.dimension == ALL)
            .group_by(FigureDay.campaign_id)
        )
    }
    money: dict[UUID, list[Money]] = {}
    for campaign_id, currency, orders, amount in session.execute(
        select(FigureMoney.campaign_id, FigureMoney.currency, *MONEY)
        .where(FigureMoney.dimension == ALL)
        .group_by(FigureMoney.campaign_id, FigureMoney.currency)
        .order_by(FigureMoney.currency)
    ):
        money.setdefault(campaign_id, []).append(Money(currency, int(orders), int(amount)))
    found = []
    for campaign in campaigns.listing(session, archived=False):
        total = Line("", "", tallies.get(campaign.id, Tally()), tuple(money.get(campaign.id, ())))
        found.append(Side(campaign, total, returned(spent.get(campaign.id, Costs()), total)))
    return found


HEADER = ("day", "dimension", "value", "name", *COUNTS, "currency", "orders", "amount_minor")


def everything(session: Session, campaign_id: UUID) -> Iterator[tuple[str, ...]]:
    """Every sum there is, row by row: the counts, and after them the money."""
    names = _names(session, campaign_id)
    counts = select(FigureDay.day, FigureDay.dimension, FigureDay.value, *COLUMNS)
    order = (FigureDay.dimension, FigureDay.day, FigureDay.value)
    for row in session.execute(
        _streamed(counts.where(FigureDay.campaign_id == campaign_id).order_by(*order))
    ):
        yield (*_place(row, names), *map(str, row[3:]), "", "", "")
    money = select(
        FigureMoney.day,
        FigureMoney.dimension,
        FigureMoney.value,
        FigureMoney.currency,
        FigureMoney.orders,
        FigureMoney.amount,
    ).where(FigureMoney.campaign_id == campaign_id)
    blank = ("",) * len(COUNTS)
    for row in session.execute(
        _streamed(money.order_by(FigureMoney.dimension, FigureMoney.day, FigureMoney.value))
    ):
        yield (*_place(row, names), *blank, row.currency, str(row.orders), str(row.amount))


def _streamed(query: Any) -> Any:
    return query.execution_options(yield_per=1000)


def _place(row: Any, names: Mapping[str, str]) -> tuple[str, str, str, str]:
    return row.day.isoformat(), row.dimension, row.value, names.get(row.value, "")


def _lines(
    dimension: str,
    sums: Mapping[tuple[str, str], Tally],
    money: Mapping[tuple[str, str], tuple[Money, ...]],
    names: Mapping[str, str],
) -> tuple[Line, ...]:
    found = [
        Line(value, names.get(value, "") if dimension in _NAMED else "", tally, money.get((of, value), ()))
        for (of, value), tally in sums.items()
        if of == dimension
    ]
    found.sort(key=lambda line: (-line.tally.entries, -line.tally.visits, line.value))
    return tuple(found[:MOST_LINES])


def _by_day(session: Session, campaign_id: UUID) -> dict[date, Tally]:
    rows = session.execute(
        select(FigureDay.day, *COLUMNS)
        .where(FigureDay.campaign_id == campaign_id, FigureDay.dimension == ALL)
        .order_by(FigureDay.day)
    )
    return {row[0]: Tally(*row[1:]) for row in rows}


def _aged(session: Session, campaign: Campaign, by_day: Mapping[date, Tally], now: datetime) -> list[Aged]:
    after: dict[date, dict[int, int]] = {}
    for day, value, redeemed in session.execute(
        select(FigureDay.day, FigureDay.value, FigureDay.redeemed).where(
            FigureDay.campaign_id == campaign.id, FigureDay.dimension == DAYS
        )
    ):
        after.setdefault(day, {})[int(value)] = redeemed
    wins = {day: DayOfWins(tally.wins, after.get(day, {})) for day, tally in by_day.items()}
    return figures.redemption_by_age(wins, AGES, now.astimezone(ZoneInfo(campaign.timezone)).date())


def _names(session: Session, campaign_id: UUID) -> dict[str, str]:
    """What tiers, prizes and partners are called, those that were removed too."""
    found: dict[str, str] = {}
    for table in (Tier, Prize, Partner):
        rows: Any = session.execute(select(table.id, table.name).where(table.campaign_id == campaign_id))
        found |= {row.id.hex: row.name for row in rows}
    return found
