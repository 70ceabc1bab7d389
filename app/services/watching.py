"""Watching: what a campaign's dashboard shows, and the settings of what it is watched for."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import timeline
from app.domain.alerts import Brake, threshold_of
from app.domain.errors import InvalidInput, StaleEdit
from app.domain.forecast import Forecast, Rate, Unknown, rate_of
from app.domain.timeline import Count, Day, Hour, quarter_of
from app.models import Campaign, Prize, Tier, TierWatch, Watch
from app.services import audit, campaigns, counts, figures, preview, prizes, refusals, standing, tiers
from app.services.audit import Actor
from app.services.figures import CampaignFigures, Stated
from app.services.prizes import Stock
from app.services.uow import unit_of_work

RATE_HOURS = 24
CHART_HOURS = 48
CHART_DAYS = 60
MOST_WINS = 2**31 - 1
LEAST_PLAN = 100  # percent: no less than the plan itself


@dataclass(frozen=True, slots=True)
class PrizeLine:
    """A prize with its stock; `forecast` is that of its tier."""

    prize: Prize
    tier: Tier
    stock: Stock
    threshold: int
    forecast: Forecast


@dataclass(frozen=True, slots=True)
class Dashboard:
    """What a campaign has come to, and where it goes."""

    figures: CampaignFigures
    stated: Stated
    prizes: tuple[PrizeLine, ...]
    refusals: tuple[tuple[str, int], ...]
    hours: tuple[Hour, ...]
    days: tuple[Day, ...]


@dataclass(frozen=True, slots=True)
class WatchPlan:
    """What staff decide about the watching of a campaign; see app.models.Watch."""

    brake: Brake = Brake.WARN
    most_per_hour: int | None = None
    low_percent: int = 10
    network_percent: int = 20


@dataclass(frozen=True, slots=True)
class TierPlan:
    """What staff decide about the brake of one tier; None: as its campaign. See app.models.TierWatch."""

    brake: Brake | None = None
    most_per_hour: int | None = None
    plan_percent: int | None = None


def dashboard(session: Session, campaign: Campaign, *, now: datetime) -> Dashboard:
    """All figures of one campaign, in a fixed number of queries."""
    counted = counts.counted(session, campaign.id)
    stock = prizes.stock_by_prize(session, campaign.id)
    void = standing.voided(session, campaign.id)
    zone, stands = ZoneInfo(campaign.timezone), standing.without(counted, void)
    return Dashboard(
        figures.campaign_figures(session, campaign.id, counted, stock, void),
        figures.against_odds(session, campaign.id, counted),
        tuple(prize_lines(session, campaign, counted, stock, now=now)),
        tuple(refusals.by_reason(session, campaign.id)),
        tuple(timeline.hours(stands, zone, now, CHART_HOURS)),
        tuple(timeline.days(stands, zone, now, CHART_DAYS)),
    )


def prize_lines(
    session: Session,
    campaign: Campaign,
    counted: Sequence[Count],
    stock: dict[UUID, Stock],
    *,
    now: datetime,
) -> list[PrizeLine]:
    """The campaign's prizes in draw order, with the stock given and a forecast."""
    by_id = {tier.id: tier for tier in tiers.listing(session, campaign.id)}
    listed = [prize for prize in prizes.listing(session, campaign.id) if prize.tier_id in by_id]
    units = {prize.id: stock.get(prize.id, Stock()) for prize in listed}
    pool = preview.pool_of(session, campaign, now)
    foretold = pool.run_outs(entry_rate(counted, now), now, campaign.closes_at)
    percent = plan_of(session, campaign.id).low_percent
    return [
        PrizeLine(
            prize,
            by_id[prize.tier_id],
            units[prize.id],
            _threshold(prize, units[prize.id], percent),
            foretold.get(prize.tier_id, Unknown()),
        )
        for prize in sorted(listed, key=lambda prize: list(by_id).index(prize.tier_id))
    ]


def _threshold(prize: Prize, units: Stock, percent: int) -> int:
    """The prize's own threshold, else the campaign's."""
    if prize.low_stock is not None:
        return prize.low_stock
    return threshold_of(units.total, prize.low_stock_percent or percent)


