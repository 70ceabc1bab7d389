"""The browser of the end-to-end tests: the system's, since Playwright's own is not to be had everywhere."""

import os
import shutil
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
FLAGS = (
    "--no-sandbox",  # refuses to start as root otherwise; it only ever opens our own pages
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)
AXE = Path(__file__).parent / "vendor" / "axe-core@4.14.1" / "axe.min.js"


def find() -> Path | None:
    """The browser's program, or None: the variable CHROMIUM, then the usual names on PATH."""
    program = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    return Path(program) if program and Path(program).exists() else None


def launch_options() -> dict[str, object]:
    """What Playwright's `launch` needs to start it."""
    return {"executable_path": str(find()), "args": list(FLAGS), "headless": True}
