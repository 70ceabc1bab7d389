"""A real Redis for tests: started on a unix socket in a private folder, keeps nothing."""

import shutil
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support import processes


def find() -> Path | None:
    """The server program, Redis or its fork Valkey, or None."""
    program = shutil.which("redis-server") or shutil.which("valkey-server")
    return Path(program) if program else None


def start() -> processes.Server:
    """Start an empty server and return it; its url is redis-py's (`unix://…`), see `limiter_url`.

    Raises RuntimeError when Redis is not installed or does not start.
    """
    program = find()
    if program is None:
        raise RuntimeError("Redis is not installed (Debian: redis-server)")
    folder = processes.make_folder("redis")
    path = folder / "socket"
    return processes.launch(
        [program, "--port", "0", "--unixsocket", path, "--save", "", "--appendonly", "no", "--dir", folder],
        url=f"unix://{path}",
        folder=folder,
        ready=lambda: _answers(path),
        stop_signal=signal.SIGTERM,
    )


@contextmanager
def running() -> Iterator[str]:
    """The address of a server that lives as long as the block."""
    server = start()
    try:
        yield server.url
    finally:
        server.stop()


def limiter_url(url: str) -> str:
    """The same server as the rate limiter's storage wants it written."""
    return f"redis+{url}"


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(1)
        try:
            client.connect(str(path))
            client.sendall(b"PING\r\n")
            return client.recv(16).startswith(b"+PONG")
        except OSError:
            return False
