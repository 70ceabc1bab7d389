"""Webhooks on both databases: each event once per endpoint, told at least once, to a real receiver."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from app.domain.eligibility import CampaignStatus
from app.domain.errors import NotFound
from app.domain.events import CHOOSABLE, EventType, message_id
from app.domain.proof import Proof
from app.domain.webhooks import LEASE, MAX_TRIES, Answered, NoAnswer, OffBecause, Trouble
from app.models import (
    Award,
    DeliveryState,
    Prize,
    Replacement,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookTry,
    WebhookWatch,
)
from app.services import (
    campaigns,
    handling,
    housekeeping,
    partners,
    proof,
    redemptions,
    watch_round,
    webhook_endpoints,
    webhook_round,
    webhooks,
)
from app.services.audit import COMMAND_LINE
from app.services.entries import submit_entry
from app.services.redemptions import Order, Redeemed
from app.services.webhook_endpoints import EndpointPlan
from tests.support.factories import VAULT, TierSpec, make_campaign, submission
from tests.support.fakes import FakeRng
from tests.support.hooks import SECRETS, START, add_endpoint, call_all, caller_of, centre_of, deliveries
from tests.support.receiver import Call, receiving
from tests.support.shop import STAFF, win

ACT: dict[str, Any] = {"actor": COMMAND_LINE, "now": START}
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
ONLY_WINS = [EventType.AWARD_WON]


def types(session: Session) -> list[str]:
    return [row.type for row in deliveries(session)]


def test_an_entry_that_wins_is_told_without_anything_about_the_person(session: Session) -> None:
    campaign = make_campaign(session, now=START)
    partner = partners.add(session, campaign.id, "ayse", "Ayşe", rng=FakeRng(5), **ACT)
    with receiving() as receiver:
        _, secret = add_endpoint(session, receiver)
        won = win(session, now=START, partner=partner.id)
        assert call_all(session, receiver) == 2
        told = {payload["type"]: payload for payload in (call.verified(secret) for call in receiver.calls)}
    assert {*told} == {"entry.created", "award.won"}
    about = {"id": campaign.id.hex, "slug": "summer"}
    entry = {"id": won.entry_id.hex, "partner": "ayse"}
    at = START.isoformat()
    assert told["entry.created"] == {
        "type": "entry.created",
        "timestamp": at,
        "data": {"campaign": about, "entry": entry | {"created_at": at, "locale": "en"}},
    }
    data = told["award.won"]["data"]
    assert (data["campaign"], data["entry"], data["won_at"]) == (about, entry, at)
    assert (data["tier"]["name"], data["prize"]["name"]) == ("Gold", "Gold prize")
    assert (data["is_replacement"], data["voided_at"], data["expires_at"]) == (False, None, None)
    everything = b"".join(call.body for call in receiver.calls)
    for personal in (b"Person 1", b"person1@", won.code.encode()):
        assert personal not in everything
    assert {row.state for row in deliveries(session)} == {DeliveryState.SENT}


def test_codes_are_told_where_the_endpoint_may_know_them(session: Session) -> None:
    make_campaign(session, now=START)
    with receiving() as receiver:
        _, secret = add_endpoint(session, receiver, events=ONLY_WINS, with_codes=True)
        won = win(session, now=START)
        assert call_all(session, receiver) == 1
        assert receiver.calls[0].verified(secret)["data"]["code"] == won.code


def test_only_what_is_chosen_and_only_of_its_campaign(session: Session) -> None:
    summer = make_campaign(session, now=START)
    make_campaign(session, slug="winter", seed=1, now=START)
    with receiving() as receiver:
        one, _ = add_endpoint(session, receiver, campaign_id=summer.id, events=[EventType.ENTRY_CREATED])
        every, _ = add_endpoint(session, receiver, events=ONLY_WINS)
    win(session, 1, now=START)
    win(session, 2, campaign="winter", now=START)
    told = sorted(
        (row.endpoint_id == one.id, row.type, row.campaign_id == summer.id) for row in deliveries(session)
    )
    assert told == [(False, "award.won", False), (False, "award.won", True), (True, "entry.created", True)]
    assert every.id != one.id


def test_an_entry_of_the_past_is_not_told_and_neither_is_one_sent_again(session: Session) -> None:
    make_campaign(session, now=START)
    win(session, 1, now=START)
    with receiving() as receiver:
        add_endpoint(session, receiver)
    win(session, 2, now=START)
    submit_entry(session, submission(2), now=START, rng=FakeRng(3), vault=VAULT)
    assert sorted(types(session)) == ["award.won", "entry.created"]


def test_a_loss_is_an_entry_and_no_win(session: Session) -> None:
    make_campaign(session, [TierSpec("Gold", codes=0)], now=START)
    with receiving() as receiver:
        add_endpoint(session, receiver)
    submit_entry(session, submission(), now=START, rng=FakeRng(1), vault=VAULT)
    assert types(session) == ["entry.created"]


def test_a_win_that_waits_for_proof_is_told_with_the_proof(session: Session) -> None:
    campaign = make_campaign(session, now=START)
    plan = replace(campaigns.plan_of(campaign), proof=Proof.CODE)
    campaigns.edit(session, campaign.id, plan, **ACT)
    with receiving() as receiver:
        add_endpoint(session, receiver, events=ONLY_WINS)
    won = win(session, now=START)
    assert types(session) == []
    for _ in range(2):
        proof.prove(session, won.entry_id, now=START + SECOND, rng=FakeRng(4))
    assert types(session) == ["award.won"]


def test_void_and_replaced(session: Session) -> None:
    make_campaign(session, now=START)
    with receiving() as receiver:
        _, secret = add_endpoint(session, receiver, with_codes=True)
        won = win(session, now=START)
        call_all(session, receiver)
        receiver.calls.clear()
        prize = session.scalars(select(Prize)).one()
        act: dict[str, Any] = {"actor": COMMAND_LINE, "now": START + SECOND}
        handling.void(session, won.entry_id, reason="Cheating", **act)
        handling.replace(session, won.entry_id, prize.id, rng=FakeRng(6), **act)
        handling.void(session, won.entry_id, reason="Again", **act)
        call_all(session, receiver, now=START + SECOND)
        told = [call.verified(secret) for call in receiver.calls]
    assert sorted((each["type"], each["data"]["is_replacement"]) for each in told) == [
        ("award.void", False),
        ("award.void", True),
        ("award.won", True),
    ]
    assert {each["data"]["code"] == won.code for each in told if not each["data"]["is_replacement"]} == {True}
    assert {each["data"]["code"] == won.code for each in told if each["data"]["is_replacement"]} == {False}
    assert all("Cheating" not in str(each) for each in told)


def test_redeemed_and_reversed(session: Session) -> None:
    make_campaign(session, now=START)
    won = win(session, now=START)
    with receiving() as receiver:
        _, secret = add_endpoint(session, receiver)
        order = Order("A-1", 4990, "EUR", "Kadıköy")
        done = redemptions.redeem(session, won.code, order, STAFF, now=START, rng=FakeRng(8))
        assert isinstance(done, Redeemed)
        redemptions.reverse(session, done.redemption.id, STAFF, now=START + SECOND)
        call_all(session, receiver, now=START + SECOND)
        told = [call.verified(secret) for call in receiver.calls]
    assert [each["type"] for each in told] == ["code.redeemed", "redemption.reversed"]
    made, back = (each["data"]["redemption"] for each in told)
    assert made == {
        "id": done.redemption.id.hex,
        "units": 1,
        "source": "staff",
        "redeemed_at": START.isoformat(),
        "location": "Kadıköy",
        "order_reference": "A-1",
        "order_value": 4990,
        "currency": "EUR",
    }
    assert back == made | {"reversed_at": (START + SECOND).isoformat()}
    assert told[0]["data"]["prize"]["name"] == "Gold prize"


def test_low_stock_is_told_with_the_alert(session: Session) -> None:
    make_campaign(session, [TierSpec("Gold", codes=2)], now=START)
    with receiving() as receiver:
        _, secret = add_endpoint(session, receiver, events=[EventType.STOCK_LOW])
        win(session, 1, now=START)
        for _ in range(2):
            watch_round.make(session, now=START + SECOND, rng=FakeRng(9))
        call_all(session, receiver, now=START + SECOND)
        (told,) = (call.verified(secret) for call in receiver.calls)
    prize = session.scalars(select(Prize)).one()
    data = told["data"]
    assert data["campaign"]["slug"] == "summer"
    assert data["prize"] == {"id": prize.id.hex, "name": "Gold prize"}
    assert (data["free"], data["offered"]) == (1, 2)


def test_opened_and_closed_by_staff_once_each(session: Session) -> None:
    with receiving() as receiver:
        _, secret = add_endpoint(session, receiver)
        campaign = make_campaign(session, now=START)
        for status in (CampaignStatus.PAUSED, CampaignStatus.OPEN):
            campaigns.set_status(session, campaign.id, status, **ACT)
            webhook_round.make(session, now=START)
        campaigns.set_status(session, campaign.id, CampaignStatus.CLOSED, **ACT)
        webhook_round.make(session, now=START + SECOND)
        campaigns.archive(session, campaign.id, **ACT)
        call_all(session, receiver)
        told = [call.verified(secret) for call in receiver.calls]
    assert sorted(each["type"] for each in told) == ["campaign.closed", "campaign.opened"]
    assert told[0]["data"]["campaign"] == {
        "id": campaign.id.hex,
        "slug": "summer",
        "title": "Summer giveaway",
        "opens_at": None,
        "closes_at": None,
    }


def test_openings_that_the_clock_brings_are_told_once_each(session: Session) -> None:
    times: dict[str, Any] = {"opens_at": START + DAY, "closes_at": START + 2 * DAY}
    campaign = make_campaign(session, now=START, **times)
    with receiving() as receiver:
        add_endpoint(session, receiver)
    for _ in range(2):
        webhook_round.make(session, now=START)
    assert types(session) == []
    for _ in range(2):
        webhook_round.make(session, now=START + DAY)
    assert types(session) == ["campaign.opened"]
    for _ in range(2):
        webhook_round.make(session, now=START + 2 * DAY)
    assert types(session) == ["campaign.opened", "campaign.closed"]
    later = replace(campaigns.plan_of(campaigns.get(session, "summer")), closes_at=START + 9 * DAY)
    campaigns.edit(session, campaign.id, later, **ACT)
    webhook_round.make(session, now=START + 3 * DAY)
    webhook_round.make(session, now=START + 9 * DAY)
    assert types(session)[2:] == ["campaign.opened", "campaign.closed"]


def test_whoever_comes_second_tells_nothing(session: Session) -> None:
    """Two workers that both have seen the news: the row of the campaign is the first one's."""
    campaign = make_campaign(session, now=START, opens_at=START + DAY)
    with receiving() as receiver:
        add_endpoint(session, receiver)
    for _ in range(2):
        webhook_round._note(session, campaign.id, now=START + DAY)
    assert types(session) == ["campaign.opened"]


