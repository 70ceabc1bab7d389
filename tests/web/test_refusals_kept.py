"""Refusals that were counted are stored by a real server while it idles and when it is told to end."""

import http.client
import time
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app.services import refusals
from app.web import refusal_counts
from tests.support.factories import make_campaign
from tests.support.site import running_site


def refuse(port: int) -> int:
    """Send a form with nothing in it."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("POST", "/c/summer/entries")
    status = connection.getresponse().status
    connection.close()
    return status


def stored(session: Session, campaign_id: object) -> dict[str, int]:
    session.rollback()
    return dict(refusals.by_reason(session, campaign_id))  # type: ignore[arg-type]


@pytest.mark.race
def test_a_server_that_is_told_to_end_stores_them(
    session: Session, database_url: str, tmp_path: Path
) -> None:
    campaign = make_campaign(session)
    with running_site(database_url, tmp_path) as port:
        assert {refuse(port) for _ in range(20)} == {422}
    assert stored(session, campaign.id) == {"stale_page": 20}


def test_an_idle_process_stores_them(app: Flask, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    campaign = make_campaign(session)
    monkeypatch.setattr(refusal_counts, "EVERY_SECONDS", 0.01)
    refusal_counts.keep(app)
    own = app.extensions["prizewell_refusals"]
    with app.app_context():
        for _ in range(2):
            refusal_counts.count("summer", "paused")
        while not stored(session, campaign.id):
            time.sleep(0.01)
        own.stop()
    assert own.tally.take() == {}
