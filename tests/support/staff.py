"""Members of staff for tests: signed in without the work of a password, and able to send forms."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.domain.roles import Role
from app.models import Account, StaffSession
from app.services import accounts
from app.services.audit import COMMAND_LINE
from tests.support.fakes import NOON, FakeRng

PASSWORD = "correct horse battery staple"
HTMX = {"HX-Request": "true"}
_TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')
_SEEN = re.compile(r'name="seen"[^>]*value="([0-9a-f]{32})"')
_VERSION = re.compile(r'name="version"[^>]*value="(\d+)"')


def make_account(
    session: Session, role: Role, email: str | None = None, *, password: bool = False
) -> Account:
    """An account of that role; with `password` it can sign in with PASSWORD, which takes its time."""
    address = email or f"{role.value}@example.org"
    rng = FakeRng(sum(address.encode()))
    account = accounts.invite(session, address, role, actor=COMMAND_LINE, now=NOON, rng=rng)
    if not password:
        return account
    name = role.value.title()
    counter = account.link_counter
    changed = accounts.set_password_by_link(session, account.id, counter, PASSWORD, name, now=NOON)
    assert changed is not None
    return changed


def csrf_token(page: str) -> str:
    """The token in a page's first form."""
    found = _TOKEN.search(page)
    assert found, "the page has no form"
    return found[1]


def version_in(page: str) -> str:
    """The version the page's form was filled from."""
    found = _VERSION.search(page)
    assert found, "the form carries no version"
    return found[1]


def seen_in(page: str) -> str:
    """What the preview on the page is known by."""
    found = _SEEN.search(page)
    assert found, "the page shows no preview"
    return found[1]


@dataclass(frozen=True, slots=True)
class Staff:
    """Somebody at the console."""

    client: FlaskClient
    account: Account

    def get(self, path: str, **kwargs: Any) -> TestResponse:
        """Look at a page."""
        return self.client.get(path, **kwargs)

    def page(self, path: str) -> str:
        """The text of a page that is there."""
        answer = self.get(path)
        assert answer.status_code == 200, answer.status
        return answer.get_data(as_text=True)

    def post(
        self, path: str, data: dict[str, Any] | None = None, *, htmx: bool = False, **kw: Any
    ) -> TestResponse:
        """Send a form with a good token."""
        token = csrf_token(self.page("/account/password"))
        headers = HTMX if htmx else {}
        return self.client.post(path, data={"csrf_token": token} | (data or {}), headers=headers, **kw)

    def change(
        self,
        path: str,
        data: dict[str, Any] | None = None,
        *,
        reason: str = "as agreed",
        htmx: bool = False,
        **kw: Any,
    ) -> TestResponse:
        """Send a form that changes a live campaign: look at the preview, then save with a reason."""
        shown = self.post(path, data, htmx=htmx)
        seen = {"seen": seen_in(shown.get_data(as_text=True)), "reason": reason}
        return self.post(path, (data or {}) | seen, htmx=htmx, **kw)


def sign_in(app: Flask, session: Session, role: Role) -> Staff:
    """A member of staff of that role with a session of their own."""
    return staff_of(app, session, make_account(session, role))


def staff_of(app: Flask, session: Session, account: Account, *, proven: timedelta = timedelta()) -> Staff:
    """Somebody at the console under that account, who gave the password `proven` ago."""
    now = datetime.now(UTC)
    begun = StaffSession(
        id=uuid4(),
        account_id=account.id,
        counter=account.session_counter,
        agent="Firefox, Linux",
        created_at=now - proven,
        seen_at=now,
        proven_at=now - proven,
    )
    session.add(begun)
    session.commit()
    client = app.test_client()
    with client.session_transaction() as cookie:
        cookie["_user_id"] = begun.id.hex
        cookie["_fresh"] = True
    return Staff(client, account)
