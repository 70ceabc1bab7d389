"""Where an entry came from is stored with it; pages and forms are counted; a win that was shown is seen."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.errors import Busy
from app.models import Award, Entry, TrafficCount
from app.services import seen
from tests.support.factories import make_campaign
from tests.support.visitor import enter, filled_form

HTMX = {"HX-Request": "true", "Accept": "text/html"}
PAGE = {"Accept": "text/html"}
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Mobile/15E148 Safari/604.1"
LINK = "http://localhost/c/summer?utm_source=Instagram&utm_medium=story&utm_campaign=july"


@pytest.fixture
def live(session: Session) -> Session:
    make_campaign(session)
    return session


def source(session: Session) -> tuple[str, str, str, str]:
    session.rollback()
    entry = session.scalars(select(Entry)).one()
    return entry.utm_source, entry.utm_medium, entry.utm_campaign, entry.device


@pytest.mark.parametrize("header", ["HX-Current-URL", "Referer"])
def test_the_link_and_the_device_are_stored_with_the_entry(
    client: FlaskClient, live: Session, header: str
) -> None:
    enter(client, filled_form(client), **{header: LINK, "User-Agent": PHONE})
    assert source(live) == ("instagram", "story", "july", "phone")


def test_who_says_nothing_is_counted_as_nothing(client: FlaskClient, live: Session) -> None:
    enter(client, filled_form(client), **{"User-Agent": ""})
    assert source(live) == ("", "", "", "")


def test_an_answer_that_shows_the_win_is_seen(client: FlaskClient, live: Session) -> None:
    enter(client, filled_form(client), **HTMX)
    live.rollback()
    award = live.scalars(select(Award)).one()
    assert award.seen_at == award.created_at


def test_a_win_on_a_page_of_its_own_is_seen_with_that(
    client: FlaskClient, live: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = enter(client, filled_form(client), **PAGE).headers["Location"]
    seen_at = select(Award.seen_at)
    client.get(page, headers={"User-Agent": "Googlebot/2.1"})
    client.head(page, headers={"User-Agent": PHONE})
    live.rollback()
    assert live.scalars(seen_at).all() == [None]

    def busy(*_args: object, **_named: object) -> None:
        raise Busy

    with monkeypatch.context() as crowded:
        crowded.setattr(seen, "_note", busy)
        assert client.get(page, headers={"User-Agent": PHONE}).status_code == 200
    live.rollback()
    assert live.scalars(seen_at).all() == [None]
    client.get(page, headers={"User-Agent": PHONE})
    live.rollback()
    first = live.scalars(seen_at).one()
    assert first is not None
    client.get(page, headers={"User-Agent": PHONE})
    live.rollback()
    assert live.scalars(seen_at).all() == [first]


def test_pages_and_forms_are_counted_of_people_only(app: Flask, client: FlaskClient, live: Session) -> None:
    phone = {"User-Agent": PHONE}
    for headers in (phone, phone, {"User-Agent": "Googlebot"}, phone | {"Sec-Purpose": "prefetch"}):
        client.get("/c/summer", headers=headers)
    client.head("/c/summer", headers=phone)
    client.get("/c/summer/challenge", headers=phone)
    assert client.get("/c/summer/started", headers=phone).status_code == 204
    assert client.get("/c/winter/started").status_code == 404
    app.extensions["prizewell_refusals"].due -= timedelta(hours=1).total_seconds()
    client.get("/c/summer/rules")
    live.rollback()
    query = select(TrafficCount.kind, TrafficCount.device, TrafficCount.count).order_by(TrafficCount.kind)
    assert [tuple(row) for row in live.execute(query)] == [
        ("page", "phone", 2),
        ("sent", "phone", 1),
        ("started", "phone", 1),
    ]
