"""The dashboard's figures: counted, compared with the odds, foretold."""

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.eligibility import EntryLimit
from app.domain.forecast import Lasts, Pace, Rate, RunsOut, Unknown
from app.domain.odds import Limits, OnEmpty
from app.domain.timeline import Count, quarter_of
from app.models import Award, Campaign, Prize, QuarterCount, Tier
from app.services import campaigns, counts, figures, handling, partners, refusals, tiers, watching
from app.services.audit import COMMAND_LINE
from app.services.entries import submit_entry
from app.services.figures import CampaignFigures
from app.services.tallies import Tally, flush
from app.services.tiers import TierPlan
from tests.support.factories import VAULT, TierSpec, make_campaign, submission
from tests.support.fakes import NOON, FakeRng

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def enter(session: Session, *numbers: int, now: object = NOON, email: str | None = None) -> None:
    for number in numbers:
        one = submission(number, email=email)
        submit_entry(session, one, now=now, rng=FakeRng(number), vault=VAULT)  # type: ignore[arg-type]


def test_the_board_tells_what_was_entered_won_and_refused(session: Session) -> None:
    campaign = make_campaign(
        session, [TierSpec("Gold", codes=2), TierSpec("Silver", codes=0)], limit=EntryLimit.DAILY
    )
    enter(session, 1, 2)
    enter(session, 3, now=NOON + DAY, email="person1@example.org")
    tally = Tally()
    tally.count("summer", "paused", now=NOON)
    flush(session, tally, refusals.STORE)
    board = watching.dashboard(session, campaign, now=NOON + DAY)
    won = board.figures.wins
    assert board.figures == CampaignFigures(3, 2, won, 2 - won, won)
    assert board.figures.stock_total == 2
    assert board.stated.odds == 1
    assert board.stated.pace in {Pace.AS_STATED, Pace.BEHIND}
    assert [(line.prize.name, line.stock.total, line.threshold) for line in board.prizes] == [
        ("Gold prize", 2, 1),
        ("Silver prize", 0, 0),
    ]
    assert board.refusals == (("paused", 1),)
    assert [hour.entries for hour in board.hours] == [0] * 23 + [2] + [0] * 23 + [1]
    assert [day.entries for day in board.days] == [2, 1]
    hours = watching.last_hours(session, campaign, 2, now=NOON + HOUR)
    assert [hour.entries for hour in hours] == [2, 0]


def test_odds_are_those_in_force_at_each_entry(session: Session) -> None:
    campaign = make_campaign(session, lose_weight=1)
    enter(session, 1)
    campaigns.set_lose_weight(session, campaign.id, 3, actor=COMMAND_LINE, now=NOON)
    enter(session, 2, 3, 4)
    counted = counts.counted(session, campaign.id)
    stated = figures.against_odds(session, campaign.id, counted)
    assert stated.odds == (Fraction(1, 2) + 3 * Fraction(1, 4)) / 4


def test_a_campaign_without_entries_has_no_pace(session: Session) -> None:
    campaign = make_campaign(session)
    board = watching.dashboard(session, campaign, now=NOON)
    assert board.stated.pace is Pace.UNKNOWN
    assert [line.forecast for line in board.prizes] == [Unknown()]


def _forty_entries(session: Session, campaign: Campaign, quarter: int) -> None:
    counted = QuarterCount(
        campaign_id=campaign.id,
        quarter=quarter,
        odds_version=campaign.odds_version,
        entries=40,
        people=40,
        wins=4,
    )
    session.add(counted)


def test_each_prize_is_foretold_with_its_tier(session: Session) -> None:
    specs = [TierSpec("Gold", codes=20), TierSpec("Off", weight=0, codes=5)]
    campaign = make_campaign(session, specs, lose_weight=9)
    for hour in (1, 2, 3):
        _forty_entries(session, campaign, quarter_of(NOON) - 4 * hour)
    session.commit()
    lines = watching.dashboard(session, campaign, now=NOON).prizes
    assert [line.forecast for line in lines] == [RunsOut(NOON + 5 * HOUR), Lasts()]


def change(session: Session, tier: Tier, plan: TierPlan) -> None:
    tiers.edit(session, tier.id, plan, actor=COMMAND_LINE, now=NOON)


