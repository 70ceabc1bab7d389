"""The page of a result before any script runs: games suggest nothing, and links give nothing away."""

import re
from urllib.parse import unquote

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.adapters.qr import qr_svg
from app.domain.outcomes import Won
from app.domain.reveals import Reveal
from app.domain.roles import Role
from app.extensions import tools
from app.models import Message, MessageState
from app.services.outbox.messages import MOST_AGAIN
from tests.support.factories import make_campaign
from tests.support.fakes import NOON
from tests.support.outcomes import make_reveal, result_page
from tests.support.staff import sign_in
from tests.support.visitor import enter, filled_form

pytestmark = pytest.mark.sqlite_is_enough

GAMES = [reveal for reveal in Reveal if reveal is not Reveal.PLAIN]
BOTH = pytest.mark.parametrize("outcome", ["won", "lost"])


def page_of(
    app: Flask, session: Session, reveal: Reveal, outcome: str, client: FlaskClient | None = None
) -> tuple[str, str, str]:
    """The path of a result, its page, and the code won."""
    slug = make_reveal(session, reveal, outcome, now=NOON)
    with app.app_context():
        path, found = result_page(session, tools().signer, slug, 1, now=NOON)
    page = (client or app.test_client()).get(path).get_data(as_text=True)
    return path, page, found.code if isinstance(found, Won) else ""


def drawings(page: str, part: str) -> list[str]:
    """What stands last in each strip of the reels, or in each segment of the wheel."""
    return re.findall(part, page, re.DOTALL)


@BOTH
def test_the_reels_stop_at_three_alike_or_at_three_different_ones(
    app: Flask, session: Session, outcome: str
) -> None:
    _path, page, _code = page_of(app, session, Reveal.SLOTS, outcome)
    strips = drawings(page, r"data-strip>(.*?)</div>")
    ends = [re.findall(r"<svg.*?</svg>", strip, re.DOTALL)[-1] for strip in strips]
    starts = [re.findall(r"<svg.*?</svg>", strip, re.DOTALL)[0] for strip in strips]
    assert len(ends) == 3
    assert len(set(ends)) == (1 if outcome == "won" else 3), "never two of three"
    assert len(set(starts)) == 3
    prize = app.jinja_env.filters["artwork"]("coffee")
    shown = sum(strip.count(prize) for strip in strips)
    assert shown == (3 if outcome == "won" else 0), "no prize passes by that was not won"


@BOTH
def test_the_segments_of_the_wheel_are_all_alike(app: Flask, session: Session, outcome: str) -> None:
    _path, page, _code = page_of(app, session, Reveal.WHEEL, outcome)
    segments = drawings(page, r"data-segment>(.*?)</g>\s*</g>")
    assert len(segments) == 10
    assert len({re.sub(r"\s+", " ", segment) for segment in segments}) == 1


@pytest.mark.parametrize("reveal", GAMES)
def test_a_result_loaded_again_is_not_played(app: Flask, session: Session, reveal: Reveal) -> None:
    _path, page, code = page_of(app, session, reveal, "won")
    assert f'data-game="{reveal.value}"' in page
    assert "data-autoplay" not in page
    assert code in page
    assert "games.css" in page


@BOTH
def test_a_plain_result_brings_no_game(app: Flask, session: Session, outcome: str) -> None:
    _path, page, _code = page_of(app, session, Reveal.PLAIN, outcome)
    assert not re.search(r"data-game|data-parts|games\.css", page)


@BOTH
def test_links_to_share_lead_to_the_landing_page_alone(app: Flask, session: Session, outcome: str) -> None:
    path, page, code = page_of(app, session, Reveal.PLAIN, outcome)
    token = path.rpartition("/")[2]
    links = [unquote(link) for link in re.findall(r'(?:href|data-copy|data-share)="(http[^"]+)"', page)]
    assert len(links) >= 5
    for link in links:
        assert f"http://localhost/c/plain-{outcome}" in link
        assert not [secret for secret in (token, code, "person1", "/via/") if secret and secret in link]


def test_the_code_is_drawn_into_the_page_and_stands_in_no_address(app: Flask, session: Session) -> None:
    _path, page, code = page_of(app, session, Reveal.PLAIN, "won")
    assert qr_svg(code) in page
    assert not [one for one in re.findall(r'(?:href|src|action)="([^"]*)"', page) if code in unquote(one)]
    assert "style=" not in page


