"""Reminders of openings: one mail for each address and campaign, when it opens, and then nothing is kept."""

from datetime import timedelta
from itertools import count
from uuid import UUID

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.domain.delivery import MAX_TRIES, TOO_OLD, NotSent, Trouble
from app.domain.eligibility import CampaignStatus
from app.domain.errors import NotFound
from app.domain.identity import InvalidAddress
from app.models import Campaign, Entry, Message, MessageState, OpeningReminder
from app.services import campaigns, erasure, housekeeping, opening_reminders, watch_round
from app.services.audit import COMMAND_LINE
from app.services.entries import submit_entry
from app.services.outbox import deliver_next
from tests.support.factories import VAULT, make_campaign, submission
from tests.support.fakes import NOON, FakeRng
from tests.support.office import Postman, deliver_all, office, text_of

OPENS = NOON + timedelta(days=2)
CLOSES = NOON + timedelta(days=9)
_asked = count()


def ask(
    session: Session, email: str = "ayse@example.org", slug: str = "summer", *, locale: str = "en"
) -> None:
    opening_reminders.ask(session, slug, email, locale, now=NOON, rng=FakeRng(next(_asked)), vault=VAULT)


def kept(session: Session) -> list[OpeningReminder]:
    session.rollback()
    session.expire_all()
    return list(session.scalars(select(OpeningReminder).order_by(OpeningReminder.id)))


def messages(session: Session) -> list[Message]:
    session.rollback()
    session.expire_all()
    return list(session.scalars(select(Message).order_by(Message.id)))


def round_at(session: Session, days: float) -> None:
    watch_round.make(session, now=NOON + timedelta(days=days), rng=FakeRng(5))


@pytest.fixture
def campaign(session: Session) -> Campaign:
    return make_campaign(session, opens_at=OPENS, closes_at=CLOSES)


def test_one_address_is_kept_once(session: Session, campaign: Campaign) -> None:
    for email in ("ayse@gmail.com", "Ay.Se+news@googlemail.com", "ayse@gmail.com"):
        ask(session, email)
    (only,) = kept(session)
    assert (only.email, only.locale, only.called_at) == ("ayse@gmail.com", "en", None)
    assert "ayse" not in only.address_key
    make_campaign(session, slug="winter", opens_at=OPENS, seed=3)
    ask(session, "ayse@gmail.com", "winter")
    assert len(kept(session)) == 2


@pytest.mark.parametrize("status", [CampaignStatus.DRAFT, CampaignStatus.OPEN, CampaignStatus.CLOSED])
def test_nobody_waits_for_what_does_not_open_later(session: Session, status: CampaignStatus) -> None:
    make_campaign(session, status=status)
    ask(session)
    assert kept(session) == []


def test_what_cannot_be_is_refused(session: Session, campaign: Campaign) -> None:
    with pytest.raises(NotFound):
        ask(session, slug="nothing")
    with pytest.raises(InvalidAddress):
        ask(session, "not an address")


def test_one_mail_when_it_opens(session: Session, campaign: Campaign) -> None:
    ask(session)
    round_at(session, 1.9)
    assert messages(session) == []
    for days in (2, 2.01, 3):
        round_at(session, days)
    (message,) = messages(session)
    assert message.state is MessageState.WAITING
    postman = Postman()
    deliver_all(session, postman, OPENS)
    deliver_all(session, postman, OPENS + timedelta(days=1))
    (mail,) = postman.mails
    assert mail["To"] == "ayse@example.org"
    assert mail["Subject"] == "Open now: Summer giveaway"
    assert "/c/summer/reminder/" in mail["List-Unsubscribe"]
    assert "https://win.example/c/summer\n" in text_of(mail)
    assert "24 June 2030" in text_of(mail)
    (only,) = kept(session)
    assert (only.email, only.called_at) == (None, OPENS)
    ask(session)
    round_at(session, 4)
    assert len(messages(session)) == 1


def test_it_speaks_the_visitors_language(session: Session, campaign: Campaign) -> None:
    ask(session, locale="tr")
    round_at(session, 2)
    postman = Postman()
    deliver_all(session, postman, OPENS)
    assert str(postman.mails[0]["Subject"]) == "Şimdi açıldı: Summer giveaway"


