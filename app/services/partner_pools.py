"""Pools of partners: free codes set aside for whoever comes over one partner's link.

A code belongs to a pool by its own row: there is no counter beside it, and an entry claims it like any other.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, func, literal_column, select, update
from sqlalchemy.orm import Session

from app.domain.chance import Rng
from app.domain.codes import SYMBOLS
from app.domain.errors import Conflict, InvalidInput, NotFound
from app.models import Award, Code, CodeStatus, Entry, Partner, Prize
from app.services import audit, codes, official_rules, partners, prizes, stock
from app.services.audit import Actor
from app.services.uow import unit_of_work

MOST = stock.PART  # codes in one act: they are moved in one transaction


@dataclass(frozen=True, slots=True)
class Kept:
    """What of one prize is kept for a partner: `free` codes left, and `won` ones that were."""

    prize: Prize
    free: int
    won: int


def kept(session: Session, partner_id: UUID) -> list[Kept]:
    """The partner's pool, by prize, in the order of the campaign's prizes."""
    partner = partners.get(session, partner_id)
    free = Counter(
        dict(
            session.execute(
                select(Code.prize_id, func.count())
                .where(Code.partner_id == partner_id, Code.partner_id.is_not(None), _IS_FREE)
                .group_by(Code.prize_id)
            ).all()
        )
    )
    won = Counter(
        dict(
            session.execute(
                select(Award.prize_id, func.count())
                .join(Entry, Entry.id == Award.entry_id)
                .join(Code, Code.id == Award.code_id)
                .where(Entry.partner_id == partner_id, Entry.tier_awarded_id.is_not(None))
                .where(Code.partner_id == partner_id)
                .group_by(Award.prize_id)
            ).all()
        )
    )
    return [
        Kept(prize, free[prize.id], won[prize.id])
        for prize in prizes.listing(session, partner.campaign_id)
        if free[prize.id] or won[prize.id]
    ]


def common(session: Session, campaign_id: UUID) -> list[Kept]:
    """The prizes of the campaign with the number of their free codes that are for everybody."""
    free = Counter(
        dict(
            session.execute(
                select(Code.prize_id, func.count())
                .join(Prize, Prize.id == Code.prize_id)
                .where(Prize.campaign_id == campaign_id, _IS_FREE, Code.partner_id.is_(None))
                .group_by(Code.prize_id)
            ).all()
        )
    )
    return [Kept(prize, free[prize.id], 0) for prize in prizes.listing(session, campaign_id)]


@unit_of_work
def reserve(
    session: Session,
    partner_id: UUID,
    prize_id: UUID,
    count: int,
    *,
    beginning: str = "",
    actor: Actor,
    now: datetime,
    reason: str = "",
) -> int:
    """Set `count` free codes of the prize aside for the partner's visitors: those that begin with
    `beginning`, if that is given. Returns the count. Raises Conflict when there are not as many, NotFound,
    InvalidInput.
    """
    _check_count(count)
    partner, prize = _held(session, partner_id, prize_id)
    condition: list[ColumnElement[bool]] = [Code.partner_id.is_(None)]
    if beginning.strip():
        condition.append(Code.text.startswith(beginning.strip(), autoescape=True))
    ids = _lock(session, prize_id, count, condition)
    if len(ids) < count:
        raise Conflict("only %(free)s such codes are free", free=len(ids))
    _move(session, ids, partner.id)
    _record(session, actor, "partner.reserve", partner, prize, count, now, reason)
    official_rules.keep_up(session, partner.campaign_id, now)
    return count


@unit_of_work
def release(
    session: Session,
    partner_id: UUID,
    prize_id: UUID,
    *,
    actor: Actor,
    now: datetime,
    reason: str = "",
) -> int:
    """Give the free codes of a prize that are kept for the partner back to everybody, MOST at once; returns
    how many. Raises NotFound.
    """
    partner, prize = _held(session, partner_id, prize_id)
    ids = _lock(session, prize_id, MOST, [Code.partner_id == partner_id])
    if ids:
        _move(session, ids, None)
        _record(session, actor, "partner.release", partner, prize, len(ids), now, reason)
        official_rules.keep_up(session, partner.campaign_id, now)
    return len(ids)


@unit_of_work
def generate(
    session: Session,
    partner_id: UUID,
    prize_id: UUID,
    count: int,
    *,
    prefix: str,
    actor: Actor,
    now: datetime,
    rng: Rng,
    reason: str = "",
) -> int:
    """Make new codes of the prize with the partner's prefix, for the partner's visitors from the start:
    nobody else can win one in between. Returns the count. Raises as `codes.generate_codes`.
    """
    _check_count(count)
    partner, prize = _held(session, partner_id, prize_id)
    prefix = codes.check_order(session, prize_id, count, prefix, SYMBOLS)
    after = stock.add_generated(session, prize, count, prefix, actor=actor, now=now, rng=rng)
    session.execute(
        update(Code)
        .where(Code.prize_id == prize_id, _IS_FREE, Code.batch_id == after["batch"])
        .values(partner_id=partner.id)
        .execution_options(synchronize_session=False)
    )
    audit.record(
        session,
        actor,
        "codes.generate",
        prize.name,
        now=now,
        campaign_id=prize.campaign_id,
        after=after | {"partner": partner.slug},
        reason=reason,
    )
    official_rules.keep_up(session, partner.campaign_id, now)
    return count


def _check_count(count: int) -> None:
    if not 1 <= count <= MOST:
        raise InvalidInput("count", "use a whole number from %(least)s to %(most)s", least=1, most=MOST)


def _held(session: Session, partner_id: UUID, prize_id: UUID) -> tuple[Partner, Prize]:
    """The partner and a prize of the same campaign, which is locked. Raises NotFound."""
    partner = partners.get(session, partner_id)
    prize = stock.get_prize_for_change(session, prize_id)
    if prize.campaign_id != partner.campaign_id:
        raise NotFound("this prize does not exist, or has been removed")
    return partner, prize


def _lock(
    session: Session, prize_id: UUID, count: int, condition: Sequence[ColumnElement[bool]]
) -> Sequence[int]:
    """So many free codes, held until the end; those that entries are just claiming are left to them."""
    free = select(Code.id).where(Code.prize_id == prize_id, _IS_FREE, *condition)
    return session.scalars(free.order_by(Code.slot).limit(count).with_for_update(skip_locked=True)).all()


def _move(session: Session, ids: Sequence[int], partner_id: UUID | None) -> None:
    session.execute(
        update(Code)
        .where(Code.id.in_(ids), _IS_FREE)
        .values(partner_id=partner_id)
        .execution_options(synchronize_session=False)
    )


def _record(
    session: Session,
    actor: Actor,
    action: str,
    partner: Partner,
    prize: Prize,
    count: int,
    now: datetime,
    reason: str,
) -> None:
    audit.record(
        session,
        actor,
        action,
        partner.slug,
        now=now,
        campaign_id=partner.campaign_id,
        after={"prize": prize.id, "codes": count},
        reason=reason,
    )


# A literal, not a parameter: only so can a planner prove that the partial index of kept codes applies.
_IS_FREE: ColumnElement[bool] = Code.status == literal_column(f"'{CodeStatus.FREE}'")
