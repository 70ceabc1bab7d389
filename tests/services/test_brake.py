"""The drain brake: what is not plausible is told, or switched off, and let go with one act."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.domain.alerts import AlertKind, Beyond, Brake, Why, said
from app.domain.eligibility import CampaignStatus
from app.domain.errors import Conflict, InvalidInput, NotFound, StaleEdit
from app.domain.odds import Limits
from app.models import Alert, Award, Campaign, Entry, Tier
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


@pytest.mark.parametrize("is_removed", [False, True])
def test_what_gives_no_more_is_looked_at_no_more(
    session: Session, drained: Campaign, is_removed: bool
) -> None:
    setting(session, drained, Brake.PAUSE)
    watch(session, drained)
    assert len(alerts.open_ones(session, [drained.id])) == 1
    (gold,) = tiers.listing(session, drained.id)
    if is_removed:
        tiers.remove(session, gold.id, actor=COMMAND_LINE, now=NOON)
    else:
        campaigns.set_status(session, drained.id, CampaignStatus.CLOSED, actor=COMMAND_LINE, now=NOON)
    watch(session, drained, NOON + MINUTE)
    assert alerts.open_ones(session, [drained.id]) == []
    watch(session, drained, NOON + 2 * MINUTE)
    assert len(told(session)) == 1


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
        beyond, setting = Beyond(Why.ODDS, 5, 1, 5), brake.setting_of(WatchPlan(Brake.WARN), None)
        brake._pull(session, drained, tier, beyond, setting, None, now=now, rng=CHANCE)
    assert len(told(session)) == 1


def test_only_what_the_brake_pulled_can_be_resumed(session: Session, drained: Campaign) -> None:
    found = alerts.Due(AlertKind.ENDS, "x", {"at": NOON.isoformat()})
    (alert,) = alerts.keep_up(session, drained.id, [found], now=NOON, rng=CHANCE)
    with pytest.raises(Conflict, match="nothing to resume"):
        brake.resume(session, alert.id, actor=COMMAND_LINE, now=NOON)
    with pytest.raises(NotFound):
        brake.resume(session, drained.id, actor=COMMAND_LINE, now=NOON)


def test_settings_are_checked_and_recorded(session: Session, drained: Campaign) -> None:
    plan = WatchPlan(Brake.PAUSE, 5, 20, 30)
    for _ in range(2):
        watching.edit(session, drained.id, plan, actor=COMMAND_LINE, now=NOON)
    assert watching.plan_of(session, drained.id) == plan
    assert watching.version_of(session, drained.id) == 1
    record = audit.latest(session, limit=1)[0]
    assert (record.action, record.after) == (
        "watch.edit",
        {"brake": "pause", "most_per_hour": 5, "low_percent": 20, "network_percent": 30},
    )
    with pytest.raises(StaleEdit):
        watching.edit(session, drained.id, plan, expected_version=0, actor=COMMAND_LINE, now=NOON)
    for wrong, field in (
        (WatchPlan(low_percent=0), "low_percent"),
        (WatchPlan(most_per_hour=0), "most_per_hour"),
        (WatchPlan(network_percent=101), "network_percent"),
    ):
        with pytest.raises(InvalidInput) as refused:
            watching.edit(session, drained.id, wrong, actor=COMMAND_LINE, now=NOON)
        assert refused.value.field == field


# --- One tier, slower ---------------------------------------------------------------------------------------


def tier_of(session: Session, campaign: Campaign, name: str = "Gold") -> Tier:
    session.expire_all()
    tier = tiers.find_by_name(session, campaign.id, name)
    assert tier is not None
    return tier


def set_tier(session: Session, tier: Tier, plan: watching.TierPlan) -> None:
    watching.edit_tier(session, tier.id, plan, actor=COMMAND_LINE, now=NOON)


def last_alert(session: Session) -> Alert:
    session.expire_all()
    query = select(Alert).where(Alert.kind == AlertKind.BRAKE).order_by(Alert.created_at.desc())
    return session.scalars(query).first() or pytest.fail("no alert")


@pytest.mark.parametrize("before", [None, 50])
def test_a_slowed_tier_gives_what_was_to_be_expected_until_one_act(
    session: Session, drained: Campaign, before: int | None
) -> None:
    setting(session, drained, Brake.SLOW)
    gold = tier_of(session, drained)
    plan = replace(TierPlan.of(gold), limits=Limits(per_hour=before))
    tiers.edit(session, gold.id, plan, actor=COMMAND_LINE, now=NOON)
    version = campaigns.get(session, "summer").odds_version
    watch(session, drained)
    gold = tier_of(session, drained)
    assert (gold.enabled, gold.per_hour) == (True, 2)
    assert campaigns.get(session, "summer").odds_version == version + 1
    record = next(one for one in audit.latest(session) if one.action == "tier.edit")
    assert (record.actor, record.after["per_hour"] if record.after else None) == ("drain brake", 2)
    alert = last_alert(session)
    assert brake.held(session, drained.id) == {gold.id: alert}
    assert "lets “%(tier)s” give" in said(alert.kind, alert.details).template
    watch(session, drained, NOON + MINUTE)
    assert len(told(session)) == 1
    brake.resume(session, alert.id, actor=COMMAND_LINE, now=NOON + MINUTE)
    gold = tier_of(session, drained)
    assert (gold.enabled, gold.per_hour) == (True, before)
    assert brake.held(session, drained.id) == {}


def test_a_limit_changed_by_hand_lets_the_brake_go_and_stays(session: Session, drained: Campaign) -> None:
    setting(session, drained, Brake.SLOW)
    watch(session, drained)
    gold = tier_of(session, drained)
    plan = replace(TierPlan.of(gold), limits=Limits(per_hour=9))
    tiers.edit(session, gold.id, plan, actor=COMMAND_LINE, now=NOON)
    watch(session, drained, NOON + MINUTE)
    assert brake.held(session, drained.id) == {}
    brake.resume(session, last_alert(session).id, actor=COMMAND_LINE, now=NOON + 2 * MINUTE)
    assert tier_of(session, drained).per_hour == 9


def test_where_a_tier_gives_no_more_already_staff_are_told(session: Session, drained: Campaign) -> None:
    setting(session, drained, Brake.SLOW)
    gold = tier_of(session, drained)
    plan = replace(TierPlan.of(gold), limits=Limits(per_hour=2))
    tiers.edit(session, gold.id, plan, actor=COMMAND_LINE, now=NOON)
    watch(session, drained)
    assert "slowed" not in last_alert(session).details
    assert brake.held(session, drained.id) == {}


def test_each_tier_may_have_a_setting_of_its_own(session: Session) -> None:
    campaign = make_campaign(session, [TierSpec("Gold", codes=20), TierSpec("Silver", codes=20)])
    setting(session, campaign, Brake.OFF, most=1)
    set_tier(session, tier_of(session, campaign), watching.TierPlan(Brake.PAUSE, 2))
    enter(session, *range(1, 21))
    watch(session, campaign)
    assert not is_on(session, campaign)
    assert is_on(session, campaign, "Silver")
    assert [limit for _wins, limit, _paused in told(session)] == [2]


@pytest.mark.parametrize(
    ("ends", "is_pulled"), [(timedelta(hours=300), True), (timedelta(hours=8), False), (None, False)]
)
def test_wins_far_ahead_of_the_plan_pull_it(
    session: Session, ends: timedelta | None, is_pulled: bool
) -> None:
    closes_at = NOON + ends if ends else None
    campaign = make_campaign(session, [TierSpec("Gold", codes=200)], lose_weight=1, closes_at=closes_at)
    enter(session, *range(1, 60))
    gold = tier_of(session, campaign)
    watch(session, campaign, NOON + MINUTE)
    set_tier(session, gold, watching.TierPlan(Brake.SLOW, plan_percent=200))
    watch(session, campaign, NOON + MINUTE)
    assert bool(told(session)) is is_pulled
    assert tier_of(session, campaign).per_hour == (1 if is_pulled else None)
    if is_pulled:
        assert last_alert(session).details["why"] == Why.PLAN


def test_settings_of_a_tier_are_checked_and_recorded(session: Session, drained: Campaign) -> None:
    gold = tier_of(session, drained)
    plan = watching.TierPlan(Brake.SLOW, 5, 300)
    for _ in range(2):
        set_tier(session, gold, plan)
    assert watching.tier_plans(session, drained.id) == {gold.id: plan}
    assert watching.version_of(session, drained.id) == 1
    record = audit.latest(session, limit=1)[0]
    assert (record.action, record.subject, record.after) == (
        "watch.tier",
        "Gold",
        {"brake": "slow", "most_per_hour": 5, "plan_percent": 300},
    )
    with pytest.raises(StaleEdit):
        watching.edit_tier(session, gold.id, plan, expected_version=0, actor=COMMAND_LINE, now=NOON)
    for wrong, field in (
        (watching.TierPlan(plan_percent=99), "plan_percent"),
        (watching.TierPlan(most_per_hour=0), "most_per_hour"),
    ):
        with pytest.raises(InvalidInput) as refused:
            set_tier(session, gold, wrong)
        assert refused.value.field == field


# --- One network --------------------------------------------------------------------------------------------


def enter_from(
    session: Session, networks: Sequence[bytes | None], now: datetime = NOON, first: int = 1
) -> None:
    for number, network in enumerate(networks, start=first):
        one = submission(number, network=network)
        submit_entry(session, one, now=now, rng=FakeRng(number), vault=VAULT)


ONE = b"one network."
MANY = [bytes([number]) * 12 for number in range(8)]


@pytest.mark.parametrize(
    ("chosen", "is_enabled", "per_hour"),
    [(Brake.WARN, True, None), (Brake.PAUSE, False, None), (Brake.SLOW, True, 1)],
)
def test_a_network_with_an_unusual_share_of_the_wins_pulls_it(
    session: Session, chosen: Brake, is_enabled: bool, per_hour: int | None
) -> None:
    campaign = make_campaign(session, [TierSpec("Gold", weight=50, codes=200)], lose_weight=1)
    setting(session, campaign, chosen)
    enter_from(session, [*MANY, *[ONE] * 20, *[None] * 3])
    watch(session, campaign, NOON + 12 * HOUR)
    gold = tier_of(session, campaign)
    assert (gold.enabled, gold.per_hour) == (is_enabled, per_hour)
    alert = last_alert(session)
    assert (alert.details["why"], alert.details["wins"] > alert.details["limit"]) == ("network", True)
    assert "ne network had" in said(alert.kind, alert.details).template
    watch(session, campaign, NOON + 12 * HOUR + MINUTE)
    assert len(told(session)) == 1
    brake.resume(session, alert.id, actor=COMMAND_LINE, now=NOON + 13 * HOUR)
    watch(session, campaign, NOON + 13 * HOUR)
    assert (len(told(session)), brake.held(session, campaign.id)) == (1, {})
    assert tier_of(session, campaign).per_hour is None


def test_an_office_many_networks_and_void_wins_pull_nothing(session: Session) -> None:
    campaign = make_campaign(session, [TierSpec("Gold", weight=99, codes=200)], lose_weight=1)
    setting(session, campaign, Brake.PAUSE)
    enter_from(session, [ONE] * 9)
    watch(session, campaign, NOON + 2 * HOUR)
    enter_from(session, MANY * 5, first=20)
    watch(session, campaign, NOON + 2 * HOUR)
    enter_from(session, [ONE] * 50, first=100)
    void = {"status": "void", "voided_at": NOON}
    session.execute(update(Award).values(void))
    session.commit()
    watch(session, campaign, NOON + 2 * HOUR)
    assert told(session) == []


def test_what_is_held_is_not_held_twice(session: Session) -> None:
    campaign = make_campaign(session, [TierSpec("Gold", weight=50, codes=200)], lose_weight=1)
    setting(session, campaign, Brake.SLOW, most=5)
    enter_from(session, [ONE] * 30)
    watch(session, campaign)
    watch(session, campaign, NOON + MINUTE)
    assert [alert.details["why"] for alert in session.scalars(select(Alert))] == ["most"]
    assert tier_of(session, campaign).per_hour == 5
