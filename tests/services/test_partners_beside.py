"""Partners of one campaign beside one another: by hand, in every order, and as a table."""

from datetime import timedelta
from fractions import Fraction

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from app.models import Campaign, PartnerCount
from app.services import counts, partners, partners_beside, redemptions, rollups
from app.services.audit import COMMAND_LINE
from app.services.redemptions import Order
from tests.support.factories import TierSpec, make_campaign
from tests.support.fakes import NOON, FakeRng
from tests.support.shop import STAFF, win


@pytest.fixture
def shared(session: Session) -> Campaign:
    """Ayşe brings three people who win, one of whom redeems for €40; Bora two; one comes by itself."""
    made = make_campaign(session, (TierSpec("Gold", codes=9),), timezone="Europe/Istanbul")
    who = {
        name: partners.add(
            session,
            made.id,
            name.lower().replace("ş", "s"),
            name,
            actor=COMMAND_LINE,
            now=NOON,
            rng=FakeRng(ord(name[0])),
        ).id
        for name in ("Ayşe", "Bora", "Deniz")
    }
    wins = [win(session, number, partner=who["Ayşe"]) for number in (1, 2, 3)]
    for number in (4, 5):
        win(session, number, partner=who["Bora"])
    win(session, 6)
    later = NOON + timedelta(hours=1)
    redemptions.redeem(session, wins[0].code, Order("A-1", 4000, "EUR"), STAFF, now=later, rng=FakeRng(8))
    while counts.count_on(session, made.id, now=later):
        pass
    session.execute(update(PartnerCount).where(PartnerCount.partner_id == who["Bora"]).values(crowded=1))
    session.commit()
    rollups.roll(session, made.id, now=later)
    return made


def test_by_hand(session: Session, shared: Campaign) -> None:
    found = partners_beside.beside(session, shared.id)
    ayse, bora, deniz = found.partners
    assert (ayse.line.name, ayse.line.tally.entries, ayse.line.tally.wins, ayse.line.tally.redeemed) == (
        "Ayşe",
        3,
        3,
        1,
    )
    assert (ayse.rate, ayse.takings("EUR"), ayse.takings("USD")) == (Fraction(1, 3), (1, 4000), (0, 0))
    assert (ayse.crowded, bora.crowded, deniz.crowded) == (Fraction(0), Fraction(1, 2), None)
    assert (bora.line.tally.people, bora.rate, deniz.rate) == (2, Fraction(0), None)
    assert (found.without.tally.entries, found.total.tally.entries) == (1, 6)
    assert found.currencies == ("EUR",)
    assert found.at == NOON + timedelta(hours=1)


@pytest.mark.parametrize(
    ("by", "is_rising", "order"),
    [
        ("name", True, "ABD"),
        ("name", False, "DBA"),
        ("entries", False, "ABD"),
        ("entries", True, "DBA"),
        ("redemption_rate", True, "BAD"),  # who has none comes last, whichever way
        ("crowded", False, "BAD"),
        ("crowded", True, "ABD"),
        ("revenue", False, "ABD"),
        ("visits", False, "ABD"),  # alike: by name
    ],
)
def test_orders(session: Session, shared: Campaign, by: str, is_rising: bool, order: str) -> None:
    assert by in partners_beside.ORDERS
    found = partners_beside.beside(session, shared.id).ordered(by, is_rising=is_rising)
    assert "".join(each.line.name[0] for each in found) == order


def test_as_a_table(session: Session, shared: Campaign) -> None:
    header, rows = partners_beside.as_table(partners_beside.beside(session, shared.id))
    ayse, _bora, deniz = (dict(zip(header, row, strict=True)) for row in rows)
    assert (ayse["link"], ayse["redemption_rate"], ayse["orders_EUR"], ayse["revenue_minor_EUR"]) == (
        "ayse",
        "0.3333",
        "1",
        "4000",
    )
    assert (deniz["redemption_rate"], deniz["suspicious_share"], deniz["revenue_minor_EUR"]) == ("", "", "0")


def test_before_anything_was_bought(session: Session) -> None:
    made = make_campaign(session)
    found = partners_beside.beside(session, made.id)
    assert (found.at, found.currencies, found.ordered("revenue", is_rising=False)) == (None, (), [])
