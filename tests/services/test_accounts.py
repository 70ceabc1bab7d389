"""Accounts: links work once, passwords are checked the same for everybody, the last admin stays."""

import threading
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.adapters import passwords
from app.domain.errors import Conflict, InvalidInput, NotFound
from app.domain.roles import Role
from app.extensions import db
from app.models import Account, AuditRecord
from app.services import accounts, audit, sign_in
from app.services.audit import COMMAND_LINE
from tests.support.fakes import NOON, FakeRng

GOOD = "correct horse battery"
OTHER = "another long password"


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes that take no time: how hard they are is the library's own matter."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


def invite(session: Session, email: str = "ada@example.org", role: Role = Role.ADMIN) -> Account:
    return accounts.invite(
        session, email, role, actor=COMMAND_LINE, now=NOON, rng=FakeRng(sum(email.encode()))
    )


def settle(session: Session, email: str = "ada@example.org", role: Role = Role.ADMIN) -> Account:
    """An account that has chosen its password."""
    invited = invite(session, email, role)
    account = accounts.set_password_by_link(session, invited.id, invited.link_counter, GOOD, "Ada", now=NOON)
    assert account is not None
    return account


def act(session: Session, what: str, account: Account, *args: Any) -> Account:
    done: Account = getattr(accounts, what)(
        session, account.id, *args, actor=COMMAND_LINE, now=NOON, reason="because"
    )
    return done


@pytest.mark.parametrize("address", ["ada\0@example.org", "\0", "ada\udcff@example.org", "ada\n@example.org"])
def test_what_no_database_takes_is_nobodys_address(session: Session, address: str) -> None:
    settle(session)
    assert accounts.find_by_email(session, address) is None
    assert sign_in.with_password(session, address, GOOD) is None


def test_the_longest_address_has_its_account(session: Session) -> None:
    address = f"{'a' * 64}@{'b' * 60}.{'c' * 60}.{'d' * 50}.example"
    assert len(address) > 240
    account = settle(session, address)
    act(session, "enable", account)
    assert sign_in.with_password(session, address, GOOD) is not None


def test_inviting_makes_an_account_that_cannot_sign_in_yet(session: Session) -> None:
    ada = invite(session, " Ada@Example.ORG ")
    assert (ada.email, ada.role, ada.password_hash) == ("ada@example.org", Role.ADMIN, None)
    assert sign_in.with_password(session, "ada@example.org", GOOD) is None
    assert not accounts.anyone_can_sign_in(session)
    assert audit.latest(session)[0].action == "account.invite"


def test_inviting_again_changes_the_role_and_ends_older_links(session: Session) -> None:
    settle(session)
    bob = invite(session, "bob@example.org", Role.VIEWER)
    old = accounts.link_payload(bob)
    again = invite(session, "BOB@example.org", Role.EDITOR)
    assert (again.id, again.role) == (bob.id, Role.EDITOR)
    assert accounts.read_link(session, old) is None
    assert accounts.read_link(session, accounts.link_payload(again)) is again
    assert [account.email for account in accounts.listing(session)] == ["ada@example.org", "bob@example.org"]


