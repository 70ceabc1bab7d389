"""Accounts: staff are invited by a one-time link, choose a password, and are never locked out altogether."""

import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from app.adapters.passwords import hash_password
from app.domain.chance import Rng
from app.domain.errors import Conflict, InvalidInput, NotFound
from app.domain.identity import InvalidAddress, canonical_email
from app.domain.ids import random_id
from app.domain.roles import Role
from app.models import Account
from app.services import audit, outbox
from app.services.audit import Actor
from app.services.fields import check_new_password, one_line
from app.services.uow import unit_of_work


def find_active(session: Session, account_id: UUID) -> Account | None:
    """The account, unless it does not exist or is disabled."""
    account = session.get(Account, account_id)
    return account if account is not None and account.disabled_at is None else None


def find_active_hex(session: Session, account_id: str) -> Account | None:
    """The account of an id as text, unless it does not exist, is disabled, or the text is no id."""
    try:
        return find_active(session, UUID(hex=account_id))
    except ValueError:
        return None


def find_by_email(session: Session, email: str) -> Account | None:
    """The account of that address, however it is written, disabled ones too."""
    address = plain_address(email)
    if not address.isprintable():  # whatever is typed comes here, also what a database cannot take
        return None
    return session.scalars(select(Account).where(Account.email == address)).one_or_none()


def plain_address(email: str) -> str:
    """The one spelling under which accounts are found."""
    return unicodedata.normalize("NFKC", email).strip().lower()


def get(session: Session, account_id: UUID) -> Account:
    """The account, disabled ones too. Raises NotFound."""
    account = session.get(Account, account_id)
    if account is None:
        raise NotFound("this account does not exist")
    return account


def get_for_change(session: Session, account_id: UUID) -> Account:
    """The account with its row locked: changes of it come one after another. Raises NotFound."""
    query = select(Account).where(Account.id == account_id).with_for_update(key_share=True)
    account = session.scalars(query.execution_options(populate_existing=True)).one_or_none()
    if account is None:
        raise NotFound("this account does not exist")
    return account


def listing(session: Session) -> Sequence[Account]:
    """All accounts by address."""
    return session.scalars(select(Account).order_by(Account.email)).all()


def anyone_can_sign_in(session: Session) -> bool:
    """True once some account that is not disabled has a password."""
    can = Account.password_hash.is_not(None) & Account.disabled_at.is_(None)
    return bool(session.scalar(select(exists().where(can))))


@unit_of_work
def invite(
    session: Session,
    email: str,
    role: Role,
    *,
    by_mail: bool = False,
    actor: Actor,
    now: datetime,
    rng: Rng,
    reason: str = "",
) -> Account:
    """The account of that address in that role, made if need be; links handed out before are dead from now
    on. With `by_mail` a link is also sent there.

    Raises InvalidInput for a malformed address, Conflict for a disabled account, or when the last admin would
    go.
    """
    address = _checked_address(email)
    query = select(Account).where(Account.email == address).with_for_update(key_share=True)
    account = session.scalars(query.execution_options(populate_existing=True)).one_or_none()
    if account is None:
        account = Account(
            id=random_id(rng), email=address, role=role, link_counter=1, session_counter=0, created_at=now
        )
        session.add(account)
        session.flush()
        before = None
    else:
        if account.disabled_at is not None:
            raise Conflict("the account of %(email)s is disabled; enable it first", email=address)
        before = {"role": account.role}
        if role is not Role.ADMIN:
            _keep_an_admin(session, account)
        _give_role(account, role)
        account.link_counter += 1
    if by_mail:
        outbox.send_sign_in_link(session, account.id, account.link_counter, now=now, rng=rng)
    after = {"role": role}
    audit.record(
        session, actor, "account.invite", address, now=now, before=before, after=after, reason=reason
    )
    return account


def link_payload(account: Account) -> dict[str, Any]:
    """What a one-time link carries, to be signed: good until the counter moves on."""
    return {"account": account.id.hex, "counter": account.link_counter}


