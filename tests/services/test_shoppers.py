"""Shoppers over all campaigns, by a hand-made example."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from app.domain.figures import Cohort
from app.services import redemptions, shoppers
from app.services.redemptions import Order, Redeemed
from app.services.shoppers import Shoppers, Worth
from tests.support.factories import TierSpec, make_campaign
from tests.support.fakes import NOON, FakeRng
from tests.support.shop import STAFF, Win, win

MARCH = datetime(2026, 3, 5, 12, tzinfo=UTC)


def buy(session: Session, won: Win, at: datetime, order: Order) -> None:
    done = redemptions.redeem(session, won.code, order, STAFF, now=at, rng=FakeRng(won.code_id))
    assert isinstance(done, Redeemed)
    session.rollback()


@pytest.fixture
def bought(session: Session) -> None:
    """Ada buys in March and in May, Bob uses two codes on one order in March, Cem buys once in April."""
    make_campaign(session, (TierSpec("Gold", codes=9),), now=MARCH)
    make_campaign(session, (TierSpec("Gold", codes=9),), slug="other", seed=7, now=MARCH)
    ada, bob, cem = (win(session, number, now=MARCH) for number in (1, 2, 3))
    ada_again = win(session, 11, now=MARCH, campaign="other", email="person1@example.org")
    bob_again = win(session, 12, now=MARCH, campaign="other", email="person2@example.org")
    buy(session, ada, MARCH, Order("A", 1000, "EUR"))
    buy(session, ada_again, MARCH + timedelta(days=61), Order("B", 3000, "EUR"))
    buy(session, bob, MARCH, Order("C", 500, "EUR"))
    buy(session, bob_again, MARCH, Order("C"))
    buy(session, cem, MARCH + timedelta(days=31), Order())


def test_by_hand(session: Session, bought: None) -> None:
    shoppers.roll(session, now=NOON)
    wanted = Shoppers(
        {1: 2, 2: 1},
        (Cohort("2026-03", 2, (0, 1)), Cohort("2026-04", 1, ())),
        (Worth("EUR", 2, 3, 4500),),
    )
    assert shoppers.known(session) == (wanted, NOON)
    assert (wanted.people, wanted.purchases) == (3, 4)


def test_only_what_changed_is_added_up_and_once_an_hour(session: Session) -> None:
    shoppers.keep_up(session, now=NOON)
    assert shoppers.known(session) is None
    make_campaign(session, (TierSpec("Gold", codes=9),))
    buy(session, win(session, 1), NOON, Order())
    moments = []
    for minutes in (0, 59, 60):
        shoppers.keep_up(session, now=NOON + timedelta(minutes=minutes))
        found = shoppers.known(session)
        assert found is not None
        moments.append(found[1])
        session.rollback()
    later = NOON + timedelta(minutes=61)
    buy(session, win(session, 2, now=later), later, Order())
    shoppers.keep_up(session, now=NOON + timedelta(minutes=121))
    found = shoppers.known(session)
    session.rollback()
    assert found is not None
    assert moments[0] == moments[1] == NOON
    assert found[0].people == 2
    shoppers.keep_up(session, now=NOON + timedelta(days=2))
    assert shoppers.known(session) == (found[0], NOON + timedelta(minutes=121))
