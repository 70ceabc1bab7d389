"""Batches of codes: large ones come in part by part, each in a short transaction, and all or nothing of them.

Whoever is killed midway leaves a batch behind that says where it stands: `tidy` then puts on offer what was
decided, and throws away what was not.
"""

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar, cast
from uuid import UUID

from sqlalchemy import CursorResult, delete, exists, func, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from app.domain.chance import Rng
from app.domain.codes import RANDOM_SYMBOLS, SYMBOLS, code_keys
from app.domain.errors import Busy, CommitUnknown, Conflict, NotFound
from app.models import BatchSource, BatchState, Code, CodeBatch, Prize, StagedCode
from app.services import audit, official_rules, staging, stock
from app.services.audit import Actor
from app.services.uow import unit_of_work

T = TypeVar("T")
Progress = Callable[[int], None]

STALE = timedelta(minutes=1)  # without a sign of life: whoever brought the batch in is gone
PATIENCE_SECONDS = 60.0  # with one part, while entries crowd
_PAUSE_SECONDS = 0.25


class Taken(Exception):
    """Meanwhile somebody else has brought in one of the batch's codes; nothing came in."""


@dataclass(frozen=True, slots=True)
class BatchFigures:
    """A batch and what has become of its codes. What came back with a later batch is counted there."""

    batch: CodeBatch
    free: int = 0
    won: int = 0
    withdrawn: int = 0
    waiting: int = 0  # come in, and not on offer yet

    @property
    def is_on_its_way(self) -> bool:
        """Whether it is still coming in."""
        return self.batch.state in {BatchState.STAGING, BatchState.OFFERING}

    @property
    def done(self) -> int:
        """How much of the work is done, up to the size of the batch: half is laying its codes down, the other
        half putting them on offer.
        """
        if self.batch.state is BatchState.STAGING:
            return self.batch.staged // 2
        return self.batch.size - self.waiting // 2


class _Clock:
    """What the time is while a long work goes on: the moment it began, and how long it has taken so far."""

    def __init__(self, now: datetime) -> None:
        self._began = now
        self._start = time.monotonic()

    def now(self) -> datetime:
        return self._began + timedelta(seconds=time.monotonic() - self._start)


