"""Codes on their way into the stock. Parts of the services' transactions: nothing here commits.

A batch is staged part by part: its codes lie in `staged_code`, where nobody can win them. When all are there
and none is known, the batch is decided: it is on record, and there is no way back. Then its codes are put on
offer, part by part. In a large batch each part is a short transaction; a small one is a single transaction.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    CursorResult,
    and_,
    any_,
    delete,
    exists,
    func,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.domain.chance import Rng
from app.domain.codes import RANDOM_SYMBOLS
from app.models import (
    Award,
    BatchSource,
    BatchState,
    Code,
    CodeBatch,
    CodeStatus,
    Prize,
    Replacement,
    StagedCode,
    Tier,
)
from app.services import audit, official_rules
from app.services.audit import Actor

SLOTS = 2**31


@dataclass(frozen=True, slots=True)
class Known:
    """Keys that stand in the database: those that this campaign has, those that are another's, and whose, and
    those that were withdrawn from this campaign before anybody won them, and may come back.
    """

    here: frozenset[str]
    elsewhere: Mapping[str, UUID]
    returning: frozenset[str]

    @property
    def all(self) -> frozenset[str]:
        """All of them."""
        return self.here.union(self.elsewhere, self.returning)


def known(session: Session, campaign_id: UUID, keys: Sequence[str]) -> Known:
    """Which of the keys stand in the stock of whatever campaign, or are on their way there."""
    rows = session.execute(
        select(Code.key, Tier.campaign_id, _may_return(campaign_id).label("returns"))
        .join(Tier, Tier.id == Code.tier_id)
        .where(is_among(session, Code.key, keys))
    ).all()
    staged = session.execute(
        select(StagedCode.key, CodeBatch.campaign_id)
        .join(CodeBatch, CodeBatch.id == StagedCode.batch_id)
        .where(is_among(session, StagedCode.key, keys))
    ).all()
    taken = {row.key: row.campaign_id for row in rows if not row.returns} | {
        row.key: row.campaign_id for row in staged
    }
    return Known(
        frozenset(key for key, owner in taken.items() if owner == campaign_id),
        {key: owner for key, owner in taken.items() if owner != campaign_id},
        frozenset(row.key for row in rows if row.returns).difference(taken),
    )


def _may_return(campaign_id: UUID) -> ColumnElement[bool]:
    return and_(
        Tier.campaign_id == campaign_id,
        Code.status == CodeStatus.WITHDRAWN,
        ~exists().where(Award.code_id == Code.id),
        ~exists().where(Replacement.code_id == Code.id),
    )


def is_among(
    session: Session, column: InstrumentedAttribute[Any], values: Sequence[str] | Sequence[int]
) -> ColumnElement[bool]:
    """For queries: whether the column is one of thousands of values, given as a single one."""
    if session.get_bind().dialect.name == "postgresql":
        return column == any_(literal(list(values), ARRAY(column.type)))
    given = func.json_each(json.dumps(values)).table_valued("value")
    return column.in_(select(given.c.value))


def begin(
    session: Session,
    prize: Prize,
    source: BatchSource,
    size: int,
    *,
    file_name: str = "",
    random_symbols: int = RANDOM_SYMBOLS,
    actor: Actor,
    now: datetime,
) -> CodeBatch:
    """A new batch of so many codes, none of which is there yet."""
    batch = CodeBatch(
        campaign_id=prize.campaign_id,
        prize_id=prize.id,
        source=source,
        file_name="".join(filter(str.isprintable, file_name))[-255:],
        size=size,
        staged=0,
        returned=0,
        random_symbols=random_symbols,
        digest="",
        state=BatchState.STAGING,
        actor=actor.name,
        account_id=actor.account_id,
        created_at=now,
        touched_at=now,
    )
    session.add(batch)
    session.flush()
    return batch


def stage(
    session: Session, batch_id: int, texts: Sequence[str], keys: Sequence[str], slots: Sequence[int]
) -> None:
    """Lay some codes down for the batch. Raises IntegrityError when one of the keys is on its way already."""
    statement: str
    values: Any
    if session.get_bind().dialect.name == "postgresql":
        statement = (
            "INSERT INTO staged_code (batch_id, text, key, slot)"
            " SELECT %s, * FROM unnest(%s::text[], %s::text[], %s::int[])"
        )
        values = (batch_id, list(texts), list(keys), list(slots))
    else:
        statement = f"INSERT INTO staged_code (batch_id, text, key, slot) VALUES ({batch_id:d}, ?, ?, ?)"  # noqa: S608
        values = list(zip(texts, keys, slots, strict=True))
    session.connection().exec_driver_sql(statement, values)  # past the mapper: a million rows may come


def slots(rng: Rng, start: int, count: int, size: int) -> list[int]:
    """Random slots for units `start` to `start + count` of `size`: uniform over their share of all slots.

    The shares follow each other, so that the index of free codes grows in one place at a time; claims begin
    at random slots, each part is shuffled in itself, and no unit has a larger share than another.
    """
    low, high = SLOTS * start // size, SLOTS * (start + count) // size
    draws = memoryview(rng.token_bytes(4 * count)).cast("I")
    return [low + (draw * (high - low) >> 32) for draw in draws]


@dataclass(frozen=True, slots=True)
class Meeting:
    """What staged keys meet in the stock: how many are taken there, and how many of them were withdrawn and
    come back, by the prize they were withdrawn from.
    """

    taken: int
    returning: Counter[UUID]


def meeting(session: Session, campaign_id: UUID, keys: Sequence[str]) -> Meeting:
    """What keys meet that have just been staged: from then on nobody else can bring them in."""
    rows = session.execute(
        select(Code.prize_id, _may_return(campaign_id).label("returns"), func.count())
        .join(Tier, Tier.id == Code.tier_id)
        .where(is_among(session, Code.key, keys))
        .group_by(Code.prize_id, "returns")
    ).all()
    taken = sum(count for _, returns, count in rows if not returns)
    return Meeting(taken, Counter({prize_id: count for prize_id, returns, count in rows if returns}))


def spare_memory(session: Session) -> None:
    """Let SQLite forget the pages it keeps: work that goes through all data once gains nothing by them."""
    if session.get_bind().dialect.name == "sqlite":
        session.connection().exec_driver_sql("PRAGMA shrink_memory")


def decide(
    session: Session, batch: CodeBatch, prize: Prize, returning: Mapping[UUID, int], digest: str
) -> dict[str, Any]:
    """From now on the batch belongs to the stock; returns what the audit trail is to keep of it. Needs prize
    and batch locked.
    """
    batch.state = BatchState.OFFERING
    batch.digest = digest
    batch.returned = sum(returning.values())
    after: dict[str, Any] = {"prize": prize.id, "added": batch.size, "digest": digest, "batch": batch.id}
    if returning:
        names = dict(session.execute(select(Prize.id, Prize.name).where(Prize.id.in_(returning))).all())
        after["returned"] = {
            prize_id.hex: {"name": names[prize_id], "returned": count}
            for prize_id, count in returning.items()
        }
    return after


def record(
    session: Session,
    batch: CodeBatch,
    prize: Prize,
    after: dict[str, Any],
    actor: Actor,
    now: datetime,
    reason: str = "",
) -> None:
    """Keep in the audit trail that the batch came in."""
    action = "codes.import" if batch.source is BatchSource.IMPORTED else "codes.generate"
    audit.record(
        session,
        actor,
        action,
        prize.name,
        now=now,
        campaign_id=prize.campaign_id,
        after=after,
        reason=reason,
    )


def offer(session: Session, batch: CodeBatch, prize: Prize, most: int) -> int:
    """Put up to so many of a decided batch's codes on offer; returns how many were. Needs prize and batch
    locked. The last ones make it done.
    """
    of_batch = StagedCode.batch_id == batch.id
    some = select(StagedCode.id).where(of_batch).order_by(StagedCode.id).limit(most).subquery()
    last = session.scalar(select(func.max(some.c.id)))
    if last is None:
        batch.state = BatchState.DONE
        official_rules.keep_up(session, batch.campaign_id, batch.touched_at)
        return 0
    chosen = and_(of_batch, StagedCode.id <= last)
    fresh = chosen
    prize.stock_version += 1
    if batch.returned:
        session.execute(
            update(Code)
            .where(Code.key == StagedCode.key, chosen, Code.status == CodeStatus.WITHDRAWN)
            .values(
                prize_id=prize.id,
                tier_id=prize.tier_id,
                text=StagedCode.text,
                slot=StagedCode.slot,
                status=CodeStatus.FREE,
                batch_id=batch.id,
                partner_id=None,
            )
            .execution_options(synchronize_session=False)
        )
        fresh = and_(chosen, ~exists().where(Code.key == StagedCode.key))
    row = {
        "tier_id": literal(prize.tier_id),
        "prize_id": literal(prize.id),
        "text": StagedCode.text,
        "key": StagedCode.key,
        "slot": StagedCode.slot,
        "status": literal(CodeStatus.FREE.value),
        "batch_id": literal(batch.id),
        "created_at": literal(batch.created_at),
    }
    session.execute(
        insert(Code).from_select(list(row), select(*row.values()).where(fresh).order_by(StagedCode.id)),
        execution_options={"synchronize_session": False},
    )
    gone = session.execute(delete(StagedCode).where(chosen), execution_options={"synchronize_session": False})
    count = cast(CursorResult[Any], gone).rowcount
    if count < most:
        batch.state = BatchState.DONE
        official_rules.keep_up(session, batch.campaign_id, batch.touched_at)
    return count


def take_in(
    session: Session,
    prize: Prize,
    source: BatchSource,
    texts: Sequence[str],
    keys: Sequence[str],
    *,
    file_name: str = "",
    random_symbols: int = RANDOM_SYMBOLS,
    actor: Actor,
    now: datetime,
    rng: Rng,
) -> tuple[CodeBatch, dict[str, Any]]:
    """A whole batch at once; returns it, and what the audit trail is to keep of it. Needs the prize locked.

    The keys must be new, or `known` to return.
    """
    batch = begin(
        session,
        prize,
        source,
        len(texts),
        file_name=file_name,
        random_symbols=random_symbols,
        actor=actor,
        now=now,
    )
    stage(session, batch.id, texts, keys, slots(rng, 0, len(texts), len(texts)))
    batch.staged = batch.size
    after = decide(
        session, batch, prize, meeting(session, prize.campaign_id, keys).returning, digest_of(keys)
    )
    offer(session, batch, prize, batch.size + 1)
    return batch, after


def digest_of(keys: Sequence[str]) -> str:
    """SHA-256 over the keys, one a line: 64 hex digits."""
    return hashlib.sha256(lines_of(keys)).hexdigest()


def lines_of(keys: Sequence[str]) -> bytes:
    """The keys, one a line, as digests are taken over."""
    return "".join(f"{key}\n" for key in keys).encode()


def settle(session: Session, prize: Prize, most: int) -> None:
    """Leave nothing on its way into the prize's stock: what is decided comes in, the rest never will. Needs
    the prize locked.
    """
    session.execute(
        update(CodeBatch)
        .where(CodeBatch.prize_id == prize.id, CodeBatch.state == BatchState.STAGING)
        .values(state=BatchState.FAILED)
        .execution_options(synchronize_session=False)
    )
    decided = (
        select(CodeBatch)
        .where(CodeBatch.prize_id == prize.id, CodeBatch.state == BatchState.OFFERING)
        .order_by(CodeBatch.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    for batch in session.scalars(decided).all():
        while offer(session, batch, prize, most) == most:
            pass
