"""Fixtures every test may ask for. What is built on a database runs on SQLite and on PostgreSQL.

The work is done in tests/support; here pytest is only told about it.
"""

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import hypothesis
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session

from app import engine_options
from app.adapters.database import Isolation, prepare_engine
from app.config import Settings, load_settings
from app.extensions import db
from tests.support import browser, postgres, redis, translations
from tests.support.application import application, environment
from tests.support.databases import Databases, PostgresDatabases, SqliteDatabases
from tests.support.fakes import NOON, FakeRng
from tests.support.parts import require
from tests.support.processes import Server

SERVER = "PRIZEWELL_TEST_POSTGRES"  # address of the server that the workers of one run share
_shared: list[Server] = []

# A shared machine is slow now and then; that is not what an example with a deadline should find out.
hypothesis.settings.register_profile("prizewell", hypothesis.settings.default, deadline=None)
hypothesis.settings.load_profile("prizewell")


def pytest_configure(config: pytest.Config) -> None:
    """Compile the languages, and start the PostgreSQL that workers share; without workers the first test that
    needs one starts it.
    """
    translations.compile_stale()
    workers = getattr(config.option, "numprocesses", None)
    unwanted = "not postgres" in config.option.markexpr or config.option.collectonly
    if workers and not unwanted and SERVER not in os.environ and postgres.find():
        server = postgres.start()
        _shared.append(server)
        os.environ[SERVER] = server.url


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave PostgreSQL out where SQLite is enough."""
    spared = {item for item in items if {"sqlite_is_enough", "postgres"} <= {*item.keywords}}
    config.hook.pytest_deselected(items=list(spared))
    items[:] = [item for item in items if item not in spared]


def pytest_unconfigure() -> None:
    """Stop what this process started."""
    while _shared:
        _shared.pop().stop()
        os.environ.pop(SERVER, None)


@pytest.fixture(scope="session")
def postgres_server() -> str:
    """Address of a running PostgreSQL server."""
    require("postgres")
    if SERVER not in os.environ:
        _shared.append(postgres.start())
        os.environ[SERVER] = _shared[-1].url
    return os.environ[SERVER]


@pytest.fixture(scope="session")
def redis_server() -> Iterator[str]:
    """Address of a running Redis server."""
    require("redis")
    with redis.running() as url:
        yield url


@pytest.fixture(scope="session", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def databases(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> Databases:
    """The kind of database a test runs on, once each."""
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "sqlite":
        return SqliteDatabases(folder)
    return PostgresDatabases(request.getfixturevalue("postgres_server"), f"prizewell_{worker_id}", folder)


@pytest.fixture
def database_url(databases: Databases) -> Iterator[str]:
    """A fresh, migrated database of the test's own."""
    url = databases.create()
    yield url
    databases.discard(url)


@pytest.fixture
def empty_database_url(databases: Databases) -> Iterator[str]:
    """A database without any table, for tests of the migrations themselves."""
    url = databases.create_empty()
    yield url
    databases.discard(url)


@pytest.fixture
def isolation() -> Isolation:
    """How far PostgreSQL keeps write units apart; modules marked `AT_EACH_ISOLATION` run at each level."""
    return Isolation.READ_COMMITTED


@pytest.fixture
def settings(database_url: str, tmp_path: Path, isolation: Isolation) -> Settings:
    """Settings on that database: known secrets, cheap CAPTCHA, no rate limits."""
    return load_settings(environment(database_url, tmp_path, PRIZEWELL_ISOLATION=isolation))


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    """The application on that database; push its context where a test needs one."""
    with application(settings) as flask_app:
        yield flask_app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A visitor without cookies."""
    return app.test_client()


@pytest.fixture
def database(request: pytest.FixtureRequest, settings: Settings) -> Iterator[Engine]:
    """The application's engine; where a test does without the application, one like it, which is quicker."""
    if "app" in request.fixturenames:
        with request.getfixturevalue("app").app_context():
            engine = db.engine
        yield engine  # outside the context: requests must not share one
        return
    own = _engine(settings)
    yield own
    left_open = own.pool.checkedout()  # type: ignore[attr-defined]
    own.dispose()
    assert not left_open, "the test left a connection open"


_engines: dict[tuple[str, Isolation], Engine] = {}


def _engine(settings: Settings) -> Engine:
    """An engine lives on for the next test on a database of that address: it has the statements compiled."""
    key = settings.database_url, settings.limits.isolation
    if key not in _engines:
        _engines[key] = create_engine(settings.database_url, **engine_options(settings))
        prepare_engine(_engines[key], settings.limits)
    return _engines[key]


@pytest.fixture
def session(database: Engine) -> Iterator[Session]:
    """A session of the test's own, set up like the application's, outside any request."""
    with Session(database, expire_on_commit=False) as own:
        yield own


@pytest.fixture
def now() -> datetime:
    """A fixed moment, aware and in UTC."""
    return NOON


@pytest.fixture
def rng() -> FakeRng:
    """Chance that comes out the same every time."""
    return FakeRng()


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, object]:
    """The system's browser for pytest-playwright; tests end as `missing` says where there is none."""
    require("browser")
    return browser.launch_options()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Browser tests look at every page; on request they keep what they saw."""
    parser.addoption("--keep-pictures", action="store_true", help="write screenshots to docs/screenshots")
