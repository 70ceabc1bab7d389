"""Allocation: one free code of a tier, given to exactly one entry; or one of a prize, given by staff."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
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


@dataclass(frozen=True, slots=True)
class Reserve:
    """The codes kept for the visitors of one partner, and whether they may have others, too."""

    partner_id: UUID
    borrows: bool


def claim(
    connection: DirectConnection, tier_id: UUID, rng: Rng, reserve: Reserve | None = None
) -> Claimed | None:
    """Claim one free code of the tier; None when none is left. For whoever came over a partner's link, those
    in the partner's `reserve` go first; nobody else gets one of them.

    The claim is one conditional UPDATE: the row settles the race. It starts at a random slot, so that units
    running side by side meet different rows, and wraps round once. Rows other units hold are skipped, but
    "none left" is only said when no free code is there at all: what a failing unit gives back is not lost.
    """
    values: dict[str, Any] = {"tier": tier_id, "start": rng.randbelow(SLOTS)}
    if reserve is None:
        return _claim_from(connection, _COMMON, values)
    reserved = values | {"partner": reserve.partner_id}
    if connection.row(_RESERVED.any_free, reserved).is_left:
        claimed = _claim_from(connection, _RESERVED, reserved)
        if claimed is not None:
            return claimed
    return _claim_from(connection, _COMMON, values) if reserve.borrows else None


def _claim_from(connection: DirectConnection, stock: "_Stock", values: Mapping[str, Any]) -> Claimed | None:
    for _ in range(_PATIENCE):
        for statement in (stock.from_start, stock.wrapped):
            if (row := connection.row(statement, values)) is not None:
                return Claimed(row.id, row.text, *connection.row(_PRIZE, {"prize": row.prize_id}))
        if not connection.row(stock.any_free, values).is_left:
            return None
        connection.row(stock.wait_for_one, values)
    raise TryAgain


def claim_of_prize(session: Session, prize_id: UUID) -> int | None:
    """Claim one free code of the prize that is for everybody, as `claim` does; its id, or None.

    Part of a unit of work, which runs again while others hold the last ones.
    """
    free = select(Code.id).where(Code.prize_id == prize_id, *_IS_COMMON).limit(1)
    claimed: int | None = session.scalar(
        _taking(free, _IS_COMMON).execution_options(synchronize_session=False)
    )
    if claimed is None and session.scalar(free) is not None:
        raise TryAgain
    return claimed


def is_left(tier_id: ColumnElement[UUID] | InstrumentedAttribute[UUID]) -> ColumnElement[bool]:
    """For queries: whether the tier has a free code for everybody. One look into the index, however large the
    pool.
    """
    return exists().where(Code.tier_id == tier_id, *_IS_COMMON)


def is_reserved_left(
    tier_id: ColumnElement[UUID] | InstrumentedAttribute[UUID], partner_id: ColumnElement[UUID]
) -> ColumnElement[bool]:
    """The same of the codes that are reserved for a partner's visitors."""
    return exists().where(Code.tier_id == tier_id, *_reserved(partner_id))


# Literals, not parameters: only so can a planner prove that the partial indexes of free codes apply.
_IS_FREE = Code.status == literal_column("'free'")
_IS_COMMON = (_IS_FREE, Code.partner_id.is_(None))


def _reserved(partner_id: ColumnElement[UUID]) -> tuple[ColumnElement[bool], ...]:
    return _IS_FREE, Code.partner_id.is_not(None), Code.partner_id == partner_id


def _taking(
    candidate: Select[int], condition: Sequence[ColumnElement[bool]]
) -> ReturningUpdate[int, str, UUID]:
    """The conditional UPDATE that settles who gets a free code; locked ones are skipped."""
    chosen = candidate.with_for_update(skip_locked=True).scalar_subquery()
    taking = update(Code).where(Code.id == chosen, *condition).values(status=CodeStatus.WON)
    return taking.returning(Code.id, Code.text, Code.prize_id)


class _Stock:
    """The statements that give out the free codes of a tier that meet a condition."""

    def __init__(self, *condition: ColumnElement[bool]) -> None:
        def claiming(where: ColumnElement[bool]) -> Prepared:
            return Prepared(_taking(free.where(where).order_by(Code.slot).limit(1), condition))

        free = select(Code.id).where(Code.tier_id == bindparam("tier"), *condition)
        is_any = exists().where(Code.tier_id == bindparam("tier"), *condition)
        self.from_start = claiming(Code.slot >= bindparam("start"))
        self.wrapped = claiming(Code.slot < bindparam("start"))
        self.any_free = Prepared(select(is_any.label("is_left")))
        self.wait_for_one = Prepared(free.order_by(Code.slot).limit(1).with_for_update())


_COMMON = _Stock(*_IS_COMMON)
_RESERVED = _Stock(*_reserved(bindparam("partner", type_=Code.partner_id.type)))
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