@pytest.mark.parametrize("people", [4, 5])
def test_many_are_called_in_parts(
    session: Session, campaign: Campaign, monkeypatch: pytest.MonkeyPatch, people: int
) -> None:
    monkeypatch.setattr(opening_reminders, "AT_ONCE", 2)
    for number in range(people):
        ask(session, f"{'x' * number}p@example.org")
    round_at(session, 2)
    assert len({message.reminder_id for message in messages(session)}) == people
    housekeeping.purge(session, now=CLOSES)
    assert not kept(session)
    assert not messages(session)


def test_while_it_is_paused_the_mail_waits(session: Session, campaign: Campaign) -> None:
    ask(session)
    round_at(session, 2)
    campaigns.set_status(session, campaign.id, CampaignStatus.PAUSED, actor=COMMAND_LINE, now=OPENS)
    postman = Postman()
    assert deliver_next(session, office(postman), clock=lambda: OPENS, rng=FakeRng(1))
    assert messages(session)[0].state is MessageState.WAITING
    campaigns.set_status(session, campaign.id, CampaignStatus.OPEN, actor=COMMAND_LINE, now=OPENS)
    deliver_all(session, postman, OPENS + timedelta(hours=1))
    assert len(postman.mails) == 1


def test_what_is_over_is_not_told(session: Session, campaign: Campaign) -> None:
    ask(session)
    round_at(session, 2)
    campaigns.set_status(session, campaign.id, CampaignStatus.CLOSED, actor=COMMAND_LINE, now=OPENS)
    postman = Postman()
    deliver_all(session, postman, OPENS)
    assert postman.mails == []
    assert messages(session)[0].state is MessageState.FAILED
    assert kept(session)[0].email is None


@pytest.mark.parametrize("trouble", ["for good", "each time", "too old", "address"])
def test_the_address_goes_with_the_last_try(session: Session, campaign: Campaign, trouble: str) -> None:
    ask(session)
    if trouble == "address":
        session.execute(update(OpeningReminder).values(email="a\nb"))
        session.commit()
    round_at(session, 2)
    broken = NotSent(Trouble.RECIPIENT, for_good=trouble == "for good")
    postman = Postman(*[broken] * MAX_TRIES)
    at = OPENS + (TOO_OLD + timedelta(hours=1) if trouble == "too old" else timedelta())
    for _each in range(MAX_TRIES):
        deliver_all(session, postman, at)
        at += timedelta(hours=8)
        if trouble == "each time":
            at = max(at, messages(session)[0].due_at)
    assert messages(session)[0].state is MessageState.FAILED
    assert kept(session)[0].email is None


def test_taken_back_before_and_after_the_opening(session: Session, campaign: Campaign) -> None:
    ask(session)
    opening_reminders.cancel(session, kept(session)[0].id)
    assert kept(session) == []
    ask(session)
    round_at(session, 2)
    opening_reminders.cancel(session, kept(session)[0].id)
    assert not kept(session)
    assert not messages(session)
    ask(session, "later@example.org")
    round_at(session, 2)
    deliver_all(session, Postman(), OPENS)
    (served,) = kept(session)
    opening_reminders.cancel(session, served.id)
    assert len(kept(session)) == len(messages(session)) == 1
    opening_reminders.cancel(session, UUID(int=1))


def test_in_hand_and_taken_back_is_not_sent(session: Session, campaign: Campaign) -> None:
    ask(session)
    round_at(session, 2)
    session.execute(update(OpeningReminder).values(email=None))
    session.commit()
    postman = Postman()
    deliver_all(session, postman, OPENS)
    assert postman.mails == []


def test_the_campaign_of_a_reminder(session: Session, campaign: Campaign) -> None:
    ask(session)
    found = opening_reminders.campaign_of(session, kept(session)[0].id)
    assert found is not None
    assert found.slug == "summer"
    assert opening_reminders.campaign_of(session, UUID(int=1)) is None


def test_what_waits_for_a_campaign_that_goes_on_is_kept(session: Session, campaign: Campaign) -> None:
    ask(session)
    housekeeping.purge(session, now=OPENS)
    assert len(kept(session)) == 1


def test_being_forgotten_takes_it_along(session: Session, campaign: Campaign) -> None:
    make_campaign(session, slug="winter", seed=3)
    submit_entry(
        session,
        submission(1, campaign="winter", email="ayse@example.org"),
        now=NOON,
        rng=FakeRng(8),
        vault=VAULT,
    )
    ask(session)
    ask(session, "other@example.org")
    entrant = session.scalars(select(Entry.entrant_id)).one()
    erasure.erase(session, entrant, now=NOON, rng=FakeRng(2), vault=VAULT)
    assert [each.email for each in kept(session)] == ["other@example.org"]