def test_what_stood_before_anybody_wanted_to_know_is_not_told(session: Session) -> None:
    running = make_campaign(session, now=START)
    paused = make_campaign(session, slug="paused", seed=1, now=START)
    campaigns.set_status(session, paused.id, CampaignStatus.PAUSED, **ACT)
    with receiving() as receiver:
        endpoint, _ = add_endpoint(session, receiver)
    campaigns.set_status(session, paused.id, CampaignStatus.OPEN, **ACT)
    webhook_round.make(session, now=START)
    assert types(session) == []
    webhook_endpoints.switch(session, endpoint.id, is_on=False, **ACT)
    campaigns.set_status(session, running.id, CampaignStatus.CLOSED, **ACT)
    webhook_endpoints.switch(session, endpoint.id, is_on=True, **ACT)
    webhook_round.make(session, now=START)
    assert types(session) == []


def ends(session: Session, entry_id: UUID, at: Any) -> None:
    session.execute(update(Award).where(Award.entry_id == entry_id).values(expires_at=at))
    session.commit()


def test_codes_that_end_unused_are_told_once(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook_round, "AT_ONCE", 2)
    make_campaign(session, now=START)
    wins = [win(session, number, now=START) for number in range(1, 8)]
    for number, won in enumerate(wins):
        ends(session, won.entry_id, START - DAY if number == 0 else START + DAY)
    with receiving() as receiver:
        add_endpoint(session, receiver, events=[EventType.AWARD_EXPIRED])
        redeemed = redemptions.redeem(session, wins[1].code, Order(), STAFF, now=START, rng=FakeRng(8))
        assert isinstance(redeemed, Redeemed)
        handling.void(session, wins[2].entry_id, reason="Cheating", **ACT)
        prize = session.scalars(select(Prize)).one()
        handling.replace(session, wins[2].entry_id, prize.id, rng=FakeRng(6), **ACT)
        session.execute(update(Replacement).values(expires_at=START + DAY))
        session.commit()
        webhook_round.make(session, now=START + DAY)  # what is being stored may still belong to that moment
        assert types(session) == []
        for minutes in (2, 2, 3, 10):
            webhook_round.make(session, now=START + DAY + timedelta(minutes=minutes))
        rows = deliveries(session)
        told = {(row.subject, row.number) for row in rows}
        assert told == {(won.entry_id, 0) for won in wins[3:]} | {(wins[2].entry_id, 1)}
        assert len(rows) == 5
        call_all(session, receiver, now=START + DAY + timedelta(minutes=10))
    assert len({call.headers["webhook-id"] for call in receiver.calls}) == 5
    assert all(b'"type":"award.expired"' in call.body for call in receiver.calls)


