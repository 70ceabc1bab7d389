"""What a partner's row says to an entry over its link: whether it counts, and how often its visitors may win.

Only a partner with a cap has its wins counted in a row, so only its winners meet there. Nothing here commits.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, func, literal_column, or_, select, update
from sqlalchemy.orm import Session

from app.adapters.direct import DirectConnection, Prepared
from app.domain.partner_rules import Pool
from app.models import Entry, Partner
from app.services.allocation import Reserve

# For the query that reads the campaign: with them an entry over a partner's link costs no further statement.
TERMS = (
    Partner.id.label("partner_id"),
    Partner.starts_at.label("partner_starts_at"),
    Partner.ends_at.label("partner_ends_at"),
    Partner.max_wins,
    Partner.pool,
    Partner.email_key.label("partner_email"),
)


@dataclass(frozen=True, slots=True)
class PartnerTerms:
    """The partner an entry counts for."""

    id: UUID
    is_capped: bool
    reserve: Reserve


def counted(row: Any, email: str, now: datetime) -> PartnerTerms | None:
    """The partner in a row with TERMS, for the entry of that canonical address at that moment.

    None where there is none, outside of the partner's time, and for the partner's own entry: nobody is
    rewarded for coming over a link of their own.
    """
    if row.partner_id is None or row.partner_email == email:
        return None
    if not is_active(row.partner_starts_at, row.partner_ends_at, now):
        return None
    reserve = Reserve(row.partner_id, borrows=row.pool is Pool.BORROW)
    return PartnerTerms(row.partner_id, row.max_wins is not None, reserve)


def is_active(starts_at: datetime | None, ends_at: datetime | None, now: datetime) -> bool:
    """Whether a partner's link counts at that moment."""
    return (starts_at is None or starts_at <= now) and (ends_at is None or now < ends_at)


def take_win(connection: DirectConnection, partner: PartnerTerms) -> bool:
    """Take one win within the partner's cap; False when it is reached. One conditional statement, and none
    without a cap.
    """
    return not partner.is_capped or connection.row(_TAKE, {"partner": partner.id}) is not None


def give_win_back(connection: DirectConnection, partner: PartnerTerms) -> None:
    """Give it back: there was nothing to win."""
    if partner.is_capped:
        connection.execute(_GIVE_BACK, {"partner": partner.id})


def won(session: Session, partner_id: UUID) -> int:
    """How many entries over the partner's link have won: what counting for a cap begins with. A win that is
    void later stays one.
    """
    drawn = select(func.count()).where(Entry.partner_id == partner_id, Entry.tier_awarded_id.is_not(None))
    return session.scalar(drawn) or 0


_ONE: ColumnElement[int] = literal_column("1")
_HERE = Partner.id == bindparam("partner")
_TAKE = Prepared(
    update(Partner)
    .where(_HERE, or_(Partner.max_wins.is_(None), Partner.wins < Partner.max_wins))
    .values(wins=Partner.wins + _ONE)
    .returning(Partner.wins)
)
_GIVE_BACK = Prepared(
    update(Partner).where(_HERE, Partner.wins > literal_column("0")).values(wins=Partner.wins - _ONE)
)
