"""Signed tokens, marked nonces and sealed seeds: what is not ours, or not in time, is nothing."""

from datetime import timedelta
from uuid import UUID

import pytest

from app.adapters.seeds import SeedVault
from app.adapters.tokens import LIFETIMES, NonceMint, Purpose, Signer
from app.domain.errors import SeedUnreadable
from tests.support.fakes import NOON, FakeRng

OLD, NEW = "an old key, an old key, an old key", "a new key, a new key, a new key, a"
CAMPAIGN = UUID(int=7)


@pytest.mark.parametrize("purpose", list(Purpose))
def test_a_token_carries_its_value_until_it_expires(purpose: Purpose) -> None:
    signer = Signer([NEW])
    token = signer.sign(purpose, ["summer", "ayse"], NOON)
    assert signer.read(purpose, token, NOON) == ["summer", "ayse"]
    assert signer.read(purpose, token, NOON + LIFETIMES[purpose]) is None


def test_a_token_for_one_purpose_is_none_for_another() -> None:
    signer = Signer([NEW])
    token = signer.sign(Purpose.RESULT, "x", NOON)
    assert signer.read(Purpose.PARTNER, token, NOON) is None


def test_keys_rotate() -> None:
    token = Signer([OLD]).sign(Purpose.RESULT, "x", NOON)
    assert Signer([NEW, OLD]).read(Purpose.RESULT, token, NOON) == "x"
    assert Signer([NEW]).read(Purpose.RESULT, token, NOON) is None


@pytest.mark.parametrize("token", ["", "x", "a.b", "\x00", "é", "W10.x", "." * 500])
def test_rubbish_is_no_token(token: str) -> None:
    assert Signer([NEW]).read(Purpose.RESULT, token, NOON) is None


def test_the_same_moment_gives_the_same_token() -> None:
    signer = Signer([NEW])
    token = signer.sign(Purpose.RESULT, "x", NOON)
    assert signer.sign(Purpose.RESULT, "x", NOON) == token
    assert signer.sign(Purpose.RESULT, "x", NOON + timedelta(seconds=1)) != token


def test_the_server_knows_its_own_nonces() -> None:
    mint, rng = NonceMint(NEW), FakeRng()
    nonces = {mint.mint(rng) for _ in range(100)}
    assert len(nonces) == 100
    assert all(len(nonce) == 16 and mint.is_ours(nonce) for nonce in nonces)
    assert not mint.is_ours(bytes(16))
    assert not NonceMint(OLD).is_ours(next(iter(nonces)))


def test_a_seed_opens_only_with_its_key_and_for_its_campaign() -> None:
    vault, seed = SeedVault(b"k" * 32), bytes(range(32))
    sealed = vault.seal(CAMPAIGN, seed, FakeRng())
    assert seed not in sealed
    assert vault.open(CAMPAIGN, sealed) == seed
    with pytest.raises(SeedUnreadable):
        SeedVault(b"x" * 32).open(CAMPAIGN, sealed)
    with pytest.raises(SeedUnreadable):
        vault.open(UUID(int=8), sealed)
    with pytest.raises(SeedUnreadable):
        vault.open(CAMPAIGN, b"")
