"""Locations: shops with a counter page and a PIN."""

from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.errors import InvalidInput, NotFound, StaleEdit
from app.models import AuditRecord, Location
from app.services import locations
from app.services.audit import COMMAND_LINE
from app.services.locations import LocationPlan
from tests.support.factories import make_campaign
from tests.support.fakes import NOON, FakeRng

PIN = "274915"


def make(
    session: Session, name: str = "Kadıköy", pin: str = PIN, campaign_id: UUID | None = None
) -> Location:
    plan = LocationPlan(name, campaign_id)
    return locations.add(session, plan, pin, actor=COMMAND_LINE, now=NOON, rng=FakeRng(len(name)))


def actions(session: Session) -> list[str]:
    query = (
        select(AuditRecord.action).where(AuditRecord.action.startswith("location")).order_by(AuditRecord.id)
    )
    return list(session.scalars(query))


def test_the_right_pin_lets_in(session: Session) -> None:
    made = make(session)
    assert PIN not in made.pin_hash
    assert locations.get(session, made.id) == made
    assert locations.sign_in(session, made.id, PIN) == made
    for wrong in ("274916", "", PIN * 20):
        assert locations.sign_in(session, made.id, wrong) is None
    assert locations.sign_in(session, UUID(int=1), PIN) is None
    assert locations.at_work(session, made.id, 1) == made
    assert locations.at_work(session, UUID(int=1), 1) is None
    assert locations.till_of(made).location == "Kadıköy"


def test_another_pin_ends_the_sessions_of_before(session: Session) -> None:
    made = make(session)
    edited = locations.edit(
        session, made.id, LocationPlan("Moda"), "831046", expected_version=1, actor=COMMAND_LINE, now=NOON
    )
    assert (edited.name, edited.version) == ("Moda", 2)
    assert locations.at_work(session, made.id, 1) is None
    assert locations.at_work(session, made.id, 2) == edited
    assert locations.sign_in(session, made.id, PIN) is None
    record = session.scalars(select(AuditRecord).where(AuditRecord.action == "location.edit")).one()
    assert record.after == {"name": "Moda", "pin": True}


def test_a_stale_edit_is_refused_and_one_that_changes_nothing_leaves_no_trace(session: Session) -> None:
    campaign = make_campaign(session)
    made = make(session, campaign_id=campaign.id)
    plan = LocationPlan("Kadıköy", campaign.id)
    with pytest.raises(StaleEdit):
        locations.edit(session, made.id, plan, expected_version=7, actor=COMMAND_LINE, now=NOON)
    locations.edit(session, made.id, plan, actor=COMMAND_LINE, now=NOON)
    assert actions(session) == ["location.add"]


def test_a_location_that_is_off_lets_nobody_in(session: Session) -> None:
    made = make(session)
    for _ in range(2):
        locations.switch(session, made.id, False, actor=COMMAND_LINE, now=NOON)
    assert locations.sign_in(session, made.id, PIN) is None
    assert locations.at_work(session, made.id, 1) is None
    locations.switch(session, made.id, True, actor=COMMAND_LINE, now=NOON)
    assert locations.sign_in(session, made.id, PIN) == made
    assert actions(session) == ["location.add", "location.off", "location.on"]
    assert locations.listing(session) == [made]


@pytest.mark.parametrize(
    "pin", ["", "12345", "1234567890123", "abcdef", "123456", "987654", "111111", "121212"]
)
def test_a_pin_that_is_guessed_at_once_will_not_do(session: Session, pin: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        make(session, pin=pin)
    assert caught.value.field == "pin"


def test_a_location_may_ask_for_money_in_a_currency(session: Session) -> None:
    made = make(session)
    assert made.currency == ""
    plan = LocationPlan("Kadıköy", currency=" eur")
    assert locations.edit(session, made.id, plan, actor=COMMAND_LINE, now=NOON).currency == "EUR"
    with pytest.raises(InvalidInput, match="three letters"):
        locations.edit(session, made.id, LocationPlan("K", currency="€"), actor=COMMAND_LINE, now=NOON)


def test_what_is_not_there_is_said(session: Session) -> None:
    with pytest.raises(NotFound):
        make(session, campaign_id=UUID(int=1))
    with pytest.raises(NotFound):
        locations.get(session, UUID(int=1))
    with pytest.raises(NotFound):
        locations.switch(session, UUID(int=1), True, actor=COMMAND_LINE, now=NOON)
