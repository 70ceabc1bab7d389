"""The application as tests start it: known secrets, cheap CAPTCHA, no rate limits."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import flask_migrate
from flask import Flask
from flask.testing import FlaskClient
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from app import create_app
from app.config import Settings, load_settings
from app.extensions import db

SECRET_KEY = "0123456789abcdef" * 4
SEED_KEY = "fedcba9876543210" * 4


class CompiledTemplates(BytecodeCache):
    """Templates compiled once per process, not once per test."""

    def __init__(self) -> None:
        self._compiled: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give back what `dump_bytecode` was given; the template's text decides whether it still fits."""
        if bucket.key in self._compiled:
            bucket.bytecode_from_string(self._compiled[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep a compiled template."""
        self._compiled[bucket.key] = bucket.bytecode_to_string()


COMPILED_TEMPLATES = CompiledTemplates()
_compile_builder = Rule._compile_builder
_builders: dict[object, Callable[..., tuple[str, str]]] = {}


def _builder(self: Rule, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
    """What makes a route's address, compiled once per process: half of `create_app` else."""
    key = self.rule, tuple(self._trace), tuple((self.defaults or {}).items()), append_unknown
    if key not in _builders:
        _builders[key] = _compile_builder(self, append_unknown)
    return _builders[key]


Rule._compile_builder = _builder  # type: ignore[method-assign]


def environment(database_url: str, instance: Path, **changes: str) -> dict[str, str]:
    """The variables of a test application, also for one started as a process; `changes` are added or win."""
    return {
        "PRIZEWELL_DATABASE_URL": database_url,
        "PRIZEWELL_INSTANCE": str(instance),
        "PRIZEWELL_SECRET_KEY": SECRET_KEY,
        "PRIZEWELL_SEED_KEY": SEED_KEY,
        "PRIZEWELL_PUBLIC_URL": "http://localhost",
        "PRIZEWELL_CAPTCHA_COST": "1",
        "PRIZEWELL_LEAST_FILL_SECONDS": "0",
        "PRIZEWELL_RATE_LIMITS": "off",
        "PRIZEWELL_WORKER": "off",
    } | changes


class Reader(FlaskClient):
    """Reads every answer to its end, as a browser does: no stream keeps its connection."""

    def open(self, *args: Any, buffered: bool = True, **kwargs: Any) -> TestResponse:
        """See FlaskClient.open."""
        return super().open(*args, buffered=buffered, **kwargs)


@contextmanager
def application(source: Settings | Mapping[str, str]) -> Iterator[Flask]:
    """An application in testing mode; every connection it opened is closed after the block."""
    app = create_app(source if isinstance(source, Settings) else load_settings(source))
    app.testing = True
    app.test_client_class = Reader
    app.jinja_env.bytecode_cache = COMPILED_TEMPLATES
    try:
        yield app
    finally:
        with app.app_context():
            db.session.remove()
            left_open = 0
            for engine in db.engines.values():
                left_open += engine.pool.checkedout()  # type: ignore[attr-defined]
                engine.dispose()
    assert not left_open, "a request left its connection open"


def migrate(database_url: str, instance: Path) -> None:
    """Bring a database to the newest revision, the way an installation does."""
    with application(environment(database_url, instance)) as app, app.app_context():
        flask_migrate.upgrade()