@pytest.mark.parametrize(
    "email", ["", "ada", "ada@localhost", "a b@example.org", "ada@example.org\r\nBcc: x"]
)
def test_addresses_that_will_not_do(session: Session, email: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        invite(session, email)
    assert caught.value.field == "email"


@pytest.mark.parametrize(
    "payload",
    [None, "text", [], {}, {"account": 7}, {"account": "x", "counter": 1}, {"account": UUID(int=1).hex}],
)
def test_what_is_no_link(session: Session, payload: object) -> None:
    assert accounts.read_link(session, payload) is None


def test_a_link_works_once(session: Session) -> None:
    ada = invite(session)
    payload = accounts.link_payload(ada)
    used = accounts.set_password_by_link(session, ada.id, payload["counter"], GOOD, " Ada L ", now=NOON)
    assert used is not None
    assert (used.name, used.session_counter) == ("Ada L", 1)
    assert accounts.read_link(session, payload) is None
    assert accounts.set_password_by_link(session, ada.id, payload["counter"], OTHER, "Eve", now=NOON) is None
    assert sign_in.with_password(session, "ada@example.org", GOOD) is used
    assert sign_in.with_password(session, "ada@example.org", OTHER) is None
    record = audit.latest(session)[0]
    assert (record.action, record.account_id) == ("account.link", ada.id)


@pytest.mark.race
def test_of_two_uses_at_once_one_wins(app: Flask, session: Session) -> None:
    ada = invite(session)
    with app.app_context():
        engine = db.engine
    barrier = threading.Barrier(8)
    won: list[str] = []

    def use(name: str) -> None:
        with Session(engine, expire_on_commit=False) as own:
            barrier.wait()
            if accounts.set_password_by_link(own, ada.id, 1, GOOD, name, now=NOON) is not None:
                won.append(name)

    threads = [threading.Thread(target=use, args=(f"Person {number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    session.expire_all()
    assert [accounts.get(session, ada.id).name] == won
    assert session.scalar(select(func.count()).where(AuditRecord.action == "account.link")) == 1


@pytest.mark.parametrize("password", ["short", "x" * 11, "x" * 129, "ADA@example.org"])
def test_passwords_that_will_not_do(session: Session, password: str) -> None:
    ada = invite(session)
    with pytest.raises(InvalidInput) as caught:
        accounts.set_password_by_link(session, ada.id, 1, password, "Ada", now=NOON)
    assert caught.value.field == "password"
    assert accounts.read_link(session, accounts.link_payload(ada)) is ada


def test_a_name_that_will_not_do(session: Session) -> None:
    ada = invite(session)
    with pytest.raises(InvalidInput) as caught:
        accounts.set_password_by_link(session, ada.id, 1, GOOD, "  ", now=NOON)
    assert caught.value.field == "name"


def test_a_link_for_nobody(session: Session) -> None:
    assert accounts.set_password_by_link(session, UUID(int=1), 1, GOOD, "Ada", now=NOON) is None


def test_signing_in(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = settle(session)
    assert sign_in.with_password(session, " ADA@example.org", GOOD) is ada
    assert accounts.anyone_can_sign_in(session)
    checked: list[str | None] = []
    real = passwords.verify_password

    def watch(stored: str | None, password: str) -> bool:
        checked.append(stored)
        return real(stored, password)

    monkeypatch.setattr(sign_in, "verify_password", watch)
    assert sign_in.with_password(session, "eve@example.org", GOOD) is None
    assert sign_in.with_password(session, "not an address", GOOD) is None
    assert sign_in.with_password(session, "ada@example.org", "wrong") is None
    assert sign_in.with_password(session, "ada@example.org", "x" * 200) is None
    assert checked == [None, None, ada.password_hash]


def test_an_old_hash_is_renewed(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = settle(session)
    old = ada.password_hash
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=2, memory_cost=8, parallelism=1))
    assert sign_in.with_password(session, "ada@example.org", GOOD) is not None
    session.expire_all()
    assert accounts.get(session, ada.id).password_hash != old
    assert sign_in.with_password(session, "ada@example.org", GOOD) is not None


def test_changing_the_password_ends_older_sessions(session: Session) -> None:
    ada = settle(session)
    before = ada.session_counter
    changed = sign_in.change_password(
        session, ada.id, GOOD, OTHER, actor=COMMAND_LINE, now=NOON + timedelta(hours=1)
    )
    assert changed.session_counter == before + 1
    assert sign_in.with_password(session, "ada@example.org", OTHER) is not None
    assert sign_in.with_password(session, "ada@example.org", GOOD) is None
    assert audit.latest(session)[0].action == "account.password"


def test_changing_the_password_needs_the_current_one(session: Session) -> None:
    ada = settle(session)
    for current, new, field in (
        (OTHER, OTHER, "current"),
        (GOOD, "short", "password"),
        ("x" * 200, OTHER, "current"),
    ):
        with pytest.raises(InvalidInput) as caught:
            sign_in.change_password(session, ada.id, current, new, actor=COMMAND_LINE, now=NOON)
        assert caught.value.field == field
    with pytest.raises(NotFound):
        sign_in.change_password(session, UUID(int=1), GOOD, OTHER, actor=COMMAND_LINE, now=NOON)


def test_a_password_changed_meanwhile_is_not_overwritten(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = settle(session)
    real = passwords.hash_password

    def meanwhile(password: str) -> str:
        session.execute(update(Account).values(password_hash="somebody was faster"))
        session.commit()
        return real(password)

    monkeypatch.setattr(sign_in, "hash_password", meanwhile)
    with pytest.raises(InvalidInput, match="meanwhile"):
        sign_in.change_password(session, ada.id, GOOD, OTHER, actor=COMMAND_LINE, now=NOON)


def test_the_last_admin_stays(session: Session) -> None:
    ada = settle(session)
    bob = settle(session, "bob@example.org", Role.EDITOR)
    with pytest.raises(Conflict, match="last admin"):
        act(session, "disable", ada)
    with pytest.raises(Conflict, match="last admin"):
        act(session, "set_role", ada, Role.EDITOR)
    with pytest.raises(Conflict, match="last admin"):
        invite(session, "ada@example.org", Role.VIEWER)
    act(session, "set_role", bob, Role.ADMIN)
    assert act(session, "set_role", ada, Role.EDITOR).role is Role.EDITOR
    with pytest.raises(Conflict, match="last admin"):
        act(session, "disable", bob)


def test_a_disabled_account_is_shut_out(session: Session) -> None:
    settle(session)
    bob = settle(session, "bob@example.org", Role.EDITOR)
    payload = accounts.link_payload(bob)
    disabled = act(session, "disable", bob)
    assert disabled.disabled_at == NOON
    assert accounts.find_active(session, bob.id) is None
    assert sign_in.with_password(session, "bob@example.org", GOOD) is None
    assert accounts.read_link(session, payload) is None
    assert accounts.read_link(session, accounts.link_payload(disabled)) is None
    with pytest.raises(Conflict, match="disabled"):
        invite(session, "bob@example.org", Role.EDITOR)
    records = [record.action for record in audit.latest(session)]
    act(session, "disable", bob)
    assert [record.action for record in audit.latest(session)] == records
    act(session, "enable", bob)
    act(session, "enable", bob)
    assert sign_in.with_password(session, "bob@example.org", GOOD) is not None
    assert [record.action for record in audit.latest(session, limit=2)] == [
        "account.enable",
        "account.disable",
    ]


def test_the_role_it_has_already(session: Session) -> None:
    ada = settle(session)
    assert act(session, "set_role", ada, Role.ADMIN) is ada
    assert audit.latest(session)[0].action == "account.link"


def test_what_is_not_there(session: Session) -> None:
    nobody = Account(id=UUID(int=1))
    for what, *args in (("disable",), ("enable",), ("set_role", Role.ADMIN)):
        with pytest.raises(NotFound):
            act(session, str(what), nobody, *args)
    with pytest.raises(NotFound):
        accounts.get(session, nobody.id)
