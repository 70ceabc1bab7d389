"""Partners' pools and caps: who draws from them, what happens when they are used up, what is traced."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.errors import Conflict, InvalidInput, NotFound
from app.domain.outcomes import Lost, Outcome, Won
from app.domain.partner_rules import Pool
from app.models import Campaign, Code, Entry, Partner, Prize
from app.services import audit, handling, landing, partner_pools, partners, prizes
from app.services.audit import COMMAND_LINE
from app.services.check import check
from app.services.entries import submit_entry
from app.services.partners import PartnerPlan
from tests.support.factories import VAULT, TierSpec, add_codes, make_campaign, submission
from tests.support.fakes import NOON, FakeRng

Enter = Callable[..., Outcome]
DONE = {"actor": COMMAND_LINE, "now": NOON}


@pytest.fixture
def campaign(session: Session) -> Campaign:
    return make_campaign(session, (TierSpec("Gold", codes=6),))


@pytest.fixture
def prize(session: Session, campaign: Campaign) -> Prize:
    return prizes.listing(session, campaign.id)[0]


@pytest.fixture
def ayse(session: Session, campaign: Campaign) -> Partner:
    return partners.add(session, campaign.id, "ayse", "Ayşe", rng=FakeRng(1), **DONE)  # type: ignore[arg-type]


@pytest.fixture
def enter(session: Session) -> Enter:
    rng = FakeRng(7)

    def submit(number: int, partner: Partner | None = None, **changes: object) -> Outcome:
        now = changes.pop("now", NOON)
        entry = submission(number, partner_id=partner.id if partner else None, **changes)  # type: ignore[arg-type]
        return submit_entry(session, entry, now=now, rng=rng, vault=VAULT)  # type: ignore[arg-type]

    return submit


def plan(session: Session, partner: Partner, **changes: object) -> Partner:
    planned = replace(PartnerPlan.of(partner), **changes)  # type: ignore[arg-type]
    return partners.edit(session, partner.id, planned, **DONE)  # type: ignore[arg-type]


def reserve(session: Session, partner: Partner, prize: Prize, count: int, beginning: str = "") -> int:
    return partner_pools.reserve(
        session,
        partner.id,
        prize.id,
        count,
        beginning=beginning,
        **DONE,  # type: ignore[arg-type]
    )


def wins(outcomes: list[Outcome]) -> int:
    return sum(isinstance(outcome, Won) for outcome in outcomes)


def test_kept_codes_are_for_the_partners_visitors_alone(
    session: Session, prize: Prize, ayse: Partner, enter: Enter
) -> None:
    assert reserve(session, ayse, prize, 4) == 4
    assert wins([enter(number) for number in range(1, 5)]) == 2, "two are for everybody"
    assert wins([enter(number, ayse) for number in range(5, 10)]) == 4
    won = session.scalars(select(Code.partner_id).where(Code.status == "won")).all()
    assert sorted(map(str, won)) == sorted([str(ayse.id)] * 4 + ["None"] * 2)
    assert [(one.free, one.won) for one in partner_pools.kept(session, ayse.id)] == [(0, 4)]
    assert all(finding.ok for finding in check(session, VAULT))


def test_kept_codes_go_first_and_then_those_for_everybody(
    session: Session, prize: Prize, ayse: Partner, enter: Enter
) -> None:
    reserve(session, ayse, prize, 1)
    assert wins([enter(number, ayse) for number in range(1, 8)]) == 6
    (kept,) = partner_pools.kept(session, ayse.id)
    assert (kept.free, kept.won) == (0, 1)


def test_with_a_pool_alone_its_end_is_the_end(
    session: Session, prize: Prize, ayse: Partner, enter: Enter
) -> None:
    reserve(session, ayse, prize, 2)
    plan(session, ayse, pool=Pool.LOSE)
    assert wins([enter(number, ayse) for number in range(1, 5)]) == 2
    assert wins([enter(number) for number in range(5, 8)]) == 3
    assert all(finding.ok for finding in check(session, VAULT))


def test_another_partners_pool_is_not_touched(
    session: Session, campaign: Campaign, prize: Prize, ayse: Partner, enter: Enter
) -> None:
    bob = partners.add(session, campaign.id, "bob", "Bob", rng=FakeRng(2), **DONE)  # type: ignore[arg-type]
    reserve(session, ayse, prize, 6)
    assert isinstance(enter(1, bob), Lost)
    assert isinstance(enter(2, ayse), Won)


def test_a_link_that_has_ended_shows_the_page_of_everybody(
    session: Session, campaign: Campaign, prize: Prize, ayse: Partner
) -> None:
    reserve(session, ayse, prize, 6)
    plan(session, ayse, ends_at=NOON + timedelta(days=1))
    for days, phase, whose in ((0, "live", ayse), (1, "sold_out", None)):
        page = landing.landing_page(session, "summer", now=NOON + timedelta(days=days), partner=ayse)
        assert (page.phase, page.partner) == (phase, whose)


def test_the_page_says_sold_out_by_who_asks(
    session: Session, campaign: Campaign, prize: Prize, ayse: Partner
) -> None:
    reserve(session, ayse, prize, 6)
    assert landing.landing_page(session, "summer", now=NOON).phase == "sold_out"
    assert landing.landing_page(session, "summer", now=NOON, partner=ayse).phase == "live"
    assert handling.offers(session, campaign.id) == [], "nothing for staff to give in the place of a void win"


def test_codes_are_kept_by_how_they_begin_and_given_back(
    session: Session, campaign: Campaign, prize: Prize, ayse: Partner
) -> None:
    add_codes(session, prize, 3, rng=FakeRng(55))
    beginning = session.scalars(select(Code.text).order_by(Code.id.desc())).first()
    assert beginning
    assert reserve(session, ayse, prize, 3, beginning[:8]) == 3
    with pytest.raises(Conflict):
        reserve(session, ayse, prize, 1, beginning[:8])
    assert [one.free for one in partner_pools.common(session, campaign.id)] == [6]
    assert partner_pools.release(session, ayse.id, prize.id, **DONE) == 3  # type: ignore[arg-type]
    assert partner_pools.release(session, ayse.id, prize.id, **DONE) == 0  # type: ignore[arg-type]
    assert partner_pools.kept(session, ayse.id) == []
    actions = [record.action for record in audit.latest(session, campaign_id=campaign.id)][:2]
    assert actions == ["partner.release", "partner.reserve"]


def test_codes_made_for_a_partner_begin_with_the_prefix(
    session: Session, prize: Prize, ayse: Partner, enter: Enter
) -> None:
    made = partner_pools.generate(session, ayse.id, prize.id, 3, prefix="AYSE", rng=FakeRng(4), **DONE)  # type: ignore[arg-type]
    assert made == 3
    texts = session.scalars(select(Code.text).where(Code.partner_id == ayse.id)).all()
    assert len(texts) == 3
    assert all(text.startswith("AYSE-") for text in texts)
    outcome = enter(1, ayse)
    assert isinstance(outcome, Won)
    assert outcome.code.startswith("AYSE-")
    assert all(finding.ok for finding in check(session, VAULT))


@pytest.mark.parametrize("count", [0, partner_pools.MOST + 1])
def test_so_many_at_once(session: Session, prize: Prize, ayse: Partner, count: int) -> None:
    with pytest.raises(InvalidInput):
        reserve(session, ayse, prize, count)


def test_a_prize_of_another_campaign(session: Session, ayse: Partner) -> None:
    other = make_campaign(session, slug="other", seed=9)
    foreign = prizes.listing(session, other.id)[0]
    with pytest.raises(NotFound):
        reserve(session, ayse, foreign, 1)


def test_a_partners_wins_have_a_cap(session: Session, ayse: Partner, enter: Enter) -> None:
    assert isinstance(enter(1, ayse), Won)
    plan(session, ayse, max_wins=3)
    assert session.get_one(Partner, ayse.id).wins == 1, "counting begins with what was won before"
    assert wins([enter(number, ayse) for number in range(2, 7)]) == 2
    assert isinstance(enter(7), Won), "others go on winning"
    assert all(finding.ok for finding in check(session, VAULT))


def test_what_could_not_be_won_is_given_back_to_the_cap(
    session: Session, prize: Prize, ayse: Partner, enter: Enter
) -> None:
    plan(session, ayse, max_wins=3, pool=Pool.LOSE)
    assert isinstance(enter(1, ayse), Lost)
    reserve(session, ayse, prize, 3)
    assert wins([enter(number, ayse) for number in range(2, 5)]) == 3


def test_a_partner_counts_in_its_time_only(session: Session, ayse: Partner, enter: Enter) -> None:
    plan(session, ayse, starts_at=NOON, ends_at=NOON + timedelta(hours=1))
    for number, minutes in ((1, -1), (2, 0), (3, 59), (4, 60)):
        enter(number, ayse, now=NOON + timedelta(minutes=minutes))
    counted = session.scalars(select(Entry.partner_id).order_by(Entry.id)).all()
    assert counted == [None, ayse.id, ayse.id, None]


def test_a_partners_own_entry_counts_for_nobody(session: Session, ayse: Partner, enter: Enter) -> None:
    plan(session, ayse, email="Ayse+me@gmail.com")
    enter(1, ayse, email="a.y.s.e@gmail.com")
    assert session.scalars(select(Entry.partner_id)).one() is None


def test_a_partner_of_another_campaign_counts_for_nobody(session: Session, enter: Enter) -> None:
    make_campaign(session)
    other = make_campaign(session, slug="other", seed=9)
    bob = partners.add(session, other.id, "bob", "Bob", rng=FakeRng(2), **DONE)  # type: ignore[arg-type]
    enter(1, bob)
    assert session.scalars(select(Entry.partner_id)).one() is None
