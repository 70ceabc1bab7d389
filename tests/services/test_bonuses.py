"""Bonuses: codes of a named tier for who brings a friend and for the friend; given, not drawn."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.orm import Session

from app.domain.eligibility import EntryLimit
from app.domain.entry_form import FormPlan
from app.domain.errors import Conflict, InvalidInput
from app.domain.events import EventType
from app.domain.odds import Limits
from app.domain.outcomes import AwardReason, Won
from app.domain.proof import Proof
from app.models import (
    Campaign,
    Entrant,
    Entry,
    FigureDay,
    Message,
    MessageKind,
    Prize,
    Referral,
    Tier,
    TierUse,
    WebhookDelivery,
)
from app.services import (
    bonuses,
    campaign_file,
    campaigns,
    counts,
    entry_log,
    erasure,
    handling,
    proof,
    referrals,
    rollups,
    standing,
    tiers,
    winner_page,
    winners,
)
from app.services.audit import COMMAND_LINE
from app.services.bonuses import Bonus
from app.services.check import check
from app.services.duplicate import duplicate
from app.services.entries import outcome_of, submit_entry
from app.services.referrals import Invitation
from app.services.tiers import TierPlan
from app.services.webhooks.contents import content
from tests.support.factories import VAULT, TierSpec, make_campaign, submission
from tests.support.fakes import NOON, FakeRng
from tests.support.hooks import add_endpoint
from tests.support.office import Postman, deliver_all, text_of
from tests.support.receiver import receiving

GOLD, FRIENDS = TierSpec("Gold", codes=50), TierSpec("Friends", weight=0, codes=50)


def start(
    session: Session, most: int = 3, *, codes: int = 50, limits: Limits | None = None, **plan: Any
) -> Campaign:
    specs = [GOLD, replace(FRIENDS, codes=codes)]
    campaign = make_campaign(session, specs, seed=3, limit=plan.pop("limit", EntryLimit.ONCE))
    tier = tiers.find_by_name(session, campaign.id, "Friends")
    assert tier is not None
    if limits is not None:
        tiers.edit(session, tier.id, replace(TierPlan.of(tier), limits=limits), actor=COMMAND_LINE, now=NOON)
    changed = replace(campaigns.plan_of(campaign), refer_most=most, refer_tier_id=tier.id, **plan)
    return campaigns.edit(session, campaign.id, changed, actor=COMMAND_LINE, now=NOON)


def enter(session: Session, number: int, link: Any = None, **values: Any) -> Any:
    now = values.pop("now", NOON)
    invited = Invitation(getattr(link, "entry", link)) if link is not None else None
    sent = replace(submission(number), **({"invited": invited} | values))
    return submit_entry(session, sent, now=now, rng=FakeRng(number), vault=VAULT)


def given(session: Session) -> list[tuple[str, str]]:
    """Who carries a bonus, by address and period."""
    session.rollback()
    session.expire_all()
    query = select(Entry.email, Entry.period).where(Entry.reason == AwardReason.BONUS)
    return sorted((row.email, row.period) for row in session.execute(query))


def faults(session: Session) -> list[str]:
    session.rollback()
    return [f"{one.name}: {one.detail}" for one in check(session, VAULT) if not one.ok]


ME, FRIEND = "person1@example.org", "person2@example.org"


def test_both_get_a_code_once(session: Session) -> None:
    campaign = start(session)
    mine = enter(session, 1)
    friend = enter(session, 2, mine)
    assert given(session) == [(ME, "*1"), (FRIEND, "*")]
    assert isinstance(enter(session, 10, email=ME, again=mine.entry), Won)
    assert enter(session, 2, mine) == friend
    enter(session, 3, mine)
    assert [period for email, period in given(session) if email == ME] == ["*1", "*2"]
    assert bonuses.count(session, campaign.id) == (4, 0)
    outcome = entry_log.EXPORT_HEADER.index("outcome")
    zone = ZoneInfo(campaign.timezone)
    rows = entry_log.export(session, campaign.id, FormPlan(), zone, actor=COMMAND_LINE, now=NOON)
    assert [row[outcome] for row in rows].count("bonus") == 4
    assert faults(session) == []


def test_no_bonus_is_counted_as_an_entry(session: Session) -> None:
    campaign = start(session)
    mine = enter(session, 1)
    enter(session, 2, mine)
    session.rollback()
    [counted] = counts.counted(session, campaign.id)
    assert (counted.entries, counted.people, counted.wins) == (2, 2, 2)
    assert counts.count_on(session, campaign.id, now=NOON + timedelta(hours=2))
    rollups.roll(session, campaign.id, now=NOON + timedelta(hours=2))
    day = select(FigureDay.entries, FigureDay.people, FigureDay.wins).where(FigureDay.dimension == "all")
    assert session.execute(day).one() == (2, 2, 2)
    page = winner_page.page_of(session, session.scalars(PERSON, {"email": ME}).one(), now=NOON)
    assert (page.entries, len(page.prizes)) == (1, 2)
    assert faults(session) == []


def test_a_void_bonus_takes_no_win_from_the_figures(session: Session) -> None:
    campaign = start(session)
    enter(session, 2, enter(session, 1))
    void(session, ME)
    assert standing.voided(session, campaign.id) == {}
    session.rollback()
    assert faults(session) == []


def test_it_is_a_win_like_any_other(session: Session) -> None:
    """Shown, masked, told of, exported, void, replaced."""
    campaign = start(session)
    enter(session, 2, enter(session, 1))
    session.rollback()
    page = winners.search(session, campaign.id)
    assert sorted((row.email, row.is_bonus) for row in page.rows) == [
        *((ME, False), (ME, True), (FRIEND, False), (FRIEND, True))
    ]
    void(session, ME)
    bonus_id = carried(session, ME)
    prize = session.scalars(select(Prize.id).where(Prize.name == "Gold prize")).one()
    session.rollback()
    handling.replace(session, bonus_id, prize, actor=COMMAND_LINE, now=NOON, rng=FakeRng(9))
    assert winners.one(session, bonus_id).prize_name == "Gold prize"
    assert faults(session) == []


def test_both_are_told_by_mail(session: Session) -> None:
    start(session)
    mine = enter(session, 1)
    enter(session, 2, mine)
    postman = Postman()
    for hour in range(6):
        deliver_all(session, postman, NOON + timedelta(hours=hour))
    told = [(mail["To"], mail["Subject"]) for mail in postman.mails]
    assert (ME, "A code for you: Friends prize") in told
    assert (FRIEND, "A code for you: Friends prize") in told
    mail = next(each for each in postman.mails if each["Subject"].startswith("A code for you"))
    assert "given, not drawn" in text_of(mail)
    referred = next(each for each in postman.mails if each["Subject"].startswith("One more try"))
    assert "none could be given" not in text_of(referred)
    assert faults(session) == []


def test_a_tier_that_is_used_up_is_told_of_plainly(session: Session) -> None:
    campaign = start(session, codes=1)
    mine = enter(session, 1)
    friend = enter(session, 2, mine)
    assert given(session) == [(FRIEND, "*")]
    assert bonuses.of_friend(session, friend.entry) == Bonus(carried(session, FRIEND), NOON)
    third = enter(session, 3, mine)
    session.rollback()
    assert bonuses.of_friend(session, third.entry) == Bonus(None)
    assert bonuses.of_friend(session, mine.entry) is None
    assert referrals.figures(session, campaign.id).codes_lacking == 3
    session.rollback()
    postman = Postman()
    for hour in range(6):
        deliver_all(session, postman, NOON + timedelta(hours=hour))
    referred = [each for each in postman.mails if each["Subject"].startswith("One more try")]
    assert len(referred) == 2
    assert all("none could be given" in text_of(each) for each in referred)
    assert faults(session) == []


def test_what_one_person_may_have_of_a_tier_holds(session: Session) -> None:
    start(session, limits=Limits(per_person=1))
    mine = enter(session, 1)
    for friend in (2, 3):
        enter(session, friend, mine)
    assert given(session) == [(ME, "*1"), (FRIEND, "*"), ("person3@example.org", "*")]
    assert faults(session) == []


def test_a_win_of_the_same_entry_counts_against_the_limit(session: Session) -> None:
    campaign = start(session, limits=Limits(per_person=1))
    gold = tiers.find_by_name(session, campaign.id, "Gold")
    assert gold is not None
    plan = replace(TierPlan.of(gold), limits=Limits(per_person=1))
    tiers.edit(session, gold.id, plan, actor=COMMAND_LINE, now=NOON)
    campaigns.edit(
        session,
        campaign.id,
        replace(campaigns.plan_of(campaign), refer_tier_id=gold.id),
        actor=COMMAND_LINE,
        now=NOON,
    )
    assert isinstance(enter(session, 2, enter(session, 1)), Won)
    assert given(session) == []


def test_places_are_given_back_where_no_code_is_left(session: Session) -> None:
    start(session, codes=1, limits=Limits(in_all=5))
    enter(session, 2, enter(session, 1))
    session.rollback()
    assert session.scalars(select(TierUse.used)).all() == [1]
    assert faults(session) == []


def test_with_proof_both_get_it_with_the_proof(session: Session) -> None:
    start(session, proof=Proof.CODE)
    mine = enter(session, 1)
    friend = enter(session, 2, mine)
    assert given(session) == []
    proof.prove(session, friend.entry, now=NOON, rng=FakeRng(5))
    assert given(session) == [(ME, "*1"), (FRIEND, "*")]
    assert faults(session) == []


def test_who_was_erased_meanwhile_gets_none(session: Session) -> None:
    start(session, proof=Proof.CODE)
    mine = enter(session, 1)
    friend = enter(session, 2, mine)
    me = session.scalars(PERSON, {"email": ME}).one()
    session.rollback()
    erasure.erase(session, me, now=NOON, rng=FakeRng(4), vault=VAULT)
    proof.prove(session, friend.entry, now=NOON, rng=FakeRng(5))
    assert given(session) == [(FRIEND, "*")]
    assert faults(session) == []


def test_other_systems_are_told(session: Session) -> None:
    with receiving() as receiver:
        add_endpoint(session, receiver, events={EventType.AWARD_WON})
    start(session)
    enter(session, 2, enter(session, 1))
    session.rollback()
    told = session.scalars(select(WebhookDelivery).where(WebhookDelivery.type == "award.won")).all()
    bodies = [json.loads(content(session, row, with_codes=True) or b"{}")["data"] for row in told]
    assert sorted(body["is_bonus"] for body in bodies) == [False, False, True, True]


def test_a_bonus_is_explained(session: Session) -> None:
    start(session)
    mine = enter(session, 1)
    friend = enter(session, 2, mine)
    session.rollback()
    for email in (ME, FRIEND):
        entry = session.get_one(Entry, carried(session, email))
        assert bonuses.explained(session, entry) == friend.entry
        _, outcome = outcome_of(session, entry.id)
        assert isinstance(outcome, Won)
        assert outcome.is_bonus
    assert bonuses.explained(session, session.get_one(Entry, mine.entry)) is None


def test_the_tier_has_to_be_one_of_the_campaign(session: Session) -> None:
    campaign = start(session)
    other = make_campaign(session, slug="winter", seed=8)
    plan = campaigns.plan_of(campaign)
    for place, change in ((other, plan.refer_tier_id), (campaign, UUID(int=4))):
        wrong = replace(campaigns.plan_of(place), refer_tier_id=change)
        with pytest.raises(InvalidInput):
            campaigns.edit(session, place.id, wrong, actor=COMMAND_LINE, now=NOON)
    assert plan.refer_tier_id is not None
    with pytest.raises(Conflict):
        tiers.remove(session, plan.refer_tier_id, actor=COMMAND_LINE, now=NOON)
    campaigns.edit(session, campaign.id, replace(plan, refer_tier_id=None), actor=COMMAND_LINE, now=NOON)
    tiers.remove(session, plan.refer_tier_id, actor=COMMAND_LINE, now=NOON)
    with pytest.raises(InvalidInput):
        campaigns.edit(session, campaign.id, plan, actor=COMMAND_LINE, now=NOON)


def test_copies_and_files_carry_the_tier_by_its_name(session: Session) -> None:
    campaign = start(session)
    copy = duplicate(
        session, campaign.id, slug="copy", actor=COMMAND_LINE, now=NOON, rng=FakeRng(40), vault=VAULT
    )
    text = campaign_file.export(session, campaign.id, actor=COMMAND_LINE, now=NOON)
    trail: dict[str, Any] = {"actor": COMMAND_LINE, "now": NOON, "rng": FakeRng(41), "vault": VAULT}
    campaign_file.import_campaign(session, campaign_file.read(text.encode()), slug="filed", **trail)
    for made in (copy, campaigns.get(session, "filed")):
        tier = session.get_one(Tier, made.refer_tier_id)
        assert (tier.name, tier.campaign_id) == ("Friends", made.id)
    wrong = text.replace('"refer_tier": "Friends"', '"refer_tier": "Silver"')
    session.rollback()
    with pytest.raises(InvalidInput, match="refer_tier"):
        campaign_file.import_campaign(session, campaign_file.read(wrong.encode()), slug="wrong", **trail)


def test_check_finds_a_code_nobody_has_brought(session: Session) -> None:
    start(session)
    enter(session, 2, enter(session, 1))
    given(session)
    session.execute(delete(Referral))
    session.execute(delete(Message).where(Message.kind == MessageKind.REFERRED))
    session.commit()
    assert any("no friend has brought" in fault for fault in faults(session))


def test_a_bonus_without_its_code_is_found(session: Session) -> None:
    start(session)
    enter(session, 2, enter(session, 1))
    session.execute(
        update(Entry).where(Entry.reason == AwardReason.BONUS).values(entry_commit=bytes([1] * 32))
    )
    session.commit()
    assert any("was not drawn and has a commitment" in fault for fault in faults(session))


PERSON = select(Entrant.id).where(Entrant.email_key == bindparam("email"))


def carried(session: Session, email: str) -> UUID:
    """The entry that carries this person's first bonus."""
    bonus = (Entry.email == email, Entry.reason == AwardReason.BONUS)
    return session.scalars(select(Entry.id).where(*bonus).order_by(Entry.period)).first() or UUID(int=0)


def void(session: Session, email: str) -> None:
    bonus_id = carried(session, email)
    session.rollback()
    handling.void(session, bonus_id, actor=COMMAND_LINE, now=NOON, reason="a test")
