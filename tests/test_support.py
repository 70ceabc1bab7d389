"""What the other tests lean on holds: servers come and go, databases come empty, missing parts are told."""

import os
import stat
from pathlib import Path

import psycopg
import pytest
import redis as redis_client

from tests.support import browser, parts, postgres, redis
from tests.support.fakes import FakeRng


def test_missing_part_skips_on_a_laptop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="chromium"):
        parts.missing("browser")


def test_missing_part_fails_in_continuous_integration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="postgresql"):
        parts.missing("postgres")


@pytest.mark.parametrize("wrong", ["", "/no/such/folder"])
def test_programs_are_found_past_a_wrong_hint(monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    parts.require("postgres")
    monkeypatch.setenv("PG_BIN", wrong)
    folder = postgres.find()
    assert folder is not None
    assert os.access(folder / "initdb", os.X_OK)


def test_browser_hint_that_leads_nowhere_finds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHROMIUM", "/no/such/browser")
    assert browser.find() is None


@pytest.mark.postgres
def test_postgres_is_private_and_leaves_nothing() -> None:
    parts.require("postgres")
    server = postgres.start()
    try:
        assert stat.S_IMODE(server.folder.stat().st_mode) == 0o700
        url = postgres.create_database(server.url, "one")
        with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute("CREATE TABLE thing (id int PRIMARY KEY); INSERT INTO thing VALUES (1)")
        assert postgres.database_name(postgres.create_database(server.url, "two", template="one")) == "two"
        postgres.empty_tables(server.url, url)
        with psycopg.connect(url.replace("+psycopg", "")) as connection:
            assert connection.execute("SELECT count(*) FROM thing").fetchone() == (0,)
    finally:
        server.stop()
    assert server.process.poll() is not None
    assert not server.folder.exists()


def test_redis_starts_empty_and_leaves_nothing() -> None:
    parts.require("redis")
    with redis.running() as url:
        client = redis_client.Redis.from_url(url)
        assert client.dbsize() == 0
        client.close()
    assert not Path(url.removeprefix("unix://")).parent.exists()


def test_chance_repeats_itself_and_obeys() -> None:
    assert [FakeRng(1).randbelow(1000) for _ in range(2)] == [FakeRng(1).randbelow(1000) for _ in range(2)]
    assert FakeRng(1).token_bytes(40) != FakeRng(2).token_bytes(40)
    assert len(FakeRng().token_bytes(40)) == 40
    prepared = FakeRng(answers=[3])
    assert prepared.randbelow(4) == 3
    with pytest.raises(AssertionError, match="below 3"):
        FakeRng(answers=[3]).randbelow(3)
