"""Passwords: argon2id with the library's current parameters; old hashes are renewed when their owner signs
in.
"""

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_hasher = PasswordHasher()


def hash_password(password: str) -> str:
    """The hash to store; takes tens of milliseconds on purpose, so never call it with a lock held."""
    return _hasher.hash(password)


def verify_password(stored: str | None, password: str) -> bool:
    """True when the password is the one behind the hash. Without a hash: False, after the same work."""
    try:
        _hasher.verify(stored or _hash_of_nobody(), password)
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


@cache
def _hash_of_nobody() -> str:
    """Checked for people we do not know, so that the time an answer takes does not tell whom we know."""
    return _hasher.hash("nobody has this password")


def needs_rehash(stored: str) -> bool:
    """True when the hash was made with other parameters than today's."""
    return _hasher.check_needs_rehash(stored)
