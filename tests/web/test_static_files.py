"""Files for the browser: addresses that change with the files, caching for good, and packing."""

import gzip
import re
from pathlib import Path

import pytest
from flask import Flask, url_for
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.config import ROOT
from app.domain.eligibility import CampaignStatus
from app.web import packing, static_files
from tests.support.factories import make_campaign
from tests.support.visitor import enter, filled_form

SCRIPT = "js/entry.js"
GZIP = {"Accept-Encoding": "gzip, deflate, br"}


def address(app: Flask, filename: str) -> str:
    with app.test_request_context():
        return url_for("static", filename=filename)


def test_a_browser_keeps_a_file_for_good(app: Flask, client: FlaskClient) -> None:
    answer = client.get(address(app, SCRIPT))
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("part", ["css/base.css", "fonts/fraunces-600@5.3.0/latin.woff2"])
def test_a_part_of_a_page_carries_what_parts_obey_and_no_more(
    app: Flask, client: FlaskClient, part: str
) -> None:
    answer = client.get(address(app, part))
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "Content-Security-Policy" not in answer.headers


@pytest.mark.parametrize("name", [SCRIPT, "vendor/altcha@3.2.2/workers/pbkdf2.js", "img/favicon.svg"])
def test_what_runs_or_opens_by_itself_carries_the_policy(app: Flask, client: FlaskClient, name: str) -> None:
    assert "default-src 'none'" in client.get(address(app, name)).headers["Content-Security-Policy"]


def test_the_version_changes_with_any_file(tmp_path: Path) -> None:
    (tmp_path / "css").mkdir()
    (tmp_path / "css" / "a.css").write_text("a{}")
    versions = {static_files.read.__wrapped__(tmp_path).version}
    (tmp_path / "css" / "a.css").write_text("b{}")
    versions.add(static_files.read.__wrapped__(tmp_path).version)
    (tmp_path / "css" / "a.css").rename(tmp_path / "css" / "b.css")
    versions.add(static_files.read.__wrapped__(tmp_path).version)
    assert len(versions) == 3


@pytest.mark.parametrize("version", ["0123456789ab/", ""])
def test_a_page_from_before_an_update_gets_the_file_of_today(
    app: Flask, client: FlaskClient, version: str
) -> None:
    answer = client.get(f"/static/{version}{SCRIPT}")
    assert answer.data == client.get(address(app, SCRIPT)).data
    assert answer.headers["Cache-Control"] == "no-cache", "or it would be stale for a year"
    again = client.get(f"/static/{version}{SCRIPT}", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    assert again.data == b""


def test_text_goes_out_packed_to_those_who_can_unpack_it(app: Flask, client: FlaskClient) -> None:
    plain, packed = (client.get(address(app, SCRIPT), headers=headers) for headers in ({}, GZIP))
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data == (ROOT / "static" / SCRIPT).read_bytes()
    assert int(packed.headers["Content-Length"]) == len(packed.data) < len(plain.data)
    assert plain.headers["Vary"] == packed.headers["Vary"] == "Accept-Encoding"
    assert plain.headers["ETag"] != packed.headers["ETag"]
    refused = client.get(address(app, SCRIPT), headers={"Accept-Encoding": "gzip;q=0, br"})
    assert "Content-Encoding" not in refused.headers


def test_a_font_is_packed_already(app: Flask, client: FlaskClient) -> None:
    fonts = sorted((ROOT / "static" / "fonts").rglob("*.woff2"))
    name = fonts[0].relative_to(ROOT / "static").as_posix()
    answer = client.get(address(app, name), headers=GZIP)
    assert answer.headers["Content-Type"] == "font/woff2"
    assert "Content-Encoding" not in answer.headers
    assert "Vary" not in answer.headers


@pytest.mark.parametrize("path", ["js/nothing.js", "../pyproject.toml", "%2e%2e/pyproject.toml", "js", "js/"])
def test_nothing_but_the_folders_files_is_served(app: Flask, client: FlaskClient, path: str) -> None:
    assert client.get(f"/static/{path}").status_code == 404
    assert client.get(address(app, SCRIPT).replace(SCRIPT, path)).status_code == 404


def test_every_address_in_a_page_is_that_of_today(app: Flask, client: FlaskClient, session: Session) -> None:
    make_campaign(session)
    version = static_files.read(ROOT / "static").version
    for path in ("/c/summer", "/c/summer/rules", "/account/sign-in"):
        found = re.findall(r"/static/[^\"']+", client.get(path).get_data(as_text=True))
        assert found
        assert all(one.startswith(f"/static/{version}/") for one in found), path


def test_pages_that_reflect_nothing_are_packed(client: FlaskClient, session: Session) -> None:
    make_campaign(session)
    answer = client.get("/c/summer", headers=GZIP)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in answer.headers["Vary"]
    assert int(answer.headers["Content-Length"]) == len(answer.data)
    assert "<form" in gzip.decompress(answer.data).decode()
    assert "Content-Encoding" not in client.get("/c/summer").headers


def test_only_pages_that_are_read_are_packed(app: Flask) -> None:
    rules = {rule.endpoint: rule.methods or set() for rule in app.url_map.iter_rules()}
    for endpoint in packing.REFLECT_NOTHING:
        assert "GET" in rules[endpoint]
        assert "POST" not in rules[endpoint]


def test_what_is_hardly_anything_goes_out_as_it_is(client: FlaskClient, session: Session) -> None:
    make_campaign(session)
    answer = client.get("/c/summer/odds/1.json", headers=GZIP)
    assert answer.status_code == 200
    assert "Content-Encoding" not in answer.headers


def test_a_page_with_a_secret_and_somebody_elses_words_is_never_packed(
    client: FlaskClient, session: Session
) -> None:
    """The lengths of packed pages would give the secret away (BREACH)."""
    make_campaign(session)
    form = filled_form(client)
    wrong = enter(client, form | {"email": "no address", "name": "csrf_token"}, Accept="text/html", **GZIP)
    assert wrong.status_code == 422
    assert "csrf_token" in wrong.get_data(as_text=True)
    won = enter(client, form, Accept="text/html", **GZIP)
    result = client.get(won.headers["Location"], headers=GZIP)
    assert result.status_code == 200
    for answer in (wrong, won, result, client.get("/nothing?csrf_token", headers=GZIP)):
        assert "Content-Encoding" not in answer.headers


def test_the_landing_page_shows_nothing_of_what_its_address_carries(
    client: FlaskClient, session: Session
) -> None:
    """What makes it safe to pack."""
    make_campaign(session)
    make_campaign(session, slug="winter", seed=1)
    make_campaign(session, slug="over", status=CampaignStatus.CLOSED, seed=2)
    marks = {"User-Agent": "mark-agent", "Referer": "http://localhost/mark-from", "X-Mark": "mark-header"}
    marks["Accept-Language"] = "mark-speech"
    for path in (
        "/c/summer",
        "/c/over",
        "/c/summer/via/mark-partner",
        "/c/summer/rules",
        "/c/summer/fairness",
        "/",
    ):
        page = client.get(f"{path}?lang=mark-lang&csrf_token=mark-token&mark-name=1", headers=marks)
        assert page.status_code == 200
        assert "mark-" not in page.get_data(as_text=True), path
