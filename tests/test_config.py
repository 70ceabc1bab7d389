"""Settings: good defaults, secrets made once, and a clear refusal of what is wrong or unsafe."""

import json
import tomllib
from pathlib import Path

import pytest

from app.adapters.database import Isolation, Limits
from app.adapters.mail import FolderRoute, Sender
from app.config import ROOT, VERSION, ConfigError, load_settings

KEYS = {"PRIZEWELL_SECRET_KEY": "0123456789abcdef" * 4, "PRIZEWELL_SEED_KEY": "ab" * 32}


def test_the_defaults_serve_this_machine_from_one_file(tmp_path: Path) -> None:
    settings = load_settings({"PRIZEWELL_INSTANCE": str(tmp_path)})
    assert settings.database_url == f"sqlite:///{tmp_path}/prizewell.sqlite3"
    assert settings.public_url == "http://127.0.0.1:8000"
    assert (settings.is_local, settings.is_https) == (True, False)
    assert (settings.captcha_cost, settings.rate_limits, settings.trusted_proxies) == (5000, True, 0)


def test_the_version_is_the_one_the_project_says() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == VERSION


def test_the_limits_of_postgres_are_read() -> None:
    asked = {
        "PRIZEWELL_ISOLATION": "serializable",
        "PRIZEWELL_LOCK_TIMEOUT": "3",
        "PRIZEWELL_STATEMENT_TIMEOUT": "0",
    }
    assert load_settings({**KEYS, **asked}).limits == Limits(Isolation.SERIALIZABLE, 3, 0)
    assert load_settings(KEYS).limits == Limits()


def test_secrets_are_made_once_and_are_private(tmp_path: Path) -> None:
    first = load_settings({"PRIZEWELL_INSTANCE": str(tmp_path / "new")})
    file = tmp_path / "new" / "secrets.json"
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert file.parent.stat().st_mode & 0o777 == 0o700
    again = load_settings({"PRIZEWELL_INSTANCE": str(tmp_path / "new")})
    assert (again.secret_keys, again.seed_key) == (first.secret_keys, first.seed_key)
    assert [path.name for path in file.parent.iterdir()] == ["secrets.json"]


def test_secrets_from_the_environment_leave_no_file(tmp_path: Path) -> None:
    load_settings({"PRIZEWELL_INSTANCE": str(tmp_path), **KEYS})
    assert list(tmp_path.iterdir()) == []


def test_a_broken_secrets_file_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "secrets.json").write_text("{")
    with pytest.raises(ConfigError, match="backup"):
        load_settings({"PRIZEWELL_INSTANCE": str(tmp_path)})
    assert (tmp_path / "secrets.json").read_text() == "{"
    (tmp_path / "secrets.json").write_text(json.dumps({"secret_key": "x" * 64}))
    with pytest.raises(ConfigError, match="backup"):
        load_settings({"PRIZEWELL_INSTANCE": str(tmp_path)})


def test_secrets_that_cannot_be_kept_stop_the_start(tmp_path: Path) -> None:
    (tmp_path / "secrets.json").mkdir()
    with pytest.raises(ConfigError, match="PRIZEWELL_INSTANCE"):
        load_settings({"PRIZEWELL_INSTANCE": str(tmp_path)})


def test_the_folder_of_the_database_is_made(tmp_path: Path) -> None:
    load_settings({**KEYS, "PRIZEWELL_DATABASE_URL": f"sqlite:///{tmp_path}/data/here/x.sqlite3"})
    assert (tmp_path / "data" / "here").is_dir()


def test_secrets_never_show_in_a_trace() -> None:
    assert KEYS["PRIZEWELL_SECRET_KEY"] not in repr(load_settings(KEYS))


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("PRIZEWELL_DATABASE_URL", "mysql://localhost/x", "sqlite"),
        ("PRIZEWELL_DATABASE_URL", "not an address", "database address"),
        ("PRIZEWELL_DATABASE_URL", "sqlite://", "memory"),
        ("PRIZEWELL_DATABASE_URL", "sqlite:///:memory:", "memory"),
        ("PRIZEWELL_SECRET_KEY", "short", "random"),
        ("PRIZEWELL_SECRET_KEY", "a" * 64, "random"),
        ("PRIZEWELL_SEED_KEY", "xyz", "64 hex digits"),
        ("PRIZEWELL_PUBLIC_URL", "win.example.org", "https://"),
        ("PRIZEWELL_PUBLIC_URL", "https://example.org/win", "without a path"),
        ("PRIZEWELL_TRUSTED_PROXIES", "-1", "whole number"),
        ("PRIZEWELL_TRUSTED_PROXIES", "one", "whole number"),
        ("PRIZEWELL_ISOLATION", "none", "read-committed, serializable"),
        ("PRIZEWELL_LOCK_TIMEOUT", "0", "whole number from 1"),
        ("PRIZEWELL_STATEMENT_TIMEOUT", "long", "whole number"),
        ("PRIZEWELL_CAPTCHA_COST", "0", "whole number"),
        ("PRIZEWELL_CAPTCHA_COST", "1.5", "whole number"),
        ("PRIZEWELL_LEAST_FILL_SECONDS", "61", "whole number"),
        ("PRIZEWELL_RATE_LIMITS", "maybe", "on or off"),
        ("PRIZEWELL_RATE_LIMIT_STORAGE", "nowhere", "redis://"),
        ("PRIZEWELL_RATE_LIMIT_STORAGE", "foo://localhost", "redis://"),
        ("PRIZEWELL_PUBLIC_URL", "https://example.org:many", "Port"),
        ("PRIZEWELL_PUBLIC_URL", "https://example.org:99999", "Port"),
        ("PRIZEWELL_INSTANCE", __file__, "folder"),
        ("PRIZEWELL_INSTANCE", f"{__file__}/deeper", "folder"),
        ("PRIZEWELL_DATABASE_URL", f"sqlite:///{__file__}/x.sqlite3", "folder"),
        ("PORT", "70000", "whole number"),
        ("PRIZEWELL_MAIL", "mail.example.org", "smtp://"),
        ("PRIZEWELL_MAIL", "smtp://mail.example.org:many", "smtp://"),
        ("PRIZEWELL_MAIL_FROM", "nobody", "win@example.org"),
        ("PRIZEWELL_WORKER", "maybe", "on or off"),
        ("PRIZEWELL_METRICS_TOKEN", "short", "at least 20"),
        ("PRIZEWELL_METRICS_TOKEN", "with spaces in it, and long", "without spaces"),
    ],
)
def test_a_wrong_setting_stops_the_start(name: str, value: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint) as caught:
        load_settings({**KEYS, name: value})
    assert name in str(caught.value)


