"""Signing in and out, one-time links, passwords."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.adapters.tokens import Purpose
from app.domain.roles import Role
from app.extensions import tools
from app.models import Account
from app.services import accounts
from app.services.audit import COMMAND_LINE
from tests.support.application import application, environment
from tests.support.fakes import NOON
from tests.support.staff import PASSWORD, Staff, csrf_token, make_account, sign_in

pytestmark = pytest.mark.sqlite_is_enough


def post(client: FlaskClient, path: str, **fields: str) -> TestResponse:
    page = client.get(path)
    token = csrf_token(page.get_data(as_text=True))
    return client.post(path, data={"csrf_token": token} | fields)


def try_password(client: FlaskClient, email: str, password: str, **fields: str) -> TestResponse:
    return post(client, "/account/sign-in", email=email, password=password, **fields)


def link_for(app: Flask, account: Account, age: timedelta = timedelta()) -> str:
    with app.app_context():
        payload = accounts.link_payload(account)
        return f"/account/link/{tools().signer.sign(Purpose.SIGN_IN, payload, tools().now() - age)}"


def test_the_right_password_opens_the_console(client: FlaskClient, session: Session) -> None:
    make_account(session, Role.EDITOR, password=True)
    answer = try_password(client, " Editor@Example.org ", PASSWORD)
    assert answer.status_code == 303
    assert answer.location == "/admin/"
    assert client.get("/admin/").status_code == 200


@pytest.mark.parametrize(
    "email", ["editor@example.org", "nobody@example.org", "disabled@example.org", "x" * 200]
)
def test_every_wrong_try_gets_the_same_answer(client: FlaskClient, session: Session, email: str) -> None:
    make_account(session, Role.EDITOR, password=True)
    gone = make_account(session, Role.VIEWER, "disabled@example.org", password=True)
    accounts.disable(session, gone.id, actor=COMMAND_LINE, now=NOON)
    answer = try_password(client, email, PASSWORD if email.startswith("disabled") else "wrong password 1")
    assert answer.status_code == 422
    page = answer.get_data(as_text=True)
    assert "E-mail and password do not match an account." in page
    assert f'value="{email}"' in page
    assert client.get("/admin/").status_code == 303


def test_nothing_of_an_older_session_survives_the_sign_in(client: FlaskClient, session: Session) -> None:
    make_account(session, Role.EDITOR, password=True)
    client.get("/account/sign-in?lang=tr")
    with client.session_transaction() as cookie:
        cookie["planted"] = "x"
        before = cookie["csrf_token"]
    try_password(client, "editor@example.org", PASSWORD)
    with client.session_transaction() as cookie:
        assert "planted" not in cookie
        assert cookie.get("csrf_token") != before
        assert cookie.permanent
    assert '<html lang="tr"' in client.get("/admin/").get_data(as_text=True), "the language is remembered"


@pytest.mark.parametrize(
    ("target", "leads_to"),
    [
        ("/admin/accounts?x=1", "/admin/accounts?x=1"),
        ("https://example.com/", "/admin/"),
        ("//example.com/", "/admin/"),
        ("/\\example.com", "/admin/"),
        ("/\t/example.com", "/admin/"),
        ("javascript:alert(1)", "/admin/"),
        ("http://[", "/admin/"),
        ("admin/", "/admin/"),
    ],
)
def test_next_is_a_page_of_ours_or_nothing(
    client: FlaskClient, session: Session, target: str, leads_to: str
) -> None:
    make_account(session, Role.ADMIN, password=True)
    assert try_password(client, "admin@example.org", PASSWORD, next=target).location == leads_to


def test_the_page_asked_for_comes_after_the_sign_in(client: FlaskClient, session: Session) -> None:
    make_account(session, Role.ADMIN, password=True)
    asked = client.get("/admin/audit?noun=tier")
    page = client.get(asked.location).get_data(as_text=True)
    assert 'value="/admin/audit?noun=tier"' in page


def test_whoever_is_in_is_not_asked_again(app: Flask, session: Session) -> None:
    staff = sign_in(app, session, Role.VIEWER)
    assert staff.get("/account/sign-in").location == "/admin/"


def test_signing_out_ends_it(app: Flask, session: Session) -> None:
    staff = sign_in(app, session, Role.VIEWER)
    assert staff.post("/account/sign-out").location == "/account/sign-in"
    assert staff.get("/admin/").status_code == 303


@pytest.fixture
def limited_app(session: Session, database_url: str, tmp_path: Path) -> Iterator[Flask]:
    """The application with its limits in force; made after the one `session` belongs to, which has none."""
    with application(environment(database_url, tmp_path, PRIZEWELL_RATE_LIMITS="on")) as app:
        yield app


def tries(client: FlaskClient, email: str, network: str, count: int, password: str = "") -> list[int]:
    """The statuses of so many tries from a network; without a password the form is refused at once."""
    token = csrf_token(client.get("/account/sign-in").get_data(as_text=True))
    fields = {"email": email, "password": password, "csrf_token": token}
    where = {"REMOTE_ADDR": network}
    return [
        client.post("/account/sign-in", data=fields, environ_base=where).status_code for _ in range(count)
    ]


def leave(client: FlaskClient) -> None:
    token = csrf_token(client.get("/account/password").get_data(as_text=True))
    assert client.post("/account/sign-out", data={"csrf_token": token}).status_code == 303


@pytest.mark.parametrize("email", ["editor@example.org", "nobody@example.org"])
def test_guessing_is_slowed_for_network_and_address(limited_app: Flask, session: Session, email: str) -> None:
    make_account(session, Role.EDITOR)
    client = limited_app.test_client()
    assert tries(client, "p@example.org", "10.1.0.9", 11) == [422] * 10 + [429]
    # Somebody else, elsewhere, tries one address: ten times from a network, a hundred times from everywhere.
    for network in range(10):
        assert tries(client, email, f"10.2.{network}.9", 10) == [422] * 10
    assert tries(client, email, "10.3.0.9", 1) == [429]
    assert tries(client, email.upper().replace("E", "Ｅ"), "10.4.0.9", 1) == [429]


def test_strangers_do_not_lock_the_real_person_out(limited_app: Flask, session: Session) -> None:
    make_account(session, Role.EDITOR, password=True)
    known, stranger = limited_app.test_client(), limited_app.test_client()
    assert tries(known, "editor@example.org", "10.1.0.9", 1, PASSWORD) == [303]
    leave(known)
    tries(stranger, "editor@example.org", "10.2.0.9", 10)
    # Ten wrong tries elsewhere bite nobody here, not even somebody who comes with a new browser.
    assert tries(limited_app.test_client(), "editor@example.org", "10.1.0.9", 1, PASSWORD) == [303]
    for network in range(9):
        tries(stranger, "editor@example.org", f"10.3.{network}.9", 10)
    assert tries(stranger, "editor@example.org", "10.4.0.9", 1, PASSWORD) == [429]
    assert tries(known, "editor@example.org", "10.1.0.9", 1, PASSWORD) == [303]
    leave(known)
    assert tries(known, "viewer@example.org", "10.5.0.9", 1, PASSWORD) == [422]
    assert tries(known, "editor@example.org", "10.1.0.9", 11) == [422] * 10 + [429]


def test_a_device_cookie_that_is_forged_or_somebody_elses_helps_nobody(
    limited_app: Flask, session: Session
) -> None:
    make_account(session, Role.EDITOR, password=True)
    make_account(session, Role.VIEWER, password=True)
    other = limited_app.test_client()
    assert tries(other, "viewer@example.org", "10.1.0.9", 1, PASSWORD) == [303]
    leave(other)
    assert tries(other, "editor@example.org", "10.1.0.9", 10) == [422] * 9 + [429]
    forger = limited_app.test_client()
    forger.set_cookie("prizewell_device", "forged", path="/account")
    assert tries(forger, "editor@example.org", "10.2.0.9", 11) == [422] * 10 + [429]


def test_a_one_time_link_sets_name_and_password_once(
    app: Flask, client: FlaskClient, session: Session
) -> None:
    account = make_account(session, Role.ADMIN)
    link = link_for(app, account)
    page = client.get(link)
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert "admin@example.org" in page.get_data(as_text=True)
    answer = post(client, link, name="Ada", password=PASSWORD, repeated=PASSWORD)
    assert answer.location == "/admin/"
    assert "Ada" in client.get("/admin/").get_data(as_text=True)
    used = client.get(link)
    assert used.status_code == 410
    assert "This link is over" in used.get_data(as_text=True)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"password": "short", "repeated": "short"}, "12 to 128 characters"),
        ({"password": PASSWORD, "repeated": PASSWORD + "!"}, "The two passwords differ."),
        (
            {"password": "admin@example.org", "repeated": "admin@example.org"},
            "something else than your e-mail",
        ),
        ({"name": "", "password": PASSWORD, "repeated": PASSWORD}, "Please fill this in."),
        ({"name": "A\0B", "password": PASSWORD, "repeated": PASSWORD}, "characters that cannot be stored"),
    ],
)
def test_a_link_with_a_wrong_form_is_not_used_up(
    app: Flask, client: FlaskClient, session: Session, fields: dict[str, str], message: str
) -> None:
    link = link_for(app, make_account(session, Role.ADMIN))
    answer = post(client, link, **{"name": "Ada", **fields})
    assert answer.status_code == 422
    assert message in answer.get_data(as_text=True)
    assert client.get(link).status_code == 200


def test_links_that_are_old_forged_or_replaced_say_so(
    app: Flask, client: FlaskClient, session: Session
) -> None:
    account = make_account(session, Role.ADMIN)
    old = link_for(app, account, timedelta(days=2, seconds=1))
    replaced = link_for(app, account)
    make_account(session, Role.ADMIN)
    for link in (old, replaced, "/account/link/forged"):
        assert client.get(link).status_code == 410


def test_a_new_password_ends_the_other_sessions(app: Flask, client: FlaskClient, session: Session) -> None:
    account = make_account(session, Role.EDITOR, password=True)
    elsewhere = app.test_client()
    try_password(client, account.email, PASSWORD)
    try_password(elsewhere, account.email, PASSWORD)
    new = "a new one that is long"
    answer = post(client, "/account/password", current=PASSWORD, password=new, repeated=new)
    assert answer.location == "/admin/"
    assert client.get("/admin/").status_code == 200
    assert elsewhere.get("/admin/").status_code == 303
    assert try_password(elsewhere, account.email, PASSWORD).status_code == 422


def test_changing_a_password_takes_the_one_in_use(app: Flask, session: Session) -> None:
    account = make_account(session, Role.EDITOR, password=True)
    client = app.test_client()
    try_password(client, account.email, PASSWORD)
    staff = Staff(client, account)
    answer = staff.post("/account/password", {"current": "wrong", "password": "x" * 20, "repeated": "x" * 20})
    assert answer.status_code == 422
    assert "not your current password" in answer.get_data(as_text=True)


def test_a_disabled_account_is_out_at_once(app: Flask, session: Session) -> None:
    staff = sign_in(app, session, Role.VIEWER)
    assert staff.get("/admin/").status_code == 200
    accounts.disable(session, staff.account.id, actor=COMMAND_LINE, now=NOON)
    assert staff.get("/admin/").status_code == 303


@pytest.mark.parametrize("strange", ["strange", "0" * 32, f"{'0' * 32}:1"])
def test_a_cookie_with_a_strange_id_is_nobody(client: FlaskClient, strange: str) -> None:
    with client.session_transaction() as cookie:
        cookie["_user_id"] = strange
    assert client.get("/admin/").status_code == 303
