"""The self-check finds counts that are wrong: by quarters of an hour, over links, of caps, and by day."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from app.models import Campaign, FigureDay, Partner, PartnerCount, QuarterCount
from app.services import counts, partners, rollups
from app.services.audit import COMMAND_LINE
from app.services.check import check
from app.services.partners import PartnerPlan
from tests.support.factories import VAULT, TierSpec, make_campaign
from tests.support.fakes import NOON, FakeRng
from tests.support.shop import win

LATER = NOON + timedelta(days=2)


@pytest.fixture
def ayse(session: Session) -> UUID:
    """A partner with a cap and three wins, in a campaign whose counts are added up; one more win without."""
    made = make_campaign(session, (TierSpec("Gold", codes=9),))
    plan = PartnerPlan("ayse", "Ayşe", max_wins=5)
    act: dict[str, Any] = {"actor": COMMAND_LINE, "now": NOON - timedelta(days=1), "rng": FakeRng(4)}
    partner = partners.add(session, made.id, "ayse", "Ayşe", plan=plan, **act)
    for number in (1, 2, 3):
        win(session, number, partner=partner.id)
    win(session, 4, now=NOON + timedelta(hours=1))
    partners.record_visit(session, partner.id, "phone", now=NOON, rng=FakeRng(5))
    while counts.count_on(session, made.id, now=LATER):
        pass
    rollups.roll(session, made.id, now=LATER)
    return partner.id


def faults(session: Session) -> dict[str, str]:
    found = list(check(session, VAULT))
    assert all(each.count for each in found if each.name in {"counts", "caps", "figures"})
    return {each.name: each.detail for each in found if not each.ok}


def plant(session: Session, statement: Any) -> None:
    """Change something behind the application's back."""
    session.execute(statement.execution_options(synchronize_session=False))
    session.commit()


def test_what_is_right_is_left_alone(session: Session, ayse: UUID) -> None:
    assert faults(session) == {}


@pytest.mark.parametrize(
    ("statement", "name", "says"),
    [
        (update(QuarterCount).values(people=0), "counts", "quarter"),
        (delete(QuarterCount).where(QuarterCount.entries == 1), "counts", "quarter"),
        (update(PartnerCount).values(entries=4), "counts", "partner"),
        (update(PartnerCount).values(crowded=4), "counts", "partner"),
        (delete(PartnerCount), "counts", "partner"),
        (update(Partner).values(wins=2), "caps", "counts 2 wins, 3 were won over the link"),
        (update(Partner).values(wins=4), "caps", "counts 4 wins, 3 were won over the link"),
        (
            update(FigureDay)
            .where(FigureDay.dimension == rollups.PARTNER, FigureDay.visits > 0)
            .values(visits=7),
            "figures",
            "differ in 2 sums",
        ),
    ],
)
def test_what_is_wrong_is_found(session: Session, ayse: UUID, statement: Any, name: str, says: str) -> None:
    plant(session, statement)
    found = faults(session)
    assert found.keys() == {name}
    assert says in found[name]


def test_a_win_under_way_while_a_cap_is_set_is_no_fault(session: Session, ayse: UUID) -> None:
    partner = partners.get(session, ayse)
    plan = PartnerPlan.of(partner)
    for most, now in ((None, NOON + timedelta(days=1)), (9, NOON + timedelta(minutes=1))):
        changed = PartnerPlan(**{name: getattr(plan, name) for name in plan.__slots__} | {"max_wins": most})
        partners.edit(session, ayse, changed, actor=COMMAND_LINE, now=now)
    assert faults(session) == {}
    plant(session, update(Partner).values(wins=1))
    assert faults(session) == {}
    plant(session, update(Partner).values(wins=4))
    assert faults(session).keys() == {"caps"}


def test_a_quarter_that_goes_on_is_not_compared(session: Session) -> None:
    made: Campaign = make_campaign(session)
    win(session)
    assert counts.counted_until(session, made.id) == 0
    assert {each.name: each.count for each in check(session, VAULT) if each.name == "counts"} == {"counts": 0}
