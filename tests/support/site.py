"""The site as a process of its own on a free loopback port, for tests that need real HTTP."""

import http.client
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from app.config import ROOT
from tests.support.application import environment

START_SECONDS = 40
STOP_SECONDS = 20
THREADS = 8


def free_port() -> int:
    """A port nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def served(
    command: Sequence[str | Path], settings: Mapping[str, str], *, port: int, log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server with these variables until the block ends; begins once it answers.

    Nothing but PATH is taken from our own environment. Raises RuntimeError with the log when it does not
    start.
    """
    with log.open("wb") as output:
        server = subprocess.Popen(
            [str(word) for word in command],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], **settings},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait(server, port, log)
        yield server
    finally:
        server.terminate()
        try:
            server.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


@contextmanager
def site_of_its_own(instance: Path, *, captcha_cost: int) -> Iterator[str]:
    """The address of a site that nobody has signed in to yet, started as a stranger starts it."""
    port = free_port()
    settings = {
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "PRIZEWELL_INSTANCE": str(instance),
        "PRIZEWELL_CAPTCHA_COST": str(captcha_cost),
        "PRIZEWELL_WORKER": "off",
        "PRIZEWELL_RATE_LIMITS": "off",
    }
    command: list[str | Path] = [Path(sys.executable).with_name("flask"), "prizewell", "serve"]
    with served(command, settings, port=port, log=instance / "serve.log"):
        yield f"http://127.0.0.1:{port}"


def printed(instance: Path, pattern: str) -> str:
    """What a site of its own printed when it started."""
    found = re.search(pattern, (instance / "serve.log").read_text())
    assert found
    return found[1]


@contextmanager
def running_site(
    database_url: str, folder: Path, *, processes: int = 1, module: str = "wsgi:app"
) -> Iterator[int]:
    """Serve a migrated database with granian, as in life, until the block ends; gives the port."""
    port = free_port()
    settings = environment(database_url, folder, PORT=str(port), PRIZEWELL_PROCESSES=str(processes))
    options = {
        "--interface": "wsgi",
        "--host": "127.0.0.1",
        "--port": port,
        "--workers": processes,
        "--blocking-threads": THREADS,
        "--workers-kill-timeout": STOP_SECONDS // 2,  # else a connection left open outlives the server
        "--log-level": "error",
    }
    words = [str(word) for pair in options.items() for word in pair]
    command = [sys.executable, "-m", "granian", *words, "--no-ws", module]
    with served(command, settings, port=port, log=folder / "site.log"):
        yield port


def _wait(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not _answers(port):
        if server.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"the site did not start:\n{log.read_text('utf-8', 'replace')}")
        time.sleep(0.05)


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/favicon.ico")
        connection.getresponse().read()
    except OSError:
        return False
    finally:
        connection.close()
    return True
