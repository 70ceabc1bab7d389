"""A real PostgreSQL for tests and benchmarks: found, started in a private folder, thrown away afterwards.

It listens on a unix socket only, forgets durability for speed, and runs as `nobody` when we are root.
"""

import atexit
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from tests.support import processes

PROGRAMS = ("initdb", "postgres", "pg_isready")
SETTINGS = {
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "jit": "off",
    "max_wal_size": "2GB",
    "timezone": "UTC",
    "log_min_messages": "warning",
    "log_min_error_statement": "panic",
}
DURABLE = dict.fromkeys(("fsync", "synchronous_commit", "full_page_writes"), "on")
INITDB_OPTIONS = ("-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")


def find() -> Path | None:
    """The folder with PostgreSQL's programs: PG_BIN, pg_config, Debian's newest version, PATH; or None."""
    complete = (path for path in _candidates() if all((path / name).exists() for name in PROGRAMS))
    return next(complete, None)


def _candidates() -> Iterator[Path]:
    if os.environ.get("PG_BIN"):
        yield Path(os.environ["PG_BIN"])
    if config := shutil.which("pg_config"):
        answer = subprocess.run([config, "--bindir"], capture_output=True, text=True, check=False)
        yield Path(answer.stdout.strip() or os.devnull)
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version, reverse=True)
    if program := shutil.which("postgres"):
        yield Path(program).resolve().parent


def _version(folder: Path) -> tuple[int, ...]:
    return tuple(int(digits) for digits in re.findall(r"\d+", folder.parent.name))


def start(*, durable: bool = False) -> processes.Server:
    """Start a server on an empty cluster and return it; `durable` turns fsync on, as benchmarks need.

    Raises RuntimeError when PostgreSQL is not installed or does not start.
    """
    programs = find()
    if programs is None:
        raise RuntimeError("PostgreSQL is not installed (Debian: postgresql)")
    folder = processes.make_folder("pg")
    data = folder / "data"
    subprocess.run(
        [programs / "initdb", *INITDB_OPTIONS, "-D", data],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
        user=processes.unprivileged(),
    )
    return _launch(programs, folder, DURABLE if durable else {})


def crash(server: processes.Server, settings: Mapping[str, str]) -> processes.Server:
    """End the server at once, as kill -9 would, and start it again on what is on the disk.

    `settings` are those that differ from a test server's.
    """
    programs = find()
    assert programs is not None
    server.process.send_signal(signal.SIGQUIT)
    server.process.wait(processes.STOP_SECONDS)
    atexit.unregister(server.stop)
    return _launch(programs, server.folder, settings)


def _launch(programs: Path, folder: Path, changes: Mapping[str, str]) -> processes.Server:
    settings = {**SETTINGS, **changes}
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    probe = [str(programs / "pg_isready"), "-q", "-h", str(folder), "-U", "postgres"]
    return processes.launch(
        [programs / "postgres", "-D", folder / "data", "-k", folder, *options],
        url=f"postgresql+psycopg://postgres@/postgres?host={folder}",
        folder=folder,
        ready=lambda: subprocess.run(probe, check=False).returncode == 0,
        stop_signal=signal.SIGINT,  # "fast": ends sessions instead of waiting for them
    )


@contextmanager
def running(*, durable: bool = False) -> Iterator[str]:
    """The address of a server that lives as long as the block."""
    server = start(durable=durable)
    try:
        yield server.url
    finally:
        server.stop()


def database_url(server_url: str, name: str) -> str:
    """The address of another database on the same server."""
    return server_url.replace("@/postgres?", f"@/{name}?")


def database_name(url: str) -> str:
    """The name of the database in an address that `database_url` made."""
    return url.partition("@/")[2].partition("?")[0]


def create_database(server_url: str, name: str, *, template: str = "template0") -> str:
    """Make a database, a copy of `template`, and return its address; one of the same name is replaced."""
    drop_database(server_url, name)
    _execute(server_url, "CREATE DATABASE {} TEMPLATE {}", name, template)
    return database_url(server_url, name)


def drop_database(server_url: str, name: str) -> None:
    """Remove a database if it is there, along with whoever is still connected."""
    _execute(server_url, "DROP DATABASE IF EXISTS {} WITH (FORCE)", name)


def empty_tables(server_url: str, url: str) -> None:
    """Remove every row but the migrations' own mark, and whoever is still connected to that database."""
    name = database_name(url)
    with _connect(server_url) as server:
        server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
    with _connect(url) as connection:
        connection.execute("SET session_replication_role = replica")  # silences triggers that refuse
        connection.execute(_EMPTY)


# Only tables with rows are truncated: each one costs a new file.
_EMPTY = """
DO $$ DECLARE name regclass; filled regclass[] := '{}'; found boolean; BEGIN
    FOR name IN SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind = 'r' AND n.nspname = 'public' AND c.relname <> 'alembic_version'
    LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %s)', name) INTO found;
        IF found THEN filled := filled || name; END IF;
    END LOOP;
    IF cardinality(filled) > 0 THEN
        EXECUTE 'TRUNCATE ' || array_to_string(filled, ', ') || ' RESTART IDENTITY CASCADE';
    END IF;
END $$
"""


def _connect(url: str) -> psycopg.Connection:
    return psycopg.connect(url.replace("+psycopg", ""), autocommit=True)


def _execute(server_url: str, statement: str, *names: str) -> None:
    with _connect(server_url) as connection:
        connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
