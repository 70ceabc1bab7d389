"""40 people at once, half over a partner's link: kept codes go to these alone, and a cap holds.

The controls take the condition off the statement that settles it: then strangers win kept codes, and more win
than the cap allows.
"""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import pytest
from sqlalchemy import Engine, bindparam, literal_column, select, update
from sqlalchemy.orm import Session

from app.adapters.direct import Prepared
from app.domain.outcomes import Lost, Outcome, Won
from app.domain.partner_rules import Pool
from app.models import Award, Code, Entry, Partner
from app.services import allocation, partner_caps, partner_pools, partners, prizes
from app.services.audit import COMMAND_LINE
from app.services.partners import PartnerPlan
from tests.race.books import broken_promises
from tests.race.crowd import engine_for, enter_patiently, together
from tests.support.factories import TierSpec, make_campaign, submission
from tests.support.fakes import NOON, FakeRng

pytestmark = pytest.mark.race

PEOPLE, KEPT, MOST = 40, 9, 7


def make_partner(session: Session, codes: int, *, kept: int = 0, cap: int | None = None) -> UUID:
    """A partner whose visitors draw from the pool alone, if there is one."""
    campaign = make_campaign(session, [TierSpec("Gold", codes=codes)])
    plan = PartnerPlan("ayse", "Ayşe", max_wins=cap, pool=Pool.LOSE if kept else Pool.BORROW)
    partner = partners.add(
        session, campaign.id, "ayse", "Ayşe", plan=plan, actor=COMMAND_LINE, now=NOON, rng=FakeRng(1)
    )
    if kept:
        prize = prizes.listing(session, campaign.id)[0]
        partner_pools.reserve(session, partner.id, prize.id, kept, actor=COMMAND_LINE, now=NOON)
    session.rollback()
    return partner.id


def crowd(engine: Engine, partner_id: UUID) -> list[Outcome | Exception]:
    """Every other one comes over the partner's link."""

    def one(number: int) -> Outcome:
        here = partner_id if number % 2 else None
        return enter_patiently(engine, replace(submission(number + 1), partner_id=here))

    return together(PEOPLE, one)


def wins(outcomes: Sequence[Outcome | Exception]) -> int:
    assert all(isinstance(outcome, Won | Lost) for outcome in outcomes), outcomes
    return sum(isinstance(outcome, Won) for outcome in outcomes)


def owners(engine: Engine) -> list[tuple[UUID | None, UUID | None]]:
    """Of each code won: whom it was kept for, and over whose link it went."""
    with Session(engine) as session:
        rows = session.execute(
            select(Code.partner_id, Entry.partner_id)
            .select_from(Award)
            .join(Code, Code.id == Award.code_id)
            .join(Entry, Entry.id == Award.entry_id)
        ).all()
        return [(row[0], row[1]) for row in rows]


def test_kept_codes_go_to_the_partners_visitors_and_the_others_to_the_others(
    session: Session, database_url: str
) -> None:
    partner_id = make_partner(session, 2 * KEPT, kept=KEPT)
    with engine_for(database_url, PEOPLE) as engine:
        outcomes = crowd(engine, partner_id)
        assert broken_promises(engine) == []
        found = owners(engine)
    assert wins(outcomes) == 2 * KEPT
    assert found.count((partner_id, partner_id)) == KEPT
    assert found.count((None, None)) == KEPT


def test_a_cap_holds(session: Session, database_url: str) -> None:
    partner_id = make_partner(session, PEOPLE, cap=MOST)
    with engine_for(database_url, PEOPLE) as engine:
        outcomes = crowd(engine, partner_id)
        assert broken_promises(engine) == []
        over_link = [owner for owner in owners(engine) if owner[1] == partner_id]
        with Session(engine) as checked:
            assert checked.get_one(Partner, partner_id).wins == MOST
    assert len(over_link) == MOST
    assert wins(outcomes) == PEOPLE // 2 + MOST


def test_control_without_the_condition_strangers_win_kept_codes(
    session: Session, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(allocation, "_COMMON", allocation._Stock(allocation._IS_FREE))
    partner_id = make_partner(session, 2 * KEPT, kept=KEPT)
    with engine_for(database_url, PEOPLE) as engine:
        crowd(engine, partner_id)
        assert (partner_id, None) in owners(engine)


def test_control_without_the_condition_a_cap_does_not_hold(
    session: Session, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    count_only = Prepared(
        update(Partner)
        .where(Partner.id == bindparam("partner"))
        .values(wins=Partner.wins + literal_column("1"))
        .returning(Partner.wins)
    )
    monkeypatch.setattr(partner_caps, "_TAKE", count_only)
    partner_id = make_partner(session, PEOPLE, cap=MOST)
    with engine_for(database_url, PEOPLE) as engine:
        crowd(engine, partner_id)
        assert len([owner for owner in owners(engine) if owner[1] == partner_id]) > MOST