def bring_in(
    session: Session,
    prize_id: UUID,
    source: BatchSource,
    size: int,
    parts: Iterable[Sequence[str]],
    *,
    file_name: str = "",
    random_symbols: int = RANDOM_SYMBOLS,
    actor: Actor,
    now: datetime,
    rng: Rng,
    progress: Progress | None = None,
    reason: str = "",
) -> None:
    """Bring `size` codes into the prize's stock, part by part: all of them, or none.

    Raises NotFound for an unknown prize, Taken, and Conflict when somebody stops it. `progress` is told how
    much is done, up to `size`. Once it is decided that the batch comes in, an error is none: what is not on
    offer when this returns will be after the next `tidy`.
    """
    clock = _Clock(now)
    tell = progress or (lambda _done: None)
    batch_id = _begin(
        session,
        prize_id,
        source,
        size,
        file_name=file_name,
        random_symbols=random_symbols,
        actor=actor,
        now=now,
    )
    try:
        digest, staged, returning = hashlib.sha256(), 0, Counter[UUID]()
        for texts in parts:
            keys = code_keys(texts)
            slots = staging.slots(rng, staged, len(keys), size)
            returning += _patiently(lambda: _stage(session, batch_id, texts, keys, slots, clock.now()))  # noqa: B023
            digest.update(staging.lines_of(keys))
            staged += len(keys)
            tell(staged // 2)
        decision = (returning, digest.hexdigest(), clock.now())
        _patiently(lambda: _decide(session, batch_id, *decision, actor=actor, now=now, reason=reason))
    except BaseException as error:
        with suppress(DBAPIError, Busy, CommitUnknown):  # then `tidy` does it
            stop(session, batch_id)
        if isinstance(error, IntegrityError):
            raise Taken from error
        raise
    with suppress(DBAPIError, Busy, CommitUnknown):
        _offer_all(session, batch_id, clock, lambda offered: tell((size + offered) // 2))


def generate(
    session: Session,
    prize_id: UUID,
    count: int,
    prefix: str,
    *,
    length: int = SYMBOLS,
    actor: Actor,
    now: datetime,
    rng: Rng,
    progress: Progress | None = None,
    reason: str = "",
) -> None:
    """Bring `count` new codes into the prize's stock, as `bring_in`."""
    campaign_id = session.get_one(Prize, prize_id).campaign_id
    parts = stock.new_codes(session, campaign_id, rng, count, prefix, length)
    bring_in(
        session,
        prize_id,
        BatchSource.GENERATED,
        count,
        parts,
        random_symbols=length - 1,
        actor=actor,
        now=now,
        rng=rng,
        progress=progress,
        reason=reason,
    )


def stop(session: Session, batch_id: int) -> None:
    """Throw away what has come in of a batch that is not decided; one that is decided stays as it is."""
    _fail(session, batch_id)
    while _clear_some(session, batch_id) == stock.PART:
        pass


def finish(session: Session, batch_id: int, *, now: datetime) -> None:
    """Put on offer what a decided batch still holds back. Raises NotFound."""
    _offer_all(session, batch_id, _Clock(now), lambda _offered: None)


def tidy(session: Session, *, now: datetime) -> None:
    """Settle the batches nobody is at work on: put on offer what was decided, throw away what was not."""
    left = select(CodeBatch.id, CodeBatch.state).where(
        CodeBatch.state.in_([BatchState.STAGING, BatchState.OFFERING]), CodeBatch.touched_at < now - STALE
    )
    for batch_id, state in session.execute(left).all():
        if state is BatchState.OFFERING:
            finish(session, batch_id, now=now)
        else:
            _fail(session, batch_id)
    rests = select(CodeBatch.id).where(
        CodeBatch.state == BatchState.FAILED, exists().where(StagedCode.batch_id == CodeBatch.id)
    )
    for batch_id in session.scalars(rests).all():
        stop(session, batch_id)


def is_on_its_way(session: Session, prize_id: UUID) -> bool:
    """Whether a batch is just coming into the prize's stock."""
    return bool(
        session.scalar(
            select(
                exists().where(
                    CodeBatch.prize_id == prize_id,
                    CodeBatch.state.in_([BatchState.STAGING, BatchState.OFFERING]),
                )
            )
        )
    )


def listing(session: Session, prize_id: UUID) -> list[BatchFigures]:
    """The prize's batches, the newest first, with what has become of their codes."""
    counts: dict[int | None, dict[str, int]] = {}
    for batch_id, status, count in session.execute(
        select(Code.batch_id, Code.status, func.count())
        .where(Code.prize_id == prize_id)
        .group_by(Code.batch_id, Code.status)
    ):
        counts.setdefault(batch_id, {})[status.value] = count
    batches = session.scalars(
        select(CodeBatch).where(CodeBatch.prize_id == prize_id).order_by(CodeBatch.id.desc())
    ).all()
    found = []
    for batch in batches:
        here = counts.get(batch.id, {})
        figures = BatchFigures(batch, **here)
        if figures.is_on_its_way:
            figures = replace(figures, waiting=_waiting(session, batch.id))
        found.append(figures)
    return found


def get(session: Session, prize_id: UUID, batch_id: int) -> BatchFigures:
    """One batch of the prize. Raises NotFound."""
    for figures in listing(session, prize_id):
        if figures.batch.id == batch_id:
            return figures
    raise NotFound("this prize has no such batch of codes")


def withdraw(
    session: Session,
    prize_id: UUID,
    batch_id: int,
    *,
    actor: Actor,
    now: datetime,
    reason: str = "",
) -> int:
    """Withdraw the batch's free codes, part by part; returns how many. What was won stays.

    Raises NotFound, and Conflict for a batch that is still on its way in. When it breaks off, ask again.
    """
    state = get(session, prize_id, batch_id).batch.state
    if state in {BatchState.STAGING, BatchState.OFFERING}:
        raise Conflict("this batch is still coming in; wait for it, or stop it")
    done = 0
    while True:
        count = _patiently(
            lambda: _withdraw_some(session, prize_id, batch_id, actor=actor, now=now, reason=reason)
        )
        done += count
        if count < stock.PART:
            return done


def _waiting(session: Session, batch_id: int) -> int:
    return (
        session.scalar(select(func.count()).select_from(StagedCode).where(StagedCode.batch_id == batch_id))
        or 0
    )


def _patiently(unit: Callable[[], T]) -> T:
    """The unit's value; a crowd of entries is waited for: half-way through it would be a pity."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return unit()
        except Busy:
            if time.monotonic() > deadline:
                raise
            time.sleep(_PAUSE_SECONDS)


def _offer_all(session: Session, batch_id: int, clock: _Clock, tell: Progress) -> None:
    offered = 0
    while (count := _patiently(lambda: _offer_some(session, batch_id, clock.now()))) > 0:
        offered += count
        tell(offered)


@unit_of_work
def _begin(
    session: Session,
    prize_id: UUID,
    source: BatchSource,
    size: int,
    *,
    file_name: str,
    random_symbols: int,
    actor: Actor,
    now: datetime,
) -> int:
    prize = stock.get_prize_for_change(session, prize_id)
    return staging.begin(
        session,
        prize,
        source,
        size,
        file_name=file_name,
        random_symbols=random_symbols,
        actor=actor,
        now=now,
    ).id


@unit_of_work
def _stage(
    session: Session,
    batch_id: int,
    texts: Sequence[str],
    keys: Sequence[str],
    slots: Sequence[int],
    touched_at: datetime,
) -> Counter[UUID]:
    staging.spare_memory(session)
    counted = session.execute(
        update(CodeBatch)
        .where(CodeBatch.id == batch_id, CodeBatch.state == BatchState.STAGING)
        .values(staged=CodeBatch.staged + len(keys), touched_at=touched_at)
        .execution_options(synchronize_session=False)
    )
    if not cast(CursorResult[Any], counted).rowcount:
        raise Conflict("this was stopped before all codes were in; none came in")
    staging.stage(session, batch_id, texts, keys, slots)
    campaign_id = session.scalars(select(CodeBatch.campaign_id).where(CodeBatch.id == batch_id)).one()
    meeting = staging.meeting(session, campaign_id, keys)
    if meeting.taken:
        raise Taken
    return meeting.returning


@unit_of_work
def _decide(
    session: Session,
    batch_id: int,
    returning: Counter[UUID],
    digest: str,
    touched_at: datetime,
    *,
    actor: Actor,
    now: datetime,
    reason: str,
) -> None:
    prize, batch = _locked(session, batch_id)
    if batch.state is not BatchState.STAGING:
        raise Conflict("this was stopped before all codes were in; none came in")
    batch.touched_at = touched_at
    after = staging.decide(session, batch, prize, returning, digest)
    staging.record(session, batch, prize, after, actor, now, reason)


@unit_of_work
def _offer_some(session: Session, batch_id: int, touched_at: datetime) -> int:
    prize, batch = _locked(session, batch_id)
    if batch.state is not BatchState.OFFERING:
        return 0
    batch.touched_at = touched_at
    staging.spare_memory(session)
    return staging.offer(session, batch, prize, stock.PART)


@unit_of_work
def _fail(session: Session, batch_id: int) -> None:
    session.execute(
        update(CodeBatch)
        .where(CodeBatch.id == batch_id, CodeBatch.state == BatchState.STAGING)
        .values(state=BatchState.FAILED)
        .execution_options(synchronize_session=False)
    )


@unit_of_work
def _clear_some(session: Session, batch_id: int) -> int:
    batch = session.get(CodeBatch, batch_id, with_for_update=True, populate_existing=True)
    if batch is None or batch.state is not BatchState.FAILED:
        return 0
    some = (
        select(StagedCode.id)
        .where(StagedCode.batch_id == batch_id)
        .order_by(StagedCode.id)
        .limit(stock.PART)
        .subquery()
    )
    gone = session.execute(
        delete(StagedCode)
        .where(StagedCode.id.in_(select(some.c.id)))
        .execution_options(synchronize_session=False)
    )
    return cast(CursorResult[Any], gone).rowcount


@unit_of_work
def _withdraw_some(
    session: Session, prize_id: UUID, batch_id: int, *, actor: Actor, now: datetime, reason: str
) -> int:
    prize = stock.get_prize_for_change(session, prize_id)
    units = stock.withdraw_free(session, prize, stock.PART, batch_id)
    if units.count:
        audit.record(
            session,
            actor,
            "codes.withdraw",
            prize.name,
            now=now,
            campaign_id=prize.campaign_id,
            after={
                "prize": prize_id,
                "batch": batch_id,
                "withdrawn": units.count,
                "digest": units.digest,
            },
            reason=reason,
        )
    if units.count < stock.PART:  # the last part
        official_rules.keep_up(session, prize.campaign_id, now)
    return units.count


def _locked(session: Session, batch_id: int) -> tuple[Prize, CodeBatch]:
    """The batch and its prize, removed or not, both locked, always in this order. Raises NotFound."""
    prize_id = session.scalar(select(CodeBatch.prize_id).where(CodeBatch.id == batch_id))
    if prize_id is None:
        raise NotFound("this prize has no such batch of codes")
    prize = session.get_one(Prize, prize_id, with_for_update={"key_share": True}, populate_existing=True)
    batch = session.get_one(CodeBatch, batch_id, with_for_update=True, populate_existing=True)
    return prize, batch
