"""Idempotency: what somebody asks for twice under one key is done once, and answered alike.

The answer is written in the transaction that does the work. So there is never one without the other, whoever
dies when; and whoever asks while the work is being done is told so.
"""

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.models import IdempotencyKey
from app.services.uow import TryAgain, unit_of_work

KEPT = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for: by whom, under which key, and what exactly."""

    owner: UUID
    key: str
    what: bytes

    @property
    def fingerprint(self) -> bytes:
        """Two that ask for the same have the same one."""
        return hashlib.sha256(self.what).digest()


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered: a status, and a text that tells no secret, since it is kept."""

    status: int
    body: str
    is_replayed: bool = False


@dataclass(frozen=True, slots=True)
class StillRunning:
    """The same is being done right now."""


@dataclass(frozen=True, slots=True)
class OtherRequest:
    """The key was used for something else."""


def once(
    session: Session, asked: Asked, work: Callable[[Session], Answer], *, now: datetime
) -> Answer | StillRunning | OtherRequest:
    """Do the work in a transaction, unless it was done under that key within the last 24 hours.

    What `work` raises undoes everything: the key stays free. `work` is run again when others were in the way.
    """
    with _running(asked.owner, asked.key) as is_first:
        return _once(session, asked, work, now=now) if is_first else StillRunning()


@unit_of_work
def _once(
    session: Session, asked: Asked, work: Callable[[Session], Answer], *, now: datetime
) -> Answer | StillRunning | OtherRequest:
    if not _lock(session, asked):
        return StillRunning()
    known = session.get(IdempotencyKey, (asked.owner, asked.key))
    if known is not None and now - known.created_at < KEPT:
        if known.fingerprint != asked.fingerprint:
            return OtherRequest()
        return Answer(known.status, known.body, is_replayed=True)
    if known is not None:
        session.delete(known)
        session.flush()
    answer = work(session)
    session.add(
        IdempotencyKey(
            owner=asked.owner,
            key=asked.key,
            fingerprint=asked.fingerprint,
            status=answer.status,
            body=answer.body,
            created_at=now,
        )
    )
    try:
        session.flush()
    except IntegrityError as error:  # seen too late, in a snapshot older than the lock
        raise TryAgain from error
    return answer


def forget(session: Session, now: datetime) -> None:
    """Delete what is not kept any longer. Part of the unit of work that tidies up."""
    session.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at <= now - KEPT))


def _lock(session: Session, asked: Asked) -> bool:
    """Among all processes; it goes with the transaction. SQLite has one writer."""
    if session.get_bind().dialect.name != "postgresql":
        return True
    digest = hashlib.sha256(asked.owner.bytes + asked.key.encode()).digest()
    number = int.from_bytes(digest[:8], "big", signed=True)
    return bool(session.scalar(select(func.pg_try_advisory_xact_lock(number))))


@contextmanager
def _running(owner: UUID, key: str) -> Iterator[bool]:
    """Among the threads of this process, some of which may be waiting for their turn to write."""
    name = (owner, key)
    with _mutex:
        is_first = name not in _at_work
        _at_work.add(name)
    try:
        yield is_first
    finally:
        if is_first:
            with _mutex:
                _at_work.discard(name)


_at_work: set[tuple[UUID, str]] = set()
_mutex = threading.Lock()
