"""Second factors: codes work once, secrets stand sealed, recovery codes as hashes."""

import threading
from datetime import datetime, timedelta

import pyotp
import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.adapters.second_factor import SecretVault
from app.domain.errors import Conflict, NotFound, SecretUnreadable
from app.domain.roles import Role
from app.extensions import db
from app.models import Account, RecoveryCode, SecondFactor
from app.services import audit, second_factor
from app.services.audit import COMMAND_LINE, Actor
from tests.support.fakes import NOON, FakeRng
from tests.support.staff import make_account

VAULT = SecretVault(b"s" * 32)
LATER = NOON + timedelta(minutes=5)


def code_at(secret: str, moment: datetime) -> str:
    return pyotp.TOTP(secret).at(moment)


def actor_of(account: Account) -> Actor:
    return Actor(account.email, account.id)


def switched_on(session: Session, account: Account) -> tuple[str, list[str]]:
    """The secret and the recovery codes of an account whose second factor is on since NOON."""
    second_factor.begin(session, account.id, now=NOON, rng=FakeRng(3), vault=VAULT)
    secret = second_factor.pending_secret(session, account.id, VAULT)
    assert secret
    codes = confirm(session, account, code_at(secret, NOON))
    assert codes is not None
    return secret, codes


def confirm(session: Session, account: Account, typed: str) -> list[str] | None:
    return second_factor.confirm(
        session, account.id, typed, actor=actor_of(account), now=NOON, rng=FakeRng(4), vault=VAULT
    )


def use(session: Session, account: Account, typed: str, now: datetime = LATER) -> bool:
    return second_factor.use(session, account.id, typed, now=now, vault=VAULT)


@pytest.fixture
def ada(session: Session) -> Account:
    return make_account(session, Role.ADMIN)


def test_it_is_on_with_its_first_code_and_not_before(session: Session, ada: Account) -> None:
    assert second_factor.pending_secret(session, ada.id, VAULT) is None
    assert confirm(session, ada, "123456") is None
    second_factor.begin(session, ada.id, now=NOON, rng=FakeRng(3), vault=VAULT)
    secret = second_factor.pending_secret(session, ada.id, VAULT)
    assert secret
    assert confirm(session, ada, "000000") is None
    assert not second_factor.is_on(session, ada.id)
    assert not use(session, ada, code_at(secret, LATER))
    code = code_at(secret, NOON)
    codes = confirm(session, ada, f" {code[:3]} {code[3:]} ")
    assert codes is not None
    assert len(set(codes)) == second_factor.RECOVERY_CODES == second_factor.codes_left(session, ada.id)
    assert second_factor.is_on(session, ada.id)
    assert second_factor.who_has_one(session) == {ada.id}
    assert second_factor.pending_secret(session, ada.id, VAULT) is None
    assert audit.latest(session)[0].action == "account.second_factor_on"
    with pytest.raises(Conflict):
        second_factor.begin(session, ada.id, now=NOON, rng=FakeRng(5), vault=VAULT)


def test_beginning_again_replaces_the_secret_that_waited(session: Session, ada: Account) -> None:
    second_factor.begin(session, ada.id, now=NOON, rng=FakeRng(3), vault=VAULT)
    first = second_factor.pending_secret(session, ada.id, VAULT)
    second_factor.begin(session, ada.id, now=NOON, rng=FakeRng(4), vault=VAULT)
    assert first
    assert second_factor.pending_secret(session, ada.id, VAULT) != first
    assert confirm(session, ada, code_at(first, NOON)) is None


def test_a_code_works_once_and_no_older_one_after_it(session: Session, ada: Account) -> None:
    secret, _codes = switched_on(session, ada)
    assert not use(session, ada, code_at(secret, NOON), NOON)
    assert use(session, ada, code_at(secret, LATER))
    assert not use(session, ada, code_at(secret, LATER))
    assert not use(session, ada, code_at(secret, LATER - timedelta(seconds=30)))
    assert use(session, ada, code_at(secret, LATER + timedelta(seconds=30)))
    for wrong in ("", "12345", "1234567", "abcdef", "１２３４５６", "\0", "x" * 300):
        assert not use(session, ada, wrong)


