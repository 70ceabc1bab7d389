"""Tiers: the weighted levels of reward. Every change of the odds writes the next odds table with it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.chance import Rng
from app.domain.errors import Conflict, InvalidInput, NotFound, StaleEdit
from app.domain.ids import random_id
from app.domain.odds import MAX_WEIGHT, NO_LIMITS, Limits, OnEmpty
from app.models import Campaign, Prize, Tier
from app.services import audit, campaigns, limits, odds, official_rules, stock
from app.services.audit import Actor
from app.services.fields import one_line
from app.services.uow import unit_of_work

MAX_TIERS = 50
MAX_LIMIT = 2**31 - 1


@dataclass(frozen=True, slots=True)
class TierPlan:
    """What staff decide about a tier; `fallback_id` counts only where `on_empty` is FALLBACK."""

    name: str
    weight: int
    enabled: bool = True
    on_empty: OnEmpty = OnEmpty.LOSE
    fallback_id: UUID | None = None
    limits: Limits = NO_LIMITS

    @classmethod
    def of(cls, tier: Tier) -> "TierPlan":
        """The tier as it stands."""
        return cls(tier.name, tier.weight, tier.enabled, tier.on_empty, tier.fallback_id, tier.limits)

    def columns(self) -> dict[str, Any]:
        """The values by the names of the tier's columns."""
        values = asdict(self)
        limits: dict[str, Any] = values.pop("limits")
        return values | limits


def listing(session: Session, campaign_id: UUID) -> Sequence[Tier]:
    """The campaign's tiers in draw order, switched-off ones too, removed ones not."""
    return session.scalars(
        select(Tier)
        .where(Tier.campaign_id == campaign_id, Tier.removed_at.is_(None))
        .order_by(Tier.position, Tier.created_at, Tier.id)
    ).all()


def get(session: Session, tier_id: UUID) -> Tier:
    """The tier. Raises NotFound, also for one that has been removed."""
    tier = session.get(Tier, tier_id)
    if tier is None or tier.removed_at is not None:
        raise NotFound("this tier does not exist, or has been removed")
    return tier


def find_by_name(session: Session, campaign_id: UUID, name: str) -> Tier | None:
    """The campaign's tier of that name, if there is one."""
    return session.scalars(
        select(Tier).where(Tier.campaign_id == campaign_id, Tier.name == name, Tier.removed_at.is_(None))
    ).one_or_none()


@unit_of_work
def add(
    session: Session,
    campaign_id: UUID,
    plan: TierPlan,
    *,
    actor: Actor,
    now: datetime,
    rng: Rng,
    reason: str = "",
) -> Tier:
    """A new tier, last in the draw order.

    Raises NotFound for an unknown campaign, Conflict for a name that is taken, InvalidInput for a wrong
    field.
    """
    campaign = campaigns.get_for_change(session, campaign_id)
    plan = _checked(session, campaign_id, plan, None)
    others = listing(session, campaign_id)
    if len(others) >= MAX_TIERS:
        raise Conflict("a campaign has at most %(limit)s tiers; remove one first", limit=MAX_TIERS)
    position = others[-1].position + 1 if others else 0
    tier = Tier(
        id=random_id(rng),
        campaign_id=campaign_id,
        position=position,
        version=1,
        created_at=now,
        **plan.columns(),
    )
    session.add(tier)
    after = plan.columns() | _next_odds(session, campaign, now)
    audit.record(
        session, actor, "tier.add", tier.name, now=now, campaign_id=campaign_id, after=after, reason=reason
    )
    return tier


@unit_of_work
def edit(
    session: Session,
    tier_id: UUID,
    plan: TierPlan,
    *,
    expected_version: int | None = None,
    actor: Actor,
    now: datetime,
    reason: str = "",
) -> Tier:
    """Change a tier; `expected_version` is the one the form was filled from.

    Raises StaleEdit when somebody else saved meanwhile, else as `add`.
    """
    campaign, tier = _get_for_change(session, tier_id)
    if expected_version is not None and tier.version != expected_version:
        raise StaleEdit("somebody else has saved this tier meanwhile; look at the new values first")
    plan = _checked(session, campaign.id, plan, tier)
    before, after = audit.change(tier, plan.columns())
    if not after:
        return tier
    if after.keys() & asdict(plan.limits).keys():
        limits.recount(session, tier, now, ZoneInfo(campaign.timezone))
    tier.version += 1
    after |= _next_odds(session, campaign, now)
    audit.record(
        session,
        actor,
        "tier.edit",
        tier.name,
        now=now,
        campaign_id=campaign.id,
        before=before,
        after=after,
        reason=reason,
    )
    return tier