PUBLIC = {**KEYS, "PRIZEWELL_PUBLIC_URL": "https://win.example.org"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PRIZEWELL_PUBLIC_URL", "http://win.example.org"),
        ("FLASK_DEBUG", "1"),
        ("PRIZEWELL_MAIL", "console:"),
        ("PRIZEWELL_RATE_LIMITS", "off"),
        ("PRIZEWELL_CAPTCHA_COST", "1"),
    ],
)
def test_what_is_fine_at_home_stops_a_public_start(name: str, value: str) -> None:
    load_settings({**KEYS, name: value, "PRIZEWELL_PUBLIC_URL": "http://localhost:8000"})
    with pytest.raises(ConfigError, match=name):
        load_settings({**PUBLIC, name: value})


def test_a_safe_public_start() -> None:
    settings = load_settings({**PUBLIC, "PRIZEWELL_PUBLIC_URL": "https://win.example.org/"})
    assert settings.public_url == "https://win.example.org"
    assert (settings.is_https, settings.is_local) == (True, False)


def test_several_processes_need_a_server_for_data_and_for_counting() -> None:
    several = {**KEYS, "PRIZEWELL_PROCESSES": "2"}
    with pytest.raises(ConfigError, match="PRIZEWELL_PROCESSES"):
        load_settings(several)
    several["PRIZEWELL_DATABASE_URL"] = "postgresql://localhost/prizewell"
    with pytest.raises(ConfigError, match="PRIZEWELL_RATE_LIMIT_STORAGE"):
        load_settings(several)
    settings = load_settings({**several, "PRIZEWELL_RATE_LIMIT_STORAGE": "redis://localhost"})
    assert settings.database_url.startswith("postgresql+psycopg://")


def test_a_listening_address_is_not_a_public_address() -> None:
    everywhere = {**KEYS, "HOST": "0.0.0.0", "PORT": "9000"}  # noqa: S104 -- read, not bound
    settings = load_settings(everywhere)
    assert (settings.public_url, settings.lets_the_network_in) == ("http://127.0.0.1:9000", True)
    assert not load_settings(KEYS).lets_the_network_in
    assert load_settings({**KEYS, "HOST": "::1"}).public_url == "http://[::1]:8000"


def test_mail_goes_into_a_folder_at_home_and_nowhere_in_public_until_it_is_set(tmp_path: Path) -> None:
    at_home = load_settings({**KEYS, "PRIZEWELL_INSTANCE": str(tmp_path)})
    assert at_home.mail == FolderRoute(tmp_path / "mail")
    assert at_home.mail_from == Sender("noreply@localhost")
    assert list(tmp_path.iterdir()) == []
    in_public = load_settings(PUBLIC)
    assert (in_public.mail, in_public.worker) == (None, True)
    assert in_public.mail_from == Sender("noreply@win.example.org")
    assert load_settings({**KEYS, "PRIZEWELL_MAIL": "off", "PRIZEWELL_WORKER": "off"}).mail is None


def test_a_mail_server_elsewhere_wants_to_know_whom_mail_is_from() -> None:
    elsewhere = {**PUBLIC, "PRIZEWELL_MAIL": "smtp://ada:secret@mail.example.org"}
    with pytest.raises(ConfigError, match="PRIZEWELL_MAIL_FROM") as caught:
        load_settings(elsewhere)
    assert "secret" not in str(caught.value)
    settings = load_settings({**elsewhere, "PRIZEWELL_MAIL_FROM": "Shop <win@example.org>"})
    assert settings.mail_from == Sender("win@example.org", "Shop")
    here = load_settings({**PUBLIC, "PRIZEWELL_MAIL": "smtp://localhost"})
    assert here.mail_from == Sender("noreply@win.example.org")
