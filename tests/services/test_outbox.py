"""The outbox: what is written with a win, and what comes of it when network, worker or clock fail."""

from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.adapters.mail import Mailer
from app.domain.delivery import LEASE, MAX_TRIES, QUIET, TOO_OLD, NotSent, Sending, Sent, Trouble
from app.domain.errors import Conflict, NotFound
from app.domain.outcomes import Lost, Won
from app.models import AuditRecord, Award, AwardStatus, Code, Entry, Message, MessageState, Prize
from app.services import handling, housekeeping, outbox, winner_page
from app.services.audit import COMMAND_LINE
from app.services.entries import submit_entry
from app.services.outbox import delivery
from app.services.outbox.messages import MOST_AGAIN
from tests.support.factories import VAULT, TierSpec, make_campaign, submission
from tests.support.fakes import NOON, FakeRng
from tests.support.office import Postman, office

LATER = timedelta(minutes=1)
BROKEN = NotSent(Trouble.UNREACHABLE, for_good=False)


def win(
    session: Session,
    number: int = 1,
    *,
    now: datetime = NOON,
    slug: str = "summer",
    email: str | None = None,
) -> Won:
    sent = submission(number, campaign=slug, email=email)
    outcome = submit_entry(session, sent, now=now, rng=FakeRng(number), vault=VAULT)
    assert isinstance(outcome, Won)
    return outcome


def deliver(session: Session, mailer: Mailer, now: datetime = NOON) -> bool:
    return outbox.deliver_next(session, office(mailer), clock=lambda: now, rng=FakeRng(9))


def messages(session: Session) -> list[Message]:
    session.rollback()
    session.expire_all()
    return list(session.scalars(select(Message).order_by(Message.id)))


@pytest.fixture
def won(session: Session) -> Won:
    make_campaign(session)
    return win(session)


def test_a_win_writes_one_message_and_a_loss_none(session: Session) -> None:
    make_campaign(session, [TierSpec("Gold", codes=1)])
    won = win(session)
    lost = submit_entry(session, submission(2), now=NOON, rng=FakeRng(2), vault=VAULT)
    assert isinstance(lost, Lost)
    again = submit_entry(session, submission(1), now=NOON, rng=FakeRng(3), vault=VAULT)
    assert again == won
    (message,) = messages(session)
    assert (message.entry_id, message.state, message.tries) == (won.entry, MessageState.WAITING, 0)
    assert (message.created_at, message.due_at, message.number) == (NOON, NOON, 0)


def test_the_winner_is_told_once(session: Session, won: Won) -> None:
    postman = Postman()
    assert outbox.is_any_due(session, now=NOON)
    assert deliver(session, postman, NOON + LATER)
    assert not deliver(session, postman, NOON + LATER)
    assert not outbox.is_any_due(session, now=NOON + timedelta(days=9))
    (message,) = messages(session)
    assert (message.state, message.sent_at, message.tries) == (MessageState.SENT, NOON + LATER, 1)
    (mail,) = postman.mails
    assert mail["To"] == "person1@example.org"
    assert mail["Subject"] == "You won: Gold prize"
    assert mail["Message-ID"] == f"<{message.id.hex}@brand.example>"
    body = mail.get_body(("plain",))
    assert body is not None
    text = body.get_content()
    assert won.code in text
    assert "https://win.example/c/summer/result/" in text
    assert "Person 1" not in mail.as_string(), "nobody has proven that the name belongs to the address"


def test_nothing_is_due_before_its_time(session: Session, won: Won) -> None:
    assert not outbox.is_any_due(session, now=NOON - LATER)
    assert not deliver(session, Postman(), NOON - LATER)


@pytest.mark.parametrize("damage", ["void", "gone"])
def test_without_a_win_nobody_is_told(session: Session, won: Won, damage: str) -> None:
    if damage == "void":
        session.execute(update(Award).values(status=AwardStatus.VOID, voided_at=NOON))
    else:
        session.delete(session.get_one(Award, won.entry))
    session.commit()
    postman = Postman()
    assert deliver(session, postman)
    assert postman.mails == []
    (message,) = messages(session)
    assert (message.state, message.last_error) == (MessageState.FAILED, "gone")


