"""How commands end when the database does not play along."""

from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from sqlalchemy.exc import IntegrityError

from app.cli.group import Commands
from tests.support.application import application, environment


def test_a_database_out_of_reach(tmp_path: Path) -> None:
    nowhere = environment(f"postgresql://nobody@/nothing?host={tmp_path}", tmp_path)
    with application(nowhere) as app:
        result = app.test_cli_runner().invoke(args=["prizewell", "campaign", "list"])
    assert result.exit_code == 1
    assert "PRIZEWELL_DATABASE_URL" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_new_database_is_its_owners_alone(tmp_path: Path) -> None:
    file = tmp_path / "data" / "new.sqlite3"
    with application(environment(f"sqlite:///{file}", tmp_path)) as app:
        result = app.test_cli_runner().invoke(args=["prizewell", "campaign", "list"])
    assert "flask db upgrade" in result.stderr
    assert {path.stat().st_mode & 0o777 for path in file.parent.iterdir()} == {0o600}


def test_a_path_that_is_no_database(tmp_path: Path) -> None:
    with application(environment(f"sqlite:///{tmp_path}", tmp_path)) as app:
        result = app.test_cli_runner().invoke(args=["prizewell", "campaign", "list"])
    assert (result.exit_code, len(result.stderr.splitlines())) == (1, 1)
    assert "PRIZEWELL_DATABASE_URL" in result.stderr


def test_what_nobody_foresaw_keeps_its_trace() -> None:
    group = Commands("prizewell")

    @group.command("surprise", with_appcontext=False)
    def surprise() -> None:
        raise IntegrityError("INSERT", {}, Exception("a rule of ours is broken"))

    result = CliRunner().invoke(group, ["surprise"])
    assert isinstance(result.exception, IntegrityError)


def test_a_refused_command_line_ends_like_every_error() -> None:
    group = Commands("prizewell")

    @group.command("add", with_appcontext=False)
    @click.option("--weight", required=True)
    def add(weight: str) -> None:
        pytest.fail(f"ran with {weight}")

    result = CliRunner().invoke(group, ["add"])
    assert (result.exit_code, result.stdout) == (1, "")
    assert "Missing option '--weight'" in result.stderr
