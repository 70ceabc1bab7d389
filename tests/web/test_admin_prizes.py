"""A prize's further fields at the console, and where visitors and winners meet them."""

import io
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.adapters.pictures import MAX_BYTES
from app.adapters.tokens import Purpose
from app.domain.outcomes import Won
from app.domain.roles import Role
from app.models import Campaign, Prize
from app.services import prizes, tiers
from app.services.entries import submit_entry
from app.web import filters
from tests.support.factories import VAULT, TierSpec, make_campaign, submission
from tests.support.fakes import NOON, FakeRng
from tests.support.staff import Staff, csrf_token, sign_in, version_in

pytestmark = pytest.mark.sqlite_is_enough


MUG = {"name": "Mug", "kind": "quantity", "quantity": "25", "artwork": "gift", "expires": "never"}


@pytest.fixture
def editor(app: Flask, session: Session) -> Staff:
    return sign_in(app, session, Role.EDITOR)


@pytest.fixture
def campaign(session: Session) -> Campaign:
    return make_campaign(session, [TierSpec("Gold", codes=0)], timezone="Europe/Istanbul")


@pytest.fixture
def new(session: Session, campaign: Campaign) -> str:
    (gold,) = tiers.listing(session, campaign.id)
    return f"/admin/campaigns/summer/tiers/{gold.id.hex}/prizes/new"


def picture(size: tuple[int, int] = (800, 600), kind: str = "PNG", name: str = "mug.png") -> Any:
    body = io.BytesIO()
    Image.new("RGB", size, (20, 80, 140)).save(body, kind)
    body.seek(0)
    return (body, name)


def send(staff: Staff, path: str, upload: bytes) -> TestResponse:
    """The form with a file, as the bytes a browser sends."""
    fields = MUG | {"csrf_token": csrf_token(staff.page("/account/password"))}
    head = "".join(
        f'--x\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in fields.items()
    )
    file = '--x\r\nContent-Disposition: form-data; name="upload"; filename="holiday.png"\r\n\r\n'
    body = head.encode() + file.encode() + upload + b"\r\n--x--\r\n"
    return staff.client.post(path, data=body, content_type="multipart/form-data; boundary=x")


def with_picture(editor: Staff, path: str, values: dict[str, str]) -> TestResponse:
    """A prize of a live campaign saved with a file: the picture stays while the change is looked at."""
    sent = editor.post(path, values | {"upload": picture()}, content_type="multipart/form-data")
    kept = re.search(r'name="picture"[^>]*value="([0-9a-f]{32}-800x600)"', sent.get_data(as_text=True))
    assert kept
    return editor.change(path, values | {"picture": kept[1]})


def find(session: Session, name: str = "Mug") -> Prize:
    session.rollback()
    session.expire_all()
    (found,) = [prize for prize in session.query(Prize) if prize.name == name]
    return found


def edit(prize: Prize) -> str:
    return f"/admin/campaigns/summer/prizes/{prize.id.hex}/edit"


def won(session: Session) -> Won:
    outcome = submit_entry(session, submission(), now=NOON, rng=FakeRng(4), vault=VAULT)
    assert isinstance(outcome, Won)
    return outcome


def result(app: Flask, outcome: Won) -> str:
    token = app.extensions["prizewell"].signer.sign(Purpose.RESULT, outcome.entry.hex, datetime.now(UTC))
    return f"/c/summer/result/{token}"


