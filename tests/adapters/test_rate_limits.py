"""Rate limits that outlive their process."""

import json
import time
from pathlib import Path

import pytest
from limits.storage import MemoryStorage
from limits.storage.base import Storage

from app.adapters import rate_limits
from app.adapters.rate_limits import KeptStorage
from tests.support.application import application, environment

MINUTE = 60


class Clock:
    """A clock that stands until it is told."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0  # the beginning of a minute

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def kept(folder: Path, clock: Clock, secret: bytes = b"secret") -> KeptStorage:
    return KeptStorage(path=str(folder / "limits.json"), secret=secret, clock=clock)


def hits(storage: Storage, times: int, *, key: str = "net", limit: int = 10) -> int:
    """How many of so many were let through."""
    return sum(storage.acquire_sliding_window_entry(key, limit, MINUTE) for _ in range(times))  # type: ignore[attr-defined]


def test_no_more_than_the_limit_are_let_through(tmp_path: Path, clock: Clock) -> None:
    storage = kept(tmp_path, clock)
    assert hits(storage, 15) == 10
    assert hits(storage, 15, key="other") == 10


def test_the_window_slides(tmp_path: Path, clock: Clock) -> None:
    storage = kept(tmp_path, clock)
    assert hits(storage, 10) == 10
    clock.now += 75  # three quarters of the window before still count: 7.5 of 10
    assert hits(storage, 10) == 3
    clock.now += 2 * MINUTE
    assert hits(storage, 20) == 10


def test_a_clock_set_back_forgives_nobody(tmp_path: Path, clock: Clock) -> None:
    storage = kept(tmp_path, clock)
    hits(storage, 10)
    clock.now -= 3600
    assert hits(storage, 5) == 0


def test_it_says_what_the_library_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    """The same requests at the same moments: the library's own storage is the measure."""
    monkeypatch.setattr("limits.storage.memory.time.time", clock)
    storage, library = kept(tmp_path, clock), MemoryStorage()
    for step in range(400):
        clock.now += (step * 7) % 11
        key = f"net{step % 3}"
        ours, theirs = (each.acquire_sliding_window_entry(key, 5, MINUTE) for each in (storage, library))
        assert ours == theirs, step
        assert storage.get_sliding_window(key, MINUTE) == pytest.approx(
            library.get_sliding_window(key, MINUTE)
        )


def test_counts_outlive_the_process_and_name_nobody(tmp_path: Path, clock: Clock) -> None:
    storage = kept(tmp_path, clock)
    hits(storage, 7, key="203.0.113.0/24")
    storage.save()
    assert "203" not in (tmp_path / "limits.json").read_text()
    assert hits(kept(tmp_path, clock), 10, key="203.0.113.0/24") == 3
    assert hits(kept(tmp_path, clock, b"another secret"), 10, key="203.0.113.0/24") == 10


def test_they_are_written_down_by_themselves(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate_limits, "SAVE_SECONDS", 0)
    storage = kept(tmp_path, clock)
    hits(storage, 1)
    deadline = time.monotonic() + 10
    while not (tmp_path / "limits.json").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert hits(kept(tmp_path, clock), 10) == 9


@pytest.mark.parametrize("content", ["", "{", "7", "[7]", '[["a", 1]]', '[["a", 1, 2, 3, "x"]]', "\xff"])
def test_a_broken_file_is_no_file(tmp_path: Path, clock: Clock, content: str) -> None:
    (tmp_path / "limits.json").write_text(content, "latin-1")
    assert hits(kept(tmp_path, clock), 15) == 10


def test_a_folder_that_is_gone_costs_the_file_only(tmp_path: Path, clock: Clock) -> None:
    storage = kept(tmp_path / "gone", clock)
    hits(storage, 2)
    storage.save()
    assert hits(storage, 10) == 8


def test_what_is_over_is_thrown_away(tmp_path: Path, clock: Clock) -> None:
    storage = kept(tmp_path, clock)
    hits(storage, 1, key="old")
    clock.now += 3 * MINUTE
    hits(storage, 1, key="new")
    storage.save()
    assert len(json.loads((tmp_path / "limits.json").read_text())) == 1


def test_forgetting_one_and_all(tmp_path: Path, clock: Clock) -> None:
    storage = kept(tmp_path, clock)
    hits(storage, 10)
    hits(storage, 10, key="other")
    storage.clear_sliding_window("net", MINUTE)
    assert (hits(storage, 1), hits(storage, 1, key="other")) == (1, 0)
    assert storage.reset() == 2
    assert hits(storage, 1, key="other") == 1


def test_a_restarted_site_still_knows_who_asked_too_often(tmp_path: Path) -> None:
    settings = environment(f"sqlite:///{tmp_path / 'x.sqlite3'}", tmp_path, PRIZEWELL_RATE_LIMITS="on")
    with application(settings) as app:
        client = app.test_client()
        answers = [client.get("/c/nowhere/challenge").status_code for _ in range(121)]
        assert answers[-1] == 429
        assert 429 not in answers[:-1]
        app.extensions["limiter"].pop().storage.save()
    with application(settings) as app:
        assert app.test_client().get("/c/nowhere/challenge").status_code == 429
