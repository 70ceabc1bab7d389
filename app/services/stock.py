"""Stock: units come in, free ones go out. Parts of the services' transactions: nothing here commits."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.domain.chance import Rng
from app.domain.codes import (
    GUESS_RISK_LIMIT,
    RANDOM_SYMBOLS,
    SYMBOLS,
    StuckRandomness,
    code_keys,
    generate_in_order,
    guess_risk,
)
from app.domain.errors import Conflict, InvalidInput, NotFound
from app.models import BatchSource, BatchState, Code, CodeBatch, CodeStatus, Prize, StagedCode
from app.services.audit import Actor
from app.services.staging import is_among, known, lines_of, settle, take_in

PART = 10_000  # of a large batch in one transaction: entries get their turn in between
MAX_UNITS = 1_000_000  # in one go
GUESSES_PER_HOUR = 1_700_000
GUESSING_HOURS = 30 * 24
_PATIENCE = 8


@dataclass(slots=True)
class Units:
    """Units that went together: how many, and a digest of their keys, for the audit trail."""

    count: int = 0
    _hash: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    def add(self, keys: Sequence[str]) -> None:
        """Count these keys in."""
        self.count += len(keys)
        self._hash.update(lines_of(keys))

    @property
    def digest(self) -> str:
        """SHA-256 over the keys, one a line: 64 hex digits."""
        return self._hash.hexdigest()


def get_prize_for_change(session: Session, prize_id: UUID) -> Prize:
    """The prize, its row locked so that its stock changes in one place at a time. Raises NotFound, also once
    removed.

    Entries do not wait for the lock: it leaves the key of the row shared.
    """
    query = (
        select(Prize).where(Prize.id == prize_id, Prize.removed_at.is_(None)).with_for_update(key_share=True)
    )
    prize = session.scalars(query.execution_options(populate_existing=True)).one_or_none()
    if prize is None:
        raise NotFound("this prize does not exist, or has been removed")
    return prize


def add_generated(
    session: Session,
    prize: Prize,
    count: int,
    prefix: str,
    *,
    length: int = SYMBOLS,
    actor: Actor,
    now: datetime,
    rng: Rng,
) -> dict[str, Any]:
    """Put `count` new codes, PART at most, into the prize's stock; returns what the audit trail is to keep.
    Raises Conflict when they could be guessed.
    """
    check_guess_proof(session, count, length)
    parts = new_codes(session, prize.campaign_id, rng, count, prefix, length)
    texts = [text for part in parts for text in part]
    keys = code_keys(texts)
    source = BatchSource.GENERATED
    _, after = take_in(
        session, prize, source, texts, keys, random_symbols=length - 1, actor=actor, now=now, rng=rng
    )
    return after


def new_codes(
    session: Session, campaign_id: UUID, rng: Rng, count: int, prefix: str, length: int = SYMBOLS
) -> Iterator[list[str]]:
    """`count` codes that are not in the database, in parts of at most PART; a part is to be stored before
    the next one is asked for.
    """
    left, idle = count, 0
    while left:
        for made in generate_in_order(rng, left, prefix, PART, length):
            keys = code_keys(made)
            # A key that is there already, from an import or by chance, is made again.
            gone = known(session, campaign_id, keys).all
            fresh = [text for text, key in zip(made, keys, strict=True) if key not in gone] if gone else made
            left -= len(fresh)
            idle = 0 if fresh else idle + 1
            if idle >= _PATIENCE:
                raise StuckRandomness("the source of randomness gives no new codes")
            if fresh:
                yield fresh


def check_guess_proof(session: Session, count: int, length: int = SYMBOLS) -> None:
    """Raises Conflict when `count` more codes, that long, would make it likely that somebody guesses one."""
    if risk_with(session, count, length) <= GUESS_RISK_LIMIT:
        return
    if length < SYMBOLS:
        raise Conflict("so many codes this short could be guessed; make them longer, or fewer")
    raise Conflict(
        "with this many live codes somebody could guess one; close finished campaigns' stock first"
    )


def risk_with(session: Session, count: int, length: int = SYMBOLS) -> Fraction:
    """How many codes somebody who tries all month has to expect to guess, once `count` more, that long, are
    live. Uploaded codes count as if they were as long as ours usually are.
    """
    live = session.scalar(select(func.count()).select_from(Code).where(Code.status != CodeStatus.WITHDRAWN))
    staged = session.scalar(select(func.count()).select_from(StagedCode))
    risk = guess_risk((live or 0) + (staged or 0), GUESSES_PER_HOUR, GUESSING_HOURS)
    short = (
        select(CodeBatch.random_symbols, func.sum(CodeBatch.size))
        .where(CodeBatch.random_symbols < RANDOM_SYMBOLS, CodeBatch.state != BatchState.FAILED)
        .group_by(CodeBatch.random_symbols)
    )
    for symbols, size in session.execute(short):
        risk += guess_risk(int(size), GUESSES_PER_HOUR, GUESSING_HOURS, symbols)
    return risk + guess_risk(count, GUESSES_PER_HOUR, GUESSING_HOURS, length - 1)


def offered(session: Session, versions: Mapping[UUID, int]) -> dict[UUID, int]:
    """How many units are offered in all, free or won, by prize; `versions` are the prizes' stock versions.

    Entries move units from free to won and leave the sum as it is, so each process counts a version once.
    """
    unknown = [prize_id for prize_id, version in versions.items() if (prize_id, version) not in _offered]
    if unknown:
        counted = dict.fromkeys(unknown, 0)
        rows = session.execute(
            select(Code.prize_id, func.count())
            .where(Code.prize_id.in_(unknown), Code.status != CodeStatus.WITHDRAWN)
            .group_by(Code.prize_id)
        )
        for prize_id, count in rows:
            counted[prize_id] = count
        if len(_offered) > _MOST_REMEMBERED:
            _offered.clear()
        _offered.update({(prize_id, versions[prize_id]): count for prize_id, count in counted.items()})
    return {prize_id: _offered[prize_id, version] for prize_id, version in versions.items()}


_offered: dict[tuple[UUID, int], int] = {}
_MOST_REMEMBERED = 10_000


def withdraw_free(
    session: Session, prize: Prize, most: int | None = None, batch_id: int | None = None
) -> Units:
    """Withdraw the prize's free units, all or at most so many, or those of one batch; what was won stays won.

    Needs the prize's row locked. Units an entry is claiming at this moment are waited for: they are won, or
    taken. Codes on their way in come in first if that is decided, and else never.
    """
    if batch_id is None:
        settle(session, prize, PART)
    units = Units()
    prize.stock_version += 1
    free = select(Code.id, Code.key).where(Code.prize_id == prize.id, Code.status == CodeStatus.FREE)
    if batch_id is not None:
        free = free.where(Code.batch_id == batch_id)
    while most is None or units.count < most:
        room = PART if most is None else min(PART, most - units.count)
        rows = session.execute(free.order_by(Code.batch_id, Code.id).limit(room).with_for_update()).all()
        if not rows:
            break
        session.execute(
            update(Code)
            .where(is_among(session, Code.id, [row.id for row in rows]))
            .values(status=CodeStatus.WITHDRAWN)
            .execution_options(synchronize_session=False)
        )
        units.add([row.key for row in rows])
    return units


def check_count(field_name: str, count: int, least: int) -> int:
    """The count. Raises InvalidInput outside of `least` to MAX_UNITS."""
    if not least <= count <= MAX_UNITS:
        raise InvalidInput(
            field_name, "use a whole number from %(least)s to %(most)s", least=least, most=MAX_UNITS
        )
    return count


def claim_prefix(slug: str) -> str:
    """The prefix of claim codes: the first words of the campaign's slug, in capitals, 8 letters at most."""
    first, *others = slug.upper().split("-")
    prefix = first[:8]
    for word in others:
        if len(f"{prefix}-{word}") > 8:
            break
        prefix = f"{prefix}-{word}"
    return prefix