@unit_of_work
def move(
    session: Session, tier_id: UUID, position: int, *, actor: Actor, now: datetime, reason: str = ""
) -> None:
    """Put a tier at a place in the draw order, counted from 0; beyond either end means that end."""
    campaign, tier = _get_for_change(session, tier_id)
    before = list(listing(session, campaign.id))
    after = [other for other in before if other is not tier]
    after.insert(max(0, position), tier)
    if after == before:
        return
    for place, other in enumerate(after):
        other.position = place
    version = _next_odds(session, campaign, now)
    audit.record(
        session,
        actor,
        "tier.move",
        tier.name,
        now=now,
        campaign_id=campaign.id,
        before={"order": [other.name for other in before]},
        after={"order": [other.name for other in after], **version},
        reason=reason,
    )


@unit_of_work
def remove(session: Session, tier_id: UUID, *, actor: Actor, now: datetime, reason: str = "") -> int:
    """Take a tier and its prizes out of the campaign; returns how many free codes were withdrawn.

    What was won stays. Raises Conflict while another tier falls back to it, or friends get its codes.
    """
    campaign, tier = _get_for_change(session, tier_id)
    if campaign.refer_tier_id == tier_id:
        raise Conflict("friends get codes of this tier: change that in the campaign's settings first")
    leaning = [other.name for other in listing(session, campaign.id) if other.fallback_id == tier_id]
    if leaning:
        raise Conflict(
            "other tiers would fall back to this one (%(tiers)s); change that first", tiers=", ".join(leaning)
        )
    tier.removed_at = now
    tier.version += 1
    version = _next_odds(session, campaign, now)
    withdrawn: dict[str, Any] = {}
    total = 0
    for prize in session.scalars(
        select(Prize)
        .where(Prize.tier_id == tier_id, Prize.removed_at.is_(None))
        .order_by(Prize.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).all():
        prize.removed_at = now
        batch = stock.withdraw_free(session, prize)
        total += batch.count
        withdrawn[prize.id.hex] = {"name": prize.name, "withdrawn": batch.count, "digest": batch.digest}
    audit.record(
        session,
        actor,
        "tier.remove",
        tier.name,
        now=now,
        campaign_id=campaign.id,
        before={"weight": tier.weight},
        after={"stock": withdrawn, **version},
        reason=reason,
    )
    return total


def _get_for_change(session: Session, tier_id: UUID) -> tuple[Campaign, Tier]:
    campaign = campaigns.get_for_change(session, get(session, tier_id).campaign_id)
    # Read again now that the campaign is ours: it may have been removed while we waited.
    session.expire_all()
    return campaign, get(session, tier_id)


def _next_odds(session: Session, campaign: Campaign, now: datetime) -> dict[str, int]:
    is_new = odds.write_next_version(session, campaign, now)
    official_rules.keep_up(session, campaign.id, now)
    return {"odds_version": campaign.odds_version} if is_new else {}


def _checked(session: Session, campaign_id: UUID, plan: TierPlan, tier: Tier | None) -> TierPlan:
    """The plan made tidy. Raises InvalidInput and Conflict."""
    falls_back = plan.on_empty is OnEmpty.FALLBACK
    plan = replace(
        plan,
        name=one_line("name", plan.name, 60),
        fallback_id=plan.fallback_id if falls_back else None,
        limits=_in_whole_seconds(plan.limits),
    )
    for name, count in asdict(plan.limits).items():
        if isinstance(count, int) and count > MAX_LIMIT:
            raise InvalidInput(name, "use a whole number from %(least)s to %(most)s", least=1, most=MAX_LIMIT)
    if not 0 <= plan.weight <= MAX_WEIGHT:
        raise InvalidInput("weight", "use a whole number from 0 to %(most)s", most=MAX_WEIGHT)
    same_name = find_by_name(session, campaign_id, plan.name)
    if same_name is not None and same_name is not tier:
        raise Conflict("another tier of this campaign is called “%(name)s”", name=plan.name)
    if falls_back:
        _check_fallback(session, campaign_id, plan.fallback_id, tier)
    return plan


def _in_whole_seconds(limits: Limits) -> Limits:
    """As the odds table holds them."""
    opens, closes = (
        moment and moment.replace(microsecond=0) for moment in (limits.opens_at, limits.closes_at)
    )
    return replace(limits, opens_at=opens, closes_at=closes)


def _check_fallback(session: Session, campaign_id: UUID, fallback_id: UUID | None, tier: Tier | None) -> None:
    if fallback_id is None:
        raise InvalidInput("fallback_id", "choose the tier to fall back to")
    if tier is not None and fallback_id == tier.id:
        raise InvalidInput("fallback_id", "a tier cannot fall back to itself")
    fallback = session.get(Tier, fallback_id)
    if fallback is None or fallback.campaign_id != campaign_id or fallback.removed_at is not None:
        raise InvalidInput("fallback_id", "choose a tier of this campaign to fall back to")
