"""The site as a process of its own on a free loopback port, served by granian as in life."""

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.config import ROOT
from tests.support.application import environment

THREADS = 8
START_SECONDS = 30
STOP_SECONDS = 10


@contextmanager
def running_site(
    database_url: str, folder: Path, *, processes: int = 1, module: str = "wsgi:app"
) -> Iterator[int]:
    """Serve a migrated database as long as the block lasts; gives the port.

    Raises RuntimeError with the server's log when it does not start.
    """
    port = _free_port()
    settings = environment(database_url, folder, PORT=str(port), PRIZEWELL_PROCESSES=str(processes))
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--no-ws"]
    options = {
        "--port": port,
        "--workers": processes,
        "--blocking-threads": THREADS,
        "--workers-kill-timeout": STOP_SECONDS // 2,  # else a connection left open outlives the server
        "--log-level": "error",
    }
    words = [str(word) for pair in options.items() for word in pair]
    with (folder / "site.log").open("wb") as log:
        server = subprocess.Popen(
            [*command, *words, module], cwd=ROOT, env=os.environ | settings, stdout=log, stderr=log
        )
    try:
        _wait_until_ready(server, port, folder / "site.log")
        yield port
    finally:
        _stop(server)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_ready(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        if _answers(port):
            return
        time.sleep(0.05)
    raise RuntimeError(f"the site did not start:\n{log.read_text('utf-8', 'replace')}")


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/")
        connection.getresponse().read()
    except OSError:
        return False
    finally:
        connection.close()
    return True


def _stop(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    try:
        server.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
