"""Programs that tests use and pip cannot bring: where they are, and what happens when one is missing.

`python -m tests.support.parts` prints Debian's names for the missing ones, for `make test` to install.
"""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pytest

from tests.support import browser, postgres, redis


@dataclass(frozen=True, slots=True)
class Part:
    """One program: what Debian calls it, and a function that says where it is."""

    package: str
    find: Callable[[], Path | None]


def find_emoji_font() -> Path | None:
    """The colour emoji font, without which screenshots show empty boxes; only Linux comes without one."""
    folders = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), Path.home() / ".local/share/fonts")
    return next((path for folder in folders for path in folder.rglob("NotoColorEmoji*.ttf")), None)


PARTS = {
    "postgres": Part("postgresql", postgres.find),
    "redis": Part("redis-server", redis.find),
    "browser": Part("chromium", browser.find),
    "emoji": Part("fonts-noto-color-emoji", find_emoji_font),
}


def missing(name: str) -> NoReturn:
    """End the running test because a part is not there: skipped on a laptop, failed when CI=true."""
    reason = f"{name} is not installed (Debian: {PARTS[name].package})"
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def require(name: str) -> None:
    """Return when the part is there, else end the running test as `missing` does."""
    if PARTS[name].find() is None:
        missing(name)


if __name__ == "__main__":
    sys.stdout.write(" ".join(part.package for part in PARTS.values() if part.find() is None))
