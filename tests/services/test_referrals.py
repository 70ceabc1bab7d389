"""Referrals: a friend's first entry earns one further entry, once, and nothing else does."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app.domain.eligibility import EntryLimit
from app.domain.errors import InvalidInput
from app.domain.outcomes import Lost, Outcome, RefusalReason, Refused, Won
from app.domain.proof import Proof
from app.domain.referrals import NotCounted
from app.models import Campaign, Entrant, Entry, Message, MessageKind, Referral
from app.services import campaigns, erasure, proof, referrals
from app.services.audit import COMMAND_LINE
from app.services.check import check
from app.services.entries import submit_entry
from app.services.networks import Networks
from app.services.referrals import Explained, Invitation, ReferralFigures, Standing
from tests.support.factories import VAULT, TierSpec, make_campaign, solved, submission
from tests.support.fakes import NOON, FakeRng
from tests.support.office import Postman, deliver_all, text_of

LATER = timedelta(minutes=5)


def start(session: Session, most: int = 2, *, slug: str = "summer", **plan: Any) -> Campaign:
    limit = plan.pop("limit", EntryLimit.ONCE)
    campaign = make_campaign(
        session, [TierSpec("Gold", codes=50)], slug=slug, seed=1 + (slug == "winter"), limit=limit
    )
    changed = replace(campaigns.plan_of(campaign), refer_most=most, **plan)
    return campaigns.edit(session, campaign.id, changed, actor=COMMAND_LINE, now=NOON)


def enter(session: Session, number: int, link: Any = None, **values: Any) -> Outcome:
    now = values.pop("now", NOON)
    invited = Invitation(getattr(link, "entry", link)) if link is not None else None
    sent = replace(submission(number), **({"invited": invited} | values))
    return submit_entry(session, sent, now=now, rng=FakeRng(number), vault=VAULT)


def again(session: Session, person: int, number: int, **values: Any) -> Outcome:
    """The person enters once more over their own link, with a form of its own."""
    address = f"person{person}@example.org"
    first = session.scalars(
        select(Entry.id).where(Entry.email == address).order_by(Entry.created_at, Entry.period).limit(1)
    ).first()
    session.rollback()
    return enter(session, number, **({"email": address, "again": first} | values))


def entry_of(outcome: Outcome) -> UUID:
    assert not isinstance(outcome, Refused)
    return outcome.entry


def rows(session: Session) -> list[Referral]:
    session.rollback()
    session.expire_all()
    return list(session.scalars(select(Referral).order_by(Referral.created_at, Referral.number)))


def reasons(session: Session) -> list[str]:
    return [row.not_counted or (f"+{row.number}" if row.number else "waits") for row in rows(session)]


def faults(session: Session) -> list[str]:
    session.rollback()
    return [f"{one.name}: {one.detail}" for one in check(session, VAULT) if not one.ok]


def test_a_friend_earns_one_further_entry(session: Session) -> None:
    start(session)
    mine = enter(session, 1)
    assert again(session, 1, 10) == Refused(RefusalReason.ALREADY_ENTERED)
    assert isinstance(enter(session, 2, mine), Won)
    assert reasons(session) == ["+1"]
    assert isinstance(again(session, 1, 11), Won)
    assert again(session, 1, 12) == Refused(RefusalReason.ALREADY_ENTERED)
    assert faults(session) == []


def test_a_form_sent_twice_is_one_further_entry(session: Session) -> None:
    start(session)
    mine = enter(session, 1)
    for friend in (2, 3):
        enter(session, friend, mine)
    first = again(session, 1, 10)
    assert again(session, 1, 10, captcha=solved(90)) == first
    assert enter(session, 4, nonce=(10).to_bytes(16, "big"), email="person1@example.org") == first
    assert referrals.standing(session, mine.entry) == Standing(2, 1)  # type: ignore[union-attr]


def test_who_types_an_address_uses_up_nothing(session: Session) -> None:
    start(session)
    mine = enter(session, 1)
    friend = enter(session, 2, mine)
    start(session, slug="winter")
    elsewhere = again(session, 1, 40, campaign="winter")
    for number, link in enumerate([None, friend, elsewhere, UUID(int=6)], 20):
        stranger = again(session, 1, number, again=getattr(link, "entry", link))
        assert stranger == Refused(RefusalReason.ALREADY_ENTERED)
    assert referrals.standing(session, entry_of(mine)) == Standing(1, 1)
    assert isinstance(again(session, 1, 30), Won)


def test_a_proved_address_needs_no_link(session: Session) -> None:
    start(session)
    mine = enter(session, 1)
    enter(session, 2, mine)
    me = session.scalars(select(Entry.entrant_id).where(Entry.id == entry_of(mine))).one()
    session.rollback()
    assert isinstance(again(session, 1, 20, again=None, proved=frozenset({me})), Won)


def test_a_daily_limit_is_used_before(session: Session) -> None:
    start(session, limit=EntryLimit.DAILY)
    mine = enter(session, 1)
    enter(session, 2, mine)
    tomorrow = NOON + timedelta(days=1)
    again(session, 1, 10, now=tomorrow)
    periods = select(Entry.period).join(Entrant, Entrant.id == Entry.entrant_id)
    mine_only = periods.where(Entrant.email_key == "person1@example.org").order_by(Entry.created_at)
    assert list(session.scalars(mine_only)) == ["2030-06-15", "2030-06-16"]
    session.rollback()
    again(session, 1, 11, now=tomorrow + LATER)
    assert list(session.scalars(mine_only)) == ["2030-06-15", "2030-06-16", "+1"]
    assert faults(session) == []


def test_what_earns_nothing(session: Session) -> None:
    start(session, most=1)
    mine = enter(session, 1)
    assert isinstance(enter(session, 2), Won)
    refused = again(session, 2, 20, link=mine)
    assert isinstance(refused, Refused)
    assert reasons(session) == [], "who has entered before brings nothing in"
    enter(session, 3, mine)
    enter(session, 4, mine)
    assert sorted(reasons(session)) == ["+1", "limit"]


def make_loop(session: Session, campaign: Campaign, entry_id: UUID, email: str) -> None:
    """As if somebody without any entry had brought the one who made this: nobody can, having no link."""
    me = session.scalars(select(Entry.entrant_id).where(Entry.id == entry_id)).one()
    friend = Entrant(id=UUID(int=77), email_key=email, created_at=NOON)
    session.add(friend)
    session.flush()
    session.add(
        Referral(
            campaign_id=campaign.id,
            friend_id=me,
            referrer_id=friend.id,
            entry_id=entry_id,
            link_id=entry_id,
            not_counted="limit",
            created_at=NOON - LATER,
        )
    )
    session.commit()


@pytest.mark.parametrize("reason", [*NotCounted])
def test_each_reason_is_kept(session: Session, reason: NotCounted) -> None:
    campaign = start(session, most=1 if reason is NotCounted.LIMIT else 5, limit=EntryLimit.DAILY)
    mine = enter(session, 1)
    assert isinstance(mine, Won)
    friend, values, link = 2, dict[str, Any](), mine.entry
    if reason is NotCounted.LIMIT:
        enter(session, 7, mine, now=NOON - LATER)
    if reason is NotCounted.SELF:
        values = {"email": "person1@example.org", "now": NOON + timedelta(days=1)}
    if reason is NotCounted.NOT_FIRST:
        enter(session, 2)
        friend, values = 20, {"email": "person2@example.org", "now": NOON + timedelta(days=1)}
    if reason is NotCounted.LOOP:
        friend = 20
        make_loop(session, campaign, mine.entry, "person20@example.org")
    values["invited"] = Invitation(link, is_same_network=reason is NotCounted.NETWORK)
    enter(session, friend, **values)
    told = [row.not_counted for row in rows(session) if row.created_at >= NOON]
    assert told == [reason.value]
    assert faults(session) == []


def test_a_friend_counts_once(session: Session) -> None:
    start(session, limit=EntryLimit.DAILY)
    mine = enter(session, 1)
    enter(session, 2, mine)
    again(session, 2, 20, link=mine, now=NOON + timedelta(days=1))
    assert reasons(session) == ["+1"]


def test_where_it_is_off_a_link_is_nothing(session: Session) -> None:
    start(session, most=0)
    mine = enter(session, 1)
    enter(session, 2, mine)
    assert rows(session) == []


def test_links_of_others_are_none(session: Session) -> None:
    start(session)
    start(session, slug="winter")
    elsewhere = enter(session, 1, campaign="winter")
    enter(session, 2, elsewhere)
    enter(session, 3, UUID(int=5))
    gone = enter(session, 4)
    session.rollback()
    entrant = session.scalars(select(Entry.entrant_id).where(Entry.id == entry_of(gone))).one()
    erasure.erase(session, entrant, now=NOON, rng=FakeRng(3), vault=VAULT)
    enter(session, 5, gone)
    assert rows(session) == []


@pytest.mark.parametrize("is_full", [False, True])
def test_with_proof_it_is_earned_by_the_proof(session: Session, is_full: bool) -> None:
    start(session, most=1, proof=Proof.REVEAL)
    mine = enter(session, 1)
    friend = enter(session, 2, mine, now=NOON + LATER)
    assert reasons(session) == ["waits"]
    if is_full:
        enter(session, 3, mine)
        proof.prove(session, rows(session)[0].entry_id, now=NOON, rng=FakeRng(1))
    for _time in range(2):
        proof.prove(session, friend.entry, now=NOON + LATER, rng=FakeRng(2))  # type: ignore[union-attr]
    assert reasons(session)[-1] == ("limit" if is_full else "+1")
    assert faults(session) == []


def test_somebody_who_has_proved_the_address_counts_at_once(session: Session) -> None:
    start(session)
    friend = enter(session, 2)
    start(session, slug="winter", proof=Proof.CODE)
    known = session.scalars(select(Entry.entrant_id).where(Entry.id == entry_of(friend))).one()
    session.rollback()
    link = enter(session, 41, campaign="winter")
    again(session, 2, 42, link=link, campaign="winter", proved=frozenset({known}))
    assert reasons(session) == ["+1"]
    assert faults(session) == []


def test_the_referrer_is_told(session: Session) -> None:
    start(session)
    mine = enter(session, 1)
    deliver_all(session, Postman(), NOON)
    enter(session, 2, mine, now=NOON + timedelta(hours=2))
    told = session.scalars(select(Message).where(Message.kind == MessageKind.REFERRED)).all()
    assert [(each.number, each.entry_id) for each in told] == [(1, mine.entry)]  # type: ignore[union-attr]
    session.rollback()
    postman = Postman()
    deliver_all(session, postman, NOON + timedelta(hours=2))
    mail = next(each for each in postman.mails if each["To"] == "person1@example.org")
    assert mail["Subject"] == "One more try: Summer giveaway"
    assert "https://win.example/c/summer/again/" in text_of(mail)
    assert "person2" not in mail.as_string()


def test_who_wants_no_such_mail_gets_none(session: Session) -> None:
    start(session)
    mine = enter(session, 1)
    deliver_all(session, Postman(), NOON)
    session.execute(update(Entrant).values(no_mail_at=NOON))
    session.commit()
    enter(session, 2, mine, now=NOON + timedelta(hours=2))
    postman = Postman()
    deliver_all(session, postman, NOON + timedelta(hours=2))
    assert [each["To"] for each in postman.mails] == ["person2@example.org"]


def test_the_network_of_the_last_entry_is_compared(session: Session) -> None:
    start(session)
    networks = Networks(b"s" * 32)
    here = networks.hashed(session, "192.0.2.0/24", now=NOON, rng=FakeRng(1))
    mine = enter(session, 1, network=here)
    assert isinstance(mine, Won)

    def is_same(prefix: str | None, link: UUID = mine.entry) -> bool:
        session.rollback()
        return referrals.invitation(session, link, prefix, networks).is_same_network

    assert is_same("192.0.2.0/24")
    assert not is_same("198.51.100.0/24")
    assert not is_same(None)
    assert not is_same("192.0.2.0/24", UUID(int=1))


def test_figures_and_explanations(session: Session) -> None:
    campaign = start(session, most=1)
    mine = enter(session, 1)
    friend = enter(session, 2, mine)
    enter(session, 3, mine)
    further = again(session, 1, 10)
    assert referrals.figures(session, campaign.id) == ReferralFigures(1, 2, 1, 0, {NotCounted.LIMIT: 1}, 1)

    def told(outcome: Any) -> Explained | None:
        return referrals.explained(session, session.get_one(Entry, outcome.entry))

    assert told(mine) is None
    assert told(friend) == Explained(mine.entry, 1)  # type: ignore[union-attr]
    assert told(further) == Explained(earned_by=friend.entry)  # type: ignore[union-attr]
    assert referrals.standing(session, mine.entry) == Standing(1, 0)  # type: ignore[union-attr]


def test_check_finds_a_further_entry_that_nobody_earned(session: Session) -> None:
    start(session)
    mine = enter(session, 1)
    enter(session, 2, mine)
    again(session, 1, 10)
    session.execute(delete(Referral))
    session.commit()
    assert any("no friend has earned" in fault for fault in faults(session))


def test_how_many_has_an_end(session: Session) -> None:
    with pytest.raises(InvalidInput):
        start(session, most=101)
    assert isinstance(enter(session, 1), Won | Lost)
