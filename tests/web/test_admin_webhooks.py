"""Webhooks at the console: an endpoint's life, its secret shown once, the log and sending again."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.domain.events import EventType
from app.domain.roles import Role
from app.domain.webhooks import OffBecause
from app.models import DeliveryState, WebhookEndpoint
from app.services import webhook_endpoints
from tests.support.application import application, environment
from tests.support.factories import make_campaign
from tests.support.hooks import START, call_all, deliveries
from tests.support.receiver import Receiver, receiving
from tests.support.shop import win
from tests.support.staff import Staff, sign_in, version_in

pytestmark = pytest.mark.sqlite_is_enough

WEBHOOKS = "/admin/webhooks"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


@pytest.fixture
def app(database_url: str, tmp_path: Path, receiver: Receiver) -> Iterator[Flask]:
    allow = {"PRIZEWELL_WEBHOOK_ALLOW": receiver.origin}
    with application(environment(database_url, tmp_path, **allow)) as made:
        yield made


@pytest.fixture
def admin(app: Flask, session: Session) -> Staff:
    return sign_in(app, session, Role.ADMIN)


def add(admin: Staff, receiver: Receiver, **fields: object) -> str:
    """A new endpoint; the path of its page."""
    given = {"url": receiver.url, "events": ["award.won"], "campaign": ""} | fields
    answer = admin.post(WEBHOOKS, given)
    assert answer.status_code == 303, answer.get_data(as_text=True)
    return str(answer.location)


def secret_in(page: str) -> str | None:
    found = re.search(r"whsec_[\w+/=]+", page)
    return found[0] if found else None


def only(session: Session) -> WebhookEndpoint:
    session.rollback()
    return session.scalars(select(WebhookEndpoint).execution_options(populate_existing=True)).one()


def test_an_endpoint_shows_its_secret_once(admin: Staff, session: Session, receiver: Receiver) -> None:
    make_campaign(session, now=START)
    path = add(admin, receiver, with_codes="y")
    secret = secret_in(admin.page(path))
    assert secret
    assert secret_in(admin.page(path)) is None
    win(session, now=START)
    assert call_all(session, receiver) == 1
    assert receiver.calls[0].verified(secret)["type"] == "award.won"
    page = admin.page(path)
    assert "Somebody has won" in page
    assert "204" in page
    listed = admin.page(WEBHOOKS)
    assert receiver.url in listed
    assert secret_in(listed) is None


def test_for_one_campaign_alone(admin: Staff, session: Session, receiver: Receiver) -> None:
    campaign = make_campaign(session)
    path = add(admin, receiver, campaign=campaign.id.hex)
    assert only(session).campaign_id == campaign.id
    assert "Summer giveaway" in admin.page(path)
    assert "Summer giveaway" in admin.page(WEBHOOKS)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"url": ""}, "Please fill this in."),
        ({"url": "http://10.0.0.1/"}, "Only https on its usual port can be called."),
        ({"url": "https://127.0.0.1/"}, "This address is not on the public internet."),
        ({"url": "nonsense"}, "Use an address such as"),
        ({"events": []}, "Choose at least one event."),
        ({"events": ["endpoint.test"]}, "not a valid choice"),
        ({"campaign": "0" * 32}, "Not a valid choice"),
    ],
)
def test_what_is_wrong_is_said(
    admin: Staff, session: Session, receiver: Receiver, fields: dict[str, object], message: str
) -> None:
    given = {"url": receiver.url, "events": ["award.won"], "campaign": ""} | fields
    answer = admin.post(WEBHOOKS, given)
    assert answer.status_code == 422
    assert message in answer.get_data(as_text=True)
    assert session.scalars(select(WebhookEndpoint)).all() == []


def test_settings_change_and_a_late_edit_is_refused(
    admin: Staff, session: Session, receiver: Receiver
) -> None:
    path = add(admin, receiver)
    fields = {"url": f"{receiver.url}/2", "events": ["entry.created", "stock.low"]}
    version = version_in(admin.page(path))
    assert admin.post(path, fields | {"version": version}).status_code == 303
    endpoint = only(session)
    assert endpoint.url == f"{receiver.url}/2"
    assert webhook_endpoints.chosen(endpoint) == {EventType.ENTRY_CREATED, EventType.STOCK_LOW}
    assert admin.post(path, fields | {"version": version, "events": ["award.won"]}).status_code == 409
    assert admin.post(path, fields | {"url": "", "version": version}).status_code == 422


def test_a_test_is_told_and_told_again(admin: Staff, session: Session, receiver: Receiver) -> None:
    path = add(admin, receiver)
    secret = secret_in(admin.page(path))
    assert secret
    assert admin.post(f"{path}/test").status_code == 303
    (row,) = deliveries(session)
    again = f"{path}/events/{row.event_id.hex}"
    assert admin.post(again).status_code == 409
    assert call_all(session, receiver, now=row.due_at) == 1
    assert receiver.calls[0].verified(secret)["type"] == "endpoint.test"
    assert admin.post(again).status_code == 303
    (row,) = deliveries(session)
    assert row.state is DeliveryState.WAITING
    assert call_all(session, receiver, now=row.due_at) == 1
    first, second = receiver.calls
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert admin.post(f"{path}/events/{UUID(int=5).hex}").status_code == 404


def test_off_and_on(admin: Staff, session: Session, receiver: Receiver) -> None:
    path = add(admin, receiver)
    assert admin.post(f"{path}/test").status_code == 303
    (row,) = deliveries(session)
    for _ in range(2):
        assert admin.post(f"{path}/switch", {"on": "0"}).status_code == 303
    assert only(session).off_because is OffBecause.STAFF
    assert admin.post(f"{path}/test").status_code == 409
    assert admin.post(f"{path}/events/{row.event_id.hex}").status_code == 409
    assert admin.post(f"{path}/switch", {"on": "1"}).status_code == 303
    assert only(session).off_because is None


def test_what_became_of_it_is_shown(admin: Staff, session: Session, receiver: Receiver) -> None:
    make_campaign(session, now=START)
    path = add(admin, receiver)
    receiver.answer = lambda _call: (500, b"<b>broken</b>", {})
    win(session, now=START)
    call_all(session, receiver)
    page = admin.page(path)
    for shown in ("500", "&lt;b&gt;broken&lt;/b&gt;", "next try", "Failing"):
        assert shown in page
    session.execute(update(WebhookEndpoint).values(off_because=OffBecause.GONE))
    session.commit()
    assert "(410)" in admin.page(WEBHOOKS)


def test_a_new_secret_is_asked_for_and_shown_once(admin: Staff, session: Session, receiver: Receiver) -> None:
    path = add(admin, receiver)
    old = secret_in(admin.page(path))
    assert "For a day" in admin.page(f"{path}/secret")
    assert admin.post(f"{path}/secret").status_code == 303
    page = admin.page(path)
    new = secret_in(page)
    assert new
    assert new != old
    assert "The old secret signs, too, until" in page
    assert only(session).old_secret is not None


def test_removed_after_a_question(admin: Staff, session: Session, receiver: Receiver) -> None:
    path = add(admin, receiver)
    assert "Its secret is forgotten" in admin.page(f"{path}/remove")
    assert admin.post(f"{path}/remove").status_code == 303
    assert only(session).secret == b""
    assert admin.get(path).status_code == 404
    assert receiver.url not in admin.page(WEBHOOKS)


def test_a_long_log_has_pages(
    admin: Staff, session: Session, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["app.web.admin.webhooks"], "PAGE", 2)
    make_campaign(session, now=START)
    path = add(admin, receiver)
    for number in range(1, 4):
        win(session, number, now=START)
    page = admin.page(path)
    older = re.search(r'href="([^"]*before=[0-9a-f]+)"', page)
    assert older
    assert page.count("Somebody has won</") == 0
    assert page.count('class="sub code">evt_') == 2
    assert admin.page(older[1]).count('class="sub code">evt_') == 1
    assert admin.page(f"{path}?before=nonsense").count('class="sub code">evt_') == 2


def test_where_webhooks_are_off_the_page_says_so(database_url: str, session: Session, tmp_path: Path) -> None:
    with application(environment(database_url, tmp_path, PRIZEWELL_WEBHOOKS="off")) as made:
        assert "PRIZEWELL_WEBHOOKS" in sign_in(made, session, Role.ADMIN).page(WEBHOOKS)


def test_there_is_an_end_to_how_many(
    admin: Staff, session: Session, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook_endpoints, "MOST", 1)
    add(admin, receiver)
    answer = admin.post(WEBHOOKS, {"url": receiver.url, "events": ["award.won"], "campaign": ""})
    assert answer.status_code == 409
    assert "remove one first" in answer.get_data(as_text=True)
