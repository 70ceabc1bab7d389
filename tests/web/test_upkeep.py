"""What has served its purpose is forgotten while the site runs."""

from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.errors import Busy
from app.models import DailyKey, SpentChallenge
from app.services import housekeeping


def left(session: Session) -> int:
    session.rollback()
    keys = session.scalar(select(func.count()).select_from(DailyKey)) or 0
    return keys + (session.scalar(select(func.count()).select_from(SpentChallenge)) or 0)


@pytest.fixture
def stale(session: Session) -> Session:
    """A key of last week and a challenge that has expired."""
    before = datetime.now(UTC) - timedelta(days=7)
    session.add(DailyKey(day=before.date(), key=bytes(32)))
    session.add(SpentChallenge(signature=bytes(32), expires_at=before))
    session.commit()
    return session


def test_it_is_forgotten_by_the_way_of_a_request_once_an_hour(app: Flask, stale: Session) -> None:
    client = app.test_client()
    client.get("/")
    assert left(stale) == 2
    app.extensions["prizewell_upkeep"].due = 0.0
    assert client.get("/").status_code == 200
    assert left(stale) == 0
    stale.add(DailyKey(day=date(2020, 1, 1), key=bytes(32)))
    stale.commit()
    client.get("/")
    assert left(stale) == 1


def test_a_crowded_moment_puts_it_off(app: Flask, stale: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_args: object, **_named: object) -> None:
        raise Busy

    monkeypatch.setattr(housekeeping, "purge", busy)
    app.extensions["prizewell_upkeep"].due = 0.0
    assert app.test_client().get("/").status_code == 200
    assert left(stale) == 2
