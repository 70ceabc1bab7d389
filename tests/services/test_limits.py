"""Limits of tiers: how many, in which period, to whom and when; and drawing again among the rest."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.domain.eligibility import EntryLimit
from app.domain.errors import InvalidInput
from app.domain.odds import Limits, OnEmpty
from app.domain.outcomes import AwardReason, Lost, Outcome, Won
from app.models import AuditRecord, Campaign, Entry, Tier, TierUse
from app.services import odds, tiers
from app.services.audit import COMMAND_LINE
from app.services.check import check
from app.services.entries import submit_entry
from app.services.limits import recount
from app.services.tiers import TierPlan
from tests.support.factories import VAULT, TierSpec, make_campaign, submission
from tests.support.fakes import NOON, FakeRng

Enter = Callable[..., Outcome]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def enter(session: Session) -> Enter:
    rng = FakeRng(7)

    def submit(number: int, now: datetime = NOON, **changes: str) -> Outcome:
        return submit_entry(session, submission(number, **changes), now=now, rng=rng, vault=VAULT)  # type: ignore[arg-type]

    return submit


def limit(session: Session, campaign: Campaign, name: str = "Gold", **limits: object) -> Tier:
    tier = tiers.find_by_name(session, campaign.id, name)
    assert tier is not None
    plan = replace(TierPlan.of(tier), limits=Limits(**limits))  # type: ignore[arg-type]
    return tiers.edit(session, tier.id, plan, actor=COMMAND_LINE, now=NOON)


def wins(outcomes: list[Outcome]) -> int:
    return sum(isinstance(outcome, Won) for outcome in outcomes)


def used(session: Session) -> dict[str, int]:
    return dict(session.execute(select(TierUse.period, TierUse.used)).all())


def room(session: Session) -> str:
    """What `check` says of limits; nothing when they were kept."""
    return next((each.detail for each in check(session, VAULT) if each.name == "room" and not each.ok), "")


def test_an_hour_gives_so_many_and_the_next_hour_again(session: Session, enter: Enter) -> None:
    limit(session, make_campaign(session, [TierSpec("Gold", codes=9)]), per_hour=2)
    assert wins([enter(number) for number in range(1, 5)]) == 2
    assert wins([enter(number, NOON + HOUR) for number in range(5, 9)]) == 2
    assert used(session) == {"2030-06-15T12Z": 2, "2030-06-15T13Z": 2}
    assert room(session) == ""
    reasons = Counter(session.scalars(select(Entry.reason)))
    assert reasons == {AwardReason.HIT: 4, AwardReason.EMPTY: 4}


def test_a_day_is_one_of_the_campaigns_zone(session: Session, enter: Enter) -> None:
    campaign = make_campaign(session, [TierSpec("Gold", codes=9)], timezone="Europe/Istanbul")
    limit(session, campaign, per_day=1)
    last_minute = datetime(2030, 6, 15, 20, 59, tzinfo=UTC)
    assert wins([enter(1, last_minute), enter(2, last_minute)]) == 1
    assert wins([enter(3, last_minute + timedelta(minutes=1))]) == 1
    assert used(session) == {"2030-06-15": 1, "2030-06-16": 1}
    assert room(session) == ""


def test_in_all(session: Session, enter: Enter) -> None:
    limit(session, make_campaign(session, [TierSpec("Gold", codes=9)]), in_all=3)
    assert wins([enter(number, NOON + number * DAY) for number in range(1, 8)]) == 3
    assert used(session) == {"all": 3}


def test_one_person_wins_a_tier_so_often(session: Session, enter: Enter) -> None:
    campaign = make_campaign(session, [TierSpec("Gold", codes=9)], limit=EntryLimit.DAILY)
    limit(session, campaign, per_person=2)
    mine = [enter(day, NOON + day * DAY, email="ayse@example.org") for day in range(1, 5)]
    assert wins(mine) == 2
    assert isinstance(enter(9, email="other@example.org"), Won)
    assert used(session) == {}, "people have rows of their own to be counted by"
    assert room(session) == ""


def test_a_tier_gives_in_its_time_only(session: Session, enter: Enter) -> None:
    campaign = make_campaign(session, [TierSpec("Gold", codes=9)])
    limit(session, campaign, opens_at=NOON + HOUR, closes_at=NOON + 2 * HOUR)
    given = [enter(number, NOON + number * HOUR) for number in range(3)]
    assert [isinstance(outcome, Won) for outcome in given] == [False, True, False]
    assert room(session) == ""


def test_what_is_taken_of_one_limit_is_given_back_when_the_next_is_reached(
    session: Session, enter: Enter
) -> None:
    limit(session, make_campaign(session, [TierSpec("Gold", codes=9)]), per_hour=5, per_day=6, in_all=1)
    assert wins([enter(1), enter(2)]) == 1
    assert used(session) == {"2030-06-15T12Z": 1, "2030-06-15": 1, "all": 1}


def test_an_empty_tier_uses_up_no_limit(session: Session, enter: Enter) -> None:
    limit(session, make_campaign(session, [TierSpec("Gold", codes=1)]), per_hour=5, in_all=9)
    assert wins([enter(1), enter(2)]) == 1
    assert used(session) == {"2030-06-15T12Z": 1, "all": 1}


def test_a_limit_that_is_reached_falls_to_another_tier(session: Session, enter: Enter) -> None:
    campaign = make_campaign(session, [TierSpec("Silver", 0, codes=9), TierSpec("Gold", 1, 9, "Silver")])
    limit(session, campaign, per_hour=1)
    assert [getattr(enter(number), "tier", None) for number in (1, 2, 3)] == ["Gold", "Silver", "Silver"]
    assert room(session) == ""


def test_limits_set_later_count_what_was_won_before(session: Session, enter: Enter) -> None:
    campaign = make_campaign(session, [TierSpec("Gold", codes=9)])
    enter(1, NOON - DAY)
    enter(2, NOON - HOUR)
    enter(3)
    limit(session, campaign, per_hour=9, per_day=9, in_all=4)
    assert used(session) == {"2030-06-15T12Z": 1, "2030-06-15": 2, "all": 3}
    assert wins([enter(4), enter(5)]) == 1
    limit(session, campaign)
    assert wins([enter(6)]) == 1
    limit(session, campaign, in_all=5)
    assert used(session)["all"] == 5
    assert isinstance(enter(7), Lost)


def test_what_an_hour_has_given_is_not_forgotten_when_the_clock_is_set_back(
    session: Session, enter: Enter
) -> None:
    campaign = make_campaign(session, [TierSpec("Gold", codes=9)])
    limit(session, campaign, per_hour=2)
    assert wins([enter(1), enter(2, NOON + HOUR), enter(3, NOON + HOUR)]) == 3
    limit(session, campaign, per_hour=1)
    assert used(session) == {"2030-06-15T12Z": 1, "2030-06-15T13Z": 2}
    assert wins([enter(4), enter(5, NOON + HOUR)]) == 0
    assert room(session) == ""


@pytest.mark.parametrize(("minute", "counted"), [(29, {"2030-06-15": 1}), (30, {"2030-06-16": 0})])
def test_a_day_may_begin_at_half_past_an_hour_of_utc(
    session: Session, enter: Enter, minute: int, counted: dict[str, int]
) -> None:
    campaign = make_campaign(session, [TierSpec("Gold", codes=9)], timezone="Asia/Kolkata")
    enter(1, datetime(2030, 6, 15, 18, 20, tzinfo=UTC))
    tier = limit(session, campaign, per_day=5)
    recount(session, tier, datetime(2030, 6, 15, 18, minute, tzinfo=UTC), ZoneInfo("Asia/Kolkata"))
    session.flush()
    assert counted.items() <= used(session).items()


def test_a_day_may_begin_after_midnight(session: Session) -> None:
    """In Santiago the clocks of 2030-09-08 go from 24:00 to 01:00."""
    campaign = make_campaign(session, timezone="America/Santiago")
    tier = limit(session, campaign, per_day=1)
    recount(session, tier, datetime(2030, 9, 8, 5, tzinfo=UTC), ZoneInfo("America/Santiago"))
    session.flush()
    assert used(session)["2030-09-08"] == 0


def test_limits_make_the_next_odds_table_and_stand_in_the_audit(session: Session, enter: Enter) -> None:
    campaign = make_campaign(session)
    version = campaign.odds_version
    tier = limit(session, campaign, per_day=7, opens_at=NOON)
    table = odds.in_force(session, campaign)
    assert (table.version, table.tiers[0].limits) == (version + 1, Limits(per_day=7, opens_at=NOON))
    assert tier.limits == table.tiers[0].limits
    record = session.scalars(select(AuditRecord).where(AuditRecord.action == "tier.edit")).one()
    assert record.after is not None
    assert record.after["per_day"] == 7


def test_moments_are_kept_in_whole_seconds(session: Session) -> None:
    campaign = make_campaign(session)
    opens = NOON.replace(microsecond=7)
    tier = limit(session, campaign, opens_at=opens)
    version = campaign.odds_version
    assert tier.opens_at == NOON
    limit(session, campaign, opens_at=opens)
    assert campaign.odds_version == version, "nothing has changed"


def test_a_limit_must_fit_its_column(session: Session) -> None:
    campaign = make_campaign(session)
    with pytest.raises(InvalidInput):
        limit(session, campaign, per_day=2**31)


def test_check_finds_a_limit_that_was_passed(session: Session, enter: Enter) -> None:
    campaign = make_campaign(session, [TierSpec("Gold", codes=9)])
    limit(session, campaign, per_hour=1, per_person=1, opens_at=NOON)
    enter(1)
    session.execute(update(TierUse).values(used=0))
    session.commit()
    enter(2)
    assert "gave 2 of at most 1" in room(session)
    session.execute(update(Entry).values(created_at=NOON - HOUR))
    session.commit()
    assert "out of its time" in room(session)


def test_an_empty_tier_may_be_drawn_again_among_the_rest(session: Session, enter: Enter) -> None:
    specs = [TierSpec("Gold", 8, codes=1), TierSpec("Silver", 1, codes=40), TierSpec("Tin", 1, codes=40)]
    campaign = make_campaign(session, specs, lose_weight=1)
    gold = tiers.find_by_name(session, campaign.id, "Gold")
    assert gold is not None
    plan = replace(TierPlan.of(gold), on_empty=OnEmpty.REDRAW)
    tiers.edit(session, gold.id, plan, actor=COMMAND_LINE, now=NOON)
    given = Counter(getattr(enter(number), "tier", None) for number in range(1, 41))
    assert given["Gold"] == 1
    assert min(given["Silver"], given["Tin"], given[None]) >= 3
    drawn_again = select(Entry).where(Entry.tier_hit_id == gold.id, Entry.reason == AwardReason.FALLBACK)
    assert len(session.scalars(drawn_again).all()) >= 10
    assert [finding for finding in check(session, VAULT) if not finding.ok] == []
