"""The counter page: opened with a PIN, it tells what a code is worth, takes it, and undoes that."""

import re
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.config import load_settings
from app.models import Award, IdempotencyKey, Location, Redemption
from app.services import idempotency, locations
from app.services.audit import COMMAND_LINE
from app.services.idempotency import StillRunning
from app.services.locations import LocationPlan
from tests.support.application import application, environment
from tests.support.factories import make_campaign
from tests.support.fakes import NOON, FakeRng
from tests.support.shop import Win, win
from tests.support.staff import HTMX, csrf_token

pytestmark = pytest.mark.sqlite_is_enough
LATER = NOON + timedelta(hours=1)
PIN = "274915"


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(LATER, tick=False) as found:
        yield found


@pytest.fixture
def won(session: Session) -> Win:
    make_campaign(session)
    return win(session)


@pytest.fixture
def location(session: Session, won: Win) -> Location:
    plan = LocationPlan("Kadıköy")
    return locations.add(session, plan, PIN, actor=COMMAND_LINE, now=NOON, rng=FakeRng(3))


class Till:
    """A browser at the counter."""

    def __init__(self, client: FlaskClient, location_id: UUID) -> None:
        self.client = client
        self.path = f"/counter/{location_id.hex}"

    def page(self) -> str:
        return self.client.get(self.path).get_data(as_text=True)

    def post(self, act: str, *, htmx: bool = False, **form: str) -> tuple[int, str]:
        sent = {"csrf_token": csrf_token(self.page()), **form}
        headers = HTMX if htmx else {}
        answer = self.client.post(f"{self.path}/{act}", data=sent, headers=headers)
        return answer.status_code, answer.get_data(as_text=True)


@pytest.fixture
def till(app: Flask, location: Location, clock: object) -> Till:
    till = Till(app.test_client(), location.id)
    assert till.post("sign-in", pin=PIN)[0] == 303
    return till


def word(page: str) -> str:
    """The big word of the answer."""
    found = re.search(r'class="word"[^>]*>([^<]*)<', page)
    return found[1].strip() if found else ""


def hidden(page: str, name: str) -> str:
    found = re.search(f'name="{name}"[^>]*value="([^"]*)"', page)
    assert found, name
    return found[1]


def test_a_code_is_checked_taken_and_given_back(till: Till, session: Session, won: Win) -> None:
    status, page = till.post("check", code=f" {won.code.lower()} ")
    assert (status, word(page)) == (200, "Valid")
    assert "Gold prize" in page
    key = hidden(page, "key")
    status, page = till.post("redeem", code=won.code, key=key, receipt="R-1")
    assert word(page) == "Redeemed"
    assert word(till.post("redeem", code=won.code, key=key, receipt="R-1")[1]) == "Redeemed"
    made = session.scalars(select(Redemption)).one()
    assert (made.location, made.order_reference, made.source) == ("Kadıköy", "R-1", "counter")
    used = till.post("check", code=won.code)[1]
    assert word(used) == "Used"
    assert "Kadıköy" in used
    assert word(till.post("redeem", code=won.code, key="other")[1]) == "Used"
    assert word(till.post("undo", redemption=made.id.hex)[1]) == "Undone"
    assert word(till.post("redeem", code=won.code, key=key, receipt="R-1")[1]) == "Undone"
    assert till.post("undo", redemption=made.id.hex)[0] == 409
    assert word(till.post("check", code=won.code)[1]) == "Valid"
    session.rollback()
    assert all(won.code not in body for body in session.scalars(select(IdempotencyKey.body)))


def test_what_is_unknown_or_over_is_said_in_a_word(till: Till, session: Session, won: Win) -> None:
    for code in ("NO-SUCH-CODE", "", "\0", "?" * 300):
        assert word(till.post("check", code=code)[1]) == "Unknown"
        assert word(till.post("redeem", code=code, key="k" + code[:3].replace("\0", ""))[1]) == "Unknown"
    session.execute(update(Award).values(expires_at=NOON))
    session.commit()
    assert word(till.post("check", code=won.code)[1]) == "Expired"
    assert word(till.post("redeem", code=won.code, key="late")[1]) == "Expired"


def test_a_refusal_asked_again_stays_one(till: Till, session: Session, won: Win) -> None:
    session.execute(update(Award).values(expires_at=NOON))
    session.commit()
    till.post("redeem", code=won.code, key="k")
    session.execute(update(Award).values(expires_at=None))
    session.commit()
    assert word(till.post("redeem", code=won.code, key="k")[1]) == "Expired"
    assert word(till.post("redeem", code=won.code, key="")[1]) == "Redeemed"


def test_undo_ends_after_ten_minutes(
    till: Till, session: Session, won: Win, clock: time_machine.Traveller
) -> None:
    page = till.post("redeem", code=won.code, key="k")[1]
    redemption = hidden(page, "redemption")
    assert "/undo" in till.page()
    clock.shift(timedelta(minutes=10))
    assert "/undo" not in till.page()
    status, page = till.post("undo", redemption=redemption)
    assert (status, word(page)) == (409, "Not done")
    for wrong in ("", UUID(int=1).hex):
        assert till.post("undo", redemption=wrong)[0] == 404