def test_short_codes_make_a_code_that_telephones_read() -> None:
    modules = re.search(r'viewBox="0 0 (\d+) ', qr_svg("AB-1"))
    assert modules
    assert int(modules[1]) == 21 + 2 * 4, "the smallest that is no Micro QR code"


def test_who_lost_a_daily_draw_is_told_when_to_come_again(app: Flask, session: Session) -> None:
    _path, page, _code = page_of(app, session, Reveal.PLAIN, "lost")
    assert 'data-countdown="2030-06-16T00:00:00+03:00"' in page
    assert "(Europe/Istanbul)" in page
    assert "You can play again in" in page


def ask_for_mail(client: FlaskClient, path: str) -> tuple[int, str]:
    """Press the button; gives the status, and what the page says after it."""
    answer = client.post(f"{path}/mail")
    page = client.get(answer.location).get_data(as_text=True)
    said = re.search(r'class="notice good">(.*?)</div>\s*</div>', page, re.DOTALL)
    return answer.status_code, said[1] if said else ""


def test_a_winner_has_the_mail_sent_again_and_hears_the_same_each_time(
    app: Flask, session: Session, client: FlaskClient
) -> None:
    path, _page, _code = page_of(app, session, Reveal.PLAIN, "won", client)
    answers = set()
    for _time in range(MOST_AGAIN + 2):
        session.execute(update(Message).values(state=MessageState.SENT, sent_at=NOON))
        session.commit()
        answers.add(ask_for_mail(client, path))
    answers.add(ask_for_mail(client, path))
    ((status, said),) = answers
    assert status == 303
    assert "We mail it to you again" in said
    session.rollback()
    assert len(session.scalars(select(Message.id)).all()) == 1 + MOST_AGAIN


def test_mail_is_asked_for_without_a_cookie(app: Flask, session: Session) -> None:
    path, _page, _code = page_of(app, session, Reveal.PLAIN, "won")
    in_a_frame = app.test_client(use_cookies=False)
    assert "We mail it to you again" in ask_for_mail(in_a_frame, path)[1]


def test_a_result_that_came_as_a_page_is_played_the_first_time_alone(
    app: Flask, session: Session, client: FlaskClient
) -> None:
    slug = make_reveal(session, Reveal.WHEEL, "won", now=NOON)
    answer = enter(client, filled_form(client, slug), slug, Accept="text/html")
    assert "data-autoplay" in client.get(answer.location).get_data(as_text=True)
    assert "data-autoplay" not in client.get(answer.location).get_data(as_text=True)


def test_only_a_winner_with_the_link_gets_mail(app: Flask, session: Session, client: FlaskClient) -> None:
    path, page, _code = page_of(app, session, Reveal.PLAIN, "lost")
    assert "Mail it to me again" not in page
    assert client.post(f"{path}/mail").status_code == 303
    make_campaign(session)
    for wrong in ("/c/summer/result/" + path.rpartition("/")[2], "/c/plain-lost/result/none"):
        assert client.post(f"{wrong}/mail").status_code == 404
    assert session.scalars(select(Message.id)).all() == []


@pytest.mark.parametrize("reveal", list(Reveal))
@BOTH
def test_staff_try_each_of_them(app: Flask, session: Session, reveal: Reveal, outcome: str) -> None:
    make_campaign(session)
    viewer = sign_in(app, session, Role.VIEWER)
    page = viewer.page(f"/admin/campaigns/summer/try/reveal/{reveal.value}/{outcome}")
    assert f'data-reveal="{outcome}"' in page
    assert ("data-autoplay" in page) == (reveal is not Reveal.PLAIN)
    assert "Mail it to me again" not in page


def test_there_is_nothing_to_try_beyond_that(app: Flask, session: Session) -> None:
    make_campaign(session, [], lose_weight=5)
    viewer = sign_in(app, session, Role.VIEWER)
    base = "/admin/campaigns/summer/try/reveal"
    assert viewer.get(f"{base}/coin/lost").status_code == 404
    assert viewer.get(f"{base}/wheel/maybe").status_code == 404
    answer = viewer.get(f"{base}/wheel/won")
    assert answer.status_code == 422
    assert "Give it a prize first" in answer.get_data(as_text=True)


def test_staff_choose_one_with_its_picture(app: Flask, session: Session) -> None:
    make_campaign(session)
    editor = sign_in(app, session, Role.EDITOR)
    page = editor.page("/admin/campaigns/summer/edit")
    assert page.count('class="reveal-thumb art"') == len(Reveal)
    assert page.count("/try/reveal/") == 2 * len(GAMES)
    assert "/try/reveal/" not in editor.page("/admin/campaigns/new")
