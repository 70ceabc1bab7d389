"""The page "Look": what is chosen is shown before it is saved, and saved with a reason while people enter."""

import io
import re
from typing import Any

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.domain.eligibility import CampaignStatus
from app.domain.roles import Role
from app.domain.theme import Corners, Fonts, Theme, Tone
from app.models import Campaign
from app.services import campaigns, looks
from app.services.audit import COMMAND_LINE
from tests.support.factories import make_campaign
from tests.support.fakes import NOON
from tests.support.staff import Staff, csrf_token, sign_in

pytestmark = pytest.mark.sqlite_is_enough

PAGE = "/admin/campaigns/summer/look"
CHOSEN = {
    "colour": "e4002b",
    "ground": "cool",
    "mode": "dark",
    "fonts": "serif",
    "corners": "round",
    "parents": "https://Shop.example.org/\n\nhttp://localhost:9000",
    "reason": "the brand has changed",
}


@pytest.fixture
def campaign(session: Session) -> Campaign:
    return make_campaign(session)


@pytest.fixture
def editor(app: Flask, session: Session, campaign: Campaign) -> Staff:
    return sign_in(app, session, Role.EDITOR)


def drawn(size: tuple[int, int], colour: tuple[int, ...], mode: str = "RGB") -> tuple[io.BytesIO, str]:
    image = Image.new(mode, size, (0, 0, 0, 0) if mode == "RGBA" else colour)
    image.paste(colour, (0, 0, size[0] // 2, size[1]))
    body = io.BytesIO()
    image.save(body, "PNG")
    body.seek(0)
    return body, "picture.png"


def filled_in(editor: Staff, **changes: object) -> dict[str, object]:
    page = editor.get(PAGE).get_data(as_text=True)
    hidden = dict(
        re.findall(
            r'<input id="(?:version|logo|hero|logo_tone)" name="(\w+)" type="hidden" value="([^"]*)"', page
        )
    )
    hidden |= {
        name: value for value, name in re.findall(r'type="hidden" value="(\d+)" name="(version)"', page)
    }
    usual = {"ground": "warm", "mode": "follow", "fonts": "grotesk", "corners": "soft"}
    return usual | hidden | {"version": version_in(page), "csrf_token": csrf_token(page)} | changes


def version_in(page: str) -> str:
    found = re.search(r'name="version"[^>]*value="(\d+)"', page)
    assert found
    return found[1]


def stored(session: Session) -> Theme:
    session.expire_all()
    session.rollback()
    return looks.theme_of(campaigns.get(session, "summer"))


def send(editor: Staff, path: str = PAGE, /, **changes: Any) -> TestResponse:
    return editor.post(path, data=filled_in(editor, **changes), content_type="multipart/form-data")


def test_a_look_is_chosen_and_saved(editor: Staff, session: Session) -> None:
    assert send(editor, **CHOSEN).status_code == 303
    theme = stored(session)
    assert (theme.colour, theme.fonts, theme.corners) == ("#e4002b", Fonts.SERIF, Corners.ROUND)
    assert theme.parents == ("https://shop.example.org", "http://localhost:9000")
    page = editor.get(PAGE).get_data(as_text=True)
    assert 'value="#e4002b"' in page
    assert "https://shop.example.org\nhttp://localhost:9000" in page


def test_a_live_campaign_asks_why(editor: Staff, session: Session, campaign: Campaign) -> None:
    answer = send(editor, **CHOSEN | {"reason": ""})
    assert answer.status_code == 422
    assert "say why" in answer.get_data(as_text=True).lower()
    campaigns.set_status(session, campaign.id, CampaignStatus.CLOSED, actor=COMMAND_LINE, now=NOON)
    assert 'name="reason"' not in editor.get(PAGE).get_data(as_text=True)
    assert send(editor, **CHOSEN | {"reason": ""}).status_code == 303


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"colour": "reddish"}, "Use a colour such as #0a7cff"),
        ({"parents": "shop.example.org"}, "“shop.example.org” is no address of a site"),
        ({"hero_alt": "x" * 300}, "Use at most 200 characters"),
        ({"logo_upload": (io.BytesIO(b"<svg/>"), "logo.svg")}, "not a picture that can be read"),
        ({"hero_upload": drawn((1000, 100), (1, 2, 3))}, "too long"),
        ({"fonts": "comic"}, "Not a valid choice"),
    ],
)
def test_what_will_not_do_is_told_in_its_place(
    editor: Staff, session: Session, changes: dict[str, object], told: str
) -> None:
    answer = send(editor, **CHOSEN | changes)
    assert answer.status_code == 422
    assert told in answer.get_data(as_text=True)
    assert stored(session) == Theme()


