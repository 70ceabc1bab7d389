"""Rate limits of one process: counted in memory, and kept in a file so that a restart forgives nobody.

The library's own memory storage starts a thread for every few requests and walks over all its keys each time;
this one keeps one small record a key and throws old ones away once a minute.
"""

import hashlib
import json
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from limits.storage import MemoryStorage

SAVE_SECONDS = 5.0
SWEEP_SECONDS = 60.0


class KeptStorage(MemoryStorage):
    """Sliding-window counters that survive the process.

    The file names nobody: keys (the visitor's network and the route) are hashed with the site's secret, and
    gone two windows after the last request. What was counted in the last seconds before a kill is lost.
    """

    SCHEME = "kept"
    STORAGE_SCHEME = [SCHEME]  # noqa: RUF012 -- as the base class declares it

    def __init__(
        self,
        uri: str | None = None,
        *,
        path: str,
        secret: bytes,
        clock: Callable[[], float] = time.time,
        **options: Any,
    ) -> None:
        super().__init__(uri, **options)
        self._path = Path(path)
        self._secret = hashlib.blake2b(secret, person=b"prizewell/limits").digest()
        self._mutex = threading.Lock()
        self._windows: dict[str, _Windows] = _read(self._path)
        self._clock = clock
        self._sweep_at = clock() + SWEEP_SECONDS
        self._save_is_due = False

    def acquire_sliding_window_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Count `amount` for the key, unless that would take it above the limit; whether it was counted.

        The count of the last `expiry` seconds is taken as that of the running window, and of the one before
        as much as it still overlaps.
        """
        now = self._clock()
        with self._mutex:
            windows = self._of(key, expiry, now)
            if int(windows.before * windows.overlap(now) + windows.running) + amount > limit:
                return False
            windows.running += amount
            self._look_after(now)
        return True

    def get_sliding_window(self, key: str, expiry: int) -> tuple[int, float, int, float]:
        """Count and remaining seconds of the window before, and of the running one."""
        now = self._clock()
        with self._mutex:
            windows = self._of(key, expiry, now)
        left = windows.overlap(now) * expiry
        return windows.before, left if windows.before else 0.0, windows.running, left + expiry

    def clear_sliding_window(self, key: str, expiry: int) -> None:  # noqa: ARG002 -- one record a key
        """Forget the key."""
        with self._mutex:
            self._windows.pop(self._name(key), None)

    def reset(self) -> int | None:
        """Forget everybody; how many."""
        with self._mutex:
            count = len(self._windows)
            self._windows.clear()
        return count

    def save(self) -> None:
        """Write the counters down, whole or not at all. A folder that cannot be written costs only that."""
        with self._mutex:
            self._save_is_due = False
            rows = [[name, *windows.row()] for name, windows in self._windows.items()]
        draft = self._path.with_name(f"{self._path.name}.{os.getpid()}.new")
        with suppress(OSError):
            draft.write_text(json.dumps(rows, separators=(",", ":")), "ascii")
            draft.replace(self._path)

    def _of(self, key: str, expiry: int, now: float) -> "_Windows":
        name = self._name(key)
        windows = self._windows.get(name)
        if windows is None:
            windows = self._windows[name] = _Windows(expiry, int(now / expiry), 0, 0)
        windows.roll(now)
        return windows

    def _name(self, key: str) -> str:
        return hashlib.blake2b(key.encode(), key=self._secret, digest_size=16).hexdigest()

    def _look_after(self, now: float) -> None:
        if now >= self._sweep_at:
            self._sweep_at = now + SWEEP_SECONDS
            old = [name for name, windows in self._windows.items() if windows.is_over(now)]
            for name in old:
                del self._windows[name]
        if not self._save_is_due:
            self._save_is_due = True
            timer = threading.Timer(SAVE_SECONDS, self.save)
            timer.daemon = True
            timer.start()


class _Windows:
    """The running window of one key and the one before; windows are numbered from the epoch."""

    __slots__ = ("before", "expiry", "number", "running")

    def __init__(self, expiry: int, number: int, running: int, before: int) -> None:
        self.expiry = expiry
        self.number = number
        self.running = running
        self.before = before

    def roll(self, now: float) -> None:
        """Make the window of this moment the running one. A clock set back changes nothing."""
        passed = int(now / self.expiry) - self.number
        if passed > 0:
            self.before = self.running if passed == 1 else 0
            self.running = 0
            self.number += passed

    def overlap(self, now: float) -> float:
        """How much of the window before lies in the `expiry` seconds up to now: 1 to 0."""
        return min(1.0, max(0.0, self.number + 1 - now / self.expiry))

    def is_over(self, now: float) -> bool:
        """Whether neither window says anything about the present."""
        return now / self.expiry >= self.number + 2

    def row(self) -> list[int]:
        """As it is written down."""
        return [self.expiry, self.number, self.running, self.before]


def _read(path: Path) -> dict[str, _Windows]:
    """What was written down; nothing where there is nothing, or where it makes no sense."""
    try:
        rows = json.loads(path.read_text("ascii"))
        return {str(name): _Windows(*map(int, numbers)) for name, *numbers in rows}
    except (OSError, ValueError, TypeError):
        return {}
