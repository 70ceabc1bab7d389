"""The write queue: one at a time, in order of arrival, bounded, also between processes."""

import multiprocessing
import os
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from app.adapters.database import WriteQueue
from app.domain.errors import Busy


@pytest.fixture
def lock_path(tmp_path: Path) -> str:
    return str(tmp_path / "writers.lock")


def _in_threads(count: int, work: object) -> None:
    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]  # type: ignore[arg-type]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)


def test_only_one_writes_at_a_time(lock_path: str) -> None:
    queue, inside, most = WriteQueue(lock_path), [], []

    def work(_number: int) -> None:
        for _ in range(20):
            with queue.turn():
                inside.append(1)
                most.append(len(inside))
                time.sleep(0)
                inside.pop()

    _in_threads(8, work)
    assert max(most) == 1
    assert len(most) == 160


def test_turns_come_in_order_of_arrival(lock_path: str) -> None:
    queue, served = WriteQueue(lock_path), []
    threads = []
    with queue.turn():
        for number in range(5):

            def work(mine: int = number) -> None:
                with queue.turn():
                    served.append(mine)

            thread = threading.Thread(target=work)
            thread.start()
            while len(queue._waiting) <= number:
                time.sleep(0.001)
            threads.append(thread)
    for thread in threads:
        thread.join(5)
    assert served == [0, 1, 2, 3, 4]


def test_past_the_bound_it_says_busy_at_once(lock_path: str) -> None:
    queue = WriteQueue(lock_path, max_waiting=0)
    answers = []

    def work(_number: int) -> None:
        try:
            with queue.turn():
                answers.append("served")
        except Busy:
            answers.append("busy")

    with queue.turn():
        _in_threads(3, work)
    assert answers == ["busy"] * 3


def test_it_gives_up_when_no_turn_comes_in_time(lock_path: str) -> None:
    queue = WriteQueue(lock_path, wait_seconds=0.05)
    answers = []

    def work(_number: int) -> None:
        try:
            with queue.turn():
                answers.append("served")
        except Busy:
            answers.append("busy")

    with queue.turn():
        _in_threads(2, work)
    assert answers == ["busy", "busy"]
    with queue.turn():
        answers.append("free again")
    assert answers[-1] == "free again"


def test_an_exception_gives_the_turn_on(lock_path: str) -> None:
    queue = WriteQueue(lock_path, wait_seconds=0.5)
    with pytest.raises(ValueError, match="broken"), queue.turn():
        raise ValueError("broken")
    with queue.turn():
        pass


def _hold(lock_path: str, is_held: object, may_go: object) -> None:
    with WriteQueue(lock_path).turn():
        is_held.set()  # type: ignore[attr-defined]
        may_go.wait(10)  # type: ignore[attr-defined]


def test_a_forked_process_has_locks_of_its_own(lock_path: str) -> None:
    """The web server's workers are forked from a process that has opened the queue already."""
    queue = WriteQueue(lock_path, wait_seconds=0.05)
    may_try, is_held = os.pipe()
    child = os.fork()
    if not child:
        os.read(may_try, 1)
        with suppress(Busy), queue.turn():
            os._exit(1)  # in here beside the parent
        os._exit(0)
    with queue.turn():
        os.write(is_held, b"x")
        _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0


def test_another_process_is_waited_for_and_then_given_up(lock_path: str) -> None:
    context = multiprocessing.get_context("spawn")
    is_held, may_go = context.Event(), context.Event()
    other = context.Process(target=_hold, args=(lock_path, is_held, may_go))
    other.start()
    try:
        assert is_held.wait(20)
        queue = WriteQueue(lock_path, wait_seconds=0.05)
        with pytest.raises(Busy), queue.turn():
            pass
        may_go.set()
        other.join(10)
        with queue.turn():
            pass
    finally:
        may_go.set()
        other.join(10)
