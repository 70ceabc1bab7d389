"""Partners of one campaign beside one another, out of what was added up."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.domain import figures
from app.domain.figures import Tally
from app.services import partner_counts, partners, reports
from app.services.rollups import PARTNER
from app.services.sums import Line, by_place, money_by_place


@dataclass(frozen=True, slots=True)
class PartnerLine:
    """What one partner brought; `crowded` is the share of entries out of crowded networks."""

    slug: str
    line: Line
    crowded: Fraction | None

    @property
    def rate(self) -> Fraction | None:
        """The redemption rate."""
        return figures.redemption_rate(self.line.tally)

    def takings(self, currency: str) -> tuple[int, int]:
        """Orders in that currency, and what they came to, in minor units."""
        found = (money for money in self.line.money if money.currency == currency)
        return next(((money.orders, money.amount) for money in found), (0, 0))


@dataclass(frozen=True, slots=True)
class PartnersBeside:
    """The partners of one campaign beside one another, what came without any, and all of it."""

    at: datetime | None
    partners: tuple[PartnerLine, ...]
    without: Line
    total: Line

    @property
    def currencies(self) -> tuple[str, ...]:
        """All there are, the one with most orders first."""
        found = sorted(self.total.money, key=lambda money: (-money.orders, money.currency))
        return tuple(money.currency for money in found)

    def ordered(self, by: str, *, is_rising: bool) -> list[PartnerLine]:
        """The partners in that order (ORDERS); those without such a figure come last."""
        currency = self.currencies[0] if self.currencies else ""
        known: list[tuple[Any, PartnerLine]] = []
        unknown: list[tuple[Any, PartnerLine]] = []
        for each in sorted(self.partners, key=lambda one: one.line.name.casefold()):
            place = _place_of(each, by, currency)
            (unknown if place is None else known).append((place, each))
        known.sort(key=lambda pair: pair[0], reverse=not is_rising)
        return [each for _place, each in known + unknown]


ORDERS = ("name", "visits", "people", "entries", "wins", "redeemed", "redemption_rate", "revenue", "crowded")


def _place_of(one: PartnerLine, by: str, currency: str) -> Any:
    others: dict[str, Any] = {
        "name": one.line.name.casefold(),
        "redemption_rate": one.rate,
        "revenue": one.takings(currency)[1],
        "crowded": one.crowded,
    }
    return others[by] if by in others else getattr(one.line.tally, by)


def beside(session: Session, campaign_id: UUID) -> PartnersBeside:
    """The campaign's partners as they were last added up, in a fixed number of queries."""
    at, total = reports.total_of(session, campaign_id)
    sums, money = by_place(session, campaign_id, PARTNER), money_by_place(session, campaign_id, PARTNER)
    crowded = partner_counts.crowded(session, campaign_id)

    def line(value: str, name: str) -> Line:
        return Line(value, name, sums.get((PARTNER, value), Tally()), money.get((PARTNER, value), ()))

    found = tuple(
        PartnerLine(
            partner.slug,
            line(partner.id.hex, partner.name),
            figures.share(*crowded.get(partner.id, (0, 0))),
        )
        for partner in partners.listing(session, campaign_id)
    )
    return PartnersBeside(at, found, line("", ""), total)


_FILED = ("visits", "people", "entries", "wins", "redeemed")


def as_table(beside: PartnersBeside) -> tuple[list[str], Iterator[list[str]]]:
    """The partners as a table of texts, by name: its header and its rows. Shares have four decimals."""
    currencies = sorted(beside.currencies)
    money = [f"{what}_{currency}" for currency in currencies for what in ("orders", "revenue_minor")]
    header = ["partner", "link", *_FILED, "redemption_rate", "suspicious_share", *money]
    rows = (
        [
            each.line.name,
            each.slug,
            *(str(getattr(each.line.tally, name)) for name in _FILED),
            *("" if share is None else f"{float(share):.4f}" for share in (each.rate, each.crowded)),
            *(str(cell) for currency in currencies for cell in each.takings(currency)),
        ]
        for each in beside.ordered("name", is_rising=True)
    )
    return header, rows