def test_half_told_ends_are_finished_and_not_told_twice(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook_round, "AT_ONCE", 2)
    campaign = make_campaign(session, now=START)
    with receiving() as receiver:
        add_endpoint(session, receiver, events=[EventType.AWARD_EXPIRED])
    for number in range(1, 6):
        ends(session, win(session, number, now=START).entry_id, START + DAY)
    assert webhook_round._tell_ends(session, campaign.id, None, now=START + 2 * DAY) is not None
    assert len(deliveries(session)) == 2
    webhook_round.make(session, now=START + 2 * DAY)
    assert len(deliveries(session)) == 5


def test_a_campaign_younger_than_its_endpoint_has_ends_too(session: Session) -> None:
    with receiving() as receiver:
        add_endpoint(session, receiver, events=[EventType.AWARD_EXPIRED])
    make_campaign(session, now=START)
    ends(session, win(session, now=START).entry_id, START + DAY)
    webhook_round.make(session, now=START + 2 * DAY)
    assert types(session) == ["award.expired"]


# --- The worker's side ---


def fail(status: int = 500) -> Any:
    return lambda _call: (status, b"no", {})


def test_the_same_id_on_each_try_until_it_is_given_up(session: Session) -> None:
    make_campaign(session, now=START)
    with receiving() as receiver:
        receiver.answer = fail()
        endpoint, _ = add_endpoint(session, receiver, events=ONLY_WINS)
        win(session, now=START)
        now, made = START, 0
        while (row := deliveries(session)[0]).state is DeliveryState.WAITING:
            now = row.due_at
            assert call_all(session, receiver, now=now) == 1
            made += 1
        assert made == MAX_TRIES
        assert row.state is DeliveryState.FAILED
        assert {call.headers["webhook-id"] for call in receiver.calls} == {message_id(row.event_id)}
        assert len({call.body for call in receiver.calls}) == 1
        assert session.get_one(WebhookEndpoint, endpoint.id).failing_since == START
        (line,) = webhook_endpoints.log(session, endpoint.id)
        assert [(one.number, one.status, one.answer) for one in line.tries] == [
            (number, 500, "no") for number in range(MAX_TRIES, 0, -1)
        ]
        assert call_all(session, receiver, now=now + DAY) == 0
        receiver.answer = lambda _call: (200, b"", {})
        webhook_endpoints.replay(session, endpoint.id, row.event_id, actor=COMMAND_LINE, now=now)
        assert call_all(session, receiver, now=now) == 1
    (row,) = deliveries(session)
    assert (row.state, row.tries) == (DeliveryState.SENT, MAX_TRIES + 1)
    assert session.get_one(WebhookEndpoint, endpoint.id, populate_existing=True).failing_since is None