def test_a_script_is_given_the_part_that_changes(till: Till, won: Win) -> None:
    status, part = till.post("check", htmx=True, code=won.code)
    assert (status, word(part)) == (200, "Valid")
    assert "<html" not in part
    answer = till.client.get(till.path)
    assert answer.headers["Permissions-Policy"].startswith("camera=(self)")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "camera=()" in till.client.get("/").headers["Permissions-Policy"]


def test_a_counter_may_ask_for_the_value_of_the_order(
    till: Till, session: Session, location: Location, won: Win
) -> None:
    assert 'name="value"' not in till.post("check", code=won.code)[1]
    assert word(till.post("redeem", code=won.code, key="no", value="12")[1]) == "Redeemed"
    made = session.scalars(select(Redemption)).one()
    assert (made.order_value, made.currency) == (None, "")  # nobody asked
    till.post("undo", redemption=made.id.hex)
    plan = LocationPlan("Kadıköy", currency="try")
    locations.edit(session, location.id, plan, actor=COMMAND_LINE, now=NOON)
    assert "Value of the order, in TRY" in till.post("check", code=won.code)[1]
    for wrong in ("1.000", "-5", "a lot", "9" * 15):
        status, page = till.post("redeem", code=won.code, key="k", value=wrong, receipt="R-7")
        assert (status, word(page)) == (422, "Valid")
        assert re.search('name="value"[^>]*aria-invalid="true"[^>]*aria-describedby="value-wrong"', page)
        assert 'value="R-7"' in page
        assert "Use an amount in digits, such as 49.90." in page
    for text, key in (("49,90", "k"), ("49,90", "k")):
        status, page = till.post("redeem", code=won.code, key=key, value=text, receipt="R-7")
        assert (status, word(page)) == (200, "Redeemed")
        assert "TRY\xa049.90" in page
    assert till.post("redeem", code=won.code, key="k", value="50", receipt="R-7")[0] == 409
    session.rollback()
    made = session.scalars(select(Redemption).where(Redemption.reversed_at.is_(None))).one()
    assert (made.order_value, made.currency, made.order_reference) == (4990, "TRY", "R-7")
    assert "TRY\xa049.90" in till.page()
    assert word(till.post("redeem", code=won.code, key="k3", value="-")[1]) == "Used"


def test_what_is_running_or_will_not_do_is_never_a_yes(
    till: Till, won: Win, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert till.post("redeem", code=won.code, key="k", receipt="two\nlines")[0] == 422
    monkeypatch.setattr(idempotency, "_once", lambda *_args, **_more: StillRunning())
    status, page = till.post("redeem", code=won.code, key="k2")
    assert (status, word(page)) == (409, "Not done")


def test_without_the_pin_nothing_opens(app: Flask, session: Session, location: Location, won: Win) -> None:
    stranger = Till(app.test_client(), location.id)
    other = Till(app.test_client(), UUID(int=7))
    doors = {re.sub(r'value="[^"]*"|/counter/\w+', "", one.page()) for one in (stranger, other)}
    assert len(doors) == 1
    for till in (stranger, other):
        status, page = till.post("sign-in", pin="000000")
        assert status == 422
        assert "not the PIN" in page
    for act in ("check", "redeem", "undo"):
        assert stranger.post(act, code=won.code)[0] == 303
        assert stranger.post(act, htmx=True, code=won.code)[0] == 401
    assert session.scalars(select(Redemption)).all() == []


def test_a_shift_ends(till: Till, app: Flask, session: Session, location: Location, won: Win,
                      clock: time_machine.Traveller) -> None:  # fmt: skip
    assert "Check" in till.page()
    assert till.post("sign-out")[0] == 303
    assert "Open the counter" in till.page()
    till.post("sign-in", pin=PIN)
    clock.shift(timedelta(hours=12))
    assert "Open the counter" in till.page()
    till.post("sign-in", pin=PIN)
    locations.switch(session, location.id, False, actor=COMMAND_LINE, now=NOON)
    assert "Open the counter" in till.page()
    elsewhere = Till(till.client, UUID(int=9))
    assert "Open the counter" in elsewhere.page()


def test_strangers_cannot_lock_a_shop_out(
    session: Session,
    location: Location,
    won: Win,
    database_url: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("limited")
    settings = load_settings(environment(database_url, folder, PRIZEWELL_RATE_LIMITS="on"))
    with application(settings) as limited:
        known = Till(limited.test_client(), location.id)
        assert known.post("sign-in", pin=PIN)[0] == 303
        for number in range(7):  # and the one above, before it was known
            stranger = Till(limited.test_client(), location.id)
            assert stranger.post("sign-in", pin=f"00000{number}")[0] == 422
        assert Till(limited.test_client(), location.id).post("sign-in", pin=PIN)[0] == 429
        known.post("sign-out")
        assert known.post("sign-in", pin=PIN)[0] == 303


def test_it_speaks_turkish(till: Till) -> None:
    page = till.client.get(f"{till.path}?lang=tr").get_data(as_text=True)
    assert 'lang="tr"' in page
