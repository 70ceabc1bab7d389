"""The language of a page: its address, then the choice made before, then the browser, then the campaign."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.models import Campaign, Entry
from app.web.locale import COOKIE
from tests.support.factories import make_campaign
from tests.support.visitor import enter, filled_form

pytestmark = pytest.mark.sqlite_is_enough

GERMAN = {"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}


@pytest.fixture
def campaign(session: Session) -> Campaign:
    return make_campaign(session)


def spoken(answer: TestResponse) -> str:
    return answer.get_data(as_text=True).partition('<html lang="')[2].partition('"')[0]


def test_the_address_goes_before_the_choice_and_that_before_the_browser(
    client: FlaskClient, campaign: Campaign
) -> None:
    assert spoken(client.get("/c/summer", headers=GERMAN)) == "de"
    assert spoken(client.get("/c/summer?lang=tr", headers=GERMAN)) == "tr"
    assert spoken(client.get("/c/summer", headers=GERMAN)) == "tr", "the choice is remembered"
    assert spoken(client.get("/c/summer?lang=ar", headers=GERMAN)) == "ar"


@pytest.mark.parametrize("asked", ["xx", "", "de;rm", "%00", "../de"])
def test_a_language_that_is_none_of_ours_is_no_choice(
    client: FlaskClient, campaign: Campaign, asked: str
) -> None:
    answer = client.get(f"/c/summer?lang={asked}")
    assert spoken(answer) == "en"
    assert client.get_cookie(COOKIE) is None


def test_the_first_language_of_the_browser_that_we_speak_is_taken(
    client: FlaskClient, campaign: Campaign
) -> None:
    header = "fr-CA,fr;q=0.9,es-MX;q=0.8,en;q=0.7"
    assert spoken(client.get("/c/summer", headers={"Accept-Language": header})) == "es"
    assert spoken(client.get("/c/summer", headers={"Accept-Language": "de;q=0,en;q=0.1"})) == "en"


def test_whoever_asks_for_none_of_ours_reads_the_campaigns_own(
    client: FlaskClient, session: Session, campaign: Campaign
) -> None:
    session.execute(update(Campaign).values(language="tr"))
    session.commit()
    page = client.get("/c/summer", headers={"Accept-Language": "fr"})
    assert spoken(page) == "tr"
    assert "Şansımı dene" in page.get_data(as_text=True)
    assert 'action="/c/summer/entries?lang=tr"' in page.get_data(as_text=True)
    assert spoken(client.get("/c/summer", headers={"Accept-Language": "en"})) == "en"
    assert spoken(client.get("/c/summer/rules", headers={"Accept-Language": "fr"})) == "tr"
    assert spoken(client.get("/c/summer/fairness", headers={"Accept-Language": "fr"})) == "tr"


def test_the_language_of_the_address_goes_with_every_step(
    client: FlaskClient, session: Session, campaign: Campaign
) -> None:
    client_form = filled_form(client)
    client.delete_cookie(COOKIE)
    answer = client.post("/c/summer/entries?lang=de", data=client_form)
    assert answer.status_code == 303
    assert answer.location.endswith("?lang=de")
    session.rollback()
    assert session.scalars(select(Entry.locale)).all() == ["de"]
    page = client.get(answer.location)
    assert spoken(page) == "de"
    assert 'href="/c/summer/rules?lang=de"' in page.get_data(as_text=True)


def test_without_a_language_in_the_address_links_have_none(client: FlaskClient, campaign: Campaign) -> None:
    assert "?lang=de" not in enter(client, filled_form(client), Accept="text/html").location
    assert 'action="/c/summer/entries"' in client.get("/c/summer", headers=GERMAN).get_data(as_text=True)


def test_a_page_that_answers_a_form_leads_to_the_same_page_in_other_languages(
    client: FlaskClient, campaign: Campaign
) -> None:
    page = enter(client, filled_form(client, email=""), Accept="text/html").get_data(as_text=True)
    assert 'href="/c/summer?lang=de"' in page
    assert ">Deutsch</a>" in page
    assert ">العربية</a>" in page


def test_right_to_left_is_said(client: FlaskClient, campaign: Campaign) -> None:
    assert '<html lang="ar" dir="rtl"' in " ".join(
        client.get("/c/summer?lang=ar").get_data(as_text=True).split()
    )


def test_caches_know_what_a_page_depends_on(client: FlaskClient, campaign: Campaign) -> None:
    assert {"Accept-Language", "Cookie"} <= set(client.get("/c/summer").vary)
    assert "Accept-Language" not in client.get("/c/summer?lang=de").vary


def test_the_console_speaks_its_own_languages(client: FlaskClient) -> None:
    assert spoken(client.get("/account/sign-in", headers=GERMAN)) == "en"
    assert spoken(client.get("/account/sign-in?lang=de")) == "en"
    assert spoken(client.get("/account/sign-in?lang=tr")) == "tr"
    client.set_cookie(COOKIE, "ar")
    assert spoken(client.get("/account/sign-in", headers={"Accept-Language": "tr"})) == "tr"


def test_a_page_that_is_not_there_says_so_in_the_visitors_language(client: FlaskClient) -> None:
    answer = client.get("/c/nowhere?lang=es")
    assert answer.status_code == 404
    assert spoken(answer) == "es"


def test_search_engines_are_told_of_the_languages_a_campaign_speaks(
    client: FlaskClient, session: Session, campaign: Campaign
) -> None:
    page = client.get("/c/summer?lang=de").get_data(as_text=True)
    assert '<link rel="canonical" href="http://localhost/c/summer">' in page
    assert 'rel="alternate"' not in page
    session.execute(update(Campaign).values(texts={"de": {"title": "Sommer"}}))
    session.commit()
    page = client.get("/c/summer?lang=de").get_data(as_text=True)
    assert '<link rel="canonical" href="http://localhost/c/summer?lang=de">' in page
    assert 'hreflang="en" href="http://localhost/c/summer?lang=en">' in page
    assert 'hreflang="x-default" href="http://localhost/c/summer">' in page
    page = client.get("/c/summer/via/nobody").get_data(as_text=True)
    assert '<link rel="canonical" href="http://localhost/c/summer">' in page