def test_gone_switches_the_endpoint_off(session: Session) -> None:
    make_campaign(session, now=START)
    with receiving() as receiver:
        receiver.answer = fail(410)
        endpoint, _ = add_endpoint(session, receiver)
        win(session, now=START)
        assert call_all(session, receiver) == 1
        win(session, 2, now=START)
    assert (
        session.get_one(WebhookEndpoint, endpoint.id, populate_existing=True).off_because is OffBecause.GONE
    )
    assert sorted(row.state for row in deliveries(session)) == ["failed", "waiting"]
    log = webhook_endpoints.log(session, endpoint.id)
    assert sum(len(line.tries) for line in log) == 1


def test_a_worker_that_dies_after_the_call_is_followed_by_another(session: Session) -> None:
    make_campaign(session, now=START)
    with receiving() as receiver:
        _, secret = add_endpoint(session, receiver, events=ONLY_WINS)
        win(session, now=START)
        taken = webhooks.take(session, now=START)
        assert taken is not None
        webhooks.delivery._call(session, taken, centre_of(receiver), START)  # and no more
        assert call_all(session, receiver, now=START + LEASE - SECOND) == 0
        assert call_all(session, receiver, now=START + LEASE) == 1
    first, second = receiver.calls
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.verified(secret) == second.verified(secret)


