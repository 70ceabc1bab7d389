"""Where chance comes from: an argument, never a global."""

from typing import Protocol


class Rng(Protocol):
    """A source of unpredictable numbers; the standard module `secrets` is one."""

    def randbelow(self, n: int, /) -> int:
        """Return an integer in [0, n), each equally likely; n is at least 1."""

    def token_bytes(self, n: int, /) -> bytes:
        """Return n bytes, each of the 256 values equally likely."""
