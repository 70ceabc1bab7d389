"""Watching at the console: figures that renew themselves, alerts, the drain brake, refusals counted."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.domain.alerts import AlertKind, Brake
from app.domain.errors import Busy
from app.domain.odds import Limits
from app.domain.roles import Role
from app.extensions import Tools
from app.models import Alert, Campaign, Message, MessageState, Tier
from app.services import alerts, audit, refusals, tallies, tiers, watching
from app.services.alerts import Due
from app.services.audit import COMMAND_LINE
from app.services.entries import submit_entry
from app.services.watching import WatchPlan
from app.web.public import views
from tests.support.factories import VAULT, TierSpec, make_campaign, submission
from tests.support.fakes import NOON, FakeRng
from tests.support.staff import Staff, csrf_token, sign_in, version_in

PAGE = "/admin/campaigns/summer"
AGO = timedelta(hours=5)


@pytest.fixture
def editor(app: Flask, session: Session) -> Staff:
    return sign_in(app, session, Role.EDITOR)


@pytest.fixture
def campaign(session: Session) -> Campaign:
    """A campaign with three entries of five hours ago: for half an hour that is what is told."""
    made = make_campaign(session, [TierSpec("Gold", codes=20)], closes_at=datetime.now(UTC) + timedelta(9))
    for number in (1, 2, 3):
        submit_entry(
            session, submission(number), now=datetime.now(UTC) - AGO, rng=FakeRng(number), vault=VAULT
        )
    return made


def tell(session: Session, campaign: Campaign, kind: AlertKind, **details: object) -> Alert:
    tier = session.scalars(select(Tier)).first()
    due = Due(kind, kind.value, details, tier.id if tier else None)
    alerts._store(session, campaign.id, [due], now=datetime.now(UTC) - AGO, rng=FakeRng(len(kind.value)))
    session.rollback()
    return session.scalars(select(Alert).where(Alert.kind == kind)).one()


def test_the_figures_are_there_and_as_a_table(editor: Staff, campaign: Campaign) -> None:
    page = editor.page(PAGE)
    assert f'data-refresh="{PAGE}/figures"' in page
    assert "17 of 20 left" in " ".join(page.split())
    assert "too little to tell how long it lasts" in page
    assert page.count("As a table") == 2
    assert "style=" not in page
    assert re.search(r'<rect class="won"', page)


def test_the_figures_alone_answer_304_until_something_changes(
    editor: Staff, session: Session, campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = datetime.now(UTC)
    monkeypatch.setattr(Tools, "now", lambda _self: moment)  # else an hour might end meanwhile
    first = editor.get(f"{PAGE}/figures")
    assert first.status_code == 200
    assert "<html" not in first.get_data(as_text=True)
    assert first.headers["Cache-Control"] == "private, no-cache"
    seen = {"If-None-Match": first.headers["ETag"]}
    assert editor.get(f"{PAGE}/figures", headers=seen).status_code == 304
    tell(session, campaign, AlertKind.STOCK, prize="Gold prize", free=0, offered=20)
    changed = editor.get(f"{PAGE}/figures", headers=seen)
    assert changed.status_code == 200
    seen = {"If-None-Match": changed.headers["ETag"]}
    assert editor.get(f"{PAGE}/figures", headers=seen).status_code == 304


def test_alerts_are_told_on_both_pages_until_somebody_has_seen_them(
    editor: Staff, session: Session, campaign: Campaign
) -> None:
    alert = tell(session, campaign, AlertKind.STOCK, prize="<b>Gold", free=1, offered=2000)
    for path in ("/admin/", PAGE):
        page = editor.page(path)
        assert "Stock of “&lt;b&gt;Gold” is low: 1 of 2,000 left." in page
    answer = editor.post(f"{PAGE}/alerts/{alert.id.hex}/seen")
    assert answer.location == PAGE
    assert "Needs a look" not in editor.page("/admin/")
    assert editor.post(f"{PAGE}/alerts/{campaign.id.hex}/seen").status_code == 404
    make_campaign(session, slug="winter", seed=7)
    assert editor.post(f"/admin/campaigns/winter/alerts/{alert.id.hex}/seen").status_code == 404


@pytest.mark.parametrize(
    ("kind", "details", "text"),
    [
        (AlertKind.RUNS_OUT, {"tier": "Gold", "at": NOON.isoformat()}, "nothing is left of “Gold” on <time"),
        (AlertKind.AHEAD, {"wins": 9, "entries": 1000}, "9 of 1,000 entries won"),
        (AlertKind.STARTS, {"at": NOON.isoformat()}, "The campaign opens on <time"),
        (AlertKind.ENDS, {"at": NOON.isoformat()}, "The campaign ends on <time"),
        (AlertKind.STOCK, {"prize": "Mug", "free": 0, "offered": 5}, "Nothing is left of “Mug”."),
        (
            AlertKind.BRAKE,
            {"tier": "Gold", "wins": 9, "limit": 2, "paused": False},
            "“Gold” had 9 wins within an hour; 2 at most were to be expected.",
        ),
    ],
)
def test_every_alert_has_its_words(
    editor: Staff,
    session: Session,
    campaign: Campaign,
    kind: AlertKind,
    details: dict[str, object],
    text: str,
) -> None:
    tell(session, campaign, kind, **details)
    assert text in editor.page(PAGE)


def test_the_brake_is_let_go_with_one_click(editor: Staff, session: Session, campaign: Campaign) -> None:
    alert = tell(session, campaign, AlertKind.BRAKE, tier="Gold", wins=9, limit=2, paused=True)
    page = editor.page("/admin/")
    assert "The drain brake has switched off “Gold”: 9 wins within an hour" in page
    assert "Switch on again" in page
    answer = editor.post(f"{PAGE}/alerts/{alert.id.hex}/resume")
    assert "“Gold” is switched on again." in editor.page(answer.location)
    session.rollback()
    assert tiers.listing(session, campaign.id)[0].enabled
    assert "Needs a look" not in editor.page("/admin/")


def test_a_slowed_tier_is_let_go_with_one_click_where_its_state_is_shown(
    editor: Staff, session: Session, campaign: Campaign
) -> None:
    (gold,) = tiers.listing(session, campaign.id)
    plan = replace(tiers.TierPlan.of(gold), limits=Limits(per_hour=2))
    tiers.edit(session, gold.id, plan, actor=COMMAND_LINE, now=NOON)
    details = {"tier": "Gold", "wins": 9, "limit": 2, "paused": False, "slowed": 2, "before": 7}
    alert = tell(session, campaign, AlertKind.BRAKE, **details)
    assert "lets “Gold” give 2 an hour: 9 wins within an hour" in editor.page("/admin/")
    page = editor.page(f"{PAGE}/watching")
    assert "slowed by the brake, to 2 an hour" in page
    assert "Give as before" in page
    answer = editor.post(f"{PAGE}/alerts/{alert.id.hex}/resume")
    assert "“Gold” gives as before." in editor.page(answer.location)
    assert "slowed by the brake" not in editor.page(f"{PAGE}/watching")
    session.rollback()
    session.expire_all()
    assert tiers.listing(session, campaign.id)[0].per_hour == 7


def test_a_tier_has_a_brake_of_its_own(editor: Staff, session: Session, campaign: Campaign) -> None:
    (gold,) = tiers.listing(session, campaign.id)
    path = f"{PAGE}/watching/{gold.id.hex}"
    page = editor.page(path)
    good = {"brake": "slow", "most_per_hour": "", "plan_percent": "300", "version": version_in(page)}
    refused = editor.post(path, good | {"plan_percent": "99"})
    assert refused.status_code == 422
    assert "Use a number from 100 to" in refused.get_data(as_text=True)
    assert editor.post(path, good).location == f"{PAGE}/watching"
    overview = " ".join(editor.page(f"{PAGE}/watching").split())
    assert "slows the tier" in overview
    assert "beyond 300 % of the plan" in overview
    assert editor.post(path, good | {"brake": ""}).status_code == 409
    assert (
        editor.post(path, good | {"brake": "", "version": version_in(editor.page(path))}).status_code == 303
    )
    session.rollback()
    assert watching.tier_plans(session, campaign.id) == {gold.id: watching.TierPlan(plan_percent=300)}
    make_campaign(session, slug="winter", seed=7)
    assert editor.get(f"/admin/campaigns/winter/watching/{gold.id.hex}").status_code == 404


def test_a_network_is_told_in_words(editor: Staff, session: Session, campaign: Campaign) -> None:
    details = {"tier": "Gold", "wins": 31, "limit": 30, "out_of": 60, "why": "network", "paused": True}
    tell(session, campaign, AlertKind.BRAKE, **details)
    assert "switched off “Gold”: one network had 31 of 60 wins within a day" in editor.page(PAGE)


def test_settings_are_saved_and_refused_in_words(editor: Staff, session: Session, campaign: Campaign) -> None:
    path = f"{PAGE}/watching"
    page = editor.page(path)
    good = {
        "brake": "pause",
        "most_per_hour": "50",
        "low_percent": "25",
        "network_percent": "30",
        "version": version_in(page),
    }
    for field, value, words in (
        ("low_percent", "0", "Use a number from 1 to 100."),
        ("low_percent", "", "Please fill this in."),
        ("most_per_hour", "many", "Use a whole number in digits"),
    ):
        refused = editor.post(path, good | {field: value})
        assert refused.status_code == 422
        assert words in refused.get_data(as_text=True)
    assert editor.post(path, good).location == PAGE
    session.rollback()
    plan = watching.plan_of(session, campaign.id)
    assert plan == WatchPlan(Brake.PAUSE, 50, 25, 30)
    stale = editor.post(path, good | {"low_percent": "30"})
    assert stale.status_code == 409
    assert "Alerts and drain brake" in editor.page(path)
    assert "watch.edit" in {record.action for record in audit.latest(session)}


def test_the_front_page_knows_of_mails_and_of_the_launch_check(editor: Staff, session: Session) -> None:
    opens = datetime.now(UTC) + timedelta(days=3)
    make_campaign(session, [TierSpec("Gold"), TierSpec("Silver", codes=0)], opens_at=opens)
    page = " ".join(editor.page("/admin/").split())
    assert re.search(r"The launch check has \d+ findings?\.", page)
    assert "could not be delivered" not in page
    submit_entry(session, submission(1), now=opens, rng=FakeRng(4), vault=VAULT)
    for message in session.scalars(select(Message)):
        message.state = MessageState.FAILED
    session.commit()
    assert "1 mail to a winner could not be delivered." in " ".join(editor.page("/admin/").split())


def test_who_wants_no_mail_says_so(editor: Staff, session: Session) -> None:
    assert "Alerts by mail" in editor.page("/account")
    answer = editor.post("/account/alerts", {"wanted": "off"})
    assert "Alerts no longer come by mail." in editor.page(answer.location)
    session.rollback()
    assert not alerts.wants_mails(session, editor.account.id)
    editor.post("/account/alerts", {"wanted": "on"})
    session.rollback()
    assert alerts.wants_mails(session, editor.account.id)


def test_a_viewer_is_offered_no_act(app: Flask, session: Session, campaign: Campaign) -> None:
    tell(session, campaign, AlertKind.STOCK, prize="Gold prize", free=0, offered=20)
    viewer = sign_in(app, session, Role.VIEWER)
    page = viewer.page(PAGE)
    assert "Nothing is left of “Gold prize”." in page
    assert "/seen" not in page
    assert "Alerts by mail" not in viewer.page("/account")


# --- Refusals -----------------------------------------------------------------------------------------------


def send(client: FlaskClient, **values: str) -> TestResponse:
    token = csrf_token(client.get("/c/summer").get_data(as_text=True))
    return client.post("/c/summer/entries", data={"csrf_token": token} | values)


def counted(app: Flask, client: FlaskClient, session: Session, campaign: Campaign) -> dict[str, int]:
    """What is stored once the counts are due, by the way of any answer."""
    app.extensions["prizewell_refusals"].due = 0.0
    assert client.get("/favicon.ico").status_code == 301
    session.rollback()
    return dict(refusals.by_reason(session, campaign.id))


def test_what_is_not_taken_is_counted_by_reason(app: Flask, client: FlaskClient, session: Session) -> None:
    campaign = make_campaign(session)
    good = {"name": "Ece", "email": "e@example.org", "accept_rules": "y", "nonce": "0" * 32}
    assert send(client, name="Ece").status_code == 422
    assert send(client, **good, homepage="x").status_code == 422
    assert send(client, **good).status_code == 422
    assert client.post("/c/summer/entries", data=good).status_code == 422
    assert client.post("/c/none/entries", data=good).status_code == 404
    client.get("/favicon.ico")
    assert refusals.by_reason(session, campaign.id) == []
    expected = {"form": 1, "bot": 1, "captcha_invalid": 1, "stale_page": 1}
    assert counted(app, client, session, campaign) == expected
    assert counted(app, client, session, campaign) == expected


def test_a_crowded_database_is_counted_and_keeps_the_counts(
    app: Flask, client: FlaskClient, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = make_campaign(session)
    good = {"name": "Ece", "email": "e@example.org", "accept_rules": "y", "nonce": "0" * 32}

    def busy(*_args: object, **_named: object) -> None:
        raise Busy

    with monkeypatch.context() as crowded:
        crowded.setattr(views, "submit_entry", busy)
        crowded.setattr(tallies, "_keep", busy)
        assert send(client, **good).status_code == 503
        assert counted(app, client, session, campaign) == {}
    assert counted(app, client, session, campaign) == {"busy": 1}


def test_every_reason_has_words(editor: Staff, session: Session, campaign: Campaign) -> None:
    tally = tallies.Tally()
    for reason in ("paused", "form", "a_word_of_later"):
        tally.count("summer", reason, now=NOON)
    tallies.flush(session, tally, refusals.STORE)
    page = editor.page(PAGE)
    for words in ("Came during a pause", "Something in the form was missing or wrong", "a_word_of_later"):
        assert words in page
