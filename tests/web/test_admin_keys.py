"""The console's pages of API keys and counters."""

import re
from io import BytesIO
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.domain.roles import Role
from app.models import ApiKey, Location
from app.services import api_keys, locations, redemptions
from app.services.redemptions import Order, Redeemed
from tests.support.factories import make_campaign
from tests.support.fakes import NOON, FakeRng
from tests.support.shop import STAFF, win
from tests.support.staff import HTMX, Staff, sign_in, version_in

pytestmark = pytest.mark.sqlite_is_enough


@pytest.fixture
def admin(app: Flask, session: Session) -> Staff:
    make_campaign(session)
    return sign_in(app, session, Role.ADMIN)


def test_a_key_is_shown_once_works_and_is_revoked(app: Flask, admin: Staff, session: Session) -> None:
    assert "No key yet" in admin.page("/admin/keys")
    form = {
        "name": "Shopify",
        "scopes": ["codes:validate", "redemptions:read"],
        "campaign": "",
        "expires_on": "",
    }
    answer = admin.post("/admin/keys", form)
    page = answer.get_data(as_text=True)
    text = re.search(r"pzk_[a-z2-7]{8}_[a-z2-7]{40}", page)
    assert text
    again = admin.page("/admin/keys")
    assert text[0] not in again
    assert text[0][:12] in again
    headers = {"Authorization": f"Bearer {text[0]}"}
    assert app.test_client().get("/api/v1/redemptions", headers=headers).status_code == 200
    key = session.scalars(select(ApiKey)).one()
    assert key.scopes == "codes:validate redemptions:read"
    assert "Revoke the key Shopify" in admin.client.get(f"/admin/keys/{key.id.hex}/revoke", headers=HTMX).text
    assert admin.post(f"/admin/keys/{key.id.hex}/revoke").status_code == 303
    assert app.test_client().get("/api/v1/redemptions", headers=headers).status_code == 401
    assert "Revoked" in admin.page("/admin/keys")


def test_a_key_may_end_and_be_for_one_campaign(admin: Staff, session: Session) -> None:
    hexed = re.search(r'option value="([0-9a-f]{32})"', admin.page("/admin/keys"))
    assert hexed
    form = {"name": "Till", "scopes": ["figures:read"], "campaign": hexed[1], "expires_on": "2031-01-31"}
    answer = admin.post("/admin/keys", form)
    assert answer.status_code == 200, answer.text
    key = session.scalars(select(ApiKey)).one()
    assert key.campaign_id is not None
    assert key.expires_at is not None
    assert key.expires_at.isoformat() == "2031-02-01T00:00:00+00:00"
    wrong: Any
    for wrong in ({"expires_on": "2001-01-01"}, {"expires_on": "9999-12-31"}, {"scopes": []}, {"name": ""}):
        assert admin.post("/admin/keys", form | wrong).status_code == 422
    assert len(api_keys.listing(session)) == 1


def test_a_counter_is_added_changed_and_switched_off(admin: Staff, session: Session) -> None:
    assert "No counter yet" in admin.page("/admin/counters")
    form = {"name": "Kadıköy", "pin": "123456", "campaign": ""}
    assert admin.post("/admin/counters", form).status_code == 422
    assert admin.post("/admin/counters", form | {"pin": "274915"}).status_code == 303
    made = session.scalars(select(Location)).one()
    page = admin.page("/admin/counters")
    assert f"/counter/{made.id.hex}" in page
    path = f"/admin/counters/{made.id.hex}"
    version = version_in(admin.page(path))
    changed = {"name": "Moda", "pin": "", "campaign": "", "currency": "try", "version": version}
    assert admin.post(path, changed | {"currency": "TL"}).status_code == 422
    assert admin.post(path, changed).status_code == 303
    assert admin.post(path, changed | {"name": "Late"}).status_code == 409
    session.rollback()
    made = locations.get(session, made.id)
    assert (made.name, made.currency) == ("Moda", "TRY")
    assert "Switch off the counter" in admin.page(f"{path}/switch")
    assert admin.post(f"{path}/switch").status_code == 303
    assert admin.client.get(f"{path}/switch").status_code == 303
    assert admin.post(f"{path}/switch").status_code == 303


def test_entry_and_code_search_tell_what_shops_took(admin: Staff, session: Session) -> None:
    won = win(session)
    order = Order("A-17", 4990, "EUR", "Kadıköy")
    done = redemptions.redeem(session, won.code, order, STAFF, now=NOON, rng=FakeRng(5))
    assert isinstance(done, Redeemed)
    searched = admin.post("/admin/campaigns/summer/codes", {"code": won.code}).text
    for page in (admin.page(f"/admin/campaigns/summer/entries/{won.entry_id.hex}"), searched):
        assert "Kadıköy" in page
        assert "A-17" in page
        assert "€49.90" in page
    redemptions.reverse(session, done.redemption.id, STAFF, now=NOON)
    assert "Undone" in admin.page(f"/admin/campaigns/summer/entries/{won.entry_id.hex}")


def test_a_file_is_looked_at_and_then_imported(admin: Staff, session: Session) -> None:
    path = "/admin/campaigns/summer/redemptions"
    assert "Nothing was redeemed yet" in admin.page(path)
    won = win(session)

    def send(content: bytes, step: str, *, htmx: bool = False) -> TestResponse:
        return admin.post(path, {"file": (BytesIO(content), "orders.csv"), "step": step}, htmx=htmx)

    good = f"code,order_reference,order_total,currency\n{won.code},A-17,49.90,EUR\n".encode()
    with time_machine.travel(NOON, tick=False):
        admin = sign_in(admin.client.application, session, Role.ADMIN)
        assert send(b"", "check").status_code == 422
        assert send(b"\xff", "check").status_code == 422
        bad = send(b"code,order_total,currency\nNOPE,,\nA,x,EUR\n", "import")
        assert "Nothing is imported" in bad.text
        looked = send(good, "check", htmx=True)
        assert "Import them" in looked.text
        assert "<html" not in looked.text
        assert "Nothing was redeemed yet" in admin.page(path)
        assert send(good, "import").status_code == 303
        page = admin.page(path)
    assert "A-17" in page
    assert "€49.90" in page
