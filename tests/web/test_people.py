"""Second factor, proving oneself again, one's own sessions, limited accounts, and the audit list as pages."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyotp
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.adapters.second_factor import STEP_SECONDS
from app.domain.roles import Role
from app.extensions import db
from app.models import Account, Campaign, SecondFactor, StaffSession
from app.services import accounts, audit, restrictions, second_factor, sessions
from app.services.audit import COMMAND_LINE
from tests.support.application import application, environment
from tests.support.factories import TierSpec, make_campaign
from tests.support.fakes import NOON
from tests.support.staff import HTMX, PASSWORD, Staff, csrf_token, make_account, sign_in, staff_of

pytestmark = pytest.mark.sqlite_is_enough


PUBLIC = "https://win.example.org"
AWAY = timedelta(minutes=16)
CODE = re.compile(r'class="code">((?:[0-9A-Z]{4}-){3}[0-9A-Z]{4})<')


def text_of(answer: TestResponse) -> str:
    return answer.get_data(as_text=True)


def fill(client: FlaskClient, path: str, follow: bool = False, **fields: str) -> TestResponse:
    token = csrf_token(text_of(client.get(path)))
    return client.post(path, data={"csrf_token": token} | fields, follow_redirects=follow)


def code_of(secret: str, step: int = 0) -> str:
    """The code an app shows now, or so many steps later."""
    return pyotp.TOTP(secret).at(datetime.now(UTC), counter_offset=step)


def last_code(session: Session, secret: str) -> str:
    """The code that was taken last, whatever the clock shows by now."""
    step = session.scalar(select(SecondFactor.last_step))
    assert step is not None
    return pyotp.TOTP(secret).generate_otp(step)


def rewind(session: Session) -> None:
    """Let the codes of now work again: no test waits half a minute."""
    session.query(SecondFactor).update({"last_step": 0})
    session.commit()


def enrol(staff: Staff) -> tuple[str, list[str]]:
    """Switch the second factor on in the browser: the secret and the recovery codes."""
    answer = fill(staff.client, "/account/second-factor", follow=True, password=PASSWORD)
    page = text_of(answer)
    assert "<svg" in page
    found = re.search(r"secret=([A-Z2-7]{32})", page)
    assert found
    spaced = " ".join(found[1][place : place + 4] for place in range(0, 32, 4))
    assert spaced in page
    codes = CODE.findall(text_of(fill(staff.client, "/account/second-factor/set-up", code=code_of(found[1]))))
    assert len(codes) == 10
    return found[1], codes


@pytest.fixture
def editor(app: Flask, session: Session) -> Staff:
    return staff_of(app, session, make_account(session, Role.EDITOR, password=True))


def start(app: Flask, email: str = "editor@example.org") -> FlaskClient:
    """Somebody who has given the right password on the first page."""
    client = app.test_client()
    answer = fill(client, "/account/sign-in", email=email, password=PASSWORD, next="/admin/campaigns/new")
    assert answer.status_code == 303
    return client


def test_the_second_page_of_the_sign_in(app: Flask, session: Session, editor: Staff) -> None:
    secret, codes = enrol(editor)
    client = start(app)
    assert client.get("/admin/").location.startswith("/account/sign-in")
    assert "Your code" in text_of(client.get("/account/code"))
    used = fill(client, "/account/code", code=last_code(session, secret))
    assert used.status_code == 422  # it switched the second factor on
    assert "was used already" in text_of(used)
    assert fill(client, "/account/code", code="000000").status_code == 422
    inside = fill(client, "/account/code", code=code_of(secret, 1))
    assert inside.location == "/admin/campaigns/new"
    assert client.get("/admin/").status_code == 200
    other = start(app)
    assert "recovery codes you kept" in text_of(other.get("/account/code?with=recovery"))
    assert fill(other, "/account/code", code=codes[0].lower()).status_code == 303
    assert fill(start(app), "/account/code", code=codes[0]).status_code == 422
    assert "9 recovery codes are left." in text_of(other.get("/account"))


def test_half_a_sign_in_is_forgotten(app: Flask, session: Session, editor: Staff) -> None:
    enrol(editor)
    client = start(app)
    with client.session_transaction() as cookie:
        account_id, counter, at, target = cookie["pending"]
        assert account_id == editor.account.id.hex
        cookie["pending"] = [account_id, counter, at - 601, target]
    assert client.get("/account/code").location == "/account/sign-in"
    for pending in (None, [account_id, counter - 1, at, ""], ["nobody", 0, at, ""], ["0" * 32, 0, at, ""]):
        with client.session_transaction() as cookie:
            cookie["pending"] = pending
        assert client.get("/account/code").location == "/account/sign-in"


def test_a_one_time_link_does_not_go_round_the_second_factor(
    app: Flask, session: Session, editor: Staff
) -> None:
    enrol(editor)
    admin = sign_in(app, session, Role.ADMIN)
    admin.post(f"/admin/accounts/{editor.account.id.hex}/link")
    link = re.search(r"http://localhost(/account/link/[\w.-]+)", admin.page("/admin/accounts"))
    assert link
    client = app.test_client()
    answer = fill(client, link[1], name="Eve", password=PASSWORD, repeated=PASSWORD)
    assert answer.location == "/account/code"
    assert client.get("/admin/").status_code == 303


def test_setting_up_takes_the_password_and_a_code(session: Session, editor: Staff) -> None:
    client = editor.client
    assert client.get("/account/second-factor/set-up").location == "/account/second-factor"
    assert fill(client, "/account/second-factor", password="wrong").status_code == 422
    fill(client, "/account/second-factor", password=PASSWORD)
    page = text_of(fill(client, "/account/second-factor/set-up", code="000000"))
    assert "This is not the code of now." in page
    assert not second_factor.is_on(session, editor.account.id)
    enrol(editor)
    assert client.get("/account/second-factor").location == "/account"
    assert "Make new recovery codes" in editor.page("/account")


def test_new_recovery_codes_and_switching_off(session: Session, editor: Staff) -> None:
    secret, codes = enrol(editor)
    answer = editor.post("/account/second-factor/recovery-codes")
    fresh = CODE.findall(text_of(answer))
    assert not set(fresh) & set(codes)
    off = "/account/second-factor/off"
    rewind(session)
    assert fill(editor.client, off, password="wrong", code=code_of(secret)).status_code == 422
    assert fill(editor.client, off, password=PASSWORD, code=codes[0]).status_code == 422
    assert fill(editor.client, off, password=PASSWORD, code=code_of(secret)).location == "/account"
    session.rollback()
    assert not second_factor.is_on(session, editor.account.id)
    assert editor.get(off).location == "/account"


def test_a_secret_of_another_key_says_so(app: Flask, session: Session, editor: Staff) -> None:
    _secret, codes = enrol(editor)
    session.query(SecondFactor).update({"secret_encrypted": b"x" * 60})
    session.commit()
    client = start(app)
    assert "PRIZEWELL_SEED_KEY" in text_of(fill(client, "/account/code", code="123456"))
    assert fill(client, "/account/code", code=codes[0]).status_code == 303


class Https(FlaskClient):
    """A visitor who comes over HTTPS."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        """See FlaskClient.open."""
        return super().open(*args, **kwargs | {"base_url": PUBLIC, "buffered": True})


@pytest.fixture
def public(session: Session, database_url: str, tmp_path: Path) -> Iterator[Flask]:
    """The application on a public address."""
    changes = {
        "PRIZEWELL_PUBLIC_URL": PUBLIC,
        "PRIZEWELL_RATE_LIMITS": "on",
        "PRIZEWELL_CAPTCHA_COST": "1000",
    }
    with application(environment(database_url, tmp_path, **changes)) as app:
        app.test_client_class = Https
        yield app


def test_on_a_public_address_an_admin_is_led_to_a_second_factor(public: Flask, session: Session) -> None:
    make_account(session, Role.ADMIN, password=True)
    client = start(public, "admin@example.org")
    for path in ("/admin/", "/admin/accounts", "/account/password"):
        assert client.get(path).location == "/account/second-factor"
    led = client.get("/admin/", headers=HTMX)
    assert (led.status_code, led.headers["HX-Redirect"]) == (403, "/account/second-factor")
    assert "admins need more than a password" in text_of(client.get("/account/second-factor"))
    assert client.get("/account").status_code == 200
    staff = Staff(client, accounts.find_by_email(session, "admin@example.org"))  # type: ignore[arg-type]
    enrol(staff)
    assert client.get("/admin/").status_code == 200


def test_editors_choose_for_themselves(public: Flask, session: Session) -> None:
    make_account(session, Role.EDITOR, password=True)
    assert start(public).get("/admin/").status_code == 200


# --- Once more ----------------------------------------------------------------------------------------------


@pytest.fixture
def campaign(session: Session) -> Campaign:
    return make_campaign(session, [TierSpec("Gold")])


@pytest.fixture
def late(app: Flask, session: Session, campaign: Campaign) -> Staff:
    """An editor whose sign-in is a while ago."""
    return staff_of(app, session, make_account(session, Role.EDITOR, password=True), proven=AWAY)


WINNERS = "/admin/campaigns/summer/winners"


def test_an_export_waits_for_the_password_and_is_not_replayed(session: Session, late: Staff) -> None:
    before = len(audit.latest(session))
    token = csrf_token(late.page("/account/password"))
    came_from = {"Referer": f"http://localhost{WINNERS}?tier=x"}
    asked = late.client.post(f"{WINNERS}.csv", data={"csrf_token": token}, headers=came_from)
    assert asked.location == f"/account/confirm?next={WINNERS}?tier%3Dx&again=1"
    assert "Is it still you?" in late.page(asked.location)
    wrong = fill(late.client, asked.location, password="wrong", next=f"{WINNERS}?tier=x")
    assert wrong.status_code == 422
    back = fill(late.client, asked.location, password=PASSWORD, next=f"{WINNERS}?tier=x")
    assert back.location == f"{WINNERS}?tier=x"
    session.rollback()
    assert len(audit.latest(session)) == before
    assert "is not done yet" in late.page(WINNERS)
    assert late.post(f"{WINNERS}.csv").mimetype == "text/csv"


def test_htmx_is_sent_to_prove_itself_and_back_to_its_page(late: Staff) -> None:
    pool = "/admin/campaigns/summer/prizes"
    for here, back in (
        (f"http://localhost{pool}#top", pool),
        ("http://elsewhere.example/x", "/admin/"),
        ("http://[", "/admin/"),
        ("", "/admin/"),
    ):
        answer = late.get("/admin/campaigns/summer/tiers/no-win", headers=HTMX | {"HX-Current-URL": here})
        assert answer.status_code == 401
        assert answer.headers["HX-Redirect"] == f"/account/confirm?next={back}&again=1"


def test_a_page_is_come_back_to_as_it_was(late: Staff) -> None:
    asked = late.get("/admin/campaigns/summer/tiers/new?x=1")
    assert asked.location == "/account/confirm?next=/admin/campaigns/summer/tiers/new?x%3D1"
    answer = fill(late.client, asked.location, password=PASSWORD, next="https://elsewhere.example/")
    assert answer.location == "/admin/"
    assert "is not done yet" not in late.page("/admin/")


def test_a_code_proves_as_well_as_the_password(session: Session, editor: Staff) -> None:
    secret, _codes = enrol(editor)
    rewind(session)
    page = editor.page("/account/confirm?next=/admin/")
    assert 'name="code"' in page
    assert 'name="password"' in editor.page("/account/confirm?with=password")
    assert fill(editor.client, "/account/confirm", code="000000").status_code == 422
    assert fill(editor.client, "/account/confirm", code=code_of(secret)).status_code == 303
    assert fill(editor.client, "/account/confirm?with=password", password=PASSWORD).status_code == 303
    assert STEP_SECONDS == 30


# --- Sessions -----------------------------------------------------------------------------------------------


def test_ones_sessions_are_listed_and_end_at_their_next_request(app: Flask, session: Session) -> None:
    account = make_account(session, Role.EDITOR)
    here, there, third = (staff_of(app, session, account) for _ in range(3))
    page = here.page("/account")
    assert page.count("Firefox, Linux</strong>") == 3
    target = re.search(r"/account/sessions/[0-9a-f-]{36}/end", page)
    assert target
    assert here.post(target[0], follow_redirects=True).status_code == 200
    still_in = [each for each in (there, third) if each.get("/admin/").status_code == 200]
    assert len(still_in) == 1
    assert "1 session is ended." in text_of(here.post("/account/sessions/end-others", follow_redirects=True))
    assert still_in[0].get("/admin/").status_code == 303
    assert here.get("/admin/").status_code == 200
    assert "End all others" not in here.page("/account")


def test_nobody_ends_somebody_elses_session(app: Flask, session: Session, editor: Staff) -> None:
    other = sign_in(app, session, Role.VIEWER)
    theirs = session.query(StaffSession).filter_by(account_id=other.account.id).one()
    editor.post(f"/account/sessions/{theirs.id}/end")
    assert other.get("/admin/").status_code == 200


def test_after_signing_out_the_cookie_opens_nothing(app: Flask, session: Session, editor: Staff) -> None:
    with editor.client.session_transaction() as cookie:
        stolen = cookie["_user_id"]
    editor.post("/account/sign-out")
    thief = app.test_client()
    with thief.session_transaction() as cookie:
        cookie["_user_id"] = stolen
    assert thief.get("/admin/").status_code == 303


def test_who_is_there_takes_one_look_up(app: Flask, editor: Staff) -> None:
    with app.app_context():
        engine = db.engine
    asked: list[str] = []

    def listen(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        asked.append(statement)

    event.listen(engine, "before_cursor_execute", listen)
    editor.page("/account/password")
    event.remove(engine, "before_cursor_execute", listen)
    assert [statement for statement in asked if "account" in statement] == asked[-1:]


def test_presence_is_written_down_now_and_then(app: Flask, session: Session, editor: Staff) -> None:
    row = session.query(StaffSession).one()
    row.seen_at = datetime.now(UTC) - sessions.SEEN_EVERY
    session.commit()
    before = row.seen_at
    editor.get("/admin/")
    session.refresh(row)
    first = row.seen_at
    assert first > before
    session.rollback()
    editor.get("/admin/")
    session.refresh(row)
    assert row.seen_at == first


# --- Limited accounts, the list of accounts, the audit list -------------------------------------------------


def test_an_admin_limits_an_account(app: Flask, session: Session, campaign: Campaign, editor: Staff) -> None:
    make_campaign(session, [TierSpec("Pine")], slug="winter", seed=9)
    admin = sign_in(app, session, Role.ADMIN)
    path = f"/admin/accounts/{editor.account.id.hex}/campaigns"
    page = admin.page(path)
    assert 'value="all"' in page
    fields = {"reach": "some", "campaigns": campaign.id.hex}
    assert admin.post(path, fields).location == "/admin/accounts"
    limited = re.search(rf'href="{path}"[^>]*>\s*(.*?)\s*<', admin.page("/admin/accounts"), re.DOTALL)
    assert limited is not None
    assert limited[1] == "1 campaign"
    assert "/campaigns/winter" not in editor.page("/admin/")
    assert editor.get("/admin/campaigns/winter").status_code == 404
    assert "checked" in admin.page(path)
    told = admin.page("/admin/audit?noun=account")
    assert "<del>everything</del>" in told
    assert "<ins>summer</ins>" in told
    assert admin.post(path, {"reach": "some", "campaigns": "f" * 32}).status_code == 422
    assert admin.post(path, {"reach": "all"}).status_code == 303
    assert editor.get("/admin/campaigns/winter").status_code == 200
    # Whoever is made an admin sees everything again.
    restrictions.change(session, editor.account.id, [], actor=COMMAND_LINE, now=NOON)
    assert editor.get("/admin/campaigns/summer").status_code == 404
    accounts.set_role(session, editor.account.id, Role.ADMIN, actor=COMMAND_LINE, now=NOON)
    assert editor.get("/admin/campaigns/summer").status_code == 200


def test_the_list_of_accounts_tells_who_has_a_second_factor(
    app: Flask, session: Session, editor: Staff
) -> None:
    admin = sign_in(app, session, Role.ADMIN)
    assert 'badge good">On<' not in admin.page("/admin/accounts")
    enrol(editor)
    assert 'badge good">On<' in admin.page("/admin/accounts")


def test_an_admin_takes_a_lost_second_factor_away(app: Flask, session: Session, editor: Staff) -> None:
    admin = sign_in(app, session, Role.ADMIN)
    path = f"/admin/accounts/{editor.account.id.hex}/second-factor"
    assert path not in admin.page("/admin/accounts")
    assert "has no second factor" in text_of(admin.post(path))
    enrol(editor)
    assert path in admin.page("/admin/accounts")
    assert "They are signed out everywhere" in admin.page(path)
    answer = admin.post(path, {"reason": "phone lost"})
    assert "editor@example.org signs in with the password alone now." in admin.page(answer.location)
    assert editor.get("/admin/").status_code == 303, "the sessions are over"
    session.rollback()
    assert not second_factor.is_on(session, editor.account.id)
    record = audit.latest(session)[0]
    assert (record.action, record.subject, record.reason) == (
        *("account.second_factor_reset", "editor@example.org"),
        "phone lost",
    )


@pytest.fixture
def admin(app: Flask, session: Session, campaign: Campaign) -> Staff:
    return sign_in(app, session, Role.ADMIN)


@pytest.mark.parametrize(
    ("query", "is_found"),
    [
        ("campaign=summer", True),
        ("campaign=nothing", True),
        ("since=2030-06-15&until=2030-06-15", True),
        ("since=2030-06-16&until=2031-01-01", False),
        ("until=2030-06-14", False),
        ("since=nonsense&until=0001-01-01", True),
        ("who=command", True),
        ("who=nobody", False),
        ("text=gold", True),
        ("noun=nothing", True),
        ("noun=tier&who=command&campaign=summer", True),
        ("noun=partner", False),
    ],
)
def test_the_audit_list_finds_what_fits(admin: Staff, query: str, is_found: bool) -> None:
    assert ("Tier added" in admin.page(f"/admin/audit?{query}")) == is_found


def test_days_are_the_campaigns_own(app: Flask, session: Session) -> None:
    midnight = datetime(2030, 6, 14, 22, 30, tzinfo=UTC)
    make_campaign(session, [TierSpec("Gold")], timezone="Europe/Istanbul", now=midnight)
    viewer = sign_in(app, session, Role.VIEWER)
    path = "/admin/campaigns/summer/audit?since=2030-06-15&until=2030-06-15"
    assert "Tier added" in viewer.page(path)
    assert "Tier added" not in viewer.page(path.replace("15", "14"))
    assert "Export as CSV" not in viewer.page(path)


def test_the_audit_list_as_a_file(admin: Staff, session: Session) -> None:
    trail = {"actor": COMMAND_LINE, "now": NOON}
    audit.record(session, subject="=cmd()", action="account.role", **trail)  # type: ignore[arg-type]
    session.commit()
    answer = admin.post("/admin/audit.csv", {"noun": "account"})
    lines = text_of(answer).splitlines()
    assert lines[0] == '"at","who","action","subject","campaign","before","after","reason"'
    assert any('"account.role","\'=cmd()",""' in line for line in lines)
    assert not any('"tier.add"' in line for line in lines)
    own = text_of(admin.post("/admin/campaigns/summer/audit.csv", {"noun": "tier"}))
    assert '"tier.add"' in own
    assert '"summer"' in own
    page = admin.page("/admin/audit?noun=audit")
    assert page.count("This list exported") == 2


def test_accounts_are_found_however_limited(session: Session) -> None:
    account: Account | None = accounts.find_active_hex(session, "no id")
    assert account is None
