"""The life of a campaign on the command line: its rules, the launch check, copies, files, the archive."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy.orm import Session

from app.domain.eligibility import CampaignStatus
from app.services import campaigns, prizes
from tests.support.factories import TierSpec, make_campaign

pytestmark = pytest.mark.sqlite_is_enough


Run = Callable[..., Result]


@pytest.fixture
def run(app: Flask) -> Run:
    runner = app.test_cli_runner()

    def command(*words: str) -> Result:
        return runner.invoke(args=["prizewell", "campaign", *words])

    return command


def said(result: Result) -> str:
    assert result.exit_code == 0, result.output
    return result.stdout


def refused(result: Result) -> str:
    assert result.exit_code == 1, result.output
    assert "Traceback" not in result.output
    return result.stderr


@pytest.fixture
def draft(session: Session) -> str:
    make_campaign(session, [TierSpec("Gold", codes=4)], lose_weight=1, status=CampaignStatus.DRAFT)
    session.commit()
    return "summer"


def test_own_words_are_set_and_what_contradicts_is_told(
    run: Run, session: Session, draft: str, tmp_path: Path
) -> None:
    text = tmp_path / "rules.txt"
    text.write_text("Your chance is 1 in 20.\n", encoding="utf-8")
    result = run("rules", draft, "--rules", str(text), "--sponsor", "Corner & Pine")
    assert said(result).strip() == "http://localhost/c/summer/rules"
    assert "Note: the rules say “1 in 20”" in result.stderr
    session.rollback()
    stored = campaigns.get(session, draft)
    assert (stored.rules, stored.sponsor) == ("Your chance is 1 in 20.", "Corner & Pine")
    assert stored.eligibility, "left as it was"
    said(run("rules", draft, "--who", "Adults."))
    session.rollback()
    assert campaigns.get(session, draft).eligibility == "Adults."
    text.write_bytes(b"\xff\xfe\xfd")
    assert "not UTF-8" in refused(run("rules", draft, "--rules", str(text)))


@pytest.mark.parametrize(
    ("opens", "hint"),
    [
        ("2030-03-31T02:30", "next time after it is 2030-03-31T03:30:00"),
        ("2030-10-27T02:30", "write 2030-10-27T02:30:00+02:00 or 2030-10-27T02:30:00+01:00"),
    ],
)
def test_on_the_nights_when_clocks_change_a_time_has_to_be_clear(run: Run, opens: str, hint: str) -> None:
    words = ["create", "night", "--title", "Night", "--timezone", "Europe/Berlin", "--opens"]
    # click folds its lines
    assert hint in " ".join(refused(run(*words, opens)).split())
    assert "is a draft" in said(run(*words, "2030-10-27T02:30+01:00"))


def test_the_check_says_what_blocks(run: Run, draft: str) -> None:
    printed = said(run("check", draft))
    assert "look at  it has no end" in printed
    assert "summer can open." in printed
    said(run("create", "bare", "--title", "Bare"))
    result = run("check", "bare")
    assert result.exit_code == 1
    assert "BLOCKS  nobody can win" in result.stdout
    assert "cannot open yet: nobody can win" in refused(run("open", "bare"))


def test_a_copy(run: Run, session: Session, draft: str) -> None:
    assert "http://localhost/c/autumn" in said(run("duplicate", draft, "autumn", "--title", "Autumn"))
    assert campaigns.get(session, "autumn").title == "Autumn"
    assert "taken" in refused(run("duplicate", draft, "autumn"))


def test_a_file_out_and_in(run: Run, session: Session, draft: str, tmp_path: Path) -> None:
    file = tmp_path / "summer.json"
    said(run("export", draft, str(file), "--with-codes"))
    assert len(json.loads(file.read_text("utf-8"))["tiers"][0]["prizes"][0]["codes"]) == 4
    assert "in stock here already" in refused(run("import", str(file), "--slug", "winter"))
    said(run("export", draft, str(file)))
    would = said(run("import", str(file), "--slug", "winter", "--dry-run"))
    assert would.startswith("Would make winter: 1 tiers, 1 prizes, 0 units, 0 codes, 0 partners")
    assert campaigns.find(session, "winter") is None
    assert said(run("import", str(file), "--slug", "winter")).startswith("Made winter")
    session.rollback()
    assert len(prizes.listing(session, campaigns.get(session, "winter").id)) == 1
    file.write_text("{")
    assert "at 1:2: this is not JSON" in refused(run("import", str(file)))


def test_the_archive(run: Run, draft: str) -> None:
    assert "is archived" in said(run("archive", draft))
    assert said(run("list")) == ""
    assert "archived" in said(run("list", "--archived"))
    assert "is archived" in refused(run("open", draft))
    assert "in the list again" in said(run("unarchive", draft))
    assert "draft" in said(run("list"))
