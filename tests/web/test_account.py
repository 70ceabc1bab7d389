"""Signing in and out, one-time links, passwords."""

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
        assert cookie["lang"] == "tr"
        assert cookie.permanent


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


def test_guessing_is_slowed_for_network_and_address(
    database_url: str, tmp_path: Path, session: Session
) -> None:
    make_account(session, Role.EDITOR)
    session.commit()
    with application(environment(database_url, tmp_path, PRIZEWELL_RATE_LIMITS="on")) as app:
        client = app.test_client()
        codes = [try_password(client, f"p{number}@example.org", "x").status_code for number in range(11)]
        assert codes == [422] * 10 + [429]
        token = csrf_token(client.get("/account/sign-in").get_data(as_text=True))
        one_address = [
            client.post(
                "/account/sign-in",
                data={"email": "editor@example.org", "csrf_token": token},
                environ_base={"REMOTE_ADDR": f"10.1.{number}.9"},
            ).status_code
            for number in range(11)
        ]
        assert one_address[-1] == 429
        assert 429 not in one_address[:-1]
        spelt_wide = client.post(
            "/account/sign-in",
            data={"email": "ＥＤＩＴＯＲ@example.org", "csrf_token": token},
            environ_base={"REMOTE_ADDR": "10.2.0.9"},
        )
        assert spelt_wide.status_code == 429


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


def test_a_cookie_with_a_strange_id_is_nobody(client: FlaskClient) -> None:
    with client.session_transaction() as cookie:
        cookie["_user_id"] = "strange"
    assert client.get("/admin/").status_code == 303