def entry_rate(counted: Sequence[Count], now: datetime) -> Rate:
    """Entries per hour out of the last whole hours, a day of them at most, since the first entry."""
    end = quarter_of(now)
    first = min((row.quarter for row in counted), default=end)
    by_hour = [0] * min(RATE_HOURS, (end - first) // 4)
    for row in counted:
        back = (end - 1 - row.quarter) // 4
        if 0 <= back < len(by_hour):
            by_hour[-1 - back] += row.entries
    return rate_of(by_hour)


def last_hours(session: Session, campaign: Campaign, how_many: int, *, now: datetime) -> list[Hour]:
    """The campaign's last hours, for a tiny chart."""
    counted = counts.counted(session, campaign.id, now - timedelta(hours=how_many))
    counted = standing.without(counted, standing.voided(session, campaign.id))
    return timeline.hours(counted, ZoneInfo(campaign.timezone), now, how_many)


def plan_of(session: Session, campaign_id: UUID) -> WatchPlan:
    """What the campaign is watched for."""
    watch = session.get(Watch, campaign_id)
    if watch is None:
        return WatchPlan()
    return WatchPlan(watch.brake, watch.most_per_hour, watch.low_percent, watch.network_percent)


def tier_plans(session: Session, campaign_id: UUID) -> dict[UUID, TierPlan]:
    """The campaign's tiers whose brake has settings of its own."""
    query = select(TierWatch).join(Tier, Tier.id == TierWatch.tier_id).where(Tier.campaign_id == campaign_id)
    return {
        row.tier_id: TierPlan(row.brake, row.most_per_hour, row.plan_percent)
        for row in session.scalars(query)
    }


def version_of(session: Session, campaign_id: UUID) -> int:
    """How often the settings were saved, for the form that changes them."""
    watch = session.get(Watch, campaign_id)
    return watch.version if watch else 0


@unit_of_work
def edit(
    session: Session,
    campaign_id: UUID,
    plan: WatchPlan,
    *,
    expected_version: int | None = None,
    actor: Actor,
    now: datetime,
    reason: str = "",
) -> WatchPlan:
    """Change what the campaign is watched for.

    Raises NotFound, StaleEdit when somebody else saved meanwhile, InvalidInput for a wrong field.
    """
    campaign = campaigns.get_by_id(session, campaign_id)
    _check(plan)
    watch = _hold(session, campaign_id, expected_version)
    before, after = audit.change(watch, asdict(plan))
    if after:
        watch.version += 1
        audit.record(
            session,
            actor,
            "watch.edit",
            campaign.slug,
            now=now,
            campaign_id=campaign_id,
            before=before,
            after=after,
            reason=reason,
        )
    return plan


@unit_of_work
def edit_tier(
    session: Session,
    tier_id: UUID,
    plan: TierPlan,
    *,
    expected_version: int | None = None,
    actor: Actor,
    now: datetime,
    reason: str = "",
) -> TierPlan:
    """Change what the brake does about one tier; the version is that of the campaign's settings.

    Raises NotFound, StaleEdit when somebody else saved meanwhile, InvalidInput for a wrong field.
    """
    tier = tiers.get(session, tier_id)
    _within("most_per_hour", plan.most_per_hour, 1)
    _within("plan_percent", plan.plan_percent, LEAST_PLAN)
    watch = _hold(session, tier.campaign_id, expected_version)
    own = session.get(TierWatch, tier_id)
    if own is None:
        own = TierWatch(tier_id=tier_id)
        session.add(own)
    before, after = audit.change(own, asdict(plan))
    if after:
        watch.version += 1
        audit.record(
            session,
            actor,
            "watch.tier",
            tier.name,
            now=now,
            campaign_id=tier.campaign_id,
            before=before,
            after=after,
            reason=reason,
        )
    return plan


def _hold(session: Session, campaign_id: UUID, expected_version: int | None) -> Watch:
    watch = counts.hold_watch(session, campaign_id)
    if expected_version is not None and watch.version != expected_version:
        raise StaleEdit("somebody else has saved these settings meanwhile; look at the new values first")
    return watch


def _check(plan: WatchPlan) -> None:
    for name in ("low_percent", "network_percent"):
        if not 1 <= getattr(plan, name) <= 100:
            raise InvalidInput(name, "use a whole number from 1 to 100")
    _within("most_per_hour", plan.most_per_hour, 1)


def _within(name: str, value: int | None, least: int) -> None:
    if value is not None and not least <= value <= MOST_WINS:
        raise InvalidInput(name, "use a whole number from %(least)s to %(most)s", least=least, most=MOST_WINS)
