"""The drain brake: where one tier wins more within an hour than is plausible, or one network has an unusual
share of its wins, staff are told, or the tier is slowed, or switched off.

Slowed or switched off is an ordinary change of the odds: a new odds table, and a record in the audit list. A
tier that is let go again starts afresh: what was won before is not held against it.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction
from math import ceil
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.alerts import AlertKind, Beyond, Brake, Why, exceeded, unusual_share
from app.domain.chance import Rng
from app.domain.eligibility import Stage, stage
from app.domain.errors import Conflict, InvalidInput, StaleEdit
from app.domain.forecast import mean_odds
from app.models import Alert, Award, AwardStatus, Campaign, Entry, Tier
from app.services import alerts, counts, figures, preview, tiers, watching
from app.services.alerts import Due
from app.services.audit import Actor
from app.services.drawn import is_drawn
from app.services.entries import window_of
from app.services.tiers import TierPlan
from app.services.uow import unit_of_work
from app.services.watching import WatchPlan

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
ACTOR = Actor("drain brake")


@dataclass(frozen=True, slots=True)
class Drawn:
    """What was drawn in a while: entries by odds version, how many hit each tier, how many each tier gave."""

    entries: Mapping[int, int]
    hits: Mapping[UUID, int]
    wins: Mapping[UUID, int]


@dataclass(frozen=True, slots=True)
class Setting:
    """What holds for one tier: its own, or its campaign's."""

    brake: Brake
    most_per_hour: int | None
    plan_percent: int | None
    network: Fraction  # the share of its wins that one network may well have


def setting_of(plan: WatchPlan, own: watching.TierPlan | None) -> Setting:
    """The campaign's settings, with those of the tier before them."""
    own = own or watching.TierPlan()
    most = plan.most_per_hour if own.most_per_hour is None else own.most_per_hour
    return Setting(own.brake or plan.brake, most, own.plan_percent, Fraction(plan.network_percent, 100))


def watch(session: Session, campaign: Campaign, *, now: datetime, rng: Rng) -> None:
    """Look at the wins of the last hour, and at whose networks the last day's were, and do what the settings
    of the campaign and its tiers say.
    """
    plan, own = watching.plan_of(session, campaign.id), watching.tier_plans(session, campaign.id)
    reached = stage(window_of(campaign), now, is_archived=campaign.archived_at is not None)
    is_live = reached is Stage.LIVE
    looks = _Looks(session, campaign, now)
    listed = tiers.listing(session, campaign.id)
    _forget(session, campaign.id, [] if reached is Stage.ENDED else [tier.id for tier in listed], now=now)
    for tier in listed:
        setting = setting_of(plan, own.get(tier.id))
        is_watched = tier.enabled and is_live and setting.brake is not Brake.OFF
        for is_network in (False, True):
            beyond = None
            pulled = _pulled(session, campaign.id)  # what was done a moment ago counts
            last = pulled.get((tier.id, is_network))
            if is_watched:
                beyond = looks.beyond(tier, setting, last, is_network=is_network)
            if last is not None and last.over_at is None:
                if _is_over(tier, last, beyond):
                    _let_go(session, last.id, now=now)
            elif beyond is not None and not _is_held(pulled, tier.id):
                _pull(session, campaign, tier, beyond, setting, looks.planned(tier), now=now, rng=rng)


def _forget(session: Session, campaign_id: UUID, giving: Collection[UUID], *, now: datetime) -> None:
    """Let go of what was told of tiers that give nothing any more: there is nothing left to look at."""
    for (tier_id, _is_network), alert in _pulled(session, campaign_id).items():
        if alert.over_at is None and tier_id not in giving:
            _let_go(session, alert.id, now=now)


def held(session: Session, campaign_id: UUID) -> dict[UUID, Alert]:
    """The tiers that the brake has slowed or switched off, each with the alert that says so."""
    found = _pulled(session, campaign_id).values()
    return {alert.tier_id: alert for alert in found if alert.tier_id and _holds(alert)}


def _pulled(session: Session, campaign_id: UUID) -> dict[tuple[UUID, bool], Alert]:
    """The last time the brake was pulled, by tier, and by whether it was for a network."""
    query = select(Alert).where(Alert.campaign_id == campaign_id, Alert.kind == AlertKind.BRAKE)
    found = session.scalars(query.order_by(Alert.created_at, Alert.id))
    return {
        (alert.tier_id, alert.details.get("why") == Why.NETWORK): alert for alert in found if alert.tier_id
    }


