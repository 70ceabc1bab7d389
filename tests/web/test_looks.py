"""What a campaign's pages wear, who may show them, and what comes with them."""

import html
import io
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy.orm import Session

from app.adapters.tokens import Purpose
from app.domain.eligibility import CampaignStatus
from app.domain.palette import Ground
from app.domain.pictures import Picture
from app.domain.theme import Corners, Fonts, Mode, Theme, Tone
from app.extensions import Tools
from app.models import Campaign, Entry
from app.services import looks, partners
from app.services.audit import COMMAND_LINE
from tests.support.factories import make_campaign
from tests.support.fakes import NOON, FakeRng
from tests.support.queries import counted
from tests.support.visitor import enter, filled_form, hidden_fields

pytestmark = pytest.mark.sqlite_is_enough

SHOP = "https://shop.example.org"
PAGES = ("/c/summer", "/c/summer/embed", "/c/summer/rules", "/c/summer/fairness", "/c/summer/via/nobody")
LOGO, HERO = Picture("ab" * 16, 800, 200), Picture("cd" * 16, 1200, 600)


@pytest.fixture
def campaign(session: Session) -> Campaign:
    return make_campaign(session)


def wear(session: Session, campaign: Campaign, theme: Theme) -> None:
    looks.edit(session, campaign.id, theme, actor=COMMAND_LINE, now=NOON)


def style_of(client: FlaskClient, path: str = "/c/summer") -> str:
    page = client.get(path).get_data(as_text=True)
    (address,) = re.findall(r'href="(/c/summer/theme\.css[^"]*)"', page)
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def test_the_usual_look_needs_no_style_sheet_of_its_own(client: FlaskClient, campaign: Campaign) -> None:
    assert "theme.css" not in client.get("/c/summer").get_data(as_text=True)


@pytest.mark.parametrize("path", PAGES)
def test_every_page_of_a_campaign_wears_its_look(
    client: FlaskClient, session: Session, campaign: Campaign, path: str
) -> None:
    wear(session, campaign, Theme(colour="#e4002b", fonts=Fonts.SERIF, logo=LOGO))
    assert "--accent:#e4002b" in style_of(client, path)
    page = client.get(path).get_data(as_text=True)
    assert "fraunces-600@5.3.0/latin.woff2" in page
    assert re.search(r'<img class="logo"[^>]*width="800" height="200" alt="Summer giveaway"', page)


def test_the_style_sheet_is_kept_for_good_under_the_version_of_now(
    client: FlaskClient, session: Session, campaign: Campaign
) -> None:
    wear(session, campaign, Theme(colour="#e4002b"))
    page = client.get("/c/summer").get_data(as_text=True)
    (address,) = re.findall(r'href="(/c/summer/theme\.css[^"]*)"', page)
    kept = client.get(address)
    assert kept.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert kept.content_type == "text/css; charset=utf-8"
    assert "Set-Cookie" not in kept.headers
    assert "Cookie" not in kept.headers.get("Vary", "")
    assert client.get(address, headers={"If-None-Match": kept.headers["ETag"]}).status_code == 304
    assert client.get("/c/summer/theme.css?v=older").headers["Cache-Control"] == "no-cache"
    wear(session, campaign, Theme(colour="#e4002c"))
    assert address not in client.get("/c/summer").get_data(as_text=True)
    assert client.get("/c/nothing/theme.css").status_code == 404


@pytest.mark.parametrize(
    ("theme", "told"),
    [
        (Theme(mode=Mode.DARK), ("color-scheme:dark", "--paper:#12100e", "--mark-tick")),
        (Theme(mode=Mode.LIGHT, colour="#ffd400"), ("color-scheme:light", "--art-tint:62%")),
        (Theme(ground=Ground.COOL), ("prefers-color-scheme:dark", "color-scheme:light dark")),
        (Theme(corners=Corners.ROUND), ("--r-3:28px",)),
        (Theme(corners=Corners.SHARP), ("--r-3:0",)),
        (Theme(fonts=Fonts.POSTER), ('"Barlow Condensed"', "size-adjust:80.7%")),
        (Theme(fonts=Fonts.ROUNDED), ('"Nunito"', "ui-rounded")),
        (Theme(logo=LOGO, logo_tone=Tone.DARK), ("(prefers-color-scheme:dark){.logo",)),
        (Theme(logo=LOGO, logo_tone=Tone.LIGHT), ("(prefers-color-scheme:light){.logo",)),
        (Theme(logo=LOGO, logo_tone=Tone.LIGHT, mode=Mode.LIGHT), (".logo{",)),
    ],
)
def test_what_is_chosen_is_in_the_style_sheet(
    client: FlaskClient, session: Session, campaign: Campaign, theme: Theme, told: tuple[str, ...]
) -> None:
    wear(session, campaign, theme)
    style = style_of(client)
    assert [text for text in told if text not in style] == []
    assert style.count("{") == style.count("}")


