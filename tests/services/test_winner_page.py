"""The winner's page and its link, all that is stored about somebody, and reminders."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.adapters.tokens import Purpose
from app.domain.outcomes import Won
from app.domain.proof import Proof
from app.models import Award, AwardStatus, Campaign, Entry, Message, MessageKind, Prize, SpentChallenge
from app.services import campaigns, handling, personal_data, prizes, proof, reminders, winner_page
from app.services.audit import COMMAND_LINE
from app.services.entries import submit_entry
from app.services.winner_page import PrizeState, WonPrize
from tests.support.factories import VAULT, TierSpec, make_campaign, submission
from tests.support.fakes import NOON, FakeRng
from tests.support.office import SIGNER, Postman, deliver_all, text_of
from tests.support.queries import counted

ACT: dict[str, Any] = {"actor": COMMAND_LINE, "now": NOON}
DAY = timedelta(days=1)


def enter(session: Session, number: int = 1, *, now: Any = NOON, **values: Any) -> Any:
    sent = replace(submission(number), **values)
    return submit_entry(session, sent, now=now, rng=FakeRng(number), vault=VAULT)


def person(session: Session, entry_id: UUID) -> UUID:
    session.rollback()
    return session.get_one(Entry, entry_id).entrant_id


def only_prize(session: Session, entry_id: UUID, *, now: Any = NOON) -> WonPrize:
    session.expire_all()
    (prize,) = winner_page.page_of(session, person(session, entry_id), now=now).prizes
    return prize


def with_days(session: Session, days: int, **values: Any) -> Campaign:
    """A campaign whose codes are good for so many days after the win."""
    campaign = make_campaign(session)
    (prize,) = prizes.listing(session, campaign.id)
    plan = replace(prizes.PrizePlan(prize.name), expires_days=days)
    prizes.edit(session, prize.id, plan, rng=FakeRng(2), **ACT)
    plan_of = replace(campaigns.plan_of(campaigns.get(session, "summer")), **values)
    return campaigns.edit(session, campaign.id, plan_of, **ACT)


def test_all_wins_of_all_campaigns_newest_first(session: Session) -> None:
    make_campaign(session)
    make_campaign(session, slug="winter", seed=1)
    first = enter(session)
    second = enter(session, 2, campaign="winter", email="Person1@example.org", now=NOON + DAY)
    enter(session, 3)
    page = winner_page.page_of(session, person(session, first.entry), now=NOON + DAY)
    assert [(prize.code, prize.campaign.slug) for prize in page.prizes] == [
        (second.code, "winter"),
        (first.code, "summer"),
    ]
    assert (page.email, page.entries, page.waiting) == ("Person1@example.org", 2, ())
    assert page.prizes[1].commitment == session.get_one(Entry, first.entry).entry_commit.hex()


@pytest.mark.parametrize(
    ("values", "state", "has_code"),
    [
        ({"status": AwardStatus.NEW}, PrizeState.STANDING, True),
        ({"status": AwardStatus.CONTACTED}, PrizeState.STANDING, True),
        ({"status": AwardStatus.SENT}, PrizeState.SETTLED, True),
        ({"expires_at": NOON}, PrizeState.EXPIRED, False),
        ({"status": AwardStatus.VOID, "voided_at": NOON}, PrizeState.VOID, False),
    ],
)
def test_how_a_win_stands(
    session: Session, values: dict[str, Any], state: PrizeState, has_code: bool
) -> None:
    make_campaign(session)
    won = enter(session)
    session.execute(update(Award).values(values))
    session.commit()
    prize = only_prize(session, won.entry)
    assert (prize.state, bool(prize.code)) == (state, has_code)


def test_a_replacement_stands_in_place_of_what_was_void(session: Session) -> None:
    campaign = make_campaign(session)
    won = enter(session)
    handling.void(session, won.entry, reason="broken", **ACT)
    prize = session.scalars(select(Prize).where(Prize.campaign_id == campaign.id)).one()
    handling.replace(session, won.entry, prize.id, rng=FakeRng(31), **ACT)
    shown = only_prize(session, won.entry)
    assert shown.state is PrizeState.REPLACED
    assert shown.code not in {"", won.code}


@pytest.mark.parametrize("setting", [Proof.CODE, Proof.REVEAL])
def test_what_waits_for_proof_tells_no_more_than_the_result_page(session: Session, setting: Proof) -> None:
    campaign = make_campaign(session)
    campaigns.edit(session, campaign.id, replace(campaigns.plan_of(campaign), proof=setting), **ACT)
    held = enter(session)
    entrant = person(session, held.entry)
    page = winner_page.page_of(session, entrant, now=NOON)
    stored = personal_data.export(session, entrant, now=NOON, vault=VAULT)["entries"][0]
    if setting is Proof.CODE:
        assert [(prize.state, prize.code) for prize in page.prizes] == [(PrizeState.HELD, "")]
        assert (stored["outcome"], stored["code"]) == ("win", None)
    else:
        assert (page.prizes, [each.entry_id for each in page.waiting]) == ((), [held.entry])
        assert stored["outcome"] == "held back"
        assert "prize" not in stored
    proof.lapse(session, now=NOON + 3 * DAY, rng=FakeRng(6))
    if setting is Proof.CODE:
        assert only_prize(session, held.entry).state is PrizeState.LAPSED


def test_all_that_is_stored_is_given(session: Session) -> None:
    make_campaign(session, [TierSpec("Gold", codes=1)])
    won, lost = enter(session), enter(session, 2)
    data = personal_data.export(session, person(session, won.entry), now=NOON, vault=VAULT)
    assert json.loads(json.dumps(data)) == data
    (entry,) = data["entries"]
    assert (entry["name"], entry["email"], entry["code"]) == ("Person 1", "person1@example.org", won.code)
    assert [mail["kind"] for mail in data["mails"]] == ["award_won"]
    assert data["person"]["address"] == "person1@example.org"
    (other,) = personal_data.export(session, person(session, lost.entry), now=NOON, vault=VAULT)["entries"]
    assert other["outcome"] == "no win"


def test_the_link_is_mailed_to_the_address_as_it_was_typed(session: Session) -> None:
    make_campaign(session)
    won = enter(session, email="Person.One@example.org")
    postman = Postman()
    deliver_all(session, postman)
    later = NOON + 2 * timedelta(hours=1)
    for seed in (1, 2):
        winner_page.send_link(session, "person.ONE@example.org", now=later, rng=FakeRng(seed))
    deliver_all(session, postman, later)
    _, mail = postman.mails
    assert (mail["To"], mail["Subject"]) == ("Person.One@example.org", "The link to your prizes")
    (url,) = (line for line in text_of(mail).splitlines() if "/me/" in line)
    assert SIGNER.read(Purpose.MY_PRIZES, url.rpartition("/")[2], later) == person(session, won.entry).hex


def test_the_work_is_the_same_for_an_address_nobody_knows(app: Flask, session: Session) -> None:
    make_campaign(session)
    enter(session)
    said: list[list[str]] = []
    for number, email in enumerate(("person1@example.org", "nobody@example.org", "no address")):
        with counted(app) as statements:
            winner_page.send_link(session, email, now=NOON, rng=FakeRng(40 + number))
        said.append([statement.split()[0] for statement in statements])
    assert said[0] == said[1] == said[2]
    session.rollback()
    asked = select(func.count()).where(Message.kind == MessageKind.MY_PRIZES)
    assert session.scalar(asked) == 1
    assert session.scalar(select(func.count()).select_from(SpentChallenge)) == 1 + 2


def remind(session: Session, campaign: Campaign, *, now: Any) -> int:
    reminders.remind(session, campaign, now=now, rng=FakeRng(60))
    session.rollback()
    return session.scalar(select(func.count()).where(Message.kind == MessageKind.CODE_ENDS)) or 0


def test_winners_are_reminded_once_before_their_code_ends(session: Session) -> None:
    campaign = with_days(session, 10)
    won = enter(session)
    assert isinstance(won, Won)
    assert won.expires_at is not None
    assert remind(session, campaign, now=won.expires_at - 4 * DAY) == 0
    assert remind(session, campaign, now=won.expires_at - 3 * DAY) == 1
    assert remind(session, campaign, now=won.expires_at - 2 * DAY) == 1
    postman = Postman()
    deliver_all(session, postman, won.expires_at - 3 * DAY)
    (mail,) = [each for each in postman.mails if "ends soon" in each["Subject"]]
    assert won.code in text_of(mail)
    assert mail["List-Unsubscribe"].startswith("<https://win.example/me/")


@pytest.mark.parametrize(
    ("days", "award", "setting"),
    [
        (10, {"status": AwardStatus.CLAIMED}, {}),
        (10, {"status": AwardStatus.VOID, "voided_at": NOON}, {}),
        (10, {}, {"remind_days": 0}),
        (2, {}, {}),
        (10, {}, {"proof": Proof.CODE}),
    ],
)
def test_nobody_is_reminded_without_need(
    session: Session, days: int, award: dict[str, Any], setting: dict[str, Any]
) -> None:
    campaign = with_days(session, days, **setting)
    enter(session)
    if award:
        session.execute(update(Award).values(award))
        session.commit()
    assert remind(session, campaign, now=NOON + (days - 1) * DAY) == 0


def test_many_are_reminded_in_parts(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reminders, "AT_ONCE", 2)
    campaign = with_days(session, 10)
    for number in range(1, 6):
        enter(session, number)
    assert remind(session, campaign, now=NOON + 9 * DAY) == 5


def test_a_reminder_is_not_sent_once_it_is_not_wanted_or_too_late(session: Session) -> None:
    campaign = with_days(session, 10)
    won = enter(session)
    assert remind(session, campaign, now=won.expires_at - DAY) == 1
    entrant = person(session, won.entry)
    winner_page.want_mail(session, entrant, wanted=False, now=NOON)
    assert winner_page.page_of(session, entrant, now=NOON).entrant.no_mail_at == NOON
    postman = Postman()
    deliver_all(session, postman, won.expires_at - DAY)
    assert not [mail for mail in postman.mails if "ends soon" in mail["Subject"]]
    winner_page.want_mail(session, entrant, wanted=True, now=NOON)


def test_a_code_that_ended_unnoticed_is_no_news(session: Session) -> None:
    campaign = with_days(session, 10)
    won = enter(session)
    assert remind(session, campaign, now=won.expires_at) == 0
    assert session.get_one(Award, won.entry).reminded_at == won.expires_at