def _holds(alert: Alert) -> bool:
    return alert.over_at is None and bool(alert.details["paused"] or alert.details.get("slowed"))


def _is_held(pulled: Mapping[tuple[UUID, bool], Alert], tier_id: UUID) -> bool:
    """One hold at a time: what the other undid could not be told."""
    return any(key[0] == tier_id and _holds(alert) for key, alert in pulled.items())


def _is_over(tier: Tier, alert: Alert, beyond: Beyond | None) -> bool:
    """Whether it was switched on or let go by hand; or told only, and over by now."""
    if not tier.enabled:
        return False
    slowed: int | None = alert.details.get("slowed")
    if slowed is not None:
        return tier.per_hour != slowed
    return bool(alert.details["paused"]) or beyond is None


class _Looks:
    """One look at the wins of a campaign: what several tiers ask is read once."""

    def __init__(self, session: Session, campaign: Campaign, now: datetime) -> None:
        self._session = session
        self._campaign = campaign
        self._now = now
        self._tables = figures.tables(session, campaign.id)
        self._left = {level.odds.id: level.left for level in preview.pool_of(session, campaign, now).levels}
        self._seen: dict[datetime, Drawn] = {}
        self._shares: dict[datetime, dict[UUID, list[int]]] = {}

    def beyond(self, tier: Tier, setting: Setting, last: Alert | None, *, is_network: bool) -> Beyond | None:
        """What the tier's wins went beyond since the brake was last let go, if they did."""
        since = self._now - (DAY if is_network else HOUR)
        if last is not None and last.over_at is not None:
            since = max(since, last.over_at)
        if is_network:
            return unusual_share(self._by_network(since).get(tier.id, []), setting.network)
        drawn = self._drawn(since)
        by_odds = []
        for version, count in drawn.entries.items():
            table = self._tables[version]
            weight = sum(line.weight for line in table.tiers if line.id == tier.id)
            by_odds.append((count, Fraction(weight, table.total)))
        planned = self.planned(tier, since) if setting.plan_percent is not None else None
        return exceeded(
            sum(drawn.entries.values()),
            drawn.hits.get(tier.id, 0),
            mean_odds(by_odds),
            drawn.wins.get(tier.id, 0),
            setting.most_per_hour,
            planned and planned * Fraction(setting.plan_percent or 0, 100),
        )

    def planned(self, tier: Tier, since: datetime | None = None) -> Fraction | None:
        """What the tier was to give since that moment (an hour ago): what was left then, spread evenly until
        the end. None without an end.
        """
        since = since or self._now - HOUR
        ends = min(
            (end for end in (tier.closes_at, self._campaign.closes_at) if end is not None), default=None
        )
        if ends is None or ends <= self._now:
            return None
        left = self._left.get(tier.id, 0) + self._drawn(since).wins.get(tier.id, 0)
        return left * Fraction((self._now - since) // _TICK, (ends - since) // _TICK)

    def _drawn(self, since: datetime) -> Drawn:
        if since not in self._seen:
            self._seen[since] = _drawn(self._session, self._campaign.id, since)
        return self._seen[since]

    def _by_network(self, since: datetime) -> dict[UUID, list[int]]:
        if since not in self._shares:
            found: dict[UUID, list[int]] = {}
            for tier_id, wins in _by_network(self._session, self._campaign.id, since):
                found.setdefault(tier_id, []).append(wins)
            self._shares[since] = found
        return self._shares[since]


_TICK = timedelta(microseconds=1)


def _by_network(session: Session, campaign_id: UUID, since: datetime) -> Iterator[tuple[UUID, int]]:
    """How many wins that stand each network has of each tier. One network of two days counts as two."""
    rows = session.execute(
        select(Award.tier_id, func.count())
        .join(Entry, Entry.id == Award.entry_id)
        .where(Award.campaign_id == campaign_id, Award.created_at >= since, Award.status != AwardStatus.VOID)
        .where(Entry.network.is_not(None))
        .group_by(Award.tier_id, Entry.network)
    )
    return ((tier_id, wins) for tier_id, wins in rows)


def _drawn(session: Session, campaign_id: UUID, since: datetime) -> Drawn:
    rows = session.execute(
        select(Entry.odds_version, Entry.tier_hit_id, Entry.tier_awarded_id, func.count())
        .where(Entry.campaign_id == campaign_id, is_drawn(), Entry.created_at >= since)
        .group_by(Entry.odds_version, Entry.tier_hit_id, Entry.tier_awarded_id)
    )
    entries: dict[int, int] = {}
    hits: dict[UUID, int] = {}
    wins: dict[UUID, int] = {}
    for version, hit, awarded, count in rows:
        entries[version] = entries.get(version, 0) + count
        if hit is not None:
            hits[hit] = hits.get(hit, 0) + count
        if awarded is not None:
            wins[awarded] = wins.get(awarded, 0) + count
    return Drawn(entries, hits, wins)


def _pull(
    session: Session,
    campaign: Campaign,
    tier: Tier,
    beyond: Beyond,
    setting: Setting,
    planned: Fraction | None,
    *,
    now: datetime,
    rng: Rng,
) -> None:
    details: dict[str, Any] = {
        "tier": tier.name,
        "wins": beyond.wins,
        "limit": beyond.limit,
        "out_of": beyond.out_of,
        "why": beyond.why,
        "paused": setting.brake is Brake.PAUSE and _switch_off(session, tier, beyond, now=now),
    }
    if setting.brake is Brake.SLOW:
        before = tier.per_hour
        slowed = _slowed_to(tier, beyond, planned)
        if slowed is not None and _slow(session, tier, slowed, beyond, now=now):
            details |= {"slowed": slowed, "before": before}
    one = Due(AlertKind.BRAKE, f"{tier.id.hex}:{beyond.why}:{now.isoformat()}", details, tier.id)
    _tell(session, campaign.id, one, now=now, rng=rng)


def _slowed_to(tier: Tier, beyond: Beyond, planned: Fraction | None) -> int | None:
    """How many an hour it is to give: what was to be expected, after a network what all others won, and no
    more than was planned. None where it gives no more already.
    """
    expected = Fraction(beyond.out_of - beyond.wins, 24) if beyond.why is Why.NETWORK else beyond.limit
    slowed = max(1, ceil(expected if planned is None else min(expected, planned)))
    return None if tier.per_hour is not None and tier.per_hour <= slowed else slowed


def _switch_off(session: Session, tier: Tier, beyond: Beyond, *, now: datetime) -> bool:
    return _change(session, tier, replace(TierPlan.of(tier), enabled=False), beyond, now=now)


def _slow(session: Session, tier: Tier, per_hour: int, beyond: Beyond, *, now: datetime) -> bool:
    plan = replace(TierPlan.of(tier), limits=replace(tier.limits, per_hour=per_hour))
    return _change(session, tier, plan, beyond, now=now)


def _change(session: Session, tier: Tier, plan: TierPlan, beyond: Beyond, *, now: datetime) -> bool:
    """False where it cannot be: without the tier the weights would make no odds, or somebody was faster."""
    reason = f"{beyond.wins} wins within an hour"
    if beyond.why is Why.NETWORK:
        reason = f"{beyond.wins} of {beyond.out_of} wins by one network"
    try:
        tiers.edit(session, tier.id, plan, expected_version=tier.version, actor=ACTOR, now=now, reason=reason)
    except (Conflict, InvalidInput, StaleEdit):
        return False
    return True


@unit_of_work
def _tell(session: Session, campaign_id: UUID, one: Due, *, now: datetime, rng: Rng) -> None:
    counts.hold_watch(session, campaign_id)
    is_network = one.details["why"] == Why.NETWORK
    last = _pulled(session, campaign_id).get((one.tier_id, is_network)) if one.tier_id else None
    if last is None or last.over_at is not None:  # else another worker was faster
        alerts.tell(session, campaign_id, one, now=now, rng=rng)


@unit_of_work
def _let_go(session: Session, alert_id: UUID, *, now: datetime) -> None:
    alerts.get(session, alert_id).over_at = now


def resume(session: Session, alert_id: UUID, *, actor: Actor, now: datetime, reason: str = "") -> None:
    """Undo what the brake has done: switch the tier on again, or let it give as many an hour as before.

    Its wins are counted afresh. Raises NotFound, Conflict when the tier is gone.
    """
    alert = alerts.get(session, alert_id)
    if alert.kind is not AlertKind.BRAKE or alert.tier_id is None:
        raise Conflict("there is nothing to resume")
    tier = tiers.get(session, alert.tier_id)
    plan = replace(TierPlan.of(tier), enabled=True)
    slowed = alert.details.get("slowed")
    if slowed is not None and tier.per_hour == slowed:
        plan = replace(TierPlan.of(tier), limits=replace(tier.limits, per_hour=alert.details["before"]))
    tiers.edit(session, tier.id, plan, actor=actor, now=now, reason=reason)
    alerts.see(session, alert_id, actor=actor, now=now)
    _let_go(session, alert_id, now=now)
