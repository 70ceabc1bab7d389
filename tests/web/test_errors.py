"""Requests that fit nothing: hostile hosts and addresses, limits, and storage that is away."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.config import load_settings
from app.domain.errors import CommitUnknown
from app.services import landing, partners
from app.services.audit import COMMAND_LINE
from tests.support.application import application, environment
from tests.support.factories import make_campaign
from tests.support.fakes import NOON, FakeRng
from tests.support.site import free_port

JSON = {"Accept": "application/json"}
ENOUGH = 120  # for a limit of 60 a minute, wherever its window begins


class OfTheRightHost(FlaskClient):
    """A visitor over the public address."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        """Send a request."""
        return super().open(*args, base_url="https://win.example.org", **kwargs)


@pytest.fixture
def public_app(database_url: str, tmp_path: Path, session: Session) -> Iterator[Flask]:
    """The application at a public address behind one proxy, limits on: the last one made says if they are."""
    changes = {
        "PRIZEWELL_PUBLIC_URL": "https://win.example.org",
        "PRIZEWELL_CAPTCHA_COST": "1000",
        "PRIZEWELL_RATE_LIMITS": "on",
        "PRIZEWELL_TRUSTED_PROXIES": "1",
    }
    with application(load_settings(environment(database_url, tmp_path, **changes))) as app:
        yield app


@pytest.fixture
def public_client(public_app: Flask) -> FlaskClient:
    """A visitor of that application."""
    public_app.test_client_class = OfTheRightHost
    return public_app.test_client()


@pytest.mark.parametrize("host", ["evil.example", "x" * 300, "a b", "[::1", "win.example.org.evil.example"])
def test_a_foreign_host_is_refused(public_app: Flask, host: str) -> None:
    answer = public_app.test_client().get("/account/sign-in", headers={"Host": host})
    assert answer.status_code == 400
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert host not in answer.get_data(as_text=True)


def test_a_foreign_host_is_refused_in_json(public_app: Flask) -> None:
    answer = public_app.test_client().get("/", headers={"Host": "evil.example"} | JSON)
    assert (answer.status_code, answer.mimetype) == (400, "application/json")


def test_a_host_that_is_no_name_is_refused_on_this_machine_too(client: FlaskClient) -> None:
    assert client.get("/", headers={"Host": "x" * 300}).status_code == 400


@pytest.mark.parametrize(
    "address", ["198.51.100.7:5678", "[2001:db8::1]:443", "unknown", "_hidden", "x" * 5000]
)
def test_whatever_a_proxy_calls_the_visitor_the_page_is_served(
    public_client: FlaskClient, session: Session, address: str
) -> None:
    make_campaign(session)
    assert public_client.get("/c/summer", headers={"X-Forwarded-For": address}).status_code == 200


def test_a_port_behind_the_address_is_no_way_round_a_limit(
    public_client: FlaskClient, session: Session
) -> None:
    make_campaign(session)
    assert 429 in [
        _send_nothing(public_client, f"198.51.100.7:{port}") for port in range(5000, 5000 + ENOUGH)
    ]


def test_a_port_behind_the_address_is_no_second_visitor(public_client: FlaskClient, session: Session) -> None:
    campaign = make_campaign(session)
    partners.add(session, campaign.id, "ayse", "Ayşe", actor=COMMAND_LINE, now=NOON, rng=FakeRng(3))
    for port in (5000, 5001):
        public_client.get("/c/summer/via/ayse", headers={"X-Forwarded-For": f"198.51.100.7:{port}"})
    session.rollback()
    assert partners.figures(session, campaign.id)[0].visits == 1


def test_other_visitors_are_counted_apart(public_client: FlaskClient, session: Session) -> None:
    make_campaign(session)
    statuses = [_send_nothing(public_client, f"198.51.{network}.7") for network in range(ENOUGH)]
    assert 429 not in statuses


@pytest.mark.parametrize("headers", [{}, JSON, {"HX-Request": "true"}])
def test_who_tries_too_often_is_told_when_to_come_back(
    public_client: FlaskClient, session: Session, headers: dict[str, str]
) -> None:
    make_campaign(session)
    answers = [public_client.post("/c/summer/entries", headers=headers) for _ in range(ENOUGH)]
    statuses = [answer.status_code for answer in answers]
    assert set(statuses[:60]) == {422}
    assert "Retry-After" not in answers[0].headers
    refused = answers[statuses.index(429)]
    assert 1 <= int(refused.headers["Retry-After"]) <= 61


def test_limits_are_kept_in_memory_while_their_storage_is_away(
    database_url: str, tmp_path: Path, session: Session
) -> None:
    make_campaign(session)
    changes = {
        "PRIZEWELL_RATE_LIMITS": "on",
        "PRIZEWELL_RATE_LIMIT_STORAGE": f"redis://127.0.0.1:{free_port()}",
    }
    with application(environment(database_url, tmp_path, **changes)) as app:
        statuses = [_send_nothing(app.test_client(), "198.51.100.7") for _ in range(ENOUGH)]
    assert set(statuses) == {422, 429}


@pytest.mark.parametrize("path", ["/", "/c/summer", "/c/summer/challenge"])
def test_a_database_out_of_reach_is_not_an_error_of_the_visitor(tmp_path: Path, path: str) -> None:
    nowhere = environment(f"postgresql://nobody@/nothing?host={tmp_path}", tmp_path)
    with application(nowhere) as app:
        answer = app.test_client().get(path)
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert str(tmp_path) not in answer.get_data(as_text=True)


def _send_nothing(client: FlaskClient, forwarded: str) -> int:
    return client.post("/c/summer/entries", headers=JSON | {"X-Forwarded-For": forwarded}).status_code


def test_a_save_that_may_have_taken_place_is_told_as_such(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trying again at once could do the work twice: people are asked to look first."""

    def lose_the_connection(*_args: object, **_more: object) -> None:
        raise CommitUnknown

    monkeypatch.setattr(landing, "open_campaigns", lose_the_connection)
    answer = client.get("/")
    assert answer.status_code == 503
    assert "look whether it was saved" in answer.get_data(as_text=True)