def test_pictures_are_drawn_anew_and_shown(editor: Staff, session: Session) -> None:
    answer = send(
        editor,
        logo_upload=drawn((600, 100), (10, 10, 30, 255), "RGBA"),
        hero_upload=drawn((1600, 900), (200, 80, 20)),
        hero_alt="A beach",
        reason="pictures",
    )
    assert answer.status_code == 303
    theme = stored(session)
    assert theme.logo is not None
    assert (theme.logo.width, theme.logo.height) == (600, 100)
    assert theme.logo_tone is Tone.DARK
    assert theme.hero is not None
    assert theme.hero.width == 1200
    assert editor.get(f"/pictures/{theme.hero.file_name(640)}").content_type == "image/webp"
    kept = send(editor, logo=str(theme.logo), hero=str(theme.hero), no_hero="y", reason="less")
    assert kept.status_code == 303
    assert (stored(session).logo, stored(session).hero) == (theme.logo, None)


def test_a_picture_that_is_not_there_is_not_kept(editor: Staff, session: Session) -> None:
    send(editor, logo="ab" * 16 + "-800x200", reason="none")
    assert stored(session).logo is None


def test_two_who_save_at_once_see_each_other(editor: Staff, session: Session, campaign: Campaign) -> None:
    form = filled_in(editor, **CHOSEN)
    looks.edit(session, campaign.id, Theme(colour="#00ff00"), actor=COMMAND_LINE, now=NOON)
    answer = editor.post(PAGE, data=form)
    assert answer.status_code == 409
    assert "#00ff00" in answer.get_data(as_text=True)
    again = form | {"version": version_in(answer.get_data(as_text=True))}
    assert editor.post(PAGE, data=again).status_code == 303


def test_show_saves_nothing(editor: Staff, session: Session) -> None:
    answer = send(editor, **CHOSEN, show="1")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert stored(session) == Theme()
    (frame,) = re.findall(r'<iframe src="([^"]+)"', page)
    assert "--accent:#e4002b" in style_in(editor, frame)
    assert "frame-src 'self'" in answer.headers["Content-Security-Policy"]


def style_in(editor: Staff, frame: str) -> str:
    shown = editor.get(frame)
    assert shown.status_code == 200
    assert "frame-ancestors 'self'" in shown.headers["Content-Security-Policy"]
    assert shown.headers["X-Frame-Options"] == "SAMEORIGIN"
    page = shown.get_data(as_text=True)
    assert "<script" not in page
    (address,) = re.findall(r'<link rel="stylesheet" href="([^"]+)" data-look>', page)
    style = editor.get(address)
    assert style.content_type == "text/css; charset=utf-8"
    return style.get_data(as_text=True)


def test_the_draft_is_seen_and_not_saved(editor: Staff, session: Session) -> None:
    answer = send(editor, f"{PAGE}/draft", **CHOSEN, hero_upload=drawn((800, 500), (9, 9, 9)))
    assert answer.status_code == 200
    seen = answer.get_json()
    assert "--accent:#e4002b" in style_in(editor, seen["page"])
    assert seen["kept"]["hero"].endswith("-800x500")
    assert "4." in seen["checks"] or "5." in seen["checks"]
    assert stored(session) == Theme()
    wrong = send(editor, f"{PAGE}/draft", colour="#12", parents="nonsense").get_json()["errors"]
    assert wrong["colour"]
    assert wrong["parents"]


@pytest.mark.parametrize(
    ("colour", "told"),
    [
        ("#ffe600", "1.2 : 1 on the page"),
        ("#101040", "made lighter there"),
        ("#e4002b", "Everything can be read"),
    ],
)
def test_what_is_done_about_contrast_is_told(editor: Staff, colour: str, told: str) -> None:
    assert told in send(editor, f"{PAGE}/draft", colour=colour).get_json()["checks"]


def test_a_forged_draft_is_not_shown(editor: Staff, session: Session) -> None:
    make_campaign(session, slug="other", seed=1)
    page = send(editor, f"{PAGE}/draft", **CHOSEN).get_json()["page"]
    assert editor.get(page[:-3]).status_code == 404
    assert editor.get(page.replace("/summer/", "/other/")).status_code == 404
    assert editor.get(f"{PAGE}/page").status_code == 200


def test_the_snippet_cannot_break_out_of_its_title(
    editor: Staff, session: Session, campaign: Campaign
) -> None:
    campaign.title = 'A "big" <one> & more'
    session.merge(campaign)
    session.commit()
    page = editor.get(PAGE).get_data(as_text=True)
    assert "title=&#34;A &amp;quot;big&amp;quot; &amp;lt;one&gt; &amp;amp; more&#34;" in page
