"""The entrants' pages: states, partner links, rules, fairness, headers."""

import hashlib
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.draw import seed_commitment
from app.domain.eligibility import CampaignStatus
from app.models import Entry, Partner, Visit
from app.services import partners
from app.services.audit import COMMAND_LINE
from app.web import locale
from tests.support.factories import VAULT, TierSpec, make_campaign
from tests.support.fakes import NOON, FakeRng
from tests.support.visitor import enter, filled_form


def add_partner(session: Session, campaign_slug: str = "summer", slug: str = "ayse") -> Partner:
    campaign = make_campaign(session, slug=campaign_slug, seed=len(campaign_slug))
    return partners.add(
        session, campaign.id, slug, "Ayşe Yılmaz", actor=COMMAND_LINE, now=NOON, rng=FakeRng(3)
    )


def test_the_landing_page_names_what_can_be_won(client: FlaskClient, session: Session) -> None:
    make_campaign(session, [TierSpec("Gold", codes=3), TierSpec("Silver", codes=12)])
    page = client.get("/c/summer").get_data(as_text=True)
    assert page.index("Gold prize") < page.index("Silver prize")
    assert "Summer giveaway" in page
    assert "<form" in page


@pytest.mark.parametrize("status", [CampaignStatus.DRAFT, CampaignStatus.PAUSED, CampaignStatus.CLOSED])
def test_a_page_that_is_not_live_shows_no_form(
    client: FlaskClient, session: Session, status: CampaignStatus
) -> None:
    make_campaign(session, status=status)
    answer = client.get("/c/summer")
    assert answer.status_code == 200
    assert 'name="email"' not in answer.get_data(as_text=True)


def test_a_draft_shows_nothing_of_itself(client: FlaskClient, session: Session) -> None:
    make_campaign(session, status=CampaignStatus.DRAFT)
    page = client.get("/c/summer").get_data(as_text=True)
    assert "Summer giveaway" not in page
    assert "Gold prize" not in page


def test_nothing_left_is_said(client: FlaskClient, session: Session) -> None:
    make_campaign(session, [TierSpec("Gold", codes=1)])
    assert 'name="email"' in client.get("/c/summer").get_data(as_text=True)
    enter(client, filled_form(client))
    assert 'name="email"' not in client.get("/c/summer").get_data(as_text=True)


def test_the_first_page_leads_to_the_one_open_campaign(client: FlaskClient, session: Session) -> None:
    assert client.get("/").status_code == 200
    make_campaign(session)
    assert client.get("/").headers["Location"] == "/c/summer"
    make_campaign(session, slug="winter", seed=1)
    page = client.get("/")
    assert page.status_code == 200
    assert "/c/winter" in page.get_data(as_text=True)


def test_a_partners_link_is_carried_in_the_form(client: FlaskClient, session: Session) -> None:
    partner = add_partner(session)
    form = filled_form(client, path="/c/summer/via/ayse")
    enter(client, form)
    session.rollback()
    assert session.scalars(select(Entry.partner_id)).all() == [partner.id]


def test_attribution_cannot_be_forged_or_carried_over(client: FlaskClient, session: Session) -> None:
    add_partner(session)
    make_campaign(session, slug="winter", seed=1)
    foreign = filled_form(client, path="/c/summer/via/ayse")["partner"]
    enter(client, filled_form(client, "winter", partner=foreign), "winter")
    enter(client, filled_form(client, "winter", partner="ayse", email="b@example.org"), "winter")
    session.rollback()
    assert session.scalars(select(Entry.partner_id)).all() == [None, None]


@pytest.mark.parametrize("partner", ["nobody", "UPPER", "x", "a" * 41, "%0d%0aSet-Cookie:x", "<script>"])
def test_an_unknown_partner_changes_nothing(client: FlaskClient, session: Session, partner: str) -> None:
    add_partner(session)
    answer = client.get(f"/c/summer/via/{partner}")
    assert answer.status_code == 200
    assert session.scalar(select(func.count()).select_from(Visit)) == 0


def test_visits_are_counted_once_a_day_and_person(client: FlaskClient, session: Session) -> None:
    add_partner(session)
    for agent in ("one", "one", "two"):
        client.get("/c/summer/via/ayse", headers={"User-Agent": agent})
    client.head("/c/summer/via/ayse", headers={"User-Agent": "three"})
    client.get("/c/summer/via/ayse", headers={"User-Agent": "four", "Sec-Purpose": "prefetch"})
    client.get("/c/summer/via/ayse", headers={"User-Agent": "Googlebot/2.1"})
    session.rollback()
    assert session.scalar(select(func.count()).select_from(Visit)) == 2


def test_the_fairness_page_commits_to_the_seed_and_the_odds(client: FlaskClient, session: Session) -> None:
    campaign = make_campaign(session, [TierSpec("Gold", 1)], lose_weight=9)
    page = client.get("/c/summer/fairness").get_data(as_text=True)
    seed = VAULT.open(campaign.id, campaign.seed_encrypted)
    assert seed_commitment(campaign.id, seed) in page
    assert seed.hex() not in page
    document = client.get(f"/c/summer/odds/{campaign.odds_version}.json").data
    digest = hashlib.sha256(b"prizewell/odds/1\0" + document).hexdigest()
    assert digest in page
    assert client.get("/c/summer/odds/99.json").status_code == 404


@pytest.mark.parametrize("path", ["/c/summer/odds/1.json", "/c/summer/odds/2.json"])
def test_the_odds_of_a_draft_are_not_out(client: FlaskClient, session: Session, path: str) -> None:
    make_campaign(session, status=CampaignStatus.DRAFT)
    assert client.get(path).status_code == 404


def test_the_rules_page_states_the_odds(client: FlaskClient, session: Session) -> None:
    make_campaign(session, [TierSpec("Gold", 1)], lose_weight=249)
    assert "1 in 250" in client.get("/c/summer/rules").get_data(as_text=True)


@pytest.mark.parametrize("path", ["/", "/c/summer", "/c/summer/rules", "/c/summer/fairness", "/nothing"])
def test_every_answer_carries_the_security_headers(client: FlaskClient, session: Session, path: str) -> None:
    make_campaign(session)
    headers = client.get(path).headers
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


def test_the_window_is_shown_in_the_campaigns_zone(client: FlaskClient, session: Session) -> None:
    make_campaign(session, timezone="Europe/Istanbul", closes_at=NOON + timedelta(days=1))
    page = client.get("/c/summer").get_data(as_text=True)
    assert "15:00" in page or "3:00" in page


def test_turkish_is_spoken_when_asked_for(client: FlaskClient, session: Session) -> None:
    make_campaign(session)
    assert "Try my luck" in client.get("/c/summer").get_data(as_text=True)
    page = client.get("/c/summer?lang=tr").get_data(as_text=True)
    assert '<html lang="tr"' in page
    assert "Şansımı dene" in page
    assert '<html lang="tr"' in client.get("/c/summer").get_data(as_text=True), "the choice is remembered"
    client.delete_cookie(locale.COOKIE)
    page = client.get("/c/summer", headers={"Accept-Language": "tr-TR,tr;q=0.9"}).get_data(as_text=True)
    assert '<html lang="tr"' in page
