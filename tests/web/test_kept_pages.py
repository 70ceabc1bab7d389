"""A landing page is written once for all who come within some seconds: own tokens, and never old."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask, template_rendered
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.domain.eligibility import CampaignStatus
from app.domain.theme import Theme
from app.models import Campaign
from app.services import campaigns, looks, partners, prizes
from app.services.audit import COMMAND_LINE
from app.web.public import kept_pages
from tests.support.factories import TierSpec, make_campaign
from tests.support.fakes import NOON, FakeRng
from tests.support.queries import counted
from tests.support.visitor import enter, filled_form, hidden_fields, solve

pytestmark = pytest.mark.sqlite_is_enough

OWN = {"nonce", "csrf_token", "code_token"}
SITE = "https://shop.example.org"


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """The time, which stands still until it is moved."""
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def campaign(session: Session, clock: object) -> Campaign:
    return make_campaign(
        session, opens_at=NOON - timedelta(days=1), closes_at=NOON + timedelta(minutes=1), now=NOON
    )


@pytest.fixture
def written(app: Flask) -> Iterator[list[str]]:
    """The landing pages that were written, each by the language it is in."""
    found: list[str] = []

    def hear(_app: Flask, template: object, context: dict[str, object], **_more: object) -> None:
        if getattr(template, "name", "") == "public/landing.html":
            found.append(str(context["lang"]))

    with template_rendered.connected_to(hear, app):
        yield found


def page_of(client: FlaskClient, path: str = "/c/summer", **headers: str) -> str:
    return client.get(path, headers=headers).get_data(as_text=True)


def bare(page: str) -> str:
    """A page without what is its visitor's own."""
    for value in sorted(hidden_fields(page).values(), key=len, reverse=True):
        page = page.replace(value, "") if value else page
    return page


def test_two_visitors_get_one_page_with_tokens_of_their_own(
    app: Flask, campaign: Campaign, written: list[str]
) -> None:
    one, other = (page_of(app.test_client()) for _visitor in range(2))
    assert written == ["en"]
    assert bare(one) == bare(other)
    for name in OWN:
        assert hidden_fields(one)[name] != hidden_fields(other)[name], name
    assert hidden_fields(other)["code_token"] in re.findall(r"code/([^\"?]+)\.png", other)
    assert kept_pages.of(app)._mark not in one + other


def test_a_kept_page_costs_the_same_two_queries(
    app: Flask, client: FlaskClient, campaign: Campaign, written: list[str]
) -> None:
    page_of(client)
    with counted(app) as statements:
        page_of(client)
    assert len(written) == 1
    assert len(statements) == 2, statements


def test_one_enters_from_a_kept_page(app: Flask, campaign: Campaign, written: list[str]) -> None:
    page_of(app.test_client())
    client = app.test_client()
    form = filled_form(client)
    assert len(written) == 1
    assert enter(client, form).get_json()["outcome"] == "won"
    stranger = app.test_client()
    assert enter(stranger, form | {"nonce": "ab" * 16, "email": "b@example.org"}).status_code == 422


def test_it_is_written_again_after_some_seconds(
    client: FlaskClient, campaign: Campaign, written: list[str], clock: time_machine.Traveller
) -> None:
    for seconds in (0, 9, 0.9, 0.1, 5, -60):
        clock.shift(timedelta(seconds=seconds))
        page_of(client)
    assert len(written) == 3  # at first, after ten seconds, and with a clock that was set back


def test_it_closes_at_its_second(
    client: FlaskClient, campaign: Campaign, written: list[str], clock: time_machine.Traveller
) -> None:
    clock.shift(timedelta(seconds=59))
    assert "phase-live" in page_of(client)
    clock.shift(timedelta(seconds=1))
    closed = page_of(client)
    assert "phase-closed" in closed
    assert not {"nonce", "csrf_token"} & hidden_fields(closed).keys()


def test_a_campaign_opens_and_ends_by_itself_for_pages_and_entries(
    app: Flask, session: Session, clock: time_machine.Traveller
) -> None:
    opens = NOON + timedelta(minutes=1)
    make_campaign(session, opens_at=opens, closes_at=opens + timedelta(minutes=1), now=NOON)
    client = app.test_client()
    form = filled_form(client) | {"csrf_token": hidden_fields(page_of(client))["csrf_token"]}
    for number, (second, phase, outcome) in enumerate(
        [(59, "not_open", "not_open"), (1, "live", "won"), (59, "live", "won"), (1, "closed", "closed")]
    ):
        clock.shift(timedelta(seconds=second))
        assert f"phase-{phase}" in page_of(app.test_client())
        proof = solve(client.get("/c/summer/challenge").get_json())
        sent = form | {"nonce": f"{number:032x}", "email": f"a{number}@example.org", "altcha": proof}
        found = enter(client, sent).get_json()
        assert found.get("reason", found["outcome"]) == outcome