def test_news_of_an_earlier_try_is_kept_if_good_and_otherwise_left(session: Session) -> None:
    make_campaign(session, now=START)
    with receiving() as receiver:
        add_endpoint(session, receiver, events=ONLY_WINS)
    win(session, 1, now=START)
    first = webhooks.take(session, now=START)
    second = webhooks.take(session, now=START + LEASE)
    assert first is not None
    assert second is not None
    no = NoAnswer(Trouble.TIMEOUT, 10_000)
    yes = Answered(200, "", 5)
    later: dict[str, Any] = {"at": START, "now": START + LEASE + SECOND, "rng": FakeRng()}
    webhooks.settle(session, first, no, **later)
    assert deliveries(session)[0].held_until == START + 2 * LEASE
    webhooks.settle(session, second, yes, **later)
    assert deliveries(session)[0].state is DeliveryState.SENT
    session.execute(update(WebhookDelivery).values(state=DeliveryState.WAITING, tries=7))
    session.commit()
    webhooks.settle(session, replace(first, tries=5), yes, **later)
    assert deliveries(session)[0].state is DeliveryState.SENT
    webhooks.settle(session, replace(first, tries=6), no, **later)
    assert deliveries(session)[0].state is DeliveryState.SENT


def test_few_calls_at_a_time_for_one_endpoint_fewer_while_it_fails(session: Session) -> None:
    make_campaign(session, now=START)
    with receiving() as slow, receiving() as other:
        one, _ = add_endpoint(session, slow)
        for number in range(1, 6):
            win(session, number, now=START)
        two, _ = add_endpoint(session, other, events=ONLY_WINS)
        win(session, 6, now=START + SECOND)
    now = START + 2 * SECOND
    taken = [webhooks.take(session, now=now) for _ in range(4)]
    assert [each and each.endpoint_id for each in taken] == [one.id, one.id, two.id, None]
    assert not webhooks.is_any_due(session, now=now)
    session.execute(update(WebhookEndpoint).values(failing_since=START))
    session.commit()
    again = [webhooks.take(session, now=now + LEASE) for _ in range(3)]
    assert [each and each.endpoint_id for each in again] == [one.id, two.id, None]


def test_what_is_off_or_removed_is_not_called(session: Session) -> None:
    make_campaign(session, now=START)
    with receiving() as receiver:
        endpoint, _ = add_endpoint(session, receiver)
        win(session, now=START)
        webhook_endpoints.switch(session, endpoint.id, is_on=False, **ACT)
        assert call_all(session, receiver) == 0
        webhook_endpoints.switch(session, endpoint.id, is_on=True, **ACT)
        webhook_endpoints.remove(session, endpoint.id, **ACT)
        win(session, 2, now=START)
        assert call_all(session, receiver) == 0
    assert len(deliveries(session)) == 2
    assert not receiver.calls


