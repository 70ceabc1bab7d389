"""The commands, as the issue lists them: what they do, what they say, and how they end."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.adapters.second_factor import SecretVault
from app.adapters.tokens import Purpose
from app.domain.eligibility import CampaignStatus
from app.domain.odds import Limits, OnEmpty
from app.domain.roles import Role
from app.extensions import tools
from app.models import Account, Code
from app.services import accounts, audit, campaigns, odds, partners, prizes, second_factor, tiers
from app.services.check import _PROMISES
from app.services.entries import submit_entry
from tests.support.application import SEED_KEY
from tests.support.factories import VAULT, make_campaign, submission
from tests.support.fakes import NOON, FakeRng
from tests.support.staff import make_account

pytestmark = pytest.mark.sqlite_is_enough


Run = Callable[..., Result]


@pytest.fixture
def run(app: Flask) -> Run:
    """Run `flask prizewell …` in the application."""
    runner = app.test_cli_runner()

    def command(*words: str, stdin: str | bytes | None = None) -> Result:
        return runner.invoke(args=["prizewell", *words], input=stdin)

    return command


@pytest.fixture
def said(run: Run) -> Callable[..., str]:
    """Run a command that must succeed; what it prints."""

    def command(*words: str, stdin: str | bytes | None = None) -> str:
        result = run(*words, stdin=stdin)
        assert result.exit_code == 0, result.output
        return result.stdout

    return command


Said = Callable[..., str]


@pytest.fixture
def summer(said: Said) -> str:
    """A campaign in which every other ticket wins Gold."""
    who = ["--who", "Everyone."]
    said("campaign", "create", "summer", "--title", "Summer", "--lose-weight", "1", *who)
    said("tier", "add", "summer", "Gold", "--weight", "1")
    said("prize", "add", "summer", "Gold", "Ring")
    return "summer"


def refused(result: Result) -> str:
    """What a command that must fail says: one clear end on standard error, exit 1."""
    assert result.exit_code == 1, result.output
    assert "Traceback" not in result.output
    assert "Error: " in result.stderr
    return result.stderr


def test_creating_prints_the_landing_page(said: Said, session: Session) -> None:
    printed = said("campaign", "create", "summer-26", "--title", "Summer")
    assert "http://localhost/c/summer-26" in printed.splitlines()
    made = campaigns.get(session, "summer-26")
    assert (made.status, made.lose_weight, made.timezone) == (CampaignStatus.DRAFT, 1000, "UTC")


def test_times_without_offset_are_the_campaigns(said: Said, session: Session) -> None:
    said(
        *("campaign", "create", "summer", "--title", "Summer", "--timezone", "Europe/Istanbul"),
        *("--opens", "2030-06-01T10:00", "--closes", "2030-07-01T10:00+00:00", "--entries", "daily"),
    )
    made = campaigns.get(session, "summer")
    assert made.opens_at is not None
    assert made.closes_at is not None
    assert (made.opens_at.isoformat(), made.closes_at.isoformat()) == (
        "2030-06-01T07:00:00+00:00",
        "2030-07-01T10:00:00+00:00",
    )
    assert made.entries == "daily"
    listed = json.loads(said("campaign", "list", "--json"))
    assert listed[0]["opens_at"] == "2030-06-01T10:00:00+03:00"
    assert listed[0]["closes_at"] == "2030-07-01T13:00:00+03:00"


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["summer"], "--title"),
        (["Summer!", "--title", "x"], "slug"),
        (["summer", "--title", ""], "title"),
        (["summer", "--title", "x", "--opens", "tomorrow"], "--opens"),
        (["summer", "--title", "x", "--opens", "0001-01-01T00:00+14:00"], "2000 to 2100"),
        (["summer", "--title", "x", "--timezone", "Mars/Base"], "timezone"),
        (["summer", "--title", "x", "--timezone", "../etc", "--opens", "2030-01-01"], "--timezone"),
        (["summer", "--title", "x", "--opens", "2030-01-02", "--closes", "2030-01-01"], "closes_at"),
        (["summer", "--title", "x", "--entries", "hourly"], "--entries"),
        (["summer", "--title", "x", "--lose-weight", "-1"], "--lose-weight"),
        (["summer", "--title", "x", "--lose-weight", "1.5"], "--lose-weight"),
        (["summer", "--title", "x", "--lose-weight", "9" * 5000], "--lose-weight"),
        (["summer", "--title", "x", "--lose-weight", "0"], "weight"),
        (["summer", "--title", "x", "--colour", "red"], "--colour"),
    ],
)
def test_campaigns_that_will_not_do(run: Run, session: Session, words: list[str], hint: str) -> None:
    assert hint in refused(run("campaign", "create", *words))
    assert campaigns.listing(session) == []


def test_a_taken_slug(run: Run, summer: str) -> None:
    assert "taken" in refused(run("campaign", "create", summer, "--title", "Again"))


def test_listing_opening_pausing_closing(run: Run, said: Said, summer: str) -> None:
    assert "nobody can win" in refused(run("campaign", "open", summer))
    said("codes", "generate", summer, "Ring", "5")
    assert "is open" in said("campaign", "open", summer)
    assert "live" in said("campaign", "list")
    assert "is paused" in said("campaign", "pause", summer)
    assert "is closed" in said("campaign", "close", summer)
    assert "cannot become" in refused(run("campaign", "open", summer))
    assert "nowhere" in refused(run("campaign", "open", "nowhere"))


def test_no_campaigns_yet(said: Said) -> None:
    assert said("campaign", "list") == ""
    assert json.loads(said("campaign", "list", "--json")) == []


def test_tiers(said: Said, session: Session, summer: str) -> None:
    printed = said("tier", "add", summer, "Platinum", "--weight", "2", "--fallback", "Gold")
    assert "2 of 4" in printed
    said("tier", "add", summer, "Tin", "--weight", "0", "--on-empty", "lose")
    gold, platinum, tin = tiers.listing(session, campaigns.get(session, summer).id)
    assert (platinum.on_empty, platinum.fallback_id) == (OnEmpty.FALLBACK, gold.id)
    assert (tin.on_empty, tin.weight) == (OnEmpty.LOSE, 0)
    assert odds.in_force(session, campaigns.get(session, summer)).version == 4


def test_limits_of_a_tier(said: Said, session: Session, summer: str) -> None:
    limits = ["--per-hour", "3", "--per-day", "20", "--in-all", "500", "--per-person", "1"]
    times = ["--opens", "2030-06-01T10:00:00.5+00:00", "--closes", "2030-06-02T10:00+00:00"]
    said("tier", "add", summer, "Night", "--weight", "2", "--on-empty", "redraw", *limits, *times)
    night = tiers.listing(session, campaigns.get(session, summer).id)[1]
    opens = datetime(2030, 6, 1, 10, tzinfo=UTC)
    assert night.limits == Limits(3, 20, 500, 1, opens, opens + timedelta(days=1))
    assert night.on_empty is OnEmpty.REDRAW


def test_a_tier_for_a_live_campaign_needs_a_reason(run: Run, said: Said, session: Session) -> None:
    make_campaign(session, slug="live")
    assert "say why" in refused(run("tier", "add", "live", "Tin", "--weight", "1"))
    said("tier", "add", "live", "Tin", "--weight", "1", "--reason", "slow nights")
    session.rollback()
    assert audit.latest(session)[0].reason == "slow nights"


def test_a_tier_is_edited(run: Run, said: Said, session: Session, summer: str) -> None:
    limits = ["--per-hour", "3", "--closes", "2030-06-02T10:00+00:00"]
    said("tier", "add", summer, "Night", "--weight", "2", "--fallback", "Gold", *limits)
    assert "5 of 7" in said("tier", "edit", summer, "Night", "--weight", "5")
    gold, night = tiers.listing(session, campaigns.get(session, summer).id)
    closes = datetime(2030, 6, 2, 10, tzinfo=UTC)
    assert (night.weight, night.on_empty, night.fallback_id) == (5, OnEmpty.FALLBACK, gold.id)
    assert night.limits == Limits(per_hour=3, closes_at=closes)
    words = ["--name", "Late", "--off", "--on-empty", "redraw", "--per-day", "9", "--without", "per-hour"]
    assert "0 of 2" in said("tier", "edit", summer, "Night", *words)
    session.rollback()
    session.expire_all()
    assert (night.name, night.enabled, night.on_empty, night.fallback_id) == (
        *("Late", False),
        *(OnEmpty.REDRAW, None),
    )
    assert night.limits == Limits(per_day=9, closes_at=closes)
    said("tier", "edit", summer, "Late", "--without", "closes", "--without", "per-day", "--on")
    session.rollback()
    session.expire_all()
    assert (night.enabled, night.limits) == (True, Limits())
    assert "there are 'Gold'" in refused(run("tier", "edit", summer, "Tin", "--weight", "1"))
    assert "fall back to itself" in refused(run("tier", "edit", summer, "Gold", "--fallback", "Gold"))


def test_changes_of_a_live_campaign_need_a_reason(run: Run, said: Said, session: Session) -> None:
    make_campaign(session, slug="live")
    for words in (
        ("tier", "edit", "live", "Gold", "--weight", "2"),
        ("prize", "add", "live", "Gold", "Mug", "--quantity", "3"),
        ("codes", "generate", "live", "Gold prize", "3"),
        ("codes", "import", "live", "Gold prize", "-"),
    ):
        assert "say why" in refused(run(*words, stdin="ALPHA\n"))
        said(*words, "--reason", "slow nights", stdin="ALPHA\n")
        session.rollback()
        assert audit.latest(session)[0].reason == "slow nights"
    said("codes", "import", "live", "Gold prize", "-", "--dry-run", stdin="BETA\n")


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["Tin"], "--weight"),
        (["Tin", "--weight", "-1"], "whole number"),
        (["Tin", "--weight", "0.5"], "whole number"),
        (["Tin", "--weight", "1e3"], "whole number"),
        (["Tin", "--weight", "٣"], "whole number"),
        (["Tin", "--weight", str(2**63)], "whole number"),
        (["Tin", "--weight", str(2**63 - 1)], "2^63"),
        (["Gold", "--weight", "1"], "called “Gold”"),
        (["Tin", "--weight", "1", "--fallback", "Silver"], "there are 'Gold'"),
        (["Tin", "--weight", "1", "--on-empty", "fallback"], "--fallback NAME"),
        (["Tin", "--weight", "1", "--on-empty", "lose", "--fallback", "Gold"], "--on-empty fallback"),
        (["Tin", "--weight", "1", "--on-empty", "explode"], "--on-empty"),
        (["Tin", "--weight", "1", "--on-empty", "redraw", "--fallback", "Gold"], "--on-empty fallback"),
        (["Tin", "--weight", "1", "--per-hour", "0"], "whole number"),
        (["Tin", "--weight", "1", "--opens", "soon"], "--opens"),
        (
            ["Tin", "--weight", "1", "--opens", "2030-01-02", "--closes", "2030-01-01"],
            "open before it closes",
        ),
    ],
)
def test_tiers_that_will_not_do(run: Run, session: Session, summer: str, words: list[str], hint: str) -> None:
    assert hint in refused(run("tier", "add", summer, *words))
    assert len(tiers.listing(session, campaigns.get(session, summer).id)) == 1


def test_prizes(run: Run, said: Said, session: Session, summer: str) -> None:
    assert "12 units" in said("prize", "add", summer, "Gold", "Coffee", "--quantity", "12")
    campaign_id = campaigns.get(session, summer).id
    coffee = prizes.find_by_name(session, campaign_id, "Coffee")
    assert coffee is not None
    assert prizes.stock_of(session, coffee.id).free == 12
    assert "there are 'Gold'" in refused(run("prize", "add", summer, "Silver", "Cup"))
    assert "called “Ring”" in refused(run("prize", "add", summer, "Gold", "Ring"))
    for quantity in ("-1", "1.5", "1000001", "many"):
        assert "whole number" in refused(run("prize", "add", summer, "Gold", "Cup", "--quantity", quantity))


def test_importing_codes(run: Run, said: Said, session: Session, summer: str, tmp_path: Path) -> None:
    file = tmp_path / "codes.csv"
    file.write_bytes(b"\xef\xbb\xbfcode\r\nALPHA\r\nBETA\r\n")
    assert "2 new codes to import" in said("codes", "import", summer, "Ring", str(file), "--dry-run")
    assert session.scalar(select(func.count(Code.id))) == 0
    assert "2 new codes imported" in said("codes", "import", summer, "Ring", str(file))
    report = run("codes", "import", summer, "Ring", "-", stdin="GAMMA\nBETA\nDELTA\nDELTA\n=1+1\n")
    told = refused(report)
    assert "1 known in this campaign: line 2" in told
    assert "1 twice in the file: line 4 (first in line 3)" in told
    assert "1 malformed: line 5 (formula)" in told
    assert "2 new codes to import" in report.stdout
    session.rollback()
    assert session.scalars(select(Code.text).order_by(Code.id)).all() == ["ALPHA", "BETA"]
    assert said("codes", "export", summer, "Ring").split() == ["ALPHA", "BETA"]


def test_import_reports_for_machines(run: Run, said: Said, summer: str) -> None:
    def report(*words: str, lines: str) -> tuple[int, dict[str, object]]:
        result = run("codes", "import", summer, "Ring", "-", "--json", *words, stdin=lines)
        return result.exit_code, json.loads(result.stdout)

    empty: dict[str, object] = {
        "returning": 0,
        "known": [],
        "elsewhere": [],
        "duplicates": [],
        "malformed": [],
    }
    fine = {"ok": True, "new": 1, **empty}
    assert report("--dry-run", lines="ALPHA\n") == (0, fine | {"written": False})
    assert report(lines="ALPHA\n") == (0, fine | {"written": True})
    wrong = {"ok": False, "written": False, "new": 1, **empty}
    assert report(lines="ALPHA\nBETA\n") == (1, wrong | {"known": [1]})
    duplicate = [{"line": 2, "first_line": 1}]
    assert report(lines="BETA\nbeta\n") == (1, wrong | {"duplicates": duplicate})


def test_only_the_first_wrong_lines_are_told(run: Run, summer: str) -> None:
    told = refused(run("codes", "import", summer, "Ring", "-", stdin="=1+1\n" * 30))
    assert "30 malformed: line 1 (formula), " in told
    assert "and 10 more" in told


@pytest.mark.parametrize(
    ("data", "hint"),
    [(b"", "no codes"), (b"ALPHA\n\xff\xfe\n", "UTF-8"), (b"PK\x03\x04spreadsheet", "Save the sheet")],
)
def test_files_that_are_no_lists(run: Run, summer: str, data: bytes, hint: str) -> None:
    assert hint in refused(run("codes", "import", summer, "Ring", "-", stdin=data))


@pytest.mark.parametrize(
    "words",
    [
        ("prize", "add", "summer", "\udcff", "Ring"),
        ("codes", "export", "summer", "\udcff"),
        ("partner", "link", "summer", "\udcff"),
        ("account", "link", "\udcff@example.org"),
    ],
)
def test_bytes_that_are_no_text(run: Run, summer: str, words: tuple[str, ...]) -> None:
    refused(run(*words))


def test_a_file_that_is_not_there(run: Run, summer: str) -> None:
    assert "nowhere.csv" in refused(run("codes", "import", summer, "Ring", "nowhere.csv"))
    assert "there are 'Ring'" in refused(run("codes", "import", summer, "Bell", "-", stdin="ALPHA\n"))


def test_generating_codes(run: Run, said: Said, summer: str) -> None:
    said("codes", "generate", summer, "Ring", "25", "--prefix", "sun")
    made = said("codes", "export", summer, "Ring").split()
    assert len(set(made)) == 25
    assert all(code.startswith("SUN-") for code in made)
    said("codes", "generate", summer, "Ring", "1", "--prefix", "vip", "--length", "12")
    (short,) = (code for code in said("codes", "export", summer, "Ring").split() if code.startswith("VIP"))
    assert re.fullmatch(r"VIP(?:-[0-9A-Z]{4}){3}", short)
    assert "--length" in refused(run("codes", "generate", summer, "Ring", "1", "--length", "13"))
    for count in ("0", "1.5", "1000001"):
        assert "whole number" in refused(run("codes", "generate", summer, "Ring", count))
    assert "prefix" in refused(run("codes", "generate", summer, "Ring", "1", "--prefix", "no good"))


def test_long_work_shows_its_progress_where_somebody_watches(
    said: Said, run: Run, summer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("codes", "generate", summer, "Ring", "10").stderr == ""
    monkeypatch.setattr("app.cli.support._is_watched", lambda: True)
    assert "Making codes" in run("codes", "generate", summer, "Ring", "10").stderr
    lines = "\n".join(f"CODE-{number}" for number in range(10))
    assert "Importing codes" in run("codes", "import", summer, "Ring", "-", stdin=lines).stderr


def test_partners(run: Run, said: Said, app: Flask, session: Session, summer: str) -> None:
    printed = said("partner", "add", summer, "ayse", "--name", "Ayşe")
    share, figures = said("partner", "link", summer, "ayse").splitlines()
    assert share == printed.splitlines()[0] == "To share  http://localhost/c/summer/via/ayse"
    token = figures.rpartition("/")[2]
    with app.app_context():
        payload = tools().signer.read(Purpose.PARTNER_LINK, token, tools().now())
    found = partners.find(session, campaigns.get(session, summer).id, "ayse")
    assert found is not None
    assert payload == [found.id.hex, 0]
    assert "slug" in refused(run("partner", "add", summer, "A B", "--name", "x"))
    assert "there are 'ayse'" in refused(run("partner", "link", summer, "bob"))
    said("campaign", "create", "other", "--title", "Other")
    assert "there are none yet" in refused(run("partner", "link", "other", "bob"))


def test_exporting_winners(run: Run, said: Said, session: Session, summer: str, tmp_path: Path) -> None:
    said("tier", "add", summer, "Rest", "--weight", "0")
    said("codes", "import", summer, "Ring", "-", stdin="\n".join(f"CODE-{n}" for n in range(9)))
    said("campaign", "open", summer)
    now = campaigns.get(session, summer).created_at
    for number in range(6):
        submit_entry(session, submission(number + 1), now=now, rng=FakeRng(number), vault=VAULT)
    printed = run("winners", "export", summer).stdout_bytes.decode()
    header, *rows = printed.splitlines()
    assert header.startswith('"won_at","name","email","tier","prize","code","partner","entry","locale"')
    assert run("winners", "export", summer, "--status", "sent").stdout_bytes.decode().splitlines() == [header]
    assert 0 < len(rows) < 6
    file = tmp_path / "winners.csv"
    assert f"{len(rows)} winners" in said("winners", "export", summer, str(file))
    assert file.read_bytes().decode() == printed
    assert file.stat().st_mode & 0o077 == 0
    assert "cannot be written" in refused(run("winners", "export", summer, str(tmp_path / "no" / "x.csv")))


def test_sign_in_links(run: Run, said: Said, app: Flask, session: Session) -> None:
    def account_of(printed: str) -> Account | None:
        session.rollback()
        token = printed.split()[-1].rpartition("/")[2]
        with app.app_context():
            payload = tools().signer.read(Purpose.SIGN_IN, token, tools().now())
        return accounts.read_link(session, payload)

    first = said("account", "link", "Ada@example.org")
    found = account_of(first)
    assert found is not None
    assert (found.email, found.role) == ("ada@example.org", Role.ADMIN)
    with app.app_context():
        now = tools().now()
    password = "correct horse battery"
    accounts.set_password_by_link(session, found.id, found.link_counter, password, "Ada", now=now)
    assert account_of(first) is None
    assert "is viewer" in said("account", "link", "bob@example.org")
    assert "is editor" in said("account", "link", "bob@example.org", "--role", "editor")
    assert "is editor" in said("account", "link", "bob@example.org")
    assert "email" in refused(run("account", "link", "nobody"))
    assert "last admin" in refused(run("account", "link", "ada@example.org", "--role", "viewer"))
    assert "--role" in refused(run("account", "link", "ada@example.org", "--role", "owner"))


def test_a_lost_second_factor_is_taken_away(run: Run, said: Said, session: Session) -> None:
    found = make_account(session, Role.ADMIN, "ada@example.org")
    vault = SecretVault(bytes.fromhex(SEED_KEY))
    second_factor.begin(session, found.id, now=NOON, rng=FakeRng(1), vault=vault)
    session.rollback()
    assert "signs in with the password alone" in said(
        "account", "reset-second-factor", "ADA@example.org", "--reason", "phone lost"
    )
    assert audit.latest(session)[0].reason == "phone lost"
    assert "no second factor" in refused(run("account", "reset-second-factor", "ada@example.org"))
    assert "does not exist" in refused(run("account", "reset-second-factor", "eve@example.org"))


def test_the_demo(run: Run, said: Said) -> None:
    assert said("demo").split() == ["http://localhost/c/welcome", "http://localhost/c/welcome/via/ayse"]
    assert "already" in refused(run("demo"))


def test_the_check(run: Run, said: Said, session: Session, summer: str) -> None:
    lines = said("check").splitlines()
    assert len(lines) == len(_PROMISES)
    assert all(line.startswith("ok ") for line in lines)
    assert json.loads(said("check", summer, "--json"))["ok"] is True
    assert "nowhere" in refused(run("check", "nowhere"))
    session.execute(text("UPDATE tier SET weight = 5"))
    session.commit()
    damaged = run("check")
    assert damaged.exit_code == 1
    assert [line.split()[1] for line in damaged.stdout.splitlines() if line.startswith("FAULT")] == ["odds"]
    told = run("check", "--json")
    assert told.exit_code == 1
    findings = {finding["name"]: finding for finding in json.loads(told.stdout)["findings"]}
    assert (findings["odds"]["ok"], findings["stock"]["ok"]) == (False, True)


def test_an_unknown_command(run: Run) -> None:
    assert "nonsense" in refused(run("nonsense"))
    assert "No such command" in refused(run("campaign", "nonsense"))