def test_a_recovery_code_works_once_however_it_is_typed(session: Session, ada: Account) -> None:
    bob = make_account(session, Role.VIEWER)
    _secret, codes = switched_on(session, ada)
    assert not use(session, bob, codes[0])
    assert use(session, ada, f" {codes[0].lower().replace('-', ' ')} ")
    assert not use(session, ada, codes[0])
    record = audit.latest(session)[0]
    assert (record.action, record.after) == ("account.recovery_code", {"left": 9})
    assert second_factor.codes_left(session, ada.id) == 9
    fresh = second_factor.renew_codes(session, ada.id, actor=actor_of(ada), now=NOON, rng=FakeRng(8))
    assert not use(session, ada, codes[1])
    assert use(session, ada, fresh[0])


def test_nothing_that_opens_stands_in_the_database(session: Session, ada: Account) -> None:
    secret, codes = switched_on(session, ada)
    stored = session.scalars(select(SecondFactor)).one().secret_encrypted
    assert secret.encode() not in stored
    kept = b"".join(session.scalars(select(RecoveryCode.digest)))
    assert not [code for code in codes if code.encode() in kept or code.replace("-", "").encode() in kept]


def test_under_another_key_the_app_does_not_count_and_recovery_codes_do(
    session: Session, ada: Account
) -> None:
    secret, codes = switched_on(session, ada)
    other = SecretVault(b"o" * 32)
    with pytest.raises(SecretUnreadable):
        second_factor.use(session, ada.id, code_at(secret, LATER), now=LATER, vault=other)
    assert second_factor.use(session, ada.id, codes[0], now=LATER, vault=other)


def test_switching_it_off_takes_the_codes_along(session: Session, ada: Account) -> None:
    secret, codes = switched_on(session, ada)
    second_factor.switch_off(session, ada.id, actor=actor_of(ada), now=NOON)
    assert not second_factor.is_on(session, ada.id)
    assert not use(session, ada, codes[0])
    assert not use(session, ada, code_at(secret, LATER))
    assert audit.latest(session)[0].action == "account.second_factor_off"
    count = len(audit.latest(session))
    second_factor.switch_off(session, ada.id, actor=actor_of(ada), now=NOON)
    assert len(audit.latest(session)) == count
    with pytest.raises(Conflict):
        second_factor.renew_codes(session, ada.id, actor=actor_of(ada), now=NOON, rng=FakeRng(8))


def test_a_reset_is_on_record_and_ends_the_sessions(session: Session, ada: Account) -> None:
    switched_on(session, ada)
    before = ada.session_counter
    reset = second_factor.reset(
        session, " ADA".replace("ADA", ada.email.upper()), actor=COMMAND_LINE, now=NOON
    )
    assert reset.session_counter == before + 1
    assert not second_factor.is_on(session, ada.id)
    assert audit.latest(session)[0].action == "account.second_factor_reset"
    with pytest.raises(Conflict, match="no second factor"):
        second_factor.reset(session, ada.email, actor=COMMAND_LINE, now=NOON)
    with pytest.raises(NotFound):
        second_factor.reset(session, "eve@example.org", actor=COMMAND_LINE, now=NOON)


@pytest.mark.race
def test_of_many_uses_of_one_code_at_once_one_is_taken(app: Flask, session: Session, ada: Account) -> None:
    secret, codes = switched_on(session, ada)
    session.commit()
    for typed in (code_at(secret, LATER), codes[0]):
        taken: list[bool] = []

        def attempt(code: str = typed, into: list[bool] = taken) -> None:
            with app.app_context(), Session(db.engine) as own:
                into.append(second_factor.use(own, ada.id, code, now=LATER, vault=VAULT))

        threads = [threading.Thread(target=attempt) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(taken) == [False] * 5 + [True]
