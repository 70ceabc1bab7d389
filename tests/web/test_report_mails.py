"""Figures by mail: asked for on their page, and stopped by one click in the mail, without signing in."""

from datetime import UTC, datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.adapters.links import Links
from app.domain.report_times import Every
from app.domain.roles import Role
from app.models import ReportMail
from app.services import report_mails
from tests.support.factories import make_campaign
from tests.support.office import SIGNER
from tests.support.staff import Staff, sign_in

pytestmark = pytest.mark.sqlite_is_enough
PAGE = "/admin/campaigns/summer/report"


@pytest.fixture
def viewer(app: Flask, session: Session) -> Staff:
    make_campaign(session)
    return sign_in(app, session, Role.VIEWER)


def stored(session: Session) -> list[ReportMail]:
    session.rollback()
    return list(session.scalars(select(ReportMail)))


def test_it_is_asked_for_on_the_page_of_the_figures(viewer: Staff, session: Session) -> None:
    assert "Mail me this" in viewer.page(PAGE)
    answer = viewer.post(f"{PAGE}/mail", {"every": "daily", "hour": "7"})
    assert answer.status_code == 303
    (row,) = stored(session)
    assert (row.every, row.hour, row.locale) == (Every.DAILY, 7, "en")
    assert row.campaign_id is not None
    page = viewer.page(PAGE)
    assert "Mailed to you every day at 07:00" in page
    viewer.post(f"{PAGE}/mail", {"every": "weekly", "hour": "8", "of_all": "y"})
    assert "Mailed to you every Monday at 08:00" in viewer.page(PAGE)
    assert [row.campaign_id for row in stored(session)] == [None]
    viewer.post(f"{PAGE}/mail", {"stop": "1"})
    assert stored(session) == []


def test_what_no_form_offers_is_refused(viewer: Staff, session: Session) -> None:
    assert viewer.post(f"{PAGE}/mail", {"every": "hourly", "hour": "7"}).status_code == 422
    assert stored(session) == []


def test_the_link_of_the_mail_stops_it(
    app: Flask, viewer: Staff, client: FlaskClient, session: Session
) -> None:
    viewer.post(f"{PAGE}/mail", {"every": "daily", "hour": "7"})
    (row,) = stored(session)
    account_id, campaign_id = row.account_id, row.campaign_id
    assert campaign_id is not None
    path = Links("", SIGNER).no_reports(account_id, campaign_id, datetime.now(UTC))
    asked = client.get(path)
    assert "No more figures by mail?" in asked.text
    assert asked.headers["Referrer-Policy"] == "no-referrer"
    assert len(stored(session)) == 1  # programs that look through mail open links
    done = client.post(path, data={"List-Unsubscribe": "One-Click"})
    assert (done.status_code, stored(session)) == (200, [])
    assert "No figures of Summer giveaway are mailed to you." in done.text
    assert report_mails.wanted(session, account_id, campaign_id) is None
    assert client.get(path).status_code == client.post(path).status_code == 200
    for wrong in ("/account/reports/x", path[:-2]):
        assert client.get(wrong).status_code == client.post(wrong).status_code == 404


def test_without_mail_nothing_is_offered(app: Flask, viewer: Staff) -> None:
    app.jinja_env.globals["mail_is_on"] = False
    assert "Mail me this" not in viewer.page(PAGE)
