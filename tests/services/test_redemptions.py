"""Redemptions on both databases: what a till may take, what it is told, and what can be taken back."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import count
from uuid import UUID

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.domain.errors import Conflict, InvalidInput, NotFound
from app.domain.redemption import UNDO_WITHIN, Verdict
from app.models import AuditRecord, Award, Code, CodeStatus, Prize, Redemption
from app.services import handling, partners, redemptions
from app.services.audit import COMMAND_LINE
from app.services.redemptions import Order, Redeemed, Refused, Seen, Takings, Wanted
from tests.support.factories import TierSpec, make_campaign
from tests.support.fakes import NOON, FakeRng
from tests.support.shop import STAFF, Win, api_till, counter_till, win

LATER = NOON + timedelta(hours=1)
SEEDS = count(1)


def take(session: Session, code: str, order: Order | None = None, till: redemptions.Till = STAFF) -> Redeemed:
    done = attempt(session, code, order, till)
    assert isinstance(done, Redeemed)
    return done


def attempt(
    session: Session, code: str, order: Order | None = None, till: redemptions.Till = STAFF
) -> Redeemed | Refused:
    return redemptions.redeem(session, code, order or Order(), till, now=LATER, rng=FakeRng(next(SEEDS)))


def test_a_won_code_is_taken_once(session: Session) -> None:
    make_campaign(session)
    won = win(session)
    seen = redemptions.look_up(session, won.code.lower(), STAFF, now=LATER)
    assert seen.verdict is Verdict.VALID
    assert seen.standing is not None
    assert (seen.standing.prize, seen.standing.tier, seen.standing.uses_left) == ("Gold prize", "Gold", 1)
    till = api_till(session)
    done = take(session, won.code, Order("A-1", 4990, "eur", "Kadıköy"), till)
    assert (done.redemption.entry_id, done.redemption.at) == (won.entry_id, LATER)
    assert (done.redemption.currency, done.redemption.location) == ("EUR", "Kadıköy")
    assert done.standing.uses_left == 0
    again = attempt(session, won.code)
    assert isinstance(again, Refused)
    assert again.seen.verdict is Verdict.USED
    assert [one.id for one in again.seen.taken] == [done.redemption.id]
    record = session.scalars(select(AuditRecord).where(AuditRecord.action == "redemption.make")).one()
    assert record.actor == "API key Shop"
    assert record.after == {
        "location": "Kadıköy", "order_reference": "A-1", "order_value": 4990, "currency": "EUR", "units": 1
    }  # fmt: skip
    assert won.code not in str(record.after)


def _free(session: Session, won: Win) -> str:
    return session.scalars(select(Code.text).where(Code.status == CodeStatus.FREE).limit(1)).one()


def _void(session: Session, won: Win) -> str:
    handling.void(session, won.entry_id, actor=COMMAND_LINE, now=NOON, reason="cheated")
    return won.code


def _held(session: Session, won: Win) -> str:
    session.execute(update(Award).values(held_until=LATER))
    session.commit()
    return won.code


def _foreign(session: Session, won: Win) -> str:
    make_campaign(session, slug="winter", seed=3)
    return win(session, 2, campaign="winter").code


@pytest.mark.parametrize(
    "made", [_free, _void, _held, _foreign, lambda *_: "NO-SUCH-CODE", lambda *_: "", lambda *_: "?" * 300]
)
def test_what_is_none_of_the_shops_business_is_unknown(
    session: Session, made: Callable[[Session, Win], str]
) -> None:
    campaign = make_campaign(session)
    text = made(session, win(session))
    till = replace(STAFF, campaign_id=campaign.id)
    assert redemptions.look_up(session, text, till, now=LATER) == Seen(Verdict.UNKNOWN)
    assert attempt(session, text, till=till) == Refused(Seen(Verdict.UNKNOWN))
    assert session.scalars(select(Redemption)).all() == []


def test_a_win_that_becomes_void_meanwhile_is_not_paid_out(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_campaign(session)
    won = win(session)

    def meanwhile(own: Session, entry_id: UUID) -> None:
        own.execute(update(Award).where(Award.entry_id == entry_id).values(status="void", voided_at=LATER))

    monkeypatch.setattr(redemptions, "_hold_win", meanwhile)
    assert attempt(session, won.code) == Refused(Seen(Verdict.UNKNOWN))


def test_somebody_faster_is_told_of(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    make_campaign(session)
    won = win(session)
    take(session, won.code)
    found = redemptions.look_up
    fresh = iter([Verdict.VALID, Verdict.VALID])

    def as_it_was(*args: object, **kwargs: object) -> Seen:
        seen = found(*args, **kwargs)  # type: ignore[arg-type]
        return replace(seen, verdict=next(fresh, seen.verdict))

    monkeypatch.setattr(redemptions, "look_up", as_it_was)
    refused = attempt(session, won.code)
    assert isinstance(refused, Refused)
    assert refused.seen.verdict is Verdict.USED


def test_a_code_that_has_ended_is_told_so_and_counts_by_the_shops_clock(session: Session) -> None:
    make_campaign(session)
    won = win(session)
    session.execute(update(Award).values(expires_at=NOON + timedelta(minutes=30)))
    session.commit()
    refused = attempt(session, won.code)
    assert isinstance(refused, Refused)
    assert refused.seen.verdict is Verdict.EXPIRED
    done = take(session, won.code, Order(at=NOON + timedelta(minutes=29)))
    assert (done.redemption.at, done.redemption.created_at) == (NOON + timedelta(minutes=29), LATER)


def test_a_replacement_is_redeemed_in_the_place_of_the_void_win(session: Session) -> None:
    make_campaign(session)
    won = win(session)
    _void(session, won)
    prize = session.scalars(select(Prize)).one()
    given = handling.replace(session, won.entry_id, prize.id, actor=COMMAND_LINE, now=NOON, rng=FakeRng(2))
    text = session.get_one(Code, given.code_id).text
    done = take(session, text)
    assert done.redemption.entry_id == won.entry_id
    assert redemptions.of_entry(session, won.entry_id) == [done.redemption]
    assert redemptions.of_code(session, given.code_id) == [done.redemption]


def test_a_prize_may_be_used_several_times_and_in_parts(session: Session) -> None:
    make_campaign(session)
    won = win(session)
    session.execute(update(Prize).values(uses=5))
    session.commit()
    assert take(session, won.code, Order(units=2)).standing.uses_left == 3
    session.execute(update(Prize).values(uses=2))  # what was begun keeps what it was promised
    session.commit()
    refused = attempt(session, won.code, Order(units=4))
    assert isinstance(refused, Refused)
    assert refused.seen.verdict is Verdict.NOT_ENOUGH
    assert refused.seen.standing is not None
    assert refused.seen.standing.uses_left == 3
    assert take(session, won.code, Order(units=3)).standing.uses_left == 0


def test_the_row_of_the_code_states_what_must_hold(session: Session) -> None:
    make_campaign(session)
    won = win(session)
    take(session, won.code)
    for wrong in ({"uses_left": -1}, {"uses_left": 2}, {"uses": None}, {"status": CodeStatus.FREE}):
        with pytest.raises(IntegrityError):
            session.execute(update(Code).where(Code.id == won.code_id).values(**wrong))
        session.rollback()


def test_what_is_reversed_can_be_used_again(session: Session) -> None:
    make_campaign(session)
    won = win(session)
    done = take(session, won.code)
    back = redemptions.reverse(session, done.redemption.id, STAFF, now=LATER, reason=" sent back ")
    assert (back.reversed_at, back.reversed_by, back.reverse_reason) == (LATER, "command line", "sent back")
    with pytest.raises(Conflict, match="reversed already"):
        redemptions.reverse(session, done.redemption.id, STAFF, now=LATER)
    seen = redemptions.look_up(session, won.code, STAFF, now=LATER)
    assert (seen.verdict, seen.taken) == (Verdict.VALID, ())
    assert take(session, won.code).redemption.id != done.redemption.id
    actions = session.scalars(select(AuditRecord.action).order_by(AuditRecord.id.desc()).limit(3)).all()
    assert actions == ["redemption.make", "redemption.reverse", "redemption.make"]


def test_a_counter_undoes_its_own_and_only_for_some_minutes(session: Session) -> None:
    make_campaign(session)
    here, there = counter_till(session), counter_till(session, "Beşiktaş")
    done = take(session, win(session).code, till=here)
    assert done.redemption.location == "Kadıköy"
    with pytest.raises(NotFound):
        redemptions.reverse(session, done.redemption.id, there, now=LATER)
    with pytest.raises(Conflict, match="too long ago"):
        redemptions.reverse(session, done.redemption.id, here, now=LATER + UNDO_WITHIN, within=UNDO_WITHIN)
    nearly = LATER + UNDO_WITHIN - timedelta(seconds=1)
    assert redemptions.reverse(session, done.redemption.id, here, now=nearly, within=UNDO_WITHIN).reversed_at


@pytest.mark.parametrize(
    ("order", "field"),
    [
        (Order(units=0), "units"),
        (Order(value=-1, currency="EUR"), "order_value"),
        (Order(value=10**15, currency="EUR"), "order_value"),
        (Order(value=1), "currency"),
        (Order(currency="EUR"), "currency"),
        (Order(value=1, currency="€uro"), "currency"),
        (Order(reference="x" * 121), "order_reference"),
        (Order(location="two\nlines"), "location"),
        (Order(at=LATER + timedelta(minutes=6)), "redeemed_at"),
        (Order(at=NOON - timedelta(minutes=6)), "redeemed_at"),
    ],
)
def test_an_order_that_is_wrong_takes_nothing(session: Session, order: Order, field: str) -> None:
    make_campaign(session)
    won = win(session)
    with pytest.raises(InvalidInput) as caught:
        attempt(session, won.code, order)
    assert caught.value.field == field
    take(session, won.code)


def test_redemptions_are_listed_newest_first_and_paged(session: Session) -> None:
    campaign = make_campaign(session)
    ids = [
        redemptions.redeem(
            session, win(session, number).code, Order(f"A-{number}", at=LATER), STAFF,
            now=LATER + timedelta(seconds=number), rng=FakeRng(number),
        ).redemption.id  # type: ignore[union-attr]
        for number in range(1, 6)
    ]  # fmt: skip
    redemptions.reverse(session, ids[0], STAFF, now=LATER)

    def found(wanted: Wanted, **paging: object) -> list[UUID]:
        return [one.id for one in redemptions.page(session, STAFF, wanted, **paging)]  # type: ignore[arg-type]

    assert found(Wanted(), limit=2) == [ids[4], ids[3]]
    assert found(Wanted(), limit=2, after=ids[3]) == [ids[2], ids[1]]
    assert found(Wanted(campaign.id, since=LATER, until=LATER + timedelta(1), is_reversed=True)) == [ids[0]]
    assert found(Wanted(is_reversed=False, order_reference="A-2")) == [ids[1]]
    assert found(Wanted(since=LATER + timedelta(1))) == []
    foreign = replace(STAFF, campaign_id=UUID(int=7))
    assert redemptions.page(session, foreign, Wanted()) == []


def test_the_figures_of_a_campaign_leave_out_what_was_reversed(session: Session) -> None:
    campaign = make_campaign(session, [TierSpec("Gold")])
    partner = partners.add(session, campaign.id, "ayse", "Ayşe", actor=COMMAND_LINE, now=NOON, rng=FakeRng(2))
    first = win(session, 1, partner=partner.id)
    seen = redemptions.look_up(session, first.code, STAFF, now=LATER)
    assert seen.standing is not None
    assert seen.standing.partner == "ayse"
    take(session, first.code, Order("A", 4990, "EUR"))
    for number, order in ((2, Order("B", 1010, "EUR")), (3, Order("C", 700, "TRY")), (4, Order("D"))):
        redemptions.redeem(session, win(session, number).code, order, STAFF, now=LATER, rng=FakeRng(number))
    gone = redemptions.redeem(
        session, win(session, 5).code, Order("E", 99, "EUR"), STAFF, now=LATER, rng=FakeRng(9)
    )
    assert isinstance(gone, Redeemed)
    redemptions.reverse(session, gone.redemption.id, STAFF, now=LATER)
    found = redemptions.figures(session, campaign.id)
    assert (found.redemptions, found.codes, found.reversed) == (4, 4, 1)
    assert found.takings == (Takings("EUR", 2, 6000), Takings("TRY", 1, 700))
    redeemed = select(Code.id).where(redemptions.is_redeemed())
    assert len(session.scalars(redeemed).all()) == 4
