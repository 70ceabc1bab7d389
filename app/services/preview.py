"""The preview of a change: what the odds of a campaign would come to, with the stock and entries of now."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import and_, case, exists, func, select
from sqlalchemy.orm import Session

from app.domain.errors import InvalidInput
from app.domain.forecast import Rate, rate_of
from app.domain.odds import InvalidOdds, TierOdds
from app.domain.preview import Level, Pool, Preview, Used, compare
from app.models import Campaign, Code, CodeStatus, Entry, Prize
from app.services import limits, tiers
from app.services.drawn import is_drawn
from app.services.tiers import TierPlan

HOURS = 24
_HOUR = timedelta(hours=1)
_NEW = UUID(int=0)  # stands for a tier that has no id yet


@dataclass(frozen=True, slots=True)
class Restocking:
    """The change of what a tier has to give, or of a prize in it; `what` tells one from any other."""

    tier_id: UUID
    units: int
    what: str

    def __call__(self, pool: Pool) -> Pool:
        """The pool with so many units more, or fewer."""
        return pool.stocked(self.tier_id, self.units)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A change of the pool that is not made yet; `what` it is where it is one of the stock."""

    before: Pool
    after: Pool
    what: str = ""

    @property
    def changes_odds(self) -> bool:
        """Whether it would write a new odds table."""
        return self.before.table != self.after.table

    @property
    def is_asked(self) -> bool:
        """Whether it is more than a change of a name."""
        return self.changes_odds or bool(self.what)

    @property
    def key(self) -> str:
        """The same for the same change of the same odds: shows that somebody has seen what it does.

        Entries that win in between leave it as it is.
        """
        documents = self.before.table.document + self.after.table.document + self.what
        return hashlib.sha256(documents.encode()).hexdigest()[:32]


def pool_of(session: Session, campaign: Campaign, now: datetime) -> Pool:
    """The campaign's tiers with their stock, and what their limits leave of it; three queries."""
    used = limits.used(session, campaign.id, now, ZoneInfo(campaign.timezone))
    free = dict(
        session.execute(
            select(Prize.tier_id, func.count())  # by prize: an index tells that without a look at the codes
            .join(Code, Code.prize_id == Prize.id)
            .where(Prize.campaign_id == campaign.id, Code.status == CodeStatus.FREE)
            .group_by(Prize.tier_id)
        ).all()
    )
    levels = (
        _planned(tier.id, TierPlan.of(tier), free.get(tier.id, 0), used.get(tier.id, Used()))
        for tier in tiers.listing(session, campaign.id)
    )
    return Pool(campaign.id, campaign.lose_weight, tuple(levels))


def proposed(session: Session, campaign: Campaign, now: datetime, change: Callable[[Pool], Pool]) -> Proposal:
    """What a change makes of the pool. Raises InvalidInput when the weights make no table."""
    before = pool_of(session, campaign, now)
    proposal = Proposal(before, change(before), change.what if isinstance(change, Restocking) else "")
    try:
        _ = proposal.after.table
    except InvalidOdds as error:
        raise InvalidInput.of("weight", error) from error
    return proposal


def planned(
    session: Session, campaign: Campaign, now: datetime, plan: TierPlan, tier_id: UUID | None = None
) -> Callable[[Pool], Pool]:
    """The change that a plan makes of a tier, or without one of the pool: it gets a new tier.

    Limits that are set anew begin with what was won before, as `tiers.edit` has it.
    """

    def change(pool: Pool) -> Pool:
        level = pool.find(tier_id) if tier_id else None
        if tier_id is None or level is None:
            return pool.with_level(_planned(_NEW, plan, 0, Used()))
        used = level.used
        if plan.limits != level.odds.limits:
            used = limits.won(session, tier_id, now, ZoneInfo(campaign.timezone))
        return pool.with_level(_planned(tier_id, plan, level.free, used))

    return change


def with_lose_weight(weight: int) -> Callable[[Pool], Pool]:
    """The change of the weight of no win."""
    return lambda pool: replace(pool, lose_weight=weight)


def show(session: Session, campaign: Campaign, proposal: Proposal, now: datetime) -> Preview:
    """What the change would do, should entries come on like in the last day."""
    rate = entry_rate(session, campaign.id, now)
    return compare(proposal.before, proposal.after, rate, now, campaign.closes_at)


def entry_rate(session: Session, campaign_id: UUID, now: datetime) -> Rate:
    """How fast entries come, by the hours of the last day; those before the very first entry do not count."""
    starts = [now - _HOUR * ago for ago in range(HOURS, 0, -1)]
    of_campaign = and_(Entry.campaign_id == campaign_id, is_drawn())
    within = (and_(Entry.created_at > start, Entry.created_at <= start + _HOUR) for start in starts)
    columns = [func.sum(case((each, 1), else_=0)) for each in within]
    recent = select(*columns).where(of_campaign, Entry.created_at > starts[0], Entry.created_at <= now)
    by_hour = [count or 0 for count in session.execute(recent).one()]
    earlier = select(exists().where(of_campaign, Entry.created_at <= starts[0]))
    if not session.scalar(earlier):
        first = next((hour for hour, count in enumerate(by_hour) if count), HOURS)
        by_hour = by_hour[first:]
    return rate_of(by_hour)


def _planned(tier_id: UUID, plan: TierPlan, free: int, used: Used) -> Level:
    odds = TierOdds(tier_id, plan.weight, plan.on_empty, plan.fallback_id, plan.limits)
    return Level(odds, plan.name, plan.enabled, free, used)
