"""Allocation: one free code of a tier, given to exactly one entry; or one of a prize, given by staff."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, Select, bindparam, exists, literal_column, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.sql.dml import ReturningUpdate

from app.adapters.direct import DirectConnection, Prepared
from app.domain.chance import Rng
from app.domain.pictures import Picture
from app.models import Code, CodeStatus, Prize, Tier
from app.services.uow import TryAgain

SLOTS = 2**31
# Looks at the last codes while other entries hold them, before the whole unit is left to try again.
_PATIENCE = 8


@dataclass(frozen=True, slots=True)
class Claimed:
    """A code that is now this entry's, for good once the unit of work commits."""

    code_id: int
    text: str
    tier_id: UUID
    tier_name: str
    prize_id: UUID
    prize_name: str
    instructions: str
    artwork: str
    picture: Picture | None = None
    link: str = ""
    expires_on: date | None = None
    expires_days: int | None = None


def claim(connection: DirectConnection, tier_id: UUID, rng: Rng) -> Claimed | None:
    """Claim one free code of the tier; None when none is left.

    The claim is one conditional UPDATE: the row settles the race. It starts at a random slot, so that units
    running side by side meet different rows, and wraps round once. Rows other units hold are skipped, but
    "none left" is only said when no free code is there at all: what a failing unit gives back is not lost.
    """
    start = rng.randbelow(SLOTS)
    for _ in range(_PATIENCE):
        for statement in (_CLAIM_FROM_START, _CLAIM_WRAPPED):
            if (row := connection.row(statement, {"tier": tier_id, "start": start})) is not None:
                return Claimed(row.id, row.text, *connection.row(_PRIZE, {"prize": row.prize_id}))
        if not connection.row(_ANY_FREE, {"tier": tier_id}).is_left:
            return None
        connection.row(_WAIT_FOR_ONE, {"tier": tier_id})
    raise TryAgain


def claim_of_prize(session: Session, prize_id: UUID) -> int | None:
    """Claim one free code of the prize, as `claim` does; its id, None when none is left.

    Part of a unit of work, which runs again while others hold the last ones.
    """
    free = select(Code.id).where(Code.prize_id == prize_id, _IS_FREE).limit(1)
    claimed: int | None = session.scalar(_taking(free).execution_options(synchronize_session=False))
    if claimed is None and session.scalar(free) is not None:
        raise TryAgain
    return claimed


def is_left(tier_id: ColumnElement[UUID] | InstrumentedAttribute[UUID]) -> ColumnElement[bool]:
    """For queries: whether the tier has a free code. One look into the index, however large the pool."""
    return exists().where(Code.tier_id == tier_id, _IS_FREE)


# A literal, not a parameter: only so can a planner prove that the partial index of free codes applies.
_IS_FREE = Code.status == literal_column("'free'")


def _free() -> Select[int]:
    return select(Code.id).where(Code.tier_id == bindparam("tier"), _IS_FREE)


def _taking(candidate: Select[int]) -> ReturningUpdate[int, str, UUID]:
    """The conditional UPDATE that settles who gets a free code; locked ones are skipped."""
    chosen = candidate.with_for_update(skip_locked=True).scalar_subquery()
    taking = update(Code).where(Code.id == chosen, _IS_FREE).values(status=CodeStatus.WON)
    return taking.returning(Code.id, Code.text, Code.prize_id)


def _claiming(candidate: Select[int]) -> Prepared:
    return Prepared(_taking(candidate.order_by(Code.slot).limit(1)))


_CLAIM_FROM_START = _claiming(_free().where(Code.slot >= bindparam("start")))
_CLAIM_WRAPPED = _claiming(_free().where(Code.slot < bindparam("start")))
_PRIZE = Prepared(
    select(
        Tier.id.label("tier_id"),
        Tier.name.label("tier_name"),
        Prize.id.label("prize_id"),
        Prize.name.label("prize_name"),
        Prize.instructions,
        Prize.artwork,
        Prize.picture,
        Prize.link,
        Prize.expires_on,
        Prize.expires_days,
    )
    .join(Tier, Tier.id == Prize.tier_id)
    .where(Prize.id == bindparam("prize"))
)
_ANY_FREE = Prepared(select(is_left(bindparam("tier")).label("is_left")))
_WAIT_FOR_ONE = Prepared(_free().order_by(Code.slot).limit(1).with_for_update())
