"""Chance and time that a test decides."""

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime

NOON = datetime(2030, 6, 15, 12, 0, tzinfo=UTC)


class FakeRng:
    """The Rng of tests: first the `answers` given, then a stream that only the `seed` decides."""

    def __init__(self, seed: int = 0, answers: Iterable[int] = ()) -> None:
        self._seed = seed
        self._count = 0
        self._answers = list(answers)

    def randbelow(self, n: int, /) -> int:
        """The next prepared answer, which must be below n; later a number the seed decides."""
        if self._answers:
            answer = self._answers.pop(0)
            assert 0 <= answer < n, f"the answer prepared, {answer}, is not below {n}"
            return answer
        return int.from_bytes(self.token_bytes(16)) % n

    def token_bytes(self, n: int, /) -> bytes:
        """The next n bytes of the stream."""
        stream = b""
        while len(stream) < n:
            self._count += 1
            stream += hashlib.sha256(f"{self._seed}:{self._count}".encode()).digest()
        return stream[:n]
