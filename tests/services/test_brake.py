"""The drain brake: what is not plausible is told, or switched off, and let go with one act."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.domain.alerts import AlertKind, Brake
from app.domain.eligibility import CampaignStatus
from app.domain.errors import Conflict, InvalidInput, NotFound, StaleEdit
from app.models import Alert, Campaign, Entry, Tier
from app.services import alerts, audit, brake, campaigns, tiers, watching
from app.services.audit import COMMAND_LINE
from app.services.entries import submit_entry
from app.services.tiers import TierPlan
from app.services.watching import WatchPlan
from tests.support.factories import VAULT, TierSpec, make_campaign, submission
from tests.support.fakes import NOON, FakeRng

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
CHANCE = FakeRng(55)


def enter(session: Session, *numbers: int, now: datetime = NOON) -> None:
    for number in numbers:
        submit_entry(session, submission(number), now=now, rng=FakeRng(number), vault=VAULT)


def setting(session: Session, campaign: Campaign, chosen: Brake, most: int | None = None) -> None:
    plan = WatchPlan(chosen, most)
    watching.edit(session, campaign.id, plan, actor=COMMAND_LINE, now=NOON)


def watch(session: Session, campaign: Campaign, now: datetime = NOON) -> None:
    session.expire_all()
    brake.watch(session, campaign, now=now, rng=CHANCE)
    session.rollback()


def told(session: Session) -> list[tuple[int, int, bool]]:
    """How often the brake was pulled: wins, limit, and whether the tier was switched off."""
    found = session.scalars(select(Alert).where(Alert.kind == AlertKind.BRAKE).order_by(Alert.created_at))
    names = ("wins", "limit", "paused")
    return [tuple(alert.details[name] for name in names) for alert in found]


def is_on(session: Session, campaign: Campaign, name: str = "Gold") -> bool:
    session.expire_all()
    tier = tiers.find_by_name(session, campaign.id, name)
    assert tier is not None
    return tier.enabled


@pytest.fixture
def drained(session: Session) -> Campaign:
    """A campaign in which all of five entries won at odds of one in a thousand."""
    campaign = make_campaign(session, lose_weight=999)
    enter(session, *range(1, 6))
    gold = session.scalars(select(Tier)).one()
    win = {"tier_hit_id": gold.id, "tier_awarded_id": gold.id, "reason": "hit"}
    session.execute(update(Entry).values(win))
    session.commit()
    return campaign


def test_plausible_wins_pull_nothing(session: Session) -> None:
    campaign = make_campaign(session, [TierSpec("Gold"), TierSpec("Silver", weight=9)], lose_weight=10)
    setting(session, campaign, Brake.PAUSE)
    enter(session, *range(1, 13))
    watch(session, campaign)
    assert told(session) == []


def test_the_tier_is_switched_off_and_the_odds_and_the_audit_list_say_so(
    session: Session, drained: Campaign
) -> None:
    setting(session, drained, Brake.PAUSE)
    before = drained.odds_version
    watch(session, drained)
    assert told(session) == [(5, 2, True)]
    assert not is_on(session, drained)
    assert campaigns.get(session, "summer").odds_version == before + 1
    record = next(one for one in audit.latest(session) if one.action == "tier.edit")
    assert (record.actor, record.reason) == ("drain brake", "5 wins within an hour")
    watch(session, drained, NOON + MINUTE)
    assert len(told(session)) == 1


def test_one_act_switches_it_on_again_and_it_starts_afresh(session: Session, drained: Campaign) -> None:
    setting(session, drained, Brake.PAUSE)
    watch(session, drained)
    (alert,) = session.scalars(select(Alert)).all()
    brake.resume(session, alert.id, actor=COMMAND_LINE, now=NOON + MINUTE)
    assert is_on(session, drained)
    assert alerts.open_ones(session, [drained.id]) == []
    watch(session, drained, NOON + 2 * MINUTE)
    assert is_on(session, drained)
    assert len(told(session)) == 1


def test_switched_on_by_hand_is_let_go_too(session: Session, drained: Campaign) -> None:
    setting(session, drained, Brake.PAUSE)
    watch(session, drained)
    session.expire_all()
    tier = session.scalars(select(Tier)).one()
    plan = replace(TierPlan.of(tier), enabled=True)
    tiers.edit(session, tier.id, plan, actor=COMMAND_LINE, now=NOON)
    for minutes in (1, 2):
        watch(session, drained, NOON + minutes * MINUTE)
    assert is_on(session, drained)
    assert len(told(session)) == 1
    assert alerts.open_ones(session, [drained.id]) == []


def test_a_warning_leaves_the_tier_on_and_is_over_with_the_hour(session: Session, drained: Campaign) -> None:
    watch(session, drained)
    watch(session, drained, NOON + MINUTE)
    assert told(session) == [(5, 2, False)]
    assert is_on(session, drained)
    assert len(alerts.open_ones(session, [drained.id])) == 1
    watch(session, drained, NOON + HOUR + MINUTE)
    assert alerts.open_ones(session, [drained.id]) == []


@pytest.mark.parametrize(("chosen", "status"), [(Brake.OFF, None), (Brake.PAUSE, CampaignStatus.PAUSED)])
def test_nothing_is_done_where_it_is_off_or_nobody_can_enter(
    session: Session, drained: Campaign, chosen: Brake, status: CampaignStatus | None
) -> None:
    setting(session, drained, chosen)
    if status is not None:
        campaigns.set_status(session, drained.id, status, actor=COMMAND_LINE, now=NOON)
    watch(session, drained)
    assert told(session) == []


def test_a_number_of_ones_own_is_enough(session: Session) -> None:
    campaign = make_campaign(session, [TierSpec("Gold"), TierSpec("Silver")])
    setting(session, campaign, Brake.PAUSE, most=2)
    enter(session, *range(1, 11), now=NOON - HOUR - MINUTE)
    watch(session, campaign)
    assert told(session) == []
    enter(session, *range(11, 21))
    watch(session, campaign)
    assert {(limit, paused) for _wins, limit, paused in told(session)} >= {(2, True)}


def test_the_last_tier_without_a_chance_to_lose_stays_on_and_staff_are_told(session: Session) -> None:
    campaign = make_campaign(session)
    setting(session, campaign, Brake.PAUSE, most=2)
    enter(session, 1, 2, 3)
    watch(session, campaign)
    assert told(session) == [(3, 2, False)]
    assert is_on(session, campaign)


def test_another_worker_that_was_faster_is_enough(session: Session, drained: Campaign) -> None:
    tier = session.scalars(select(Tier)).one()
    for minutes in (0, 1):
        now = NOON + minutes * MINUTE
        brake._pull(session, drained, tier, 5, 1, Brake.WARN, now=now, rng=CHANCE)
    assert len(told(session)) == 1


def test_only_what_the_brake_pulled_can_be_resumed(session: Session, drained: Campaign) -> None:
    found = alerts.Due(AlertKind.ENDS, "x", {"at": NOON.isoformat()})
    (alert,) = alerts.keep_up(session, drained.id, [found], now=NOON, rng=CHANCE)
    with pytest.raises(Conflict, match="nothing to resume"):
        brake.resume(session, alert.id, actor=COMMAND_LINE, now=NOON)
    with pytest.raises(NotFound):
        brake.resume(session, drained.id, actor=COMMAND_LINE, now=NOON)


def test_settings_are_checked_and_recorded(session: Session, drained: Campaign) -> None:
    plan = WatchPlan(Brake.PAUSE, 5, 20)
    for _ in range(2):
        watching.edit(session, drained.id, plan, actor=COMMAND_LINE, now=NOON)
    assert watching.plan_of(session, drained.id) == plan
    assert watching.version_of(session, drained.id) == 1
    record = audit.latest(session, limit=1)[0]
    assert (record.action, record.after) == (
        "watch.edit",
        {"brake": "pause", "most_per_hour": 5, "low_percent": 20},
    )
    with pytest.raises(StaleEdit):
        watching.edit(session, drained.id, plan, expected_version=0, actor=COMMAND_LINE, now=NOON)
    for wrong, field in (
        (WatchPlan(low_percent=0), "low_percent"),
        (WatchPlan(most_per_hour=0), "most_per_hour"),
    ):
        with pytest.raises(InvalidInput) as refused:
            watching.edit(session, drained.id, wrong, actor=COMMAND_LINE, now=NOON)
        assert refused.value.field == field
