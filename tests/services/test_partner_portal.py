"""What a partner sees: what was redeemed, and the share of crowded networks where it tells of nobody."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from app.models import Campaign, Partner
from app.services import counts, partner_portal, partners, redemptions
from app.services.audit import COMMAND_LINE
from app.services.entries import submit_entry
from app.services.redemptions import Order, Redeemed
from tests.support.factories import VAULT, TierSpec, make_campaign, submission
from tests.support.fakes import NOON, FakeRng
from tests.support.shop import STAFF, win

DAY = timedelta(days=1)


@pytest.fixture
def campaign(session: Session) -> Campaign:
    return make_campaign(session, (TierSpec("Gold", codes=60),))


@pytest.fixture
def ayse(session: Session, campaign: Campaign) -> Partner:
    return partners.add(session, campaign.id, "ayse", "Ayşe", actor=COMMAND_LINE, now=NOON, rng=FakeRng(1))


def test_what_was_redeemed_is_told_by_day_and_currency(
    session: Session, campaign: Campaign, ayse: Partner
) -> None:
    orders = [Order("", value, "EUR") for value in (100, 200, 300, 400, 500)] + [Order("", None, "")] * 2
    taken = []
    for number, order in enumerate(orders, start=1):
        code = win(session, number, partner=ayse.id).code
        done = redemptions.redeem(session, code, order, STAFF, now=NOON, rng=FakeRng(number))
        assert isinstance(done, Redeemed)
        taken.append(done.redemption.id)
    other = win(session, 8).code
    redemptions.redeem(session, other, Order("", 9000, "EUR"), STAFF, now=NOON, rng=FakeRng(8))
    redemptions.reverse(session, taken[-1], STAFF, now=NOON)
    found = partner_portal.portal(session, ayse, campaign, now=NOON + DAY)
    assert found.days == (NOON.date(),)
    assert found.counts["redemptions"].total == 6
    assert {currency: each.total for currency, each in found.revenue.items()} == {"EUR": 1500}


@pytest.mark.parametrize(("crowd", "share"), [(20, 40), (0, 0), (46, None)])
def test_the_share_of_crowded_networks_is_told_of_many_alone(
    session: Session, campaign: Campaign, ayse: Partner, crowd: int, share: int | None
) -> None:
    for number in range(1, 51):
        network = b"n" * 16 if number <= crowd else None
        entry = submission(number, partner_id=ayse.id, network=network)
        submit_entry(session, entry, now=NOON, rng=FakeRng(number), vault=VAULT)
    assert counts.count_on(session, campaign.id, now=NOON + DAY)
    assert partner_portal.portal(session, ayse, campaign, now=NOON + DAY).crowded == share
