"""Figures: what a campaign has come to, at a glance."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.forecast import Pace, mean_odds, most_plausible, pace
from app.domain.odds import OddsTable
from app.models import OddsTableRecord
from app.services import counts, odds, prizes, standing
from app.services.counts import Counted
from app.services.prizes import Stock
from app.services.standing import Voided


@dataclass(frozen=True, slots=True)
class CampaignFigures:
    """Entries drawn, the people behind them, wins that stand, stock of the whole campaign, and void wins."""

    entries: int
    people: int
    wins: int
    stock_free: int
    stock_won: int
    void: int = 0

    @property
    def drawn(self) -> int:
        """Wins as they were drawn: those that are void too."""
        return self.wins + self.void

    @property
    def stock_total(self) -> int:
        """Units offered: what is free and what has been won."""
        return self.stock_free + self.stock_won


@dataclass(frozen=True, slots=True)
class Stated:
    """Wins beside the odds that were stated to those who entered: the mean odds of their entries."""

    pace: Pace
    odds: Fraction
    most: int  # more wins than this would be far ahead


def campaign_figures(
    session: Session,
    campaign_id: UUID,
    counted: Sequence[Counted] | None = None,
    stock: Mapping[UUID, Stock] | None = None,
    void: Voided | None = None,
) -> CampaignFigures:
    """The campaign's figures now; `counted` (as drawn), `stock` and `void` where they are at hand."""
    counted = counts.counted(session, campaign_id) if counted is None else counted
    stock = prizes.stock_by_prize(session, campaign_id) if stock is None else stock
    gone = (standing.voided(session, campaign_id) if void is None else void).total()
    return CampaignFigures(
        sum(row.entries for row in counted),
        sum(row.people for row in counted),
        sum(row.wins for row in counted) - gone,
        sum(units.free for units in stock.values()),
        sum(units.won for units in stock.values()),
        gone,
    )


def against_odds(session: Session, campaign_id: UUID, counted: Sequence[Counted]) -> Stated:
    """Whether the wins, void or not, are what the odds in force at each entry let expect."""
    chances = {
        version: Fraction(table.total - table.lose_weight, table.total)
        for version, table in tables(session, campaign_id).items()
    }
    drawn = Counter[int]()
    for row in counted:
        drawn[row.odds_version] += row.entries
    mean = mean_odds([(count, chances[version]) for version, count in drawn.items()])
    entries, wins = sum(row.entries for row in counted), sum(row.wins for row in counted)
    return Stated(pace(entries, wins, mean), mean, most_plausible(entries, mean))


def tables(session: Session, campaign_id: UUID) -> dict[int, OddsTable]:
    """All odds tables of the campaign by version."""
    query = select(OddsTableRecord.version, OddsTableRecord.document)
    rows = session.execute(query.where(OddsTableRecord.campaign_id == campaign_id))
    return {row.version: odds.parse(row.document) for row in rows}
