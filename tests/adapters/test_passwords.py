"""Passwords: argon2id, and the same answer for a person who is not known."""

from argon2 import PasswordHasher

from app.adapters.passwords import hash_password, needs_rehash, verify_password


def test_a_password_fits_its_hash_only() -> None:
    stored = hash_password("correct horse battery")
    assert stored.startswith("$argon2id$")
    assert verify_password(stored, "correct horse battery")
    assert not verify_password(stored, "correct horse")
    assert not needs_rehash(stored)


def test_nobody_has_a_password() -> None:
    assert not verify_password(None, "nobody has this password")
    assert not verify_password(None, "anything")


def test_a_broken_hash_opens_nothing() -> None:
    assert not verify_password("not a hash", "anything")


def test_a_hash_made_with_less_work_is_to_be_renewed() -> None:
    assert needs_rehash(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("anything"))