def test_a_page_without_a_form_makes_no_token(client: FlaskClient, session: Session, clock: object) -> None:
    make_campaign(session, closes_at=NOON - timedelta(days=1), opens_at=NOON - timedelta(days=2), now=NOON)
    for _time in range(2):
        assert "Set-Cookie" not in client.get("/c/summer").headers


def test_what_changes_is_shown_at_once(
    client: FlaskClient, session: Session, campaign: Campaign, written: list[str]
) -> None:
    trail: dict[str, Any] = {"actor": COMMAND_LINE, "now": NOON, "reason": "to see it"}
    page_of(client)
    plan = replace(campaigns.plan_of(campaign), title="Winter of gifts")
    campaigns.edit(session, campaign.id, plan, **trail)
    assert "Winter of gifts" in page_of(client)
    (prize,) = prizes.listing(session, campaign.id)
    prizes.edit(session, prize.id, prizes.PrizePlan("Tea for two"), rng=FakeRng(3), **trail)
    assert "Tea for two" in page_of(client)
    campaigns.set_status(session, campaign.id, CampaignStatus.PAUSED, **trail)
    assert "phase-paused" in page_of(client)
    assert len(written) == 4


def test_the_last_code_ends_it_at_once(app: Flask, session: Session, clock: object) -> None:
    make_campaign(session, [TierSpec("Gold", codes=1)], now=NOON)
    client = app.test_client()
    assert "phase-live" in page_of(app.test_client())
    assert enter(client, filled_form(client)).get_json()["outcome"] == "won"
    assert "phase-sold_out" in page_of(app.test_client())


def test_languages_links_and_frames_are_kept_apart(
    app: Flask, session: Session, campaign: Campaign, written: list[str]
) -> None:
    trail: dict[str, Any] = {"actor": COMMAND_LINE, "now": NOON}
    for slug, name in (("ayse", "Ayşe Yılmaz"), ("mert", "Mert Kaya")):
        partners.add(session, campaign.id, slug, name, rng=FakeRng(len(slug) + ord(slug[0])), **trail)
    looks.edit(session, campaign.id, Theme(parents=(SITE,)), **trail, reason="a frame")
    pages = {
        (path, language): page_of(app.test_client(), f"/c/summer{path}", **{"Accept-Language": language})
        for path in ("", "?lang=tr", "/via/ayse", "/via/mert", "/via/nobody", "/embed")
        for language in ("en", "tr", "xx")
    }
    assert len(written) == 11  # five addresses in two languages, and one asked for in Turkish
    kept_pages.register(app)
    again = {  # what was kept is written now, and the other way round
        (path, language): page_of(app.test_client(), f"/c/summer{path}", **{"Accept-Language": language})
        for path, language in reversed(pages)
    }
    assert {place: bare(page) for place, page in again.items()} == {
        place: bare(page) for place, page in pages.items()
    }
    assert "Mert Kaya" in again["/via/mert", "en"]
    assert "Mert Kaya" not in again["/via/ayse", "en"] + again["", "en"] + again["/via/nobody", "en"]
    assert 'lang="tr"' in again["?lang=tr", "en"]
    assert "lang=tr" in again["?lang=tr", "en"].partition('id="entry"')[2].partition("</form>")[0]
    assert "<title>" in again["", "xx"]


def test_a_link_counts_for_its_partner_on_a_kept_page(
    app: Flask, session: Session, campaign: Campaign
) -> None:
    trail: dict[str, Any] = {"actor": COMMAND_LINE, "now": NOON}
    made = partners.add(session, campaign.id, "ayse", "Ayşe Yılmaz", rng=FakeRng(3), **trail)
    page_of(app.test_client(), "/c/summer/via/ayse")
    client = app.test_client()
    enter(client, filled_form(client, path="/c/summer/via/ayse"))
    assert [one.entries for one in partners.figures(session, made.campaign_id)] == [1]


def test_a_kept_page_may_stand_in_the_same_frames(
    app: Flask, session: Session, campaign: Campaign, written: list[str]
) -> None:
    looks.edit(session, campaign.id, Theme(parents=(SITE,)), actor=COMMAND_LINE, now=NOON, reason="a frame")
    policies = [
        app.test_client().get("/c/summer/embed").headers["Content-Security-Policy"] for _visitor in range(2)
    ]
    assert len(written) == 1
    assert policies[0] == policies[1]
    assert f"frame-ancestors {SITE}" in policies[1]


def test_no_more_than_so_many_are_kept(
    app: Flask, client: FlaskClient, campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_pages, "MOST_KEPT", 2)
    for language in ("en", "tr", "de"):
        page_of(client, **{"Accept-Language": language})
    assert len(kept_pages.of(app)._kept) == 1
