"""Roll-ups: each day's sums, kept up as things happen, and the same when they are added up anew."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.domain.eligibility import EntryLimit
from app.domain.sources import Source
from app.domain.timeline import quarter_of
from app.models import (
    Award,
    AwardStatus,
    Campaign,
    Entry,
    FigureBook,
    FigureDay,
    FigureMoney,
    TrafficCount,
)
from app.services import erasure, partners, redemptions, rollups
from app.services.audit import COMMAND_LINE
from app.services.entries import Submission, submit_entry
from app.services.redemptions import Order, Redeemed
from app.services.rollups import ALL, DAYS, HOUR, SOURCE
from tests.support.factories import VAULT, TierSpec, make_campaign, submission
from tests.support.fakes import NOON, FakeRng
from tests.support.shop import STAFF, Win, win

DAY = timedelta(days=1)
LATER = NOON + 30 * DAY


@pytest.fixture
def campaign(session: Session) -> Campaign:
    return make_campaign(session, (TierSpec("Gold", codes=20),), limit=EntryLimit.DAILY)


def row(session: Session, campaign_id: UUID, day: date, dimension: str = ALL, value: str = "") -> FigureDay:
    session.rollback()
    return session.get_one(FigureDay, (campaign_id, dimension, day, value), populate_existing=True)


def told(session: Session) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    """All sums there are, to be compared."""
    session.rollback()
    found: list[list[tuple[object, ...]]] = []
    for table in (FigureDay, FigureMoney):
        columns = list(table.__table__.columns)
        found.append([tuple(each) for each in session.execute(select(*columns).order_by(*columns))])
    return found[0], found[1]


def redeem(session: Session, won: Win, at: datetime, value: int | None = None, order: str = "") -> UUID:
    done = redemptions.redeem(
        session,
        won.code,
        Order(order, value, "EUR" if value is not None else "", at=at),
        STAFF,
        now=at,
        rng=FakeRng(at.minute + won.code_id * 7919 + at.day),
    )
    assert isinstance(done, Redeemed)
    redemption_id = done.redemption.id
    session.rollback()
    return redemption_id


def test_one_day_by_hand(session: Session, campaign: Campaign) -> None:
    """Three enter and win; one redeems after two days for 49.90, and once more in another campaign."""
    other = make_campaign(session, (TierSpec("Gold", codes=5),), slug="other", seed=9)
    first, second = win(session, 1), win(session, 2)
    win(session, 3)
    redeem(session, first, NOON + 2 * DAY + timedelta(minutes=1), 4990)
    back = win(session, 11, campaign="other", now=NOON + 5 * DAY, email="person1@example.org")
    redeem(session, back, NOON + 6 * DAY, 1000)
    redeem(session, second, NOON + timedelta(hours=1))
    assert rollups.roll(session, campaign.id, now=LATER) == 1
    day = row(session, campaign.id, NOON.date())
    assert (day.entries, day.people, day.wins, day.winners) == (3, 3, 3, 3)
    assert (day.redeemed, day.redeemers, day.again, day.seen) == (2, 2, 1, 0)
    assert row(session, campaign.id, NOON.date(), DAYS, "002").redeemed == 1
    assert row(session, campaign.id, NOON.date(), DAYS, "000").redeemed == 1
    assert row(session, campaign.id, NOON.date(), HOUR, f"{NOON.hour:02}").entries == 3
    money = session.get_one(FigureMoney, (campaign.id, ALL, NOON.date(), "", "EUR"))
    assert (money.orders, money.amount) == (1, 4990)
    assert rollups.roll(session, other.id, now=LATER) == 1


def test_every_dimension_adds_up_to_the_day(session: Session, campaign: Campaign) -> None:
    ayse = partners.add(session, campaign.id, "ayse", "Ayşe", actor=COMMAND_LINE, now=NOON, rng=FakeRng(4))
    made = submission(1, partner_id=ayse.id)
    from_link = Submission(
        **{name: getattr(made, name) for name in made.__slots__}
        | {
            "source": Source("instagram", "story", "july", "phone"),
            "shown": True,
            "locale": "tr_TR",
            "answers": '{"values":{"country":"TR"}}',
        }
    )
    for one in (from_link, submission(2)):
        submit_entry(session, one, now=NOON, rng=FakeRng(ord(one.name[-1])), vault=VAULT)
    partners.record_visit(session, ayse.id, "phone", now=NOON, rng=FakeRng(1))
    rollups.roll(session, campaign.id, now=LATER)
    day = NOON.date()
    for dimension, value in (
        (rollups.PARTNER, ayse.id.hex),
        (SOURCE, "instagram"),
        (rollups.MEDIUM, "story"),
        (rollups.UTM, "july"),
        (rollups.DEVICE, "phone"),
        (rollups.LANGUAGE, "tr"),
        (rollups.COUNTRY, "TR"),
    ):
        found = row(session, campaign.id, day, dimension, value)
        assert (found.entries, found.wins, found.seen) == (1, 1, 1), dimension
    assert row(session, campaign.id, day, rollups.PARTNER, ayse.id.hex).visits == 1
    for dimension in rollups.DIMENSIONS:
        sums = session.scalars(
            select(FigureDay.entries).where(FigureDay.dimension == dimension, FigureDay.day == day)
        )
        assert sum(sums) == 2, dimension


def test_days_are_those_of_the_zone(session: Session) -> None:
    campaign = make_campaign(session, timezone="Pacific/Auckland", slug="far")
    evening = datetime(2026, 7, 1, 13, 0, tzinfo=UTC)  # the second of July in Auckland, at one
    win(session, 1, campaign="far", now=evening)
    for kind, count in (("page", 4), ("started", 3), ("sent", 2)):
        session.add(
            TrafficCount(
                campaign_id=campaign.id, quarter=quarter_of(evening), kind=kind, device="", count=count
            )
        )
    session.commit()
    rollups.roll(session, campaign.id, now=LATER)
    day = row(session, campaign.id, date(2026, 7, 2))
    assert (day.visits, day.started, day.sent, day.entries) == (4, 3, 2, 1)
    assert row(session, campaign.id, date(2026, 7, 2), HOUR, "01").entries == 1
    session.execute(update(Campaign).where(Campaign.id == campaign.id).values(timezone="UTC"))
    session.commit()
    rollups.roll(session, campaign.id, now=LATER + DAY)
    assert session.scalars(select(FigureDay.day).distinct()).all() == [date(2026, 7, 1)]


def story(session: Session, campaign: Campaign) -> datetime:
    """Things happen to days that are long over; when to look."""
    wins = [win(session, number, now=NOON + number * DAY) for number in (1, 2, 3)]
    rollups.roll(session, campaign.id, now=NOON + 4 * DAY)
    taken = redeem(session, wins[0], NOON + 5 * DAY, 500)
    redeem(session, wins[1], NOON + 5 * DAY, 700, "A-1")
    rollups.roll(session, campaign.id, now=NOON + 5 * DAY + timedelta(minutes=1))
    redemptions.reverse(session, taken, STAFF, now=NOON + 6 * DAY)
    session.rollback()
    rollups.roll(session, campaign.id, now=NOON + 6 * DAY + timedelta(minutes=1))
    at = NOON + 7 * DAY
    session.execute(
        update(Award).where(Award.entry_id == wins[2].entry_id).values(status=AwardStatus.VOID, voided_at=at)
    )
    session.execute(update(Award).where(Award.entry_id == wins[1].entry_id).values(seen_at=at))
    session.commit()
    again = win(session, 12, now=at, email="person2@example.org")
    redeem(session, again, at + timedelta(minutes=2), 900)
    return at + timedelta(minutes=5)


def test_kept_up_is_the_same_as_added_up_anew(session: Session, campaign: Campaign) -> None:
    now = story(session, campaign)
    assert rollups.changed_days(session, campaign.id)
    assert rollups.roll(session, campaign.id, now=now) > 0
    kept = told(session)
    totals = {each[2]: each[7:] for each in kept[0] if each[1] == ALL}
    assert totals[(NOON + 3 * DAY).date()][2] == 0  # the win that is void
    assert totals[(NOON + 2 * DAY).date()][-1] == 1  # who came back
    assert rollups.roll(session, campaign.id, now=now, anew=True) == 4
    assert told(session) == kept


def test_nothing_is_done_twice_within_minutes(session: Session, campaign: Campaign) -> None:
    win(session, 1)
    assert rollups.keep_up(session, campaign, now=LATER) == 1
    win(session, 2, now=LATER)
    assert rollups.keep_up(session, campaign, now=LATER + timedelta(minutes=4)) == 0
    assert rollups.keep_up(session, campaign, now=LATER + timedelta(minutes=5)) == 1


def test_what_another_worker_has_stored_stays(
    session: Session, campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    win(session, 1)
    whole = rollups.sums_of

    def overtaken(*args: object) -> rollups.DaySums:
        sums = whole(*args)  # type: ignore[arg-type]
        session.rollback()
        session.execute(update(FigureBook).values(version=FigureBook.version + 1))
        session.commit()
        return sums

    monkeypatch.setattr(rollups, "sums_of", overtaken)
    assert rollups.roll(session, campaign.id, now=LATER) == 0
    assert told(session) == ([], [])
    assert session.scalars(select(FigureBook.rolled_at)).all() == [None]


def test_an_empty_campaign_has_a_book_and_no_days(session: Session, campaign: Campaign) -> None:
    assert rollups.roll(session, campaign.id, now=LATER) == 0
    assert rollups.roll(session, campaign.id, now=LATER + DAY) == 0
    assert session.scalars(select(Entry.id)).all() == []
    assert session.scalars(select(FigureBook.rolled_at)).all() == [LATER + DAY]


def test_of_a_person_who_was_erased_no_source_is_left(session: Session, campaign: Campaign) -> None:
    won = win(session, 1)
    rollups.roll(session, campaign.id, now=LATER)
    at = LATER + timedelta(minutes=1)
    entry = session.get_one(Entry, won.entry_id)
    entry.utm_source, entrant_id = "letter-to-ada", entry.entrant_id
    session.commit()
    rollups.roll(session, campaign.id, now=LATER, anew=True)
    assert row(session, campaign.id, NOON.date(), SOURCE, "letter-to-ada").entries == 1
    other = make_campaign(session, (TierSpec("Gold", codes=5),), slug="other", seed=9)
    win(session, 11, campaign="other")
    rollups.roll(session, other.id, now=LATER)
    erasure.erase(session, entrant_id, now=at, rng=FakeRng(3), vault=VAULT)
    session.rollback()
    assert rollups.roll(session, campaign.id, now=at + DAY) == 1
    assert row(session, campaign.id, NOON.date(), SOURCE, "").entries == 1
    session.rollback()
    assert rollups.roll(session, other.id, now=at + DAY) == 0  # nobody of this one was erased


def test_a_book_another_worker_has_closed_stays_as_it_is(
    session: Session, campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        real = rollups._due

        def overtaken(same: Session, campaign_id: UUID, *, anew: bool = False) -> object:
            patch.setattr(rollups, "_due", real)
            due = real(same, campaign_id, anew=anew)
            same.rollback()
            rollups.roll(same, campaign_id, now=LATER + DAY)
            return due

        patch.setattr(rollups, "_due", overtaken)
        assert rollups.roll(session, campaign.id, now=LATER) == 0
    assert session.scalars(select(FigureBook.rolled_at)).all() == [LATER + DAY]


def test_every_day_between_the_first_and_the_last_new_entry_is_added_up(
    session: Session, campaign: Campaign
) -> None:
    rollups.roll(session, campaign.id, now=NOON - DAY)
    days = [NOON + number * DAY for number in range(3)]
    for number, at in enumerate(days, start=1):
        win(session, number, now=at)
    assert rollups.roll(session, campaign.id, now=LATER) == 3
    assert [row(session, campaign.id, at.date()).entries for at in days] == [1, 1, 1]