def read_link(session: Session, payload: object) -> Account | None:
    """The account a link is for; None when it was used, replaced by a newer one, or was never one."""
    if not isinstance(payload, Mapping):
        return None
    try:
        account = find_active(session, UUID(hex=payload["account"]))
    except (KeyError, ValueError, AttributeError, TypeError):
        return None
    return account if account is not None and account.link_counter == payload.get("counter") else None


def set_password_by_link(
    session: Session, account_id: UUID, counter: int, password: str, name: str, *, now: datetime
) -> Account | None:
    """Use a link up: set name and password, end all older sessions; None when the link was used before.

    Of two uses at once one wins. Raises InvalidInput for a password or name that will not do.
    """
    account = find_active(session, account_id)
    if account is None:
        return None
    check_new_password(password, account.email)
    return _use_link(
        session, account_id, counter, hash_password(password), one_line("name", name, 120), now=now
    )


@unit_of_work
def set_role(
    session: Session, account_id: UUID, role: Role, *, actor: Actor, now: datetime, reason: str = ""
) -> Account:
    """Give an account another role; with a lower one its sessions end. Raises NotFound, and Conflict when the
    last admin would go.
    """
    account = get_for_change(session, account_id)
    if account.role is role:
        return account
    _keep_an_admin(session, account)
    before = {"role": account.role}
    _give_role(account, role)
    after = {"role": role}
    audit.record(
        session, actor, "account.role", account.email, now=now, before=before, after=after, reason=reason
    )
    return account


@unit_of_work
def disable(session: Session, account_id: UUID, *, actor: Actor, now: datetime, reason: str = "") -> Account:
    """Shut an account out at once: its sessions and links end. Raises NotFound, and Conflict for the last
    admin.
    """
    account = get_for_change(session, account_id)
    if account.disabled_at is None:
        _keep_an_admin(session, account)
        account.disabled_at = now
        account.session_counter += 1
        account.link_counter += 1
        audit.record(session, actor, "account.disable", account.email, now=now, reason=reason)
    return account


@unit_of_work
def enable(session: Session, account_id: UUID, *, actor: Actor, now: datetime, reason: str = "") -> Account:
    """Let a disabled account in again, with the password it had. Raises NotFound."""
    account = get_for_change(session, account_id)
    if account.disabled_at is not None:
        account.disabled_at = None
        audit.record(session, actor, "account.enable", account.email, now=now, reason=reason)
    return account


@unit_of_work
def _use_link(
    session: Session, account_id: UUID, counter: int, password_hash: str, name: str, *, now: datetime
) -> Account | None:
    used = session.scalars(
        update(Account)
        .where(Account.id == account_id, Account.link_counter == counter, Account.disabled_at.is_(None))
        .values(
            link_counter=Account.link_counter + 1,
            session_counter=Account.session_counter + 1,
            password_hash=password_hash,
            name=name,
        )
        .returning(Account)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if used is not None:
        audit.record(session, Actor(used.email, used.id), "account.link", used.email, now=now)
    return used


def _give_role(account: Account, role: Role) -> None:
    if not role.covers(account.role):
        account.session_counter += 1
    account.role = role


def _keep_an_admin(session: Session, account: Account) -> None:
    """Raise Conflict when the account is the only active admin; two admins cannot shut out one another at
    once.
    """
    is_admin = (Account.role == Role.ADMIN) & Account.disabled_at.is_(None)
    admins = session.scalars(
        select(Account.id).where(is_admin).order_by(Account.id).with_for_update(key_share=True)
    ).all()
    if list(admins) == [account.id]:
        raise Conflict("this is the last admin; make somebody else an admin first")


def _checked_address(email: str) -> str:
    address = plain_address(email)
    try:
        canonical_email(address)
    except InvalidAddress as error:
        raise InvalidInput.of("email", error) from error
    return address