def test_what_cannot_be_told_stops_nothing_else(session: Session, caplog: pytest.LogCaptureFixture) -> None:
    campaign = make_campaign(session, now=START)
    with receiving() as receiver:
        endpoint, _ = add_endpoint(session, receiver, events=ONLY_WINS)
        for number, kind in enumerate([*CHOOSABLE, "nonsense"]):
            session.add(
                WebhookDelivery(
                    event_id=UUID(int=number + 1),
                    endpoint_id=endpoint.id,
                    type=str(kind),
                    campaign_id=campaign.id,
                    subject=UUID(int=9),
                    number=0,
                    facts={},
                    at=START,
                    due_at=START,
                )
            )
        session.commit()
        while call_all(session, receiver) > 0:
            pass
    told = [call.headers["webhook-id"] for call in receiver.calls]
    assert len(told) == 3  # those that are about the campaign itself
    assert (
        session.scalars(select(WebhookTry.trouble).where(WebhookTry.trouble.is_not(None))).all()
        == [Trouble.CONTENT] * 7
    )
    assert "ValueError" in caplog.text


def test_a_secret_that_cannot_be_opened_is_told_in_the_log(session: Session) -> None:
    make_campaign(session, now=START)
    with receiving() as receiver:
        add_endpoint(session, receiver, events=ONLY_WINS)
        win(session, now=START)
        session.execute(update(WebhookEndpoint).values(secret=bytes(40)))
        session.commit()
        call_all(session, receiver)
    assert not receiver.calls
    assert session.scalars(select(WebhookTry.trouble)).one() is Trouble.CONTENT


def test_old_news_is_forgotten_in_portions(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks.delivery, "FORGET_AT_ONCE", 2)
    make_campaign(session, now=START)
    with receiving() as receiver:
        add_endpoint(session, receiver)
        for number in range(1, 4):
            win(session, number, now=START)
        call_all(session, receiver)
        win(session, 4, now=START + 40 * DAY)
    housekeeping.purge(session, now=START + 50 * DAY)
    assert len(deliveries(session)) == 2
    assert session.scalars(select(WebhookTry)).all() == []


def test_a_changed_secret_signs_with_the_old_one_for_a_day(session: Session) -> None:
    make_campaign(session, now=START)
    with receiving() as receiver:
        endpoint, old = add_endpoint(session, receiver, events=ONLY_WINS)
        changed, new = webhook_endpoints.rotate(session, endpoint.id, vault=SECRETS, rng=FakeRng(3), **ACT)
        assert new != old
        win(session, 1, now=START)
        call_all(session, receiver)
        call: Call = receiver.calls[0]
        assert call.verified(old) == call.verified(new)
        signatures = len(call.headers["webhook-signature"].split())
        assert signatures == 2
        win(session, 2, now=START + DAY)
        call_all(session, receiver, now=START + DAY)
        assert len(receiver.calls[1].headers["webhook-signature"].split()) == 1
    assert changed.old_until == START + DAY


only_postgres = pytest.param("postgres", marks=pytest.mark.postgres)  # SQLite has one writer


@pytest.mark.parametrize("databases", [only_postgres], indirect=True)
def test_what_another_worker_looks_at_is_left_to_it(session: Session, database: Engine) -> None:
    make_campaign(session, now=START)
    with receiving() as receiver:
        add_endpoint(session, receiver, events=ONLY_WINS)
    win(session, now=START)
    with Session(database) as other:
        other.execute(select(WebhookDelivery).with_for_update())
        assert webhooks.take(session, now=START) is None
        other.rollback()
    assert webhooks.take(session, now=START) is not None


def test_endpoints_of_no_campaign_and_acts_on_no_endpoint_are_refused(session: Session) -> None:
    with receiving() as receiver:
        with pytest.raises(NotFound):
            add_endpoint(session, receiver, campaign_id=UUID(int=5))
        endpoint, _ = add_endpoint(session, receiver)
        plan = EndpointPlan(endpoint.url, webhook_endpoints.chosen(endpoint))
        caller = caller_of(receiver)
        version = webhook_endpoints.edit(session, endpoint.id, plan, caller=caller, **ACT).version
        assert version == endpoint.version == 1
    with pytest.raises(NotFound):
        webhook_endpoints.switch(session, UUID(int=5), is_on=False, **ACT)


def test_campaigns_without_endpoints_take_no_row(session: Session) -> None:
    make_campaign(session, now=START)
    win(session, now=START)
    webhook_round.make(session, now=START)
    assert deliveries(session) == []
    assert session.scalars(select(WebhookWatch)).all() == []