def test_a_settled_mode_has_no_plate_that_nobody_sees(
    client: FlaskClient, session: Session, campaign: Campaign
) -> None:
    wear(session, campaign, Theme(logo=LOGO, logo_tone=Tone.DARK, mode=Mode.LIGHT))
    style = style_of(client)
    assert ".logo" not in style
    assert "prefers-color-scheme" not in style


def test_the_picture_takes_its_room_before_it_is_there(
    client: FlaskClient, session: Session, campaign: Campaign
) -> None:
    wear(session, campaign, Theme(hero=HERO, hero_alt="Hills & a sun"))
    page = client.get("/c/summer").get_data(as_text=True)
    (image,) = re.findall(r'<img class="hero-picture"[^>]*>', page)
    assert 'width="1200" height="600"' in image
    assert f"/pictures/{HERO.key}-640.webp 640w" in image
    assert 'alt="Hills &amp; a sun"' in image
    assert "sizes=" in image
    assert 'class="well stage"' not in page


def test_a_look_costs_the_landing_page_no_query(
    app: Flask, client: FlaskClient, session: Session, campaign: Campaign
) -> None:
    wear(session, campaign, Theme(colour="#e4002b", hero=HERO))
    client.get("/c/summer")
    with counted(app) as statements:
        assert client.get("/c/summer").status_code == 200
    assert 0 < len(statements) <= 2, statements


# ---- In a frame ---------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PAGES)
def test_nobody_may_show_it_until_a_site_is_named(
    client: FlaskClient, session: Session, campaign: Campaign, path: str
) -> None:
    before = client.get(path)
    assert "frame-ancestors 'none'" in before.headers["Content-Security-Policy"]
    assert before.headers["X-Frame-Options"] == "DENY"
    wear(session, campaign, Theme(parents=(SHOP, "http://localhost:9000")))
    after = client.get(path)
    policy = after.headers["Content-Security-Policy"]
    assert f"frame-ancestors {SHOP} http://localhost:9000" in policy
    assert "X-Frame-Options" not in after.headers
    assert (
        policy.replace(f"{SHOP} http://localhost:9000", "'none'") == before.headers["Content-Security-Policy"]
    )


@pytest.mark.parametrize("path", ["/account/sign-in", "/c/other", "/"])
def test_nothing_else_is_ever_in_a_frame(
    client: FlaskClient, session: Session, campaign: Campaign, path: str
) -> None:
    make_campaign(session, slug="other", seed=1)
    wear(session, campaign, Theme(parents=(SHOP,)))
    answer = client.get(path)
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Frame-Options"] == "DENY"


HERE = {"Sec-Fetch-Site": "same-origin"}
EMBED = "/c/summer/embed"


@pytest.fixture
def elsewhere(app: Flask) -> FlaskClient:
    """A browser that keeps no cookie for us: we are in a frame on another site."""
    return app.test_client(use_cookies=False)


def test_an_entry_from_a_frame_needs_no_cookie(
    elsewhere: FlaskClient, session: Session, campaign: Campaign
) -> None:
    assert "Set-Cookie" not in elsewhere.get(EMBED).headers
    form = filled_form(elsewhere, path=EMBED)
    assert enter(elsewhere, form, **HERE).get_json()["outcome"] == "won"
    session.rollback()
    assert session.query(Entry).count() == 1


def test_a_page_that_is_not_in_a_frame_goes_on_with_its_cookie(
    elsewhere: FlaskClient, client: FlaskClient, campaign: Campaign
) -> None:
    assert enter(elsewhere, filled_form(elsewhere), **HERE).status_code == 422
    assert enter(client, filled_form(client)).status_code == 200


def test_a_partner_has_a_frame_too_and_its_entries_are_the_partners(
    elsewhere: FlaskClient, session: Session, campaign: Campaign
) -> None:
    partner = partners.add(session, campaign.id, "ayse", "Ayşe", actor=COMMAND_LINE, now=NOON, rng=FakeRng(3))
    path = "/c/summer/via/ayse/embed"
    assert b"You were invited by Ay" in elsewhere.get(path).data
    assert enter(elsewhere, filled_form(elsewhere, path=path), **HERE).status_code == 200
    session.rollback()
    assert [entry.partner_id for entry in session.query(Entry)] == [partner.id]
    unknown = elsewhere.get("/c/summer/via/nobody/embed")
    assert unknown.status_code == 200
    assert b"nobody" not in unknown.data


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://localhost"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
def test_another_site_cannot_send_the_form_of_a_frame(
    elsewhere: FlaskClient, session: Session, campaign: Campaign, headers: dict[str, str]
) -> None:
    form = filled_form(elsewhere, path=EMBED)
    assert "csrf_token" in enter(elsewhere, form, **headers).get_json()["errors"]
    assert session.query(Entry).count() == 0