def test_an_uploaded_picture_is_drawn_anew_and_shown_everywhere(
    editor: Staff, session: Session, app: Flask, client: FlaskClient, new: str
) -> None:
    assert with_picture(editor, new, MUG).status_code == 303
    mug = find(session)
    assert mug.picture is not None
    assert (mug.picture.width, mug.picture.height, mug.picture.widths) == (800, 600, (320, 640, 800))
    for page in (
        editor.page("/admin/campaigns/summer/prizes"),
        client.get("/c/summer").get_data(as_text=True),
    ):
        (shown, *_more) = re.findall(r'<img class="photo"[^>]+>', page)
        assert 'width="800" height="600"' in shown
        assert f"/pictures/{mug.picture.key}-640.webp 640w" in shown
    assert 'alt="Mug"' in page
    file = client.get(f"/pictures/{mug.picture.key}-320.webp")
    assert (file.status_code, file.content_type) == (200, "image/webp")
    assert file.data[:4] == b"RIFF"
    assert file.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert file.headers["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in file.headers
    assert "Cookie" not in file.headers.get("Vary", "")
    assert client.get(file.request.path, headers={"If-None-Match": file.headers["ETag"]}).status_code == 304
    assert mug.picture.key in client.get(result(app, won(session))).get_data(as_text=True)


@pytest.mark.parametrize("name", ["x.webp", "0" * 32 + "-320.webp", "..%2Fsecrets.json", "%2e%2e"])
def test_no_other_file_is_served(client: FlaskClient, name: str) -> None:
    assert client.get(f"/pictures/{name}").status_code == 404


@pytest.mark.parametrize(
    ("upload", "says"),
    [
        (b"#!/bin/sh\nrm -rf /\n", "This is not a picture that can be read"),
        (picture((30, 30))[0].getvalue(), "The picture is too small"),
        (bytes(MAX_BYTES + 1), "The picture is too large: at most 8 MB"),
    ],
)
def test_a_file_that_will_not_do_is_named_in_its_place(
    editor: Staff, session: Session, new: str, upload: bytes, says: str
) -> None:
    answer = send(editor, new, upload)
    assert answer.status_code == 422
    assert says.lower() in answer.get_data(as_text=True).lower()
    assert "Mug" in answer.get_data(as_text=True)
    session.rollback()
    assert [prize.name for prize in session.query(Prize)] == ["Gold prize"]


def test_more_than_any_picture_is_not_even_read(
    editor: Staff, app: Flask, session: Session, new: str
) -> None:
    claimed = {"CONTENT_LENGTH": str(13 * 2**20), "CONTENT_TYPE": "multipart/form-data; boundary=x"}
    assert editor.client.post(new, environ_overrides=claimed).status_code == 413
    viewer = sign_in(app, session, Role.VIEWER)
    assert send(viewer, new, bytes(100 * 1024)).status_code == 413


def test_a_picture_stays_while_the_rest_of_the_form_is_put_right(
    editor: Staff, session: Session, new: str
) -> None:
    values = MUG | {"name": "", "upload": picture()}
    page = editor.post(new, values, content_type="multipart/form-data").get_data(as_text=True)
    kept = re.search(r'name="picture"[^>]*value="([0-9a-f]{32}-800x600)"', page)
    assert kept
    assert f"/pictures/{kept[1][:32]}-320.webp" in page
    assert editor.change(new, MUG | {"picture": kept[1]}).status_code == 303
    mug = find(session)
    assert str(mug.picture) == kept[1]
    values = MUG | {"version": version_in(editor.page(edit(mug))), "picture": kept[1], "no_picture": "y"}
    assert editor.change(edit(mug), values).status_code == 303
    assert find(session).picture is None


@pytest.mark.parametrize("sent", ["0" * 32 + "-320x200", "../../secrets.json", "gift"])
def test_a_picture_that_is_not_there_is_none(editor: Staff, session: Session, new: str, sent: str) -> None:
    editor.change(new, MUG | {"picture": sent})
    assert find(session).picture is None


def test_a_value_is_shown_where_the_marketer_says_so(
    editor: Staff, session: Session, client: FlaskClient, new: str
) -> None:
    editor.change(new, MUG | {"value": "24,90", "currency": "eur", "shows_value": "y"})
    mug = find(session)
    assert (mug.value, mug.currency) == (2490, "EUR")
    assert "Worth €24.90" in client.get("/c/summer").get_data(as_text=True)
    turkish = client.get("/c/summer", headers={"Accept-Language": "tr"}).get_data(as_text=True)
    assert "Değeri €24,90" in turkish
    page = editor.page(edit(mug))
    assert 'value="24.90"' in page
    values = MUG | {"version": version_in(page), "value": "2000", "currency": "JPY"}
    editor.change(edit(mug), values)
    assert find(session).value == 2000
    assert "Worth" not in client.get("/c/summer").get_data(as_text=True)
    assert "¥2,000" in editor.page("/admin/campaigns/summer/prizes")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"value": "12"}, "Which currency?"),
        ({"value": "12", "currency": "E1"}, "Which currency?"),
        ({"value": "twelve", "currency": "EUR"}, "Use an amount in digits"),
        ({"value": "-3", "currency": "EUR"}, "Use an amount in digits"),
        ({"value": "1,234.50", "currency": "EUR"}, "Use an amount in digits"),
        ({"value": "1.234", "currency": "EUR"}, "2 digits after the point"),
        ({"value": "10.5", "currency": "JPY"}, "0 digits after the point"),
        ({"value": "0", "currency": "EUR"}, "above nothing"),
        ({"expires": "on"}, "Until which day?"),
        ({"expires": "on", "expires_on": "2020-01-31"}, "This day is over."),
        ({"expires": "on", "expires_on": "2020-02-31"}, "Not a valid date"),
        ({"expires": "days"}, "How many days?"),
        ({"expires": "days", "expires_days": "9999"}, "Use a number from 0 to 3,650."),
        ({"low_stock": "0"}, "Use a number from 1 to 1,000,000."),
        ({"low_stock": "101", "low_stock_unit": "percent"}, "Use a percentage from 1 to 100."),
        ({"kind": "link"}, "Where does the button lead?"),
        ({"kind": "link", "link": "http://shop.example"}, "begins with https://"),
    ],
)
def test_what_will_not_do_is_named_in_its_place(
    editor: Staff, session: Session, new: str, changes: dict[str, str], says: str
) -> None:
    answer = editor.post(new, MUG | changes)
    assert answer.status_code == 422
    assert says in answer.get_data(as_text=True)
    session.rollback()
    assert [prize.name for prize in session.query(Prize)] == ["Gold prize"]


