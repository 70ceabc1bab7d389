"""Requests that fit nothing: hostile hosts and addresses, limits, and storage that is away."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.config import load_settings
from tests.support.application import application, environment
from tests.support.factories import make_campaign

JSON = {"Accept": "application/json"}


@pytest.fixture
def public_app(database_url: str, tmp_path: Path) -> Iterator[Flask]:
    """The application at a public address behind one proxy, limits on."""
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
    """A visitor of that application who names the right host."""
    client = public_app.test_client()
    client.environ_base["HTTP_HOST"] = "win.example.org"
    return client


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