def test_a_limit_and_what_is_drawn_again_count_in_the_forecast(session: Session) -> None:
    specs = [TierSpec("Gold", codes=30), TierSpec("Empty", weight=5, codes=0)]
    campaign = make_campaign(session, specs, lose_weight=4)
    gold, empty = tiers.listing(session, campaign.id)
    change(session, gold, replace(TierPlan.of(gold), limits=Limits(per_hour=3)))
    change(session, empty, replace(TierPlan.of(empty), on_empty=OnEmpty.REDRAW))
    for hour in (1, 2, 3):
        _forty_entries(session, campaign, quarter_of(NOON) - 4 * hour)
    session.commit()
    gold_line, _empty = watching.dashboard(session, campaign, now=NOON).prizes
    assert gold_line.forecast == RunsOut(NOON + 10 * HOUR)
    change(session, gold, replace(TierPlan.of(gold), limits=Limits()))
    gold_line, _empty = watching.dashboard(session, campaign, now=NOON).prizes
    assert gold_line.forecast == RunsOut(NOON + timedelta(minutes=225))  # 40 entries an hour, 1 of 5 wins


def test_the_rate_is_of_whole_hours_since_the_first_entry() -> None:
    now = NOON + timedelta(minutes=15)
    first = quarter_of(now) - 12
    counts_ = [Count(first + place, 5, 0) for place in range(13)]  # the last one is not over
    assert watching.entry_rate(counts_, now) == Rate(Fraction(20), is_known=True)
    assert watching.entry_rate([], now) == Rate(Fraction(0), is_known=False)
    old = [Count(first - 400, 1000, 0)]
    assert watching.entry_rate(old, now) == Rate(Fraction(0), is_known=False)


@pytest.mark.parametrize(
    ("own", "threshold"), [({}, 2), ({"low_stock": 7}, 7), ({"low_stock_percent": 50}, 10)]
)
def test_a_prize_may_have_a_threshold_of_its_own(
    session: Session, own: dict[str, int], threshold: int
) -> None:
    campaign = make_campaign(session, [TierSpec("Gold", codes=20)])
    prize = session.scalars(select(Prize)).one()
    for name, value in own.items():
        setattr(prize, name, value)
    session.commit()
    assert [line.threshold for line in watching.dashboard(session, campaign, now=NOON).prizes] == [threshold]


def test_void_wins_count_apart_unless_they_were_replaced(session: Session) -> None:
    campaign = make_campaign(session, [TierSpec("Gold", codes=9)])
    ayse = partners.add(session, campaign.id, "ayse", "Ayşe", actor=COMMAND_LINE, now=NOON, rng=FakeRng(3))
    for number in range(1, 6):
        one = replace(submission(number), partner_id=ayse.id)
        submit_entry(session, one, now=NOON, rng=FakeRng(number), vault=VAULT)
    first, second, third, *_rest = session.scalars(select(Award.entry_id).order_by(Award.entry_id)).all()
    for entry_id in (first, second, third):
        handling.void(session, entry_id, actor=COMMAND_LINE, now=NOON, reason="a robot")
    prize = session.scalars(select(Prize)).one()
    for entry_id in (first, second):
        handling.replace(session, entry_id, prize.id, actor=COMMAND_LINE, now=NOON, rng=FakeRng(9))
    handling.void(session, second, actor=COMMAND_LINE, now=NOON, reason="again")
    session.rollback()
    for _ in range(2):  # counted live, and added up
        board = watching.dashboard(session, campaign, now=NOON + HOUR)
        assert (board.figures.wins, board.figures.void, board.figures.drawn) == (3, 2, 5)
        assert board.figures.stock_won == 7
        assert sum(hour.wins for hour in board.hours) == sum(day.wins for day in board.days) == 3
        assert sum(hour.wins for hour in watching.last_hours(session, campaign, 48, now=NOON + HOUR)) == 3
        assert figures.campaign_figures(session, campaign.id) == board.figures
        assert board.stated.pace is Pace.AS_STATED
        while counts.count_on(session, campaign.id, now=NOON + HOUR):
            pass
    (of_ayse,) = partners.figures(session, campaign.id)
    assert (of_ayse.entries, of_ayse.wins, of_ayse.void) == (5, 3, 2)
    assert [(day.entries, day.wins) for day in partners.by_day(session, ayse.id)] == [(5, 3)]
