"""Figures: what a campaign's dashboard tells at a glance."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import Award, Code, CodeStatus, Entry, Tier


@dataclass(frozen=True, slots=True)
class CampaignFigures:
    """Entries drawn, the people behind them, wins, and the stock of the whole campaign."""

    entries: int
    people: int
    wins: int
    stock_free: int
    stock_won: int

    @property
    def stock_total(self) -> int:
        """Units offered: what is free and what has been won."""
        return self.stock_free + self.stock_won


def campaign_figures(session: Session, campaign_id: UUID) -> CampaignFigures:
    """The campaign's figures now."""
    entries, people = session.execute(
        select(func.count(), func.count(Entry.entrant_id.distinct())).where(Entry.campaign_id == campaign_id)
    ).one()
    wins = session.scalar(select(func.count()).select_from(Award).where(Award.campaign_id == campaign_id))
    stock = dict(
        session.execute(
            select(Code.status, func.count())
            .join(Tier, Tier.id == Code.tier_id)
            .where(Tier.campaign_id == campaign_id)
            .group_by(Code.status)
        ).all()
    )
    return CampaignFigures(
        entries, people, wins or 0, stock.get(CodeStatus.FREE, 0), stock.get(CodeStatus.WON, 0)
    )
