"""Accounts at the console."""

import re
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.roles import Role
from app.models import Message
from app.services import accounts
from tests.support.application import application, environment
from tests.support.staff import HTMX, PASSWORD, Staff, csrf_token, make_account, sign_in

pytestmark = pytest.mark.sqlite_is_enough


ACCOUNTS = "/admin/accounts"


@pytest.fixture
def admin(app: Flask, session: Session) -> Staff:
    return sign_in(app, session, Role.ADMIN)


def link_in(page: str) -> str | None:
    found = re.search(r"http://localhost(/account/link/[\w.-]+)", page)
    return found[1] if found else None


def test_an_invitation_shows_its_link_once_and_it_works(app: Flask, admin: Staff) -> None:
    answer = admin.post(f"{ACCOUNTS}/invite", {"email": " New@Example.org", "role": "viewer"})
    assert answer.status_code == 303
    page = admin.page(ACCOUNTS)
    assert "One-time link for new@example.org" in page
    link = link_in(page)
    assert link
    assert link_in(admin.page(ACCOUNTS)) is None
    newcomer = app.test_client()
    token = csrf_token(newcomer.get(link).get_data(as_text=True))
    fields = {"csrf_token": token, "name": "New", "password": PASSWORD, "repeated": PASSWORD}
    assert newcomer.post(link, data=fields).location == "/admin/"
    assert newcomer.get("/admin/").status_code == 200
    assert newcomer.get(ACCOUNTS).status_code == 403


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"email": "", "role": "viewer"}, "Please fill this in."),
        ({"email": "nonsense", "role": "viewer"}, 'class="errors" id="email-errors"><li>'),
        ({"email": "a@example.org", "role": "owner"}, "Not a valid choice"),
        ({"email": "a" * 300, "role": "viewer"}, "Use at most 254 characters"),
    ],
)
def test_a_wrong_invitation_says_so(admin: Staff, fields: dict[str, str], message: str) -> None:
    answer = admin.post(f"{ACCOUNTS}/invite", fields, htmx=True)
    assert answer.status_code == 422
    assert message in answer.get_data(as_text=True)


def test_a_new_link_replaces_the_old_one(app: Flask, admin: Staff, session: Session) -> None:
    somebody = make_account(session, Role.VIEWER)
    answer = admin.post(f"{ACCOUNTS}/{somebody.id.hex}/link", htmx=True, follow_redirects=True)
    first = link_in(answer.get_data(as_text=True))
    admin.post(f"{ACCOUNTS}/{somebody.id.hex}/link")
    second = link_in(admin.page(ACCOUNTS))
    assert first
    assert second
    assert app.test_client().get(first).status_code == 410
    assert app.test_client().get(second).status_code == 200


def test_a_role_changes_at_once(app: Flask, admin: Staff, session: Session) -> None:
    viewer = sign_in(app, session, Role.VIEWER)
    assert viewer.get("/admin/campaigns/new").status_code == 403
    path = f"{ACCOUNTS}/{viewer.account.id.hex}/role"
    assert admin.post(path, {"role": "editor"}).status_code == 303
    assert viewer.get("/admin/campaigns/new").status_code == 200
    assert admin.post(path, {"role": "owner"}).status_code == 422


def test_disabling_is_asked_and_ends_the_session(app: Flask, admin: Staff, session: Session) -> None:
    viewer = sign_in(app, session, Role.VIEWER)
    path = f"{ACCOUNTS}/{viewer.account.id.hex}"
    assert "Disable viewer@example.org?" in admin.page(f"{path}/disable")
    assert admin.get(f"{path}/disable", headers=HTMX).get_data(as_text=True).lstrip().startswith("<dialog")
    assert admin.post(f"{path}/disable").status_code == 303
    assert viewer.get("/admin/").status_code == 303
    assert "Disabled" in admin.page(ACCOUNTS)
    assert admin.post(f"{path}/link").status_code == 409
    assert (
        admin.post(f"{ACCOUNTS}/invite", {"email": "viewer@example.org", "role": "viewer"}).status_code == 409
    )
    assert admin.post(f"{path}/enable").status_code == 303
    session.rollback()
    assert accounts.find_active(session, viewer.account.id)


def test_the_last_admin_stays(admin: Staff, session: Session) -> None:
    path = f"{ACCOUNTS}/{admin.account.id.hex}"
    for what, fields in (("role", {"role": "viewer"}), ("disable", {})):
        answer = admin.post(f"{path}/{what}", fields)
        assert answer.status_code == 409
        assert "This is the last admin" in answer.get_data(as_text=True)


def test_an_unknown_account_is_not_found(admin: Staff) -> None:
    path = f"{ACCOUNTS}/{'0' * 32}"
    assert admin.get(f"{path}/disable").status_code == 404
    for what in ("link", "role", "disable", "enable"):
        assert admin.post(f"{path}/{what}", {"role": "viewer"}).status_code == 404


def test_with_mail_on_the_link_also_goes_out(session: Session, database_url: str, tmp_path: Path) -> None:
    folder = tmp_path / "mail"
    settings = environment(database_url, tmp_path, PRIZEWELL_MAIL=folder.as_uri())
    with application(settings) as app:
        admin = sign_in(app, session, Role.ADMIN)
        answer = admin.post(f"{ACCOUNTS}/invite", {"email": "new@example.org", "role": "viewer"})
        assert answer.status_code == 303
        page = admin.page(ACCOUNTS)
        assert "on its way by mail" in page
        assert link_in(page)
        somebody = accounts.find_by_email(session, "new@example.org")
        assert somebody is not None
        admin.post(f"{ACCOUNTS}/{somebody.id.hex}/link")
        session.rollback()
        waiting = session.scalars(select(Message.number).where(Message.account_id == somebody.id))
        assert list(waiting) == [1, 2]
