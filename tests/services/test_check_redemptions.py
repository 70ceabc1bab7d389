"""The self-check on redemptions: all holds after what shops do, and damage is named."""

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.models import Prize
from app.services import handling, redemptions
from app.services.audit import COMMAND_LINE
from app.services.check import check
from app.services.redemptions import Order, Redeemed
from tests.support.factories import VAULT, make_campaign
from tests.support.fakes import NOON, FakeRng
from tests.support.shop import STAFF, win


def faults(session: Session) -> dict[str, str]:
    return {finding.name: finding.detail for finding in check(session, VAULT) if not finding.ok}


@pytest.fixture
def redeemed(session: Session) -> None:
    """A win redeemed and then void, one redeemed and reversed, one used in part; and a replacement."""
    make_campaign(session)
    wins = [win(session, number) for number in range(1, 5)]
    session.query(Prize).update({"uses": 3})
    session.commit()
    for number, won in enumerate(wins[:3]):
        done = redemptions.redeem(
            session, won.code, Order(units=number + 1), STAFF, now=NOON, rng=FakeRng(number)
        )
        assert isinstance(done, Redeemed)
        if number == 1:
            redemptions.reverse(session, done.redemption.id, STAFF, now=NOON)
    handling.void(session, wins[0].entry_id, actor=COMMAND_LINE, now=NOON, reason="cheated")


@pytest.mark.usefixtures("redeemed")
def test_all_holds_after_what_shops_do(session: Session) -> None:
    assert faults(session) == {}
    counts = {finding.name: finding.count for finding in check(session, VAULT)}
    assert counts["redemptions"] == 3


@pytest.mark.usefixtures("redeemed")
@pytest.mark.parametrize(
    ("damage", "told"),
    [
        ("UPDATE code SET uses_left = 1 WHERE uses_left = 2", "are on record"),
        ("UPDATE redemption SET units = units + 1 WHERE reversed_at IS NULL", "are on record"),
        ("UPDATE code SET uses = NULL, uses_left = NULL", "has used nothing"),
        (
            "UPDATE award SET voided_at = '2029-01-01' WHERE voided_at IS NOT NULL",
            "of a win that was void by then",
        ),
        (
            (
                "UPDATE redemption SET entry_id = (SELECT entry_id FROM award WHERE entry_id NOT IN"
                " (SELECT entry_id FROM redemption)) WHERE units = 1"
            ),
            "not of the code that its entry won",
        ),
    ],
)
def test_damage_is_named(session: Session, damage: str, told: str) -> None:
    if session.get_bind().dialect.name == "sqlite":
        damage = damage.replace("'2029-01-01'", "'2029-01-01 00:00:00.000000'")
    assert session.execute(text(damage)).rowcount  # type: ignore[attr-defined]
    session.commit()
    assert told in faults(session)["redemptions"]
