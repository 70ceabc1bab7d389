"""What a campaign says in its own words, on the page and in the result, in the language of the reader."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.domain.campaign_texts import prize_key
from app.domain.eligibility import CampaignStatus
from app.models import Campaign, Prize
from tests.support.factories import SURE_WIN, TierSpec, make_campaign
from tests.support.visitor import enter, filled_form

pytestmark = pytest.mark.sqlite_is_enough

HTML: dict[str, str] = {"Accept": "text/html"}


def say(session: Session, **by_language: dict[str, str]) -> None:
    session.execute(update(Campaign).values(texts=by_language))
    session.commit()


def shown(client: FlaskClient, path: str) -> str:
    return " ".join(client.get(path).get_data(as_text=True).split())


def test_the_page_speaks_the_campaigns_words_in_the_visitors_language(
    client: FlaskClient, session: Session
) -> None:
    make_campaign(session)
    gold = session.scalars(select(Prize.id)).one()
    say(session, de={"title": "Sommerspiel", "intro": "Spiel mit.", prize_key(gold, "name"): "Goldpreis"})
    page = shown(client, "/c/summer?lang=de")
    assert ">Sommerspiel</h1>" in page
    assert "Spiel mit." in page
    assert "Goldpreis" in page
    assert "Summer giveaway" not in page
    assert "Sommerspiel" in shown(client, "/c/summer/fairness?lang=de")


def test_what_is_not_translated_says_which_language_it_is_in(client: FlaskClient, session: Session) -> None:
    make_campaign(session)
    assert ' lang="en" dir="ltr">Summer giveaway</h1>' in shown(client, "/c/summer?lang=ar")
    assert 'lang="en" dir="ltr">Summer giveaway' not in shown(client, "/c/summer?lang=en")


@pytest.mark.parametrize(
    ("status", "specs", "key"),
    [
        (CampaignStatus.PAUSED, SURE_WIN, "state.paused"),
        (CampaignStatus.CLOSED, SURE_WIN, "state.ended"),
        (CampaignStatus.OPEN, [TierSpec("Gold", codes=0)], "state.sold_out"),
    ],
)
def test_a_state_may_have_words_of_its_own(
    client: FlaskClient, session: Session, status: CampaignStatus, specs: Any, key: str
) -> None:
    make_campaign(session, specs, status=status)
    usual = shown(client, "/c/summer")
    say(session, en={key: "See you in autumn <3"})
    page = shown(client, "/c/summer")
    assert "<p>See you in autumn &lt;3</p>" in page
    assert len(usual.split("<p>")) >= len(page.split("<p>")) - 1


def test_the_result_speaks_the_campaigns_words(client: FlaskClient, session: Session) -> None:
    make_campaign(session)
    gold = session.scalars(select(Prize.id)).one()
    say(session, en={"won": "Hooray from us"}, tr={prize_key(gold, "name"): "Altın ödül"})
    page = shown(client, enter(client, filled_form(client), **HTML).location + "?lang=tr")
    assert "Altın ödül" in page
    assert '<div lang="en" dir="ltr"><p>Hooray from us</p></div>' in page


def test_a_loss_speaks_them_too(client: FlaskClient, session: Session) -> None:
    make_campaign(session, [TierSpec("Gold", weight=0)], lose_weight=1)
    say(session, en={"lost": "Ten per cent off for you"})
    page = shown(client, enter(client, filled_form(client), **HTML).location)
    assert "Ten per cent off for you" in page
    assert "it did not win" not in page
