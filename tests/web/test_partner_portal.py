"""A partner's own pages, and the console's page about one: links that work once, figures of nobody, files."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.adapters.tokens import Purpose
from app.domain.roles import Role
from app.models import Campaign, Code, Message, MessageKind, Partner
from app.services import partners
from app.services.audit import COMMAND_LINE
from app.services.entries import submit_entry
from app.services.partners import PartnerPlan
from tests.support.factories import VAULT, TierSpec, make_campaign, submission
from tests.support.fakes import NOON, FakeRng
from tests.support.office import SIGNER
from tests.support.staff import Staff, csrf_token, sign_in, version_in

pytestmark = pytest.mark.sqlite_is_enough

NOW = datetime.now(UTC)
BEFORE = NOW - timedelta(days=3)


@pytest.fixture
def campaign(session: Session) -> Campaign:
    return make_campaign(session, [TierSpec("Gold", codes=20)])


@pytest.fixture
def ayse(session: Session, campaign: Campaign) -> Partner:
    plan = PartnerPlan(
        "ayse",
        "Ayşe",
        handle="@ayse",
        greeting="Good to see you.",
        email="ayse@example.org",
        utm_source="ayse",
        utm_medium="social post",
    )
    return partners.add(
        session, campaign.id, "ayse", "Ayşe", plan=plan, actor=COMMAND_LINE, now=NOON, rng=FakeRng(2)
    )


@pytest.fixture
def editor(app: Flask, session: Session) -> Staff:
    return sign_in(app, session, Role.EDITOR)


def link_to(partner: Partner, counter: int | None = None) -> str:
    chosen = partner.link_counter if counter is None else counter
    return f"/partner/{SIGNER.sign(Purpose.PARTNER_LINK, [partner.id.hex, chosen], datetime.now(UTC))}"


def open_link(client: FlaskClient, path: str) -> str:
    token = csrf_token(client.get(path).get_data(as_text=True))
    answer = client.post(path, data={"csrf_token": token}, follow_redirects=True)
    return answer.get_data(as_text=True)


def enter(session: Session, partner: Partner, numbers: range, now: datetime = BEFORE) -> None:
    for number in numbers:
        entry = submission(number, partner_id=partner.id)
        submit_entry(session, entry, now=now, rng=FakeRng(number), vault=VAULT)


def test_a_link_works_once_and_then_the_browser_is_known(
    app: Flask, client: FlaskClient, session: Session, ayse: Partner
) -> None:
    enter(session, ayse, range(1, 8))
    path = link_to(ayse)
    answer = client.get(path)
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "Ayşe" in answer.get_data(as_text=True)
    assert "Day by day" not in answer.get_data(as_text=True), "programs that look through mail open links"
    page = open_link(client, path)
    assert "Day by day" in page
    assert re.search(r"<dt>Entries</dt>\s*<dd>\s*7\s*</dd>", page)
    assert app.test_client().get(path).status_code == 404
    assert client.get("/partner").status_code == 200
    assert app.test_client().get("/partner").location == "/partner/ask"


def test_few_are_nobodys_business(client: FlaskClient, session: Session, ayse: Partner) -> None:
    enter(session, ayse, range(1, 4))
    page = open_link(client, link_to(ayse))
    assert re.search(r"<dt>Entries</dt>\s*<dd>\s*&lt;5\s*</dd>", page)
    assert "person1@" not in page
    told = client.get("/partner/figures.csv")
    header, line = told.get_data(as_text=True).splitlines()
    assert header == '"day","visits","people","entries","wins","redemptions"'
    assert line.endswith('"0","<5","<5","<5","0"')


def test_staff_take_access_back(editor: Staff, client: FlaskClient, session: Session, ayse: Partner) -> None:
    path = link_to(ayse)
    open_link(client, path)
    unused = link_to(session.get_one(Partner, ayse.id, populate_existing=True))
    address = f"/admin/campaigns/summer/partners/{ayse.id.hex}/revoke"
    assert editor.post(address, {}).status_code == 303
    assert client.get("/partner").status_code == 302
    assert client.get(unused).status_code == 404
    assert client.get("/partner/figures.csv").status_code == 404


def test_a_link_of_the_first_kind_works_until_access_is_taken_back(
    client: FlaskClient, session: Session, ayse: Partner
) -> None:
    old = f"/partner/{SIGNER.sign(Purpose.PARTNER, ayse.id.hex, datetime.now(UTC))}"
    assert client.get(old).status_code == 404, "a new partner never had one"
    ayse.access_counter = 0
    session.commit()
    assert client.get(old).status_code == 200
    partners.revoke(session, ayse.id, actor=COMMAND_LINE, now=NOW)
    assert client.get(old).status_code == 404


def test_a_link_is_asked_for_by_mail_and_nobody_learns_who_is_known(
    client: FlaskClient, session: Session, ayse: Partner
) -> None:
    told = []
    for address in ("ayse@example.org", "nobody@example.org", "ayse@example.org"):
        token = csrf_token(client.get("/partner/ask").get_data(as_text=True))
        answer = client.post("/partner/ask", data={"csrf_token": token, "email": address})
        told.append((answer.status_code, answer.location))
    assert set(told) == {(303, "/partner/asked")}
    (message,) = session.scalars(select(Message)).all()
    assert (message.kind, message.partner_id, message.number) == (MessageKind.PARTNER_LINK, ayse.id, 0)
    assert client.get("/partner/asked").status_code == 200


def test_signing_out_ends_the_visit(client: FlaskClient, ayse: Partner) -> None:
    page = open_link(client, link_to(ayse))
    client.post("/partner/leave", data={"csrf_token": csrf_token(page)})
    assert client.get("/partner").status_code == 302


def test_short_links_and_codes_to_scan(client: FlaskClient, ayse: Partner) -> None:
    answer = client.get(f"/p/{ayse.short.upper()}")
    assert answer.status_code == 302
    assert answer.location.endswith("/c/summer/via/ayse?utm_source=ayse&utm_medium=social+post")
    assert client.get("/p/unknown0").status_code == 404
    open_link(client, link_to(ayse))
    drawn, printed = client.get("/partner/qr.svg"), client.get("/partner/qr.png")
    assert drawn.mimetype == "image/svg+xml"
    assert b"<svg" in drawn.data
    assert printed.data.startswith(b"\x89PNG")


def test_the_landing_page_greets_in_the_partners_name(client: FlaskClient, ayse: Partner) -> None:
    page = client.get("/c/summer/via/ayse").get_data(as_text=True)
    assert "You were invited by Ayşe" in page
    assert "@ayse" in page
    assert "Good to see you." in page
    assert "Good to see you." not in client.get("/c/summer").get_data(as_text=True)


def test_a_partner_is_edited_at_the_console(editor: Staff, session: Session, ayse: Partner) -> None:
    address = f"/admin/campaigns/summer/partners/{ayse.id.hex}"
    page = editor.page(address)
    assert f"/p/{ayse.short}" in page
    fields = {
        "name": "Ayşe K.",
        "slug": "ayse",
        "max_wins": "7",
        "pool": "lose",
        "locale": "tr",
        "email": "not an address",
        "starts_at": "2030-06-01T10:00",
        "version": "1",
    }
    refused = editor.post(address, fields)
    assert refused.status_code == 422
    assert "e-mail address" in refused.get_data(as_text=True)
    assert editor.post(address, fields | {"email": "k@example.org"}).status_code == 303
    session.expire_all()
    changed = session.get_one(Partner, ayse.id)
    assert (changed.name, changed.max_wins, changed.pool, changed.locale) == ("Ayşe K.", 7, "lose", "tr")
    assert changed.starts_at == datetime(2030, 6, 1, 10, tzinfo=UTC)
    assert version_in(editor.page(address)) == "2"
    late = editor.post(address, fields | {"email": "x@example.org"})
    assert late.status_code == 409, late.get_data(as_text=True)


def test_codes_are_kept_at_the_console(
    editor: Staff, session: Session, campaign: Campaign, ayse: Partner
) -> None:
    address = f"/admin/campaigns/summer/partners/{ayse.id.hex}"
    prize = session.scalars(select(Code.prize_id)).first()
    assert prize
    fields = {"way": "reserve", "prize": prize.hex, "count": "5"}
    assert editor.post(f"{address}/codes", fields).status_code == 422, "people are entering: why?"
    fields |= {"reason": "For her followers"}
    assert editor.post(f"{address}/codes", fields).status_code == 303
    made = fields | {"way": "generate", "beginning": "AYSE", "count": "2"}
    assert editor.post(f"{address}/codes", made).status_code == 303
    session.rollback()
    assert len(session.scalars(select(Code.id).where(Code.partner_id == ayse.id)).all()) == 7
    session.rollback()
    assert editor.post(f"{address}/codes", fields | {"count": "99"}).status_code == 409
    assert editor.post(f"{address}/codes/{prize.hex}/release", {}).status_code == 303
    session.rollback()
    assert session.scalars(select(Code.id).where(Code.partner_id == ayse.id)).all() == []


def test_another_campaigns_partner_is_not_there(editor: Staff, session: Session, ayse: Partner) -> None:
    make_campaign(session, slug="other", seed=5)
    assert editor.client.get(f"/admin/campaigns/other/partners/{ayse.id.hex}").status_code == 404