def test_a_winner_is_led_on_and_told_until_when(
    editor: Staff, session: Session, app: Flask, client: FlaskClient, new: str
) -> None:
    link = {"kind": "link", "link": "https://shop.example/start", "expires": "days", "expires_days": "14"}
    editor.change(new, MUG | link | {"low_stock": "10", "low_stock_unit": "percent"})
    mug = find(session)
    assert (mug.link, mug.expires_days, mug.low_stock_percent) == (link["link"], 14, 10)
    outcome = won(session)
    page = client.get(result(app, outcome)).get_data(as_text=True)
    assert 'href="https://shop.example/start"' in page
    assert re.search(r"Good until <time[^>]*>29 June 2030</time>", page)
    assert "shop.example" not in client.get("/c/summer").get_data(as_text=True)
    page = editor.page(edit(mug))
    assert 'value="https://shop.example/start"' in page
    assert "good for 14 days" in editor.page("/admin/campaigns/summer/prizes")
    values = MUG | link | {"version": version_in(page), "link": ""}
    assert editor.post(edit(mug), values).status_code == 422


def test_a_day_that_was_set_before_may_pass(editor: Staff, session: Session, new: str) -> None:
    later = (datetime.now(UTC) + timedelta(days=9)).date()
    editor.change(new, MUG | {"expires": "on", "expires_on": later.isoformat(), "low_stock": "3"})
    mug = find(session)
    assert (mug.expires_on, mug.low_stock) == (later, 3)
    past = datetime(2020, 1, 31, tzinfo=UTC).date()
    mug.expires_on = past
    session.commit()
    page = editor.page(edit(mug))
    assert "good until" in editor.page("/admin/campaigns/summer/prizes")
    values = MUG | {
        "name": "Cup",
        "version": version_in(page),
        "expires": "on",
        "expires_on": past.isoformat(),
    }
    assert editor.change(edit(mug), values).status_code == 303
    assert find(session, "Cup").expires_on == past


def test_a_stale_edit_tells_of_the_other_picture(editor: Staff, session: Session, new: str) -> None:
    editor.change(new, MUG)
    mug = find(session)
    version = version_in(editor.page(edit(mug)))
    assert with_picture(editor, edit(mug), MUG | {"version": version}).status_code == 303
    answer = editor.post(edit(mug), MUG | {"version": version, "picture": ""})
    assert answer.status_code == 409
    page = answer.get_data(as_text=True)
    assert "<td>another picture</td>" in page
    assert "<td>the drawing</td>" in page


def test_pictures_nobody_uses_are_forgotten_by_the_way(
    editor: Staff, session: Session, app: Flask, monkeypatch: pytest.MonkeyPatch, new: str
) -> None:
    values = MUG | {"name": "", "upload": picture()}
    editor.post(new, values, content_type="multipart/form-data")
    store = app.extensions["prizewell"].pictures
    (key,) = store.keys(before=datetime.now(UTC) + timedelta(days=1))
    monkeypatch.setattr("app.services.pictures.KEPT", -timedelta(days=1))
    app.extensions["prizewell_upkeep"].due = 0.0
    editor.page("/admin/campaigns/summer/prizes")
    assert store.keys(before=datetime.now(UTC) + timedelta(days=1)) == set(), key


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (4990, "EUR", "€49.90"),
        (5000, "EUR", "€50"),
        (1234500, "USD", "$12,345"),
        (10000, "TRY", "TRY\u00a0100"),
        (700, "JPY", "¥700"),
        (1500, "KWD", "KWD\u00a01.500"),
        (100, "XQX", "XQX\u00a01"),
    ],
)
def test_money_reads_as_people_write_it(app: Flask, minor: int, currency: str, text: str) -> None:
    with app.test_request_context(headers={"Accept-Language": "en"}):
        assert filters.money(minor, currency) == text


def test_prizes_are_listed_with_what_they_are(editor: Staff, session: Session, new: str) -> None:
    editor.change(new, MUG)
    editor.change(new, MUG | {"name": "Course", "kind": "link", "link": "https://learn.example"})
    page = editor.page("/admin/campaigns/summer/prizes")
    assert "Physical" in page
    assert "Link" in page
    assert len(prizes.listing(session, find(session).campaign_id)) == 3


def test_fewer_than_were_won_is_refused_beside_its_field_before_any_preview(
    editor: Staff, session: Session, new: str
) -> None:
    assert editor.change(new, MUG).status_code == 303
    won(session)
    mug = find(session)
    answer = editor.post(edit(mug), MUG | {"quantity": "0", "version": str(mug.version)})
    assert answer.status_code == 422
    page = answer.get_data(as_text=True)
    (field,) = re.findall(r'<input[^>]*name="quantity"[^>]*>', page)
    assert 'aria-invalid="true"' in field
    assert "1 have been won already; offer at least as many" in page
    assert 'name="reason"' not in page, "a preview is shown"
    assert prizes.stock_of(session, mug.id).total == 25
