"""Erasure: nobody is found any more, nothing is given twice, and every draw can still be checked."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.eligibility import EntryLimit
from app.domain.errors import NotFound
from app.domain.outcomes import Lost, Refused, Won
from app.models import AuditRecord, Award, Code, CodeStatus, Entrant, Entry, Message, WinnerKey
from app.services import erasure, personal_data, winner_keys, winner_page
from app.services.check import check
from app.services.entries import submit_entry
from tests.support.factories import VAULT, TierSpec, make_campaign, submission
from tests.support.fakes import NOON, FakeRng
from tests.support.office import Postman, deliver_all

TOMORROW = NOON + timedelta(days=1)


def enter(session: Session, number: int = 1, *, now: Any = NOON, seed: int = 0, **values: Any) -> Any:
    sent = replace(submission(number), **values)
    return submit_entry(session, sent, now=now, rng=FakeRng(seed or number), vault=VAULT)


def person(session: Session, entry_id: UUID) -> UUID:
    session.rollback()
    return session.get_one(Entry, entry_id).entrant_id


def erase(session: Session, entrant_id: UUID) -> None:
    erasure.erase(session, entrant_id, now=NOON, rng=FakeRng(77), vault=VAULT)
    session.expire_all()


def faults(session: Session) -> list[str]:
    session.rollback()
    return [f"{one.name}: {one.detail}" for one in check(session, VAULT) if not one.ok]


@pytest.fixture
def won(session: Session) -> Won:
    campaign = make_campaign(session)
    outcome = enter(session)
    assert isinstance(outcome, Won)
    winner_keys.write_keys(session, campaign.id)
    return outcome


def test_nothing_leads_to_the_person_any_more(session: Session, won: Won) -> None:
    entrant_id = person(session, won.entry)
    before = session.get_one(Entry, won.entry)
    nonce, commitment = before.nonce, before.entry_commit
    erase(session, entrant_id)
    entry, entrant = session.get_one(Entry, won.entry), session.get_one(Entrant, entrant_id)
    assert (entry.name, entry.email, entry.answers, entry.network) == ("", "", "", None)
    assert (entry.nonce != nonce, entry.entry_commit) == (True, commitment)
    assert entrant.email_key.startswith("erased:")
    assert "person1" not in entrant.email_key
    assert session.scalars(select(WinnerKey)).all() == []
    assert winner_keys.write_keys(session, entry.campaign_id) == 0
    record = session.scalars(select(AuditRecord).where(AuditRecord.action == "person.erase")).one()
    assert (record.actor, record.subject, record.after) == ("entrant", "", {"erased": 1, "wins": 1})
    assert faults(session) == []


def test_the_code_stays_given_out_and_the_mail_is_not_sent(session: Session, won: Won) -> None:
    erase(session, person(session, won.entry))
    award = session.get_one(Award, won.entry)
    assert session.get_one(Code, award.code_id).status is CodeStatus.WON
    postman = Postman()
    deliver_all(session, postman)
    assert postman.mails == []
    assert session.scalars(select(Message.last_error)).all() == ["gone"]


def test_nobody_is_erased_twice_or_finds_the_page(session: Session, won: Won) -> None:
    entrant_id = person(session, won.entry)
    erase(session, entrant_id)
    for act in (
        lambda: erase(session, entrant_id),
        lambda: erase(session, UUID(int=9)),
        lambda: winner_page.page_of(session, entrant_id, now=NOON),
        lambda: personal_data.export(session, entrant_id, now=NOON, vault=VAULT),
        lambda: winner_page.want_mail(session, entrant_id, wanted=True, now=NOON),
    ):
        with pytest.raises(NotFound):
            act()


def test_being_erased_is_no_second_chance(session: Session, won: Won) -> None:
    erase(session, person(session, won.entry))
    again = enter(session, 2, email="Person1@example.org", seed=50)
    assert isinstance(again, Refused)
    assert faults(session) == []


def test_elsewhere_they_are_somebody_again_and_what_was_erased_stays_so(session: Session, won: Won) -> None:
    entrant_id = person(session, won.entry)
    erase(session, entrant_id)
    make_campaign(session, slug="winter", seed=1)
    again = enter(session, 2, campaign="winter", email="person1@example.org", seed=50)
    assert isinstance(again, Won)
    assert person(session, again.entry) == entrant_id
    session.expire_all()
    entrant = session.get_one(Entrant, entrant_id)
    assert (entrant.email_key, entrant.erased_at) == ("person1@example.org", None)
    page = winner_page.page_of(session, entrant_id, now=NOON)
    assert [prize.entry_id for prize in page.prizes] == [again.entry]
    assert [
        one["entry"] for one in personal_data.export(session, entrant_id, now=NOON, vault=VAULT)["entries"]
    ] == [again.entry.hex]
    assert isinstance(enter(session, 3, email="person1@example.org", seed=51), Refused)
    assert faults(session) == []
    erase(session, entrant_id)
    assert faults(session) == []


def test_the_next_day_they_may_enter_as_anybody(session: Session) -> None:
    make_campaign(session, [TierSpec("Gold", codes=1)], limit=EntryLimit.DAILY)
    enter(session)
    lost = enter(session, 2)
    assert isinstance(lost, Lost)
    erase(session, person(session, lost.entry))
    same: dict[str, Any] = {"email": "person2@example.org"}
    assert isinstance(enter(session, 3, **same), Refused)
    assert isinstance(enter(session, 4, now=TOMORROW, **same), Lost)
    assert faults(session) == []


def test_an_entry_made_while_its_person_was_erased_can_be_checked(session: Session, won: Won) -> None:
    entrant = session.get_one(Entrant, person(session, won.entry))
    entrant.email_key, entrant.erased_at = VAULT.pseudonym(entrant.email_key), NOON
    session.commit()
    assert faults(session) == []
