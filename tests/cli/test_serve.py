"""`serve`: from an empty folder to a running site, and everything kept at the next start."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import flask_migrate
import pytest
from flask import Flask
from sqlalchemy import update
from sqlalchemy.orm import Session

from app.adapters.mail import ConsoleRoute, FolderRoute, Route, Security, SmtpRoute
from app.cli import serve
from app.config import ROOT, ConfigError, Settings, load_settings
from app.domain.eligibility import CampaignStatus
from app.extensions import db
from app.models import Campaign
from app.services import accounts, campaigns
from tests.support.application import application, environment
from tests.support.factories import make_campaign
from tests.support.fakes import NOON

Start = Callable[[], str]


class NoServer:
    """Stands where the web server would start; keeps what it was given."""

    given: dict[str, Any] = {}  # noqa: RUF012 -- looked at by the tests

    def __init__(self, target: str, **options: Any) -> None:
        NoServer.given = {"target": target, **options}

    def serve(self) -> None:
        """Serve nothing."""


@pytest.fixture
def empty_app(empty_database_url: str, tmp_path: Path) -> Iterator[Flask]:
    """The application on a database without any table."""
    with application(environment(empty_database_url, tmp_path)) as app:
        yield app


@pytest.fixture
def start(empty_app: Flask, monkeypatch: pytest.MonkeyPatch) -> Start:
    """Start the site but for the server; what it prints."""
    monkeypatch.setattr(serve, "MPServer", NoServer)
    runner = empty_app.test_cli_runner()

    def run() -> str:
        result = runner.invoke(args=["prizewell", "serve"])
        assert result.exit_code == 0, result.output
        return result.stdout

    return run


def link(printed: str, label: str) -> str:
    return next(line for line in printed.splitlines() if line.strip().startswith(label)).split()[-1]


def test_the_first_start_makes_everything(start: Start, empty_app: Flask) -> None:
    printed = start()
    assert link(printed, "Landing page") == "http://localhost/c/welcome"
    assert link(printed, "Partner link") == "http://localhost/c/welcome/via/ayse"
    assert "one-time, for admin@example.org" in printed
    client = empty_app.test_client()
    for label in ("Landing page", "Partner link", "Its figures", "Admin sign-in"):
        path = link(printed, label).removeprefix("http://localhost")
        assert client.get(path).status_code == 200, label


def test_the_next_start_keeps_everything(start: Start, empty_app: Flask) -> None:
    old, new = (link(start(), "Admin sign-in").removeprefix("http://localhost") for _ in range(2))
    client = empty_app.test_client()
    assert client.get(old).data != client.get(new).data
    with empty_app.app_context(), Session(db.engine) as session:
        assert len(campaigns.listing(session)) == 1
        admin = accounts.listing(session)[0]
        accounts.set_password_by_link(
            session, admin.id, admin.link_counter, "correct horse battery", "Ada", now=NOON
        )
    third = start()
    assert link(third, "Staff sign-in") == "http://localhost/account/sign-in"
    assert "Admin sign-in" not in third


def test_how_the_server_is_started(start: Start, settings: Settings) -> None:
    start()
    assert NoServer.given["target"] == "wsgi:app"
    assert (NoServer.given["workers"], NoServer.given["blocking_threads"]) == (1, 8)
    assert (NoServer.given["address"], NoServer.given["port"]) == ("127.0.0.1", 8000)
    assert NoServer.given["backpressure"] <= 1024
    assert NoServer.given["workers_kill_timeout"] > 0


def test_a_site_of_ones_own_has_no_demo(start: Start, empty_app: Flask) -> None:
    runner = empty_app.test_cli_runner()
    without_tables = runner.invoke(args=["prizewell", "campaign", "list"])
    assert (without_tables.exit_code, without_tables.stdout) == (1, "")
    assert "flask db upgrade" in without_tables.stderr
    with empty_app.app_context():
        flask_migrate.upgrade()
    made = runner.invoke(args=["prizewell", "campaign", "create", "summer", "--title", "Summer"])
    assert made.exit_code == 0
    printed = start()
    assert "none yet: no campaign is open" in printed
    assert "/c/" not in printed


def test_a_campaign_that_can_be_entered_goes_before_those_that_cannot(start: Start, empty_app: Flask) -> None:
    with empty_app.app_context():
        flask_migrate.upgrade()
    now, slugs = datetime.now(UTC), ("early", "later", "paused", "draft")
    starts = dict(zip(slugs, (now - timedelta(days=1), now + timedelta(days=1), None, None), strict=True))
    status = {"paused": CampaignStatus.PAUSED, "draft": CampaignStatus.DRAFT}
    with empty_app.app_context(), Session(db.engine) as session:
        for number, slug in enumerate(slugs):
            made_at, is_in = now + timedelta(seconds=number), status.get(slug, CampaignStatus.OPEN)
            make_campaign(
                session, slug=slug, status=is_in, opens_at=starts[slug], now=made_at, seed=number + 1
            )
    shown = []
    for _slug in slugs:
        printed = start()
        shown.append(link(printed, "Landing page").rpartition("/")[2])
        with empty_app.app_context(), Session(db.engine) as session:
            over = update(Campaign).where(Campaign.slug == shown[-1]).values(status=CampaignStatus.CLOSED)
            session.execute(over)
            session.commit()
    assert shown == ["early", "later", "paused", "open"]


def test_where_the_data_lives(settings: Settings) -> None:
    secret = replace(settings, database_url="postgresql+psycopg://ada:secret@db/prizes")
    assert serve._where(secret) == "postgresql+psycopg://ada:***@db/prizes"
    plain = replace(settings, database_url="sqlite:////data/prizes.sqlite3")
    assert serve._where(plain) == "/data/prizes.sqlite3"


def test_the_first_admin_belongs_to_the_sites_domain(settings: Settings) -> None:
    public = replace(settings, public_url="https://win.example.com")
    assert serve._admin_address(public) == "admin@win.example.com"


def test_a_wrong_setting_is_one_clear_line(tmp_path: Path) -> None:
    wrong = {"PRIZEWELL_INSTANCE": str(tmp_path), "PRIZEWELL_THREADS": "many", "PATH": os.defpath}
    with pytest.raises(ConfigError):
        load_settings(wrong)
    command = [sys.executable, "-m", "flask", "prizewell", "campaign", "list"]
    done = subprocess.run(command, cwd=ROOT, env=wrong, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "Prizewell cannot start: PRIZEWELL_THREADS: must be a whole number from 1 to 256"
    ]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.mark.race
def test_a_real_start_answers_and_a_signal_ends_it(tmp_path: Path) -> None:
    port = free_port()
    variables = {"PRIZEWELL_INSTANCE": str(tmp_path), "PORT": str(port), "PATH": os.defpath}
    for stop in (signal.SIGTERM, signal.SIGINT):
        command = [sys.executable, "-m", "flask", "prizewell", "serve"]
        with (tmp_path / "log").open("w") as log:
            process = subprocess.Popen(command, cwd=ROOT, env=variables, stdout=log, stderr=log)
        try:
            wait_for(f"http://127.0.0.1:{port}/c/welcome", process)
            (worker,) = workers_of(process)
            process.send_signal(stop)
            assert process.wait(30) == 0
            assert not Path(f"/proc/{worker}").exists()
        finally:
            process.kill()
            process.wait()
        assert "Landing page" in (tmp_path / "log").read_text()
    assert (tmp_path / "prizewell.sqlite3").exists()


def workers_of(process: "subprocess.Popen[bytes]") -> list[int]:
    """The processes that send the mail of the site that this process serves."""
    wanted = ["prizewell", "worker", "--beside", str(process.pid)]
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if path.read_bytes().decode().split("\0")[-5:-1] == wanted:
                found.append(int(path.parent.name))
    return found


def wait_for(url: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 -- our own server
                assert answer.status == 200
                return
        except (urllib.error.URLError, ConnectionError):
            assert process.poll() is None, "the server ended"
            assert time.monotonic() < deadline, "the server does not answer"
            time.sleep(0.1)


@pytest.mark.parametrize(
    ("mail", "says"),
    [
        (
            SmtpRoute("mail.example.org", 587, Security.STARTTLS, "me", "secret"),
            "through mail.example.org:587",
        ),
        (FolderRoute(Path("letters")), "into letters: set PRIZEWELL_MAIL to send it"),
        (ConsoleRoute(), "onto this screen"),
        (None, "off: set PRIZEWELL_MAIL, and winners are told by mail too"),
    ],
)
def test_where_mail_goes_is_told(tmp_path: Path, mail: Route | None, says: str) -> None:
    settings = load_settings(environment(f"sqlite:///{tmp_path}/x.db", tmp_path))
    assert serve._mail_goes(replace(settings, mail=mail)) == says
