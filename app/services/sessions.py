"""Sessions of staff: begun at the sign-in, listed, proven again, ended for the next request on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, not_, select, update
from sqlalchemy.orm import Session

from app.domain.chance import Rng
from app.domain.ids import random_id
from app.models import Account, SecondFactor, StaffSession
from app.services import audit
from app.services.audit import Actor
from app.services.uow import unit_of_work

IDLE = timedelta(hours=12)  # a session nobody used for so long is over
LONGEST = timedelta(days=30)  # and so is one as old as this
SEEN_EVERY = timedelta(minutes=5)
PROVEN_FOR = timedelta(minutes=15)  # what needs a recent sign-in can be done for so long after one


@dataclass(frozen=True, slots=True)
class Presence:
    """Who is behind a session."""

    session: StaffSession
    account: Account
    has_second_factor: bool


def find(session: Session, session_id: UUID, *, now: datetime) -> Presence | None:
    """Who is behind a session that is not over: one look-up, made for every request of staff."""
    row = session.execute(
        select(StaffSession, Account, SecondFactor.confirmed_at)
        .join(Account, Account.id == StaffSession.account_id)
        .outerjoin(SecondFactor, SecondFactor.account_id == Account.id)
        .where(StaffSession.id == session_id, _is_on(now))
    ).one_or_none()
    return None if row is None else Presence(row[0], row[1], row[2] is not None)


def listing(session: Session, account_id: UUID, *, now: datetime) -> Sequence[StaffSession]:
    """The account's sessions that are not over, the one used last first."""
    return session.scalars(
        select(StaffSession)
        .join(Account, Account.id == StaffSession.account_id)
        .where(StaffSession.account_id == account_id, _is_on(now))
        .order_by(StaffSession.seen_at.desc(), StaffSession.id)
    ).all()


def is_proven(proven_at: datetime, now: datetime) -> bool:
    """True while the last password or code given in a session is recent."""
    return now - proven_at < PROVEN_FOR


def is_due(seen_at: datetime, now: datetime) -> bool:
    """True when it is time to write down that a session is in use."""
    return now - seen_at >= SEEN_EVERY


@unit_of_work
def begin(
    session: Session, account_id: UUID, counter: int, agent: str, *, now: datetime, rng: Rng
) -> StaffSession:
    """A session for somebody who has just signed in while the account's counter was `counter`: should it have
    moved on meanwhile, the session is over from the start. Forgets the account's sessions that are over.
    """
    over = select(StaffSession.id).join(Account, Account.id == StaffSession.account_id)
    over = over.where(StaffSession.account_id == account_id, not_(_is_on(now)))
    session.execute(
        delete(StaffSession).where(StaffSession.id.in_(over)).execution_options(synchronize_session=False)
    )
    begun = StaffSession(
        id=random_id(rng),
        account_id=account_id,
        counter=counter,
        agent=agent,
        created_at=now,
        seen_at=now,
        proven_at=now,
    )
    session.add(begun)
    account = session.get_one(Account, account_id)
    audit.record(session, Actor(account.email, account.id), "account.sign_in", account.email, now=now)
    return begun


@unit_of_work
def touch(session: Session, session_id: UUID, *, now: datetime) -> None:
    """Write down that the session is in use."""
    session.execute(update(StaffSession).where(StaffSession.id == session_id).values(seen_at=now))


@unit_of_work
def prove(session: Session, session_id: UUID, *, now: datetime) -> None:
    """Write down that password or code were given again."""
    proven = update(StaffSession).where(StaffSession.id == session_id)
    session.execute(proven.values(proven_at=now, seen_at=now))


@unit_of_work
def end(session: Session, session_id: UUID, *, actor: Actor, now: datetime) -> bool:
    """End one of the actor's own sessions; false when it is over already or somebody else's."""
    mine = and_(StaffSession.id == session_id, StaffSession.account_id == actor.account_id)
    ended = session.execute(delete(StaffSession).where(mine).returning(StaffSession.agent)).one_or_none()
    if ended is not None:
        audit.record(session, actor, "account.session_end", actor.name, now=now)
    return ended is not None


@unit_of_work
def end_others(session: Session, kept_id: UUID, *, actor: Actor, now: datetime) -> int:
    """End all of the actor's sessions but one; returns how many."""
    others = and_(StaffSession.id != kept_id, StaffSession.account_id == actor.account_id)
    ended = session.execute(delete(StaffSession).where(others).returning(StaffSession.id)).all()
    if ended:
        after = {"ended": len(ended)}
        audit.record(session, actor, "account.session_end", actor.name, now=now, after=after)
    return len(ended)


def forget_unused(session: Session, now: datetime) -> None:
    """Delete the sessions that nobody used for long. Part of the unit of work that tidies up."""
    session.execute(delete(StaffSession).where(StaffSession.seen_at <= now - IDLE))


def _is_on(now: datetime) -> ColumnElement[bool]:
    """Of a session joined with its account."""
    return and_(
        StaffSession.counter == Account.session_counter,
        StaffSession.seen_at > now - IDLE,
        StaffSession.created_at > now - LONGEST,
        Account.disabled_at.is_(None),
    )