def test_a_browser_that_names_the_origin_alone_is_believed(
    elsewhere: FlaskClient, campaign: Campaign
) -> None:
    form = filled_form(elsewhere, path=EMBED)
    assert enter(elsewhere, form, Origin="http://localhost").status_code == 200


def test_the_token_of_a_frame_is_of_one_campaign_and_of_a_few_hours(
    app: Flask, elsewhere: FlaskClient, session: Session, campaign: Campaign
) -> None:
    make_campaign(session, slug="other", seed=1)
    stolen = filled_form(elsewhere, path=EMBED)
    for token in (
        stolen["csrf_token"][:-2],
        "page.",
        "page." + tools_of(app).signer.sign(Purpose.ATTRIBUTION, ["summer", 1], tools_of(app).now()),
        "page." + tools_of(app).signer.sign(Purpose.PAGE, ["summer", 1], NOON - timedelta(days=9000)),
    ):
        answer = enter(elsewhere, stolen | {"csrf_token": token}, **HERE)
        assert "csrf_token" in answer.get_json()["errors"], token
    other = enter(elsewhere, stolen, slug="other", **HERE)
    assert "csrf_token" in other.get_json()["errors"]


def test_a_form_with_errors_comes_back_with_a_token_for_a_frame(
    elsewhere: FlaskClient, campaign: Campaign
) -> None:
    form = filled_form(elsewhere, path=EMBED, email="nobody")
    answer = elsewhere.post("/c/summer/entries", data=form, headers=HERE)
    assert answer.status_code == 422
    again = hidden_fields(answer.get_data(as_text=True))["csrf_token"]
    assert again.startswith("page.")
    assert enter(elsewhere, form | {"csrf_token": again, "email": "a@example.org"}, **HERE).status_code == 200


def test_whoever_is_too_fast_in_a_frame_is_a_program(app: Flask, campaign: Campaign) -> None:
    settings = replace(tools_of(app).settings, least_fill_seconds=60)
    app.extensions["prizewell"] = replace(tools_of(app), settings=settings)
    elsewhere = app.test_client(use_cookies=False)
    answer = enter(elsewhere, filled_form(elsewhere, path=EMBED), **HERE)
    assert "altcha" in answer.get_json()["errors"]


def tools_of(app: Flask) -> Tools:
    found: Tools = app.extensions["prizewell"]
    return found


# ---- Beside a shared link ------------------------------------------------------------------------


def told(page: str) -> dict[str, str]:
    found = re.findall(r'<meta\s+(?:property|name)="((?:og|twitter):[\w:]+)"\s+content="([^"]*)"', page)
    return {name: html.unescape(value) for name, value in found}


def test_a_shared_link_has_a_picture(client: FlaskClient, session: Session, campaign: Campaign) -> None:
    page = told(client.get("/c/summer").get_data(as_text=True))
    assert page["twitter:card"] == "summary_large_image"
    assert page["og:url"] == "http://localhost/c/summer"
    assert page["og:image"].startswith("http://localhost/c/summer/card.jpg?")
    card = client.get(page["og:image"].removeprefix("http://localhost"))
    assert card.content_type == "image/jpeg"
    assert card.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert card.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert Image.open(io.BytesIO(card.data)).size == (
        int(page["og:image:width"]),
        int(page["og:image:height"]),
    )
    wear(session, campaign, Theme(colour="#e4002b"))
    after = told(client.get("/c/summer").get_data(as_text=True))
    assert after["og:image"] != page["og:image"]


def test_a_partners_page_is_shared_as_the_partners(
    client: FlaskClient, session: Session, campaign: Campaign
) -> None:
    partners.add(session, campaign.id, "ayse", "Ayşe", actor=COMMAND_LINE, now=NOON, rng=FakeRng(3))
    shared = told(client.get("/c/summer/via/ayse").get_data(as_text=True))
    assert shared["og:url"] == "http://localhost/c/summer/via/ayse"
    framed = told(client.get(EMBED).get_data(as_text=True))
    assert framed["og:url"] == "http://localhost/c/summer"


def test_of_a_draft_there_is_no_card(client: FlaskClient, session: Session) -> None:
    make_campaign(session, status=CampaignStatus.DRAFT)
    assert client.get("/c/summer/card.jpg").status_code == 404
    assert told(client.get("/c/summer").get_data(as_text=True)) == {}