def test_an_address_that_no_header_holds_is_given_up(
    session: Session, won: Won, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: object, **_named: object) -> EmailMessage:
        raise ValueError

    monkeypatch.setattr("app.services.outbox.office.compose", refuse)
    assert deliver(session, Postman())
    (message,) = messages(session)
    assert (message.state, message.last_error) == (MessageState.FAILED, "address")


def test_what_fails_is_tried_again_and_given_up_in_the_end(session: Session, won: Won) -> None:
    postman = Postman(*[BROKEN] * MAX_TRIES)
    moment, message = NOON, messages(session)[0]
    for number in range(1, MAX_TRIES + 1):
        assert deliver(session, postman, moment)
        assert not deliver(session, postman, moment), "the next try has its time"
        (message,) = messages(session)
        assert (message.tries, message.last_error) == (number, "unreachable")
        moment = message.due_at
    assert message.state is MessageState.FAILED
    assert len({str(mail["Message-ID"]) for mail in postman.mails}) == 1
    assert not deliver(session, postman, moment + TOO_OLD)


def test_what_succeeds_later_is_sent(session: Session, won: Won) -> None:
    postman = Postman(BROKEN)
    deliver(session, postman)
    (message,) = messages(session)
    assert deliver(session, postman, message.due_at)
    (message,) = messages(session)
    assert (message.state, message.last_error, message.tries) == (MessageState.SENT, None, 2)


def test_a_no_for_good_ends_it_at_once(session: Session, won: Won) -> None:
    deliver(session, Postman(NotSent(Trouble.RECIPIENT, for_good=True, code="550 5.1.1")))
    (message,) = messages(session)
    assert (message.state, message.last_error) == (MessageState.FAILED, "recipient 550 5.1.1")


def test_a_surprise_is_trouble_like_another_and_names_nobody(
    session: Session, won: Won, caplog: pytest.LogCaptureFixture
) -> None:
    deliver(session, Postman(RuntimeError("person1@example.org")))
    (message,) = messages(session)
    assert (message.state, message.last_error) == (MessageState.WAITING, "other")
    assert message.id.hex in caplog.text
    assert "RuntimeError" in caplog.text
    assert "example.org" not in caplog.text


def test_no_transaction_is_open_while_the_network_works(session: Session, won: Won) -> None:
    class Watching(Postman):
        def send(self, mail: EmailMessage) -> Sending:
            assert not session.in_transaction()
            return super().send(mail)

    postman = Watching()
    assert deliver(session, postman)
    assert messages(session)[0].state is MessageState.SENT


def test_killed_between_sending_and_noting_it_is_sent_again_under_the_same_id(
    session: Session, won: Won
) -> None:
    class Killed(BaseException):
        """The end of the process."""

    def die(*_args: object, **_named: object) -> None:
        raise Killed

    postman = Postman()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delivery, "settle", die)
        with pytest.raises(Killed):
            deliver(session, postman)
    assert not deliver(session, postman, NOON + LEASE - LATER), "it may still be under way"
    assert deliver(session, postman, NOON + LEASE)
    first, second = postman.mails
    assert first["Message-ID"] == second["Message-ID"]
    (message,) = messages(session)
    assert (message.state, message.tries) == (MessageState.SENT, 2)


def test_a_late_failure_does_not_undo_what_another_worker_did(session: Session, won: Won) -> None:
    slow = outbox.take(session, now=NOON)
    quick = outbox.take(session, now=NOON + LEASE)
    assert slow is not None
    assert quick is not None
    outbox.settle(session, slow, BROKEN, now=NOON + LEASE, rng=FakeRng())
    (message,) = messages(session)
    assert (message.due_at, message.last_error) == (NOON + 2 * LEASE, None)
    outbox.settle(session, quick, Sent(), now=NOON + LEASE, rng=FakeRng())
    outbox.settle(session, slow, NotSent(Trouble.RECIPIENT, for_good=True), now=NOON + LEASE, rng=FakeRng())
    assert messages(session)[0].state is MessageState.SENT


def test_a_late_success_counts_whoever_has_it_in_hand(session: Session, won: Won) -> None:
    slow = outbox.take(session, now=NOON)
    assert slow is not None
    outbox.take(session, now=NOON + LEASE)
    outbox.settle(session, slow, Sent(), now=NOON + LEASE, rng=FakeRng())
    assert messages(session)[0].state is MessageState.SENT


