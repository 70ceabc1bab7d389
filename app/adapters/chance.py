"""The operating system's randomness."""

import secrets


class SystemRng:
    """Satisfies `app.domain.chance.Rng` from the operating system's generator."""

    def randbelow(self, n: int) -> int:
        """A number in `[0, n)`, each equally likely."""
        return secrets.randbelow(n)

    def token_bytes(self, n: int) -> bytes:
        """`n` random bytes."""
        return secrets.token_bytes(n)
