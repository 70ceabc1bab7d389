"""Servers that tests start: put down as another user when root, waited for, and stopped for certain."""

import atexit
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from signal import Signals

START_SECONDS = 30
STOP_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Server:
    """A running server, its private folder and the address clients use."""

    url: str
    folder: Path
    process: subprocess.Popen[bytes]
    stop_signal: Signals

    def stop(self) -> None:
        """End the server and remove its folder; a second call does nothing."""
        if self.process.poll() is None:
            self.process.send_signal(self.stop_signal)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
        atexit.unregister(self.stop)


def unprivileged() -> str | None:
    """Whom servers run as: `nobody` when we are root, since PostgreSQL refuses root; else None, ourselves."""
    return "nobody" if os.geteuid() == 0 else None


def make_folder(name: str) -> Path:
    """A private folder for a server with a path short enough for a socket in it (107 bytes at most)."""
    base = "/tmp" if Path("/tmp").is_dir() else None  # noqa: S108 -- mkdtemp makes it private
    folder = Path(tempfile.mkdtemp(prefix=f"pw-{name}-", dir=base))
    user = unprivileged()
    if user is not None:
        account = pwd.getpwnam(user)
        os.chown(folder, account.pw_uid, account.pw_gid)
    return folder


def launch(
    command: Sequence[str | Path], *, url: str, folder: Path, ready: Callable[[], bool], stop_signal: Signals
) -> Server:
    """Start a server and return once `ready()`; its output goes to `log` in the folder.

    Raises RuntimeError with the log when it ends or stays silent. It is stopped at exit at the latest.
    """
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [str(word) for word in command],
            cwd=folder,
            env={"PATH": os.defpath, "LC_ALL": "C", "HOME": str(folder)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            user=unprivileged(),
            start_new_session=True,  # Ctrl-C is for pytest, which then stops the server in order
        )
    server = Server(url, folder, process, stop_signal)
    atexit.register(server.stop)
    deadline = time.monotonic() + START_SECONDS
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            story = (folder / "log").read_text("utf-8", "replace")
            server.stop()
            raise RuntimeError(f"{command[0]} did not start:\n{story}")
        time.sleep(0.02)
    return server