def test_what_changed_since_it_was_looked_at_is_left_alone(
    session: Session, won: Won, monkeypatch: pytest.MonkeyPatch
) -> None:
    def meanwhile(same: Session, *_given: object) -> None:
        same.execute(update(Message).values(state=MessageState.SENT, sent_at=NOON))

    monkeypatch.setattr(delivery, "_last_to_same", meanwhile)
    assert outbox.take(session, now=NOON) is None
    assert messages(session)[0].tries == 0


def test_one_address_gets_one_mail_an_hour(session: Session) -> None:
    for seed, slug in enumerate(("summer", "winter")):
        make_campaign(session, slug=slug, seed=seed)
    win(session, 1, slug="summer")
    win(session, 2, slug="winter", now=NOON + LATER, email="Person1@example.org")
    win(session, 3, slug="winter", now=NOON + LATER)
    postman = Postman()
    while deliver(session, postman, NOON + 2 * LATER):
        pass
    assert [str(mail["To"]) for mail in postman.mails] == ["person1@example.org", "person3@example.org"]
    held = next(each for each in messages(session) if each.state is MessageState.WAITING)
    assert (held.due_at, held.tries, held.tried_at) == (NOON + 2 * LATER + QUIET, 0, None)
    assert not deliver(session, postman, held.due_at - timedelta(seconds=1))
    assert deliver(session, postman, held.due_at)


def test_a_link_to_the_prizes_waits_its_hour_also_for_a_proved_address(session: Session, won: Won) -> None:
    postman = Postman()
    assert deliver(session, postman)
    session.execute(update(Entry).values(proved_at=NOON))
    session.commit()
    winner_page.send_link(session, "person1@example.org", now=NOON + LATER, rng=FakeRng(8))
    while deliver(session, postman, NOON + LATER):
        pass
    assert len(postman.mails) == 1, "anybody may have asked for it"
    assert deliver(session, postman, NOON + LATER + QUIET)
    assert [str(mail["Subject"]) for mail in postman.mails][1:] == ["The link to your prizes"]


def test_a_message_is_not_held_up_by_its_own_tries(session: Session, won: Won) -> None:
    postman = Postman(BROKEN)
    deliver(session, postman)
    assert deliver(session, postman, messages(session)[0].due_at)
    assert len(postman.mails) == 2


def test_what_waited_while_mail_was_off_is_not_sent_any_more(session: Session, won: Won) -> None:
    win(session, 2, now=NOON + TOO_OLD)
    postman = Postman()
    assert deliver(session, postman, NOON + TOO_OLD + LATER)
    assert [str(mail["To"]) for mail in postman.mails] == ["person2@example.org"]
    assert [(each.state, each.last_error) for each in messages(session)] == [
        (MessageState.FAILED, "too_old"),
        (MessageState.SENT, None),
    ]


def test_staff_send_it_again(session: Session, won: Won) -> None:
    postman = Postman()
    deliver(session, postman)
    outbox.resend(session, won.entry, actor=COMMAND_LINE, now=NOON + QUIET, rng=FakeRng(7))
    assert deliver(session, postman, NOON + QUIET)
    first, second = messages(session)
    assert (first.number, second.number) == (0, 1)
    assert len({str(mail["Message-ID"]) for mail in postman.mails}) == 2
    record = session.scalars(select(AuditRecord).where(AuditRecord.action == "winner.mail")).one()
    assert (record.subject, record.actor) == (won.entry.hex, COMMAND_LINE.name)


def test_a_replacement_is_told_by_a_mail_of_its_own(session: Session, won: Won) -> None:
    (gold,) = session.scalars(select(Prize)).all()

    def replace(number: int) -> str:
        common: Any = {"actor": COMMAND_LINE, "now": NOON + QUIET * number, "reason": "typing error"}
        handling.void(session, won.entry, **common)
        given = handling.replace(session, won.entry, gold.id, rng=FakeRng(70 + number), **common)
        return session.get_one(Code, given.code_id).text

    postman = Postman()
    code = replace(0)
    assert len(messages(session)) == 1, "the message that waits tells it by itself"
    deliver(session, postman)
    assert code in str(postman.mails[0].get_body(("plain",)))
    code = replace(2)
    assert deliver(session, postman, NOON + QUIET * 2)
    assert code in str(postman.mails[1].get_body(("plain",)))
    code = replace(4)
    assert [(each.number, each.state.value) for each in messages(session)][2:] == [(2, "waiting")]
    assert outbox.take(session, now=NOON + QUIET * 4)
    code = replace(5)
    assert len(messages(session)) == 4, "one in hand may have been read already"


