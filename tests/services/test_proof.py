"""Proof of address: what is told before and after, and codes that nobody asks for go back."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.domain.errors import Conflict, NotFound
from app.domain.outcomes import Held, Lapsed, Lost, Won
from app.domain.proof import Proof
from app.models import (
    AuditRecord,
    Award,
    AwardStatus,
    Campaign,
    Code,
    CodeStatus,
    Entry,
    Message,
    MessageKind,
    Prize,
)
from app.services import (
    campaigns,
    erasure,
    handling,
    landing,
    outbox,
    pool_history,
    prizes,
    proof,
    winner_page,
    winners,
)
from app.services.audit import COMMAND_LINE
from app.services.check import check
from app.services.entries import outcome_of, submit_entry
from app.services.uow import unit_of_work
from tests.support.factories import VAULT, TierSpec, make_campaign, submission
from tests.support.fakes import NOON, FakeRng
from tests.support.office import Postman, deliver_all, text_of

LATE = NOON + timedelta(hours=48)
SOON = NOON + timedelta(minutes=5)
ACT: dict[str, Any] = {"actor": COMMAND_LINE, "now": NOON}


def campaign_with(session: Session, setting: Proof, *, codes: int = 1, **values: Any) -> Campaign:
    campaign = make_campaign(session, [TierSpec("Gold", codes=codes)])
    plan = replace(campaigns.plan_of(campaign), proof=setting, **values)
    return campaigns.edit(session, campaign.id, plan, **ACT)


def enter(session: Session, number: int = 1, **values: Any) -> Any:
    sent = replace(submission(number), **values)
    return submit_entry(session, sent, now=NOON, rng=FakeRng(number), vault=VAULT)


def kinds(session: Session) -> list[MessageKind]:
    session.rollback()
    return [each.kind for each in session.scalars(select(Message).order_by(Message.id))]


def prove(session: Session, entry_id: Any, *, at: Any = SOON) -> Any:
    return proof.prove(session, entry_id, now=at, rng=FakeRng(5))


def lapse(session: Session, *, at: Any = LATE) -> int:
    return proof.lapse(session, now=at, rng=FakeRng(6))


def award(session: Session, entry_id: Any) -> Award:
    session.rollback()
    session.expire_all()
    return session.get_one(Award, entry_id)


@pytest.fixture(autouse=True)
def every_promise_holds(session: Session) -> Iterator[None]:
    """Whatever a test does here, the promises of `check` hold after it."""
    yield
    session.rollback()
    session.expire_all()
    assert [f"{one.name}: {one.detail}" for one in check(session, VAULT) if not one.ok] == []


def test_before_the_code_the_prize_is_named_and_the_code_is_nowhere(session: Session) -> None:
    campaign_with(session, Proof.CODE)
    held = enter(session)
    assert isinstance(held, Held)
    assert (held.prize, held.until) == ("Gold prize", LATE)
    assert enter(session) == held, "the same form again gets the same answer"
    assert outcome_of(session, held.entry)[1] == held
    assert kinds(session) == [MessageKind.PROOF]
    postman = Postman()
    deliver_all(session, postman)
    (mail,) = postman.mails
    assert mail["Subject"] == "Confirm your address to get your code: Summer giveaway"
    assert "https://win.example/me/proof/" in text_of(mail)
    code = session.scalars(select(Code.text)).one()
    assert code not in mail.as_string()
    assert winners.one(session, held.entry).code == ""
    exported = winners.export(session, award(session, held.entry).campaign_id, **ACT)
    assert [row.code for row in exported] == [""]
    with pytest.raises(Conflict, match="before the address is proved"):
        winners.reveal_code(session, held.entry, **ACT)


def test_before_the_code_losers_are_told_at_once(session: Session) -> None:
    campaign_with(session, Proof.CODE)
    enter(session)
    assert isinstance(enter(session, 2), Lost)
    assert kinds(session) == [MessageKind.PROOF]


def test_before_the_reveal_winners_and_losers_meet_the_same(session: Session) -> None:
    campaign_with(session, Proof.REVEAL)
    won, lost = enter(session), enter(session, 2)
    assert isinstance(won, Held)
    assert isinstance(lost, Held)
    assert replace(won, entry=lost.entry, email=lost.email) == lost
    assert kinds(session) == [MessageKind.PROOF] * 2
    postman = Postman()
    deliver_all(session, postman)
    first, second = (text_of(mail) for mail in postman.mails)
    assert [line for line in first.splitlines() if "/me/proof/" not in line] == [
        line for line in second.splitlines() if "/me/proof/" not in line
    ]
    prove(session, won.entry)
    prove(session, lost.entry)
    assert isinstance(outcome_of(session, won.entry)[1], Won)
    assert isinstance(outcome_of(session, lost.entry)[1], Lost)


def test_the_draw_is_what_it_is_without_proof(session: Session) -> None:
    campaign = campaign_with(session, Proof.REVEAL, codes=2)
    held = enter(session)
    entry = session.get_one(Entry, held.entry)
    assert (entry.ticket, entry.tier_awarded_id) == (entry.ticket, entry.tier_hit_id)
    assert award(session, held.entry).held_until == LATE
    campaigns.edit(session, campaign.id, replace(campaigns.plan_of(campaign), proof=Proof.NEVER), **ACT)
    assert isinstance(enter(session, 2), Won)


def test_proving_tells_and_mails_the_code_at_once(session: Session) -> None:
    campaign_with(session, Proof.CODE)
    held = enter(session)
    postman = Postman()
    deliver_all(session, postman)
    entrant = prove(session, held.entry)
    assert session.get_one(Entry, held.entry).entrant_id == entrant
    assert award(session, held.entry).proved_at == SOON
    won = outcome_of(session, held.entry)[1]
    assert isinstance(won, Won)
    assert prove(session, held.entry, at=LATE) == entrant
    assert award(session, held.entry).proved_at == SOON
    assert kinds(session) == [MessageKind.PROOF, MessageKind.AWARD_WON]
    deliver_all(session, postman, SOON)
    assert won.code in text_of(postman.mails[-1]), "nobody waits an hour who has shown the address is theirs"
    assert lapse(session) == 0
    assert winners.reveal_code(session, held.entry, **ACT) == won.code


def test_what_asks_for_nothing_needs_no_proof(session: Session) -> None:
    campaign_with(session, Proof.NEVER)
    won = enter(session)
    prove(session, won.entry)
    assert session.get_one(Entry, won.entry).proved_at is None
    with pytest.raises(NotFound):
        prove(session, UUID(int=5))


def test_a_browser_that_proved_is_not_asked_again(session: Session) -> None:
    campaign_with(session, Proof.CODE)
    held = enter(session)
    entrant = prove(session, held.entry)
    other = make_campaign(session, slug="winter", seed=1)
    campaigns.edit(session, other.id, replace(campaigns.plan_of(other), proof=Proof.CODE), **ACT)
    mine: dict[str, Any] = {"campaign": "winter", "email": "person1@example.org"}
    won = enter(session, 3, **mine, proved=frozenset({entrant}))
    assert isinstance(won, Won)
    stranger = enter(session, 4, campaign="winter", proved=frozenset({entrant}))
    assert isinstance(stranger, Held), "what one person proved is worth nothing for another"


def test_a_code_nobody_asks_for_goes_back_and_can_be_won(session: Session) -> None:
    campaign = campaign_with(session, Proof.CODE)
    offered = landing.landing_page(session, "summer", now=NOON).prizes[0].total
    held = enter(session)
    text = session.scalars(select(Code.text)).one()
    assert lapse(session, at=LATE - timedelta(seconds=1)) == 0
    assert lapse(session) == 1
    assert lapse(session) == 0
    row = award(session, held.entry)
    assert (row.status, row.voided_at, row.lapsed_at, row.version) == (AwardStatus.VOID, LATE, LATE, 2)
    assert row.void_reason == proof.LAPSED
    assert session.scalars(select(Code.text).where(Code.status == CodeStatus.FREE)).one() == text
    record = session.scalars(select(AuditRecord).where(AuditRecord.action == "winner.lapse")).one()
    assert (record.subject, record.actor, record.reason) == (held.entry.hex, "proof of address", proof.LAPSED)
    assert text not in str(record.after)
    assert isinstance(outcome_of(session, held.entry)[1], Lapsed)
    assert isinstance(handling.no_return(session, row), Conflict)
    assert winners.one(session, held.entry).is_lapsed
    assert landing.landing_page(session, "summer", now=LATE).prizes[0].total == offered
    state = pool_history.state_at(session, campaign, LATE)
    assert state is not None
    assert [(one.free, one.won) for one in state.prizes] == [(1, 0)]
    before = pool_history.state_at(session, campaign, LATE - timedelta(seconds=1))
    assert before is not None
    assert [(one.free, one.won) for one in before.prizes] == [(0, 1)]
    again = enter(session, 2)
    assert isinstance(again, Held)
    prove(session, again.entry)
    won = outcome_of(session, again.entry)[1]
    assert isinstance(won, Won)
    assert won.code == text


def test_who_proves_too_late_is_told_what_happened(session: Session) -> None:
    campaign_with(session, Proof.REVEAL)
    held = enter(session)
    lapse(session)
    assert isinstance(outcome_of(session, held.entry)[1], Held), "until then it looks as it does for losers"
    prove(session, held.entry, at=LATE)
    assert isinstance(outcome_of(session, held.entry)[1], Lapsed)
    assert kinds(session) == [MessageKind.PROOF]


def test_what_is_proved_in_the_last_moment_stays(session: Session) -> None:
    campaign_with(session, Proof.CODE)
    held = enter(session)
    prove(session, held.entry, at=LATE)
    assert lapse(session, at=LATE) == 0
    assert isinstance(outcome_of(session, held.entry)[1], Won)


def test_the_code_of_a_prize_that_was_removed_does_not_come_back(session: Session) -> None:
    campaign_with(session, Proof.CODE, codes=2)
    held = enter(session)
    prize = session.scalars(select(Prize)).one()
    prizes.remove(session, prize.id, **ACT)
    assert lapse(session) == 1
    assert set(session.scalars(select(Code.status))) == {CodeStatus.WITHDRAWN}
    assert isinstance(outcome_of(session, held.entry)[1], Lapsed)


def test_what_staff_declared_void_does_not_lapse(session: Session) -> None:
    campaign_with(session, Proof.CODE)
    held = enter(session)
    handling.void(session, held.entry, reason="a bot", **ACT)
    assert lapse(session) == 0
    prove(session, held.entry)
    assert award(session, held.entry).proved_at is None
    assert kinds(session) == [MessageKind.PROOF]


def test_whom_staff_give_something_else_is_told_of_it(session: Session) -> None:
    campaign_with(session, Proof.CODE, codes=2)
    held = enter(session)
    lapse(session)
    prize = session.scalars(select(Prize)).one()
    handling.replace(session, held.entry, prize.id, rng=FakeRng(33), **ACT)
    assert winners.one(session, held.entry).code != ""
    assert winners.reveal_code(session, held.entry, **ACT)
    assert isinstance(outcome_of(session, held.entry)[1], Won)


def test_losers_are_written_to_as_the_campaign_says(session: Session) -> None:
    campaign_with(session, Proof.REVEAL, mail_losers=True)
    enter(session)
    lost = enter(session, 2)
    prove(session, lost.entry)
    assert kinds(session)[-1] is MessageKind.ENTRY_LOST
    postman = Postman()
    deliver_all(session, postman, SOON)
    (mail,) = [each for each in postman.mails if each["Subject"] == "Not this time: Summer giveaway"]
    assert mail["To"] == "person2@example.org"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_losers_without_proof_are_written_to_at_once(session: Session) -> None:
    campaign_with(session, Proof.NEVER, mail_losers=True)
    won = enter(session)
    lost = enter(session, 2)
    assert isinstance(lost, Lost)
    assert kinds(session) == [MessageKind.AWARD_WON, MessageKind.ENTRY_LOST]
    winner_page.want_mail(session, session.get_one(Entry, lost.entry).entrant_id, wanted=False, now=NOON)
    postman = Postman()
    deliver_all(session, postman)
    assert [mail["To"] for mail in postman.mails] == ["person1@example.org"]
    assert isinstance(won, Won)


def test_until_when_codes_are_kept_is_fixed_while_people_wait_for_their_result(session: Session) -> None:
    campaign = campaign_with(session, Proof.REVEAL)
    plan = replace(campaigns.plan_of(campaign), proof_hours=2)
    campaigns.edit(session, campaign.id, plan, **ACT)
    enter(session)
    with pytest.raises(Conflict, match="is fixed now"):
        campaigns.edit(session, campaign.id, replace(plan, proof_hours=3), **ACT)


def test_the_link_can_be_sent_again(session: Session) -> None:
    campaign_with(session, Proof.REVEAL)
    won, lost = enter(session), enter(session, 2)
    postman = Postman()
    deliver_all(session, postman)
    for seed, held in enumerate((won, lost), start=70):
        assert outbox.send_again(session, held.entry, now=LATE, rng=FakeRng(seed))
        assert not outbox.send_again(session, held.entry, now=LATE, rng=FakeRng(80)), "one waits"
    outbox.told(session, [won.entry])
    assert kinds(session) == [MessageKind.PROOF] * 4
    assert [message.number for message in outbox.about(session, lost.entry)] == [0, 1]
    deliver_all(session, postman, LATE)
    assert len(postman.mails) == 4


def test_a_link_that_proves_nothing_any_more_is_not_sent(session: Session) -> None:
    campaign_with(session, Proof.CODE, codes=2)
    early, late = enter(session), enter(session, 2)
    prove(session, early.entry)
    lapse(session)
    postman = Postman()
    deliver_all(session, postman, LATE)
    assert [mail["Subject"] for mail in postman.mails] == ["You won: Gold prize"]
    assert isinstance(outcome_of(session, late.entry)[1], Lapsed)


def test_nobody_proves_what_was_erased(session: Session) -> None:
    campaign_with(session, Proof.CODE)
    held = enter(session)
    entrant = session.get_one(Entry, held.entry).entrant_id
    erasure.erase(session, entrant, now=NOON, rng=FakeRng(8), vault=VAULT)
    with pytest.raises(NotFound):
        prove(session, held.entry)
    assert lapse(session) == 1


def prove_and_lapse_meet(
    session: Session, held: Held, monkeypatch: pytest.MonkeyPatch, *, guarded: bool
) -> tuple[Award, CodeStatus]:
    """A lapse that looked before the address was proved, and writes after: with its condition, or without."""
    if not guarded:
        changed = proof._changed

        def unconditionally(own: Session, entry_id: Any, _condition: Any, **values: Any) -> bool:
            return changed(own, entry_id, Award.entry_id == entry_id, **values)

        monkeypatch.setattr(proof, "_changed", unconditionally)
    prove(session, held.entry, at=LATE)
    proof.lapse_one(session, held.entry, now=LATE, rng=FakeRng(6))
    row = award(session, held.entry)
    return row, session.get_one(Code, row.code_id).status


def test_the_row_settles_whether_a_code_was_proved_or_lapsed(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign_with(session, Proof.CODE)
    row, status = prove_and_lapse_meet(session, enter(session), monkeypatch, guarded=True)
    assert (row.proved_at, row.lapsed_at, status) == (LATE, None, CodeStatus.WON)


def test_without_the_condition_a_proved_code_would_be_given_away(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign_with(session, Proof.CODE)
    row, status = prove_and_lapse_meet(session, enter(session), monkeypatch, guarded=False)
    assert (row.proved_at, row.lapsed_at, status) == (LATE, LATE, CodeStatus.WITHDRAWN)
    _mend(session, row.entry_id)


@unit_of_work
def _mend(session: Session, entry_id: Any) -> None:
    """What the lapse without a condition broke, for the promises that are checked after each test."""
    session.execute(update(Award).where(Award.entry_id == entry_id).values(proved_at=None))
    session.execute(update(Message).values(number=1))
