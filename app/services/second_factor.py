"""Second factors: an authenticator app beside the password, and recovery codes for the day it is lost."""

import hashlib
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, exists, func, select, update
from sqlalchemy.orm import Session

from app.adapters.second_factor import SecretVault, matching_step, new_secret
from app.domain import codes
from app.domain.chance import Rng
from app.domain.errors import Conflict, NotFound
from app.models import Account, RecoveryCode, SecondFactor
from app.services import accounts, audit
from app.services.audit import Actor
from app.services.uow import unit_of_work

RECOVERY_CODES = 10
DIGITS = 6


def is_on(session: Session, account_id: UUID) -> bool:
    """True when the account is asked for a second factor."""
    confirmed = and_(SecondFactor.account_id == account_id, SecondFactor.confirmed_at.is_not(None))
    return bool(session.scalar(select(exists().where(confirmed))))


def who_has_one(session: Session) -> frozenset[UUID]:
    """The accounts that are asked for a second factor."""
    query = select(SecondFactor.account_id).where(SecondFactor.confirmed_at.is_not(None))
    return frozenset(session.scalars(query))


def codes_left(session: Session, account_id: UUID) -> int:
    """How many recovery codes are not used yet."""
    return session.scalar(select(func.count()).select_from(RecoveryCode).where(_unused(account_id))) or 0


def pending_secret(session: Session, account_id: UUID, vault: SecretVault) -> str | None:
    """The secret that waits for its first code; None when nothing was begun, or all is done."""
    factor = session.get(SecondFactor, account_id, populate_existing=True)
    if factor is None or factor.confirmed_at is not None:
        return None
    return vault.open(account_id, factor.secret_encrypted)


@unit_of_work
def begin(session: Session, account_id: UUID, *, now: datetime, rng: Rng, vault: SecretVault) -> None:
    """Make a fresh secret that waits for its first code; it replaces one that waited before.

    Raises Conflict when the account has a second factor.
    """
    accounts.get_for_change(session, account_id)
    if is_on(session, account_id):
        raise Conflict("your second factor is on already")
    session.execute(delete(SecondFactor).where(SecondFactor.account_id == account_id))
    sealed = vault.seal(account_id, new_secret(rng), rng)
    session.add(SecondFactor(account_id=account_id, secret_encrypted=sealed, last_step=0, created_at=now))


@unit_of_work
def confirm(
    session: Session,
    account_id: UUID,
    typed: str,
    *,
    actor: Actor,
    now: datetime,
    rng: Rng,
    vault: SecretVault,
) -> list[str] | None:
    """Switch the second factor on with its first code. Returns the recovery codes, which are kept as hashes
    only; None when the code is wrong or nothing waits for one.
    """
    account = accounts.get_for_change(session, account_id)
    secret = pending_secret(session, account_id, vault)
    step = matching_step(secret, _digits(typed), now) if secret else None
    if step is None:
        return None
    factor = session.get_one(SecondFactor, account_id)
    factor.confirmed_at, factor.last_step = now, step
    audit.record(session, actor, "account.second_factor_on", account.email, now=now)
    return _fresh_codes(session, account_id, rng)


@unit_of_work
def use(session: Session, account_id: UUID, typed: str, *, now: datetime, vault: SecretVault) -> bool:
    """True, once, for the code an authenticator app shows, or for a recovery code.

    Raises SecretUnreadable when the app's secret cannot be opened; recovery codes need none.
    """
    return _use_step(session, account_id, typed, now, vault) or _use_recovery(session, account_id, typed, now)


@unit_of_work
def renew_codes(session: Session, account_id: UUID, *, actor: Actor, now: datetime, rng: Rng) -> list[str]:
    """Ten new recovery codes; the old ones are dead. Raises Conflict without a second factor."""
    account = accounts.get_for_change(session, account_id)
    if not is_on(session, account_id):
        raise Conflict("your second factor is off")
    audit.record(session, actor, "account.recovery_codes", account.email, now=now)
    return _fresh_codes(session, account_id, rng)


@unit_of_work
def switch_off(session: Session, account_id: UUID, *, actor: Actor, now: datetime) -> None:
    """Ask this account for its password only, from now on. Who asks for it has been proven before."""
    account = accounts.get_for_change(session, account_id)
    if _remove(session, account_id):
        audit.record(session, actor, "account.second_factor_off", account.email, now=now)


@unit_of_work
def reset(session: Session, email: str, *, actor: Actor, now: datetime, reason: str = "") -> Account:
    """Take the second factor of somebody who lost it away; their sessions end. Raises NotFound, and Conflict
    when there is none.
    """
    found = accounts.find_by_email(session, email)
    if found is None:
        raise NotFound("this account does not exist")
    account = accounts.get_for_change(session, found.id)
    if not _remove(session, account.id):
        raise Conflict("%(email)s has no second factor", email=account.email)
    account.session_counter += 1
    audit.record(session, actor, "account.second_factor_reset", account.email, now=now, reason=reason)
    return account


def _use_step(session: Session, account_id: UUID, typed: str, now: datetime, vault: SecretVault) -> bool:
    code = _digits(typed)
    factor = session.get(SecondFactor, account_id)
    if len(code) != DIGITS or factor is None or factor.confirmed_at is None:
        return False
    step = matching_step(vault.open(account_id, factor.secret_encrypted), code, now)
    if step is None:
        return False
    used = update(SecondFactor).where(SecondFactor.account_id == account_id, SecondFactor.last_step < step)
    row = session.execute(used.values(last_step=step).returning(SecondFactor.account_id)).one_or_none()
    return row is not None


def _use_recovery(session: Session, account_id: UUID, typed: str, now: datetime) -> bool:
    code = codes.normalise_typed(typed)
    if code is None:
        return False
    mine = and_(_unused(account_id), RecoveryCode.digest == _digest(account_id, code))
    used = update(RecoveryCode).where(mine).values(used_at=now).returning(RecoveryCode.account_id)
    if session.execute(used).one_or_none() is None:
        return False
    account = session.get_one(Account, account_id)
    actor = Actor(account.email, account_id)
    left = {"left": codes_left(session, account_id)}
    audit.record(session, actor, "account.recovery_code", account.email, now=now, after=left)
    return True


def _fresh_codes(session: Session, account_id: UUID, rng: Rng) -> list[str]:
    session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account_id))
    fresh = codes.generate(rng, RECOVERY_CODES)
    session.add_all(RecoveryCode(account_id=account_id, digest=_digest(account_id, code)) for code in fresh)
    return fresh


def _remove(session: Session, account_id: UUID) -> bool:
    session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account_id))
    mine = delete(SecondFactor).where(SecondFactor.account_id == account_id)
    return session.execute(mine.returning(SecondFactor.account_id)).one_or_none() is not None


def _unused(account_id: UUID) -> ColumnElement[bool]:
    return and_(RecoveryCode.account_id == account_id, RecoveryCode.used_at.is_(None))


def _digits(typed: str) -> str:
    """The code without the spaces apps show in it; nothing for what holds anything but digits."""
    code = "".join(typed.split())
    return code if code.isascii() and code.isdigit() else ""


def _digest(account_id: UUID, code: str) -> bytes:
    """75 random bits are not found by trying: a fast hash is enough."""
    return hashlib.sha256(b"prizewell/recovery" + account_id.bytes + code.encode()).digest()
