"""/metrics: whoever has the token reads how things stand, in Prometheus's format, and nothing of people."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from prometheus_client import parser
from prometheus_client.openmetrics import parser as openmetrics
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.models import Code, RefusalCount
from app.services import rollups
from tests.support.application import application, environment
from tests.support.factories import TierSpec, make_campaign
from tests.support.shop import win

pytestmark = pytest.mark.sqlite_is_enough
TOKEN = "a-token-that-is-long-enough"


@pytest.fixture
def watched(database_url: str, tmp_path: Path) -> Iterator[Flask]:
    with application(environment(database_url, tmp_path, PRIZEWELL_METRICS_TOKEN=TOKEN)) as app:
        yield app


def ask(app: Flask, authorization: str = f"Bearer {TOKEN}", accept: str = "*/*") -> TestResponse:
    headers = {"Authorization": authorization, "Accept": accept}
    return app.test_client().get("/metrics", headers=headers)


def test_without_the_setting_there_is_no_such_page(app: Flask) -> None:
    assert ask(app).status_code == 404
    assert ask(app, "Bearer ").status_code == 404


@pytest.mark.parametrize(
    "given", ["", "Bearer", "Bearer ", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN}x", "Bearer ü"]
)
def test_the_token_is_asked_for(watched: Flask, given: str) -> None:
    answer = ask(watched, given)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, 'Bearer realm="metrics"')
    assert "prizewell_" not in answer.text
    assert "Set-Cookie" not in answer.headers


def test_it_tells_how_things_stand(watched: Flask, session: Session) -> None:
    then = datetime.now(UTC) - timedelta(hours=1)
    made = make_campaign(session, (TierSpec('Gold "1"', codes=5),), now=then, seed=43)
    win(session, now=then)
    session.add(RefusalCount(campaign_id=made.id, quarter=1, reason="bot", count=4))
    session.commit()
    rollups.roll(session, made.id, now=then)
    answer = ask(watched)
    assert (answer.status_code, answer.mimetype) == (200, "text/plain")
    assert answer.headers["Cache-Control"] == "no-store"
    found = {
        (sample.name, *sample.labels.values()): sample.value
        for family in parser.text_string_to_metric_families(answer.text)
        for sample in family.samples
    }
    assert found["prizewell_entries_total", "summer"] == 1
    assert found["prizewell_wins_total", "summer"] == 1
    assert found["prizewell_campaign_phase", "summer", "live"] == 1
    assert found["prizewell_stock_free", "summer", 'Gold "1" prize', 'Gold "1"'] == 4
    assert found["prizewell_stock_offered", "summer", 'Gold "1" prize', 'Gold "1"'] == 5
    assert found["prizewell_refusals_total", "summer", "bot"] == 4
    assert found["prizewell_figures_age_seconds", "summer"] >= 3600
    assert found["prizewell_mail_waiting",] == 1
    assert found["prizewell_mail_late_seconds",] >= 3600
    assert found["prizewell_webhook_waiting",] == 0
    assert "process_open_fds" in answer.text
    assert "version=" in answer.text
    for code in session.scalars(select(Code.text)):
        assert code not in answer.text
    for personal in ("@", "person1", "example.org"):
        assert personal not in answer.text.lower()


def test_the_newer_format_is_spoken_too(watched: Flask, session: Session) -> None:
    make_campaign(session)
    answer = ask(watched, accept="application/openmetrics-text;version=1.0.0")
    assert answer.mimetype == "application/openmetrics-text"
    families = list(openmetrics.text_string_to_metric_families(answer.text))  # type: ignore[no-untyped-call]
    assert {family.name for family in families} > {"prizewell_entries", "prizewell_stock_free"}


def test_several_processes_do_not_tell_of_themselves(watched: Flask, session: Session) -> None:
    make_campaign(session)
    tools = watched.extensions["prizewell"]
    watched.extensions["prizewell"] = replace(tools, settings=replace(tools.settings, processes=2))
    told = ask(watched).text
    assert "process_" not in told
    assert "prizewell_entries_total" in told
