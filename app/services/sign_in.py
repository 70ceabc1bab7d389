"""Signing in: the password is checked, renewed and changed."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from app.adapters.passwords import hash_password, needs_rehash, verify_password
from app.domain.errors import InvalidInput, NotFound
from app.models import Account
from app.services import accounts, audit
from app.services.audit import Actor
from app.services.fields import MAX_PASSWORD, check_new_password
from app.services.uow import unit_of_work


def with_password(session: Session, email: str, password: str) -> Account | None:
    """The account when address and password are right; the same work and answer for an unknown one."""
    account = accounts.find_by_email(session, email)
    stored = account.password_hash if account is not None and account.disabled_at is None else None
    right = len(password) <= MAX_PASSWORD and verify_password(stored, password)
    if account is None or stored is None or not right:
        return None
    if needs_rehash(stored):
        _renew_hash(session, account.id, stored, hash_password(password))
    return account


def change_password(
    session: Session, account_id: UUID, current: str, password: str, *, actor: Actor, now: datetime
) -> Account:
    """Set another password for somebody who knows the current one; ends all older sessions.

    Raises InvalidInput with field "current" or "password", NotFound for an account that is gone or disabled.
    """
    account = accounts.find_active(session, account_id)
    if account is None:
        raise NotFound("this account does not exist")
    if len(current) > MAX_PASSWORD or not verify_password(account.password_hash, current):
        raise InvalidInput("current", "this is not your current password")
    check_new_password(password, account.email)
    changed = _replace_password(
        session, account_id, account.password_hash or "", hash_password(password), actor=actor, now=now
    )
    if changed is None:
        raise InvalidInput("current", "your password was changed meanwhile")
    return changed


def knows_password(session: Session, account_id: UUID, password: str) -> bool:
    """True when this is the password of the account; false for one that is gone, disabled or has none."""
    account = accounts.find_active(session, account_id)
    stored = account.password_hash if account is not None else None
    return len(password) <= MAX_PASSWORD and verify_password(stored, password)


@unit_of_work
def _replace_password(
    session: Session, account_id: UUID, old_hash: str, new_hash: str, *, actor: Actor, now: datetime
) -> Account | None:
    changed = session.scalars(
        update(Account)
        .where(Account.id == account_id, Account.password_hash == old_hash)
        .values(password_hash=new_hash, session_counter=Account.session_counter + 1)
        .returning(Account)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if changed is not None:
        audit.record(session, actor, "account.password", changed.email, now=now)
    return changed


@unit_of_work
def _renew_hash(session: Session, account_id: UUID, old_hash: str, new_hash: str) -> None:
    session.execute(
        update(Account)
        .where(Account.id == account_id, Account.password_hash == old_hash)
        .values(password_hash=new_hash)
    )
