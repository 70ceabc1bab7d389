"""Stock: units come in, free ones go out. Parts of the services' transactions: nothing here commits."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import TypeVar
from uuid import UUID

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from app.domain.chance import Rng
from app.domain.codes import code_key, generate, is_guess_proof
from app.domain.errors import Conflict, InvalidInput, NotFound
from app.models import Base, Code, CodeStatus, Prize

CHUNK = 10_000
MAX_UNITS = 1_000_000  # in one go
GUESSES_PER_HOUR = 1_700_000
GUESSING_HOURS = 30 * 24
_IN_LIST = 500

# Past the mapper: a hundred thousand rows go straight to the driver.
_INSERT_UNIT = insert(Base.metadata.tables["code"])

Progress = Callable[[int], None]
T = TypeVar("T")


@dataclass(slots=True)
class Batch:
    """Units that came or went together: how many, and a digest of their keys, for the audit trail."""

    count: int = 0
    _hash: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    def add(self, keys: Sequence[str]) -> None:
        """Count these keys in."""
        self.count += len(keys)
        for key in keys:
            self._hash.update(key.encode() + b"\n")

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


def add_units(
    session: Session,
    prize: Prize,
    units: Iterable[tuple[str, str]],
    *,
    now: datetime,
    rng: Rng,
    progress: Progress | None = None,
) -> Batch:
    """Put (text, key) pairs into the prize's stock, in random slots; the keys must be new to the database."""
    batch = Batch()
    prize.stock_version += 1
    for chunk in chunks(units, CHUNK):
        slots = rng.token_bytes(4 * len(chunk))
        session.execute(
            _INSERT_UNIT,
            [
                {
                    "tier_id": prize.tier_id,
                    "prize_id": prize.id,
                    "text": text,
                    "key": key,
                    "slot": int.from_bytes(slots[4 * place : 4 * place + 4], "big") & 0x7FFFFFFF,
                    "status": CodeStatus.FREE,
                    "created_at": now,
                }
                for place, (text, key) in enumerate(chunk)
            ],
        )
        batch.add([key for _, key in chunk])
        if progress is not None:
            progress(batch.count)
    return batch


def add_generated(
    session: Session,
    prize: Prize,
    count: int,
    prefix: str,
    *,
    now: datetime,
    rng: Rng,
    progress: Progress | None = None,
) -> Batch:
    """Put `count` new codes into the prize's stock. Raises Conflict when they could be guessed."""
    check_guess_proof(session, count)
    return add_units(
        session, prize, _new_codes(session, rng, count, prefix), now=now, rng=rng, progress=progress
    )


def check_guess_proof(session: Session, count: int) -> None:
    """Raises Conflict when `count` more codes would make it likely that somebody guesses one."""
    live = session.scalar(select(func.count()).select_from(Code).where(Code.status != CodeStatus.WITHDRAWN))
    if not is_guess_proof((live or 0) + count, GUESSES_PER_HOUR, GUESSING_HOURS):
        raise Conflict(
            "with this many live codes somebody could guess one; close finished campaigns' stock first"
        )


def _new_codes(session: Session, rng: Rng, count: int, prefix: str) -> Iterator[tuple[str, str]]:
    left = count
    while left:
        made = [(text, code_key(text)) for text in generate(rng, min(left, CHUNK), prefix)]
        # A key that is there already, from an import or by chance, is made again.
        known = known_keys(session, [key for _, key in made])
        fresh = [unit for unit in made if unit[1] not in known]
        left -= len(fresh)
        yield from fresh


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


def known_keys(session: Session, keys: Iterable[str]) -> set[str]:
    """Those of the keys under which a code stands already, of whatever campaign and status."""
    known: set[str] = set()
    for some in chunks(keys, _IN_LIST):
        known.update(session.scalars(select(Code.key).where(Code.key.in_(some))))
    return known


def withdraw_free(session: Session, prize: Prize, most: int | None = None) -> Batch:
    """Withdraw the prize's free units, all or at most so many; what was won stays won.

    Needs the prize's row locked. Units an entry is claiming at this moment are waited for: they are won, or
    taken.
    """
    batch = Batch()
    prize.stock_version += 1
    while most is None or batch.count < most:
        room = CHUNK if most is None else min(CHUNK, most - batch.count)
        rows = session.execute(
            select(Code.id, Code.key)
            .where(Code.prize_id == prize.id, Code.status == CodeStatus.FREE)
            .order_by(Code.id)
            .limit(room)
            .with_for_update()
        ).all()
        if not rows:
            break
        for some in chunks(rows, _IN_LIST):
            session.execute(
                update(Code)
                .where(Code.id.in_([row.id for row in some]))
                .values(status=CodeStatus.WITHDRAWN)
                .execution_options(synchronize_session=False)
            )
        batch.add([row.key for row in rows])
    return batch


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


def chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """The items in lists of `size`, the last one shorter."""
    rest = iter(items)
    while some := list(islice(rest, size)):
        yield some