def test_it_is_not_sent_again_while_it_is_on_its_way(session: Session, won: Won) -> None:
    with pytest.raises(Conflict, match="already on its way"):
        outbox.resend(session, won.entry, actor=COMMAND_LINE, now=NOON, rng=FakeRng(7))
    assert len(messages(session)) == 1


def test_only_a_win_can_be_told_again(session: Session) -> None:
    with pytest.raises(NotFound):
        outbox.resend(session, UUID(int=5), actor=COMMAND_LINE, now=NOON, rng=FakeRng(7))


def test_a_win_from_before_there_was_mail_can_be_told(session: Session, won: Won) -> None:
    session.delete(messages(session)[0])
    session.commit()
    outbox.resend(session, won.entry, actor=COMMAND_LINE, now=NOON, rng=FakeRng(7))
    assert [message.number for message in messages(session)] == [1]


def test_what_became_of_it_is_told_of_the_newest(session: Session, won: Won) -> None:
    other = win(session, 2, now=NOON + LATER)
    deliver(session, Postman(NotSent(Trouble.RECIPIENT, for_good=True)), NOON)
    deliver(session, Postman(), NOON + LATER)
    found = outbox.told(session, [won.entry, other.entry, UUID(int=5)])
    assert found.keys() == {won.entry, other.entry}
    assert (found[won.entry].state, found[won.entry].last_error) == (MessageState.FAILED, "recipient")
    assert found[other.entry].sent_at == NOON + LATER
    outbox.resend(session, won.entry, actor=COMMAND_LINE, now=NOON + QUIET, rng=FakeRng(7))
    assert outbox.told(session, [won.entry])[won.entry].state is MessageState.WAITING


@pytest.fixture
def few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "FORGET_AT_ONCE", 2)


def test_old_messages_are_forgotten_a_few_at_once_and_whole_moments(
    session: Session, few_at_once: None
) -> None:
    make_campaign(session)
    for number, minute in enumerate((0, 1, 1, 1, 2, 3), start=1):
        win(session, number, now=NOON + minute * LATER)
    left: list[int] = []
    while outbox.forget(session, before=NOON + 3 * LATER):
        left.append(len(messages(session)))
    assert left == [2, 1]
    assert [message.created_at for message in messages(session)] == [NOON + 3 * LATER]


def test_housekeeping_forgets_what_became_of_mail_a_month_ago(session: Session, few_at_once: None) -> None:
    make_campaign(session)
    for number in range(1, 7):
        win(session, number, now=NOON + number * LATER)
    housekeeping.purge(session, now=NOON + 6 * LATER + housekeeping.MESSAGES_KEPT)
    assert [message.created_at for message in messages(session)] == [NOON + 6 * LATER]


def test_a_winner_asks_for_the_mail_again_so_many_times(session: Session, won: Won) -> None:
    def ask() -> bool:
        return outbox.send_again(session, won.entry, now=NOON, rng=FakeRng(len(messages(session))))

    assert not ask(), "one is on its way"
    asked = 0
    while asked <= MOST_AGAIN:
        session.execute(update(Message).values(state=MessageState.SENT, sent_at=NOON))
        session.commit()
        if not ask():
            break
        asked += 1
    assert asked == MOST_AGAIN
    assert sorted(message.number for message in messages(session)) == list(range(MOST_AGAIN + 1))
    assert not outbox.send_again(session, UUID(int=7), now=NOON, rng=FakeRng(3))


def test_who_has_lost_has_nothing_to_be_told_again(session: Session) -> None:
    make_campaign(session, [TierSpec("Gold", codes=1)])
    win(session)
    lost = submit_entry(session, submission(2), now=NOON, rng=FakeRng(2), vault=VAULT)
    assert isinstance(lost, Lost)
    entry_id = session.scalars(select(Entry.id).where(Entry.tier_awarded_id.is_(None))).one()
    assert not outbox.send_again(session, entry_id, now=NOON, rng=FakeRng(3))
    assert len(messages(session)) == 1
