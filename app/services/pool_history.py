"""The history of a campaign's pool: what changed, and how it stood at a moment of the past.

The odds of a moment are those of the table that was in force. Units that came and went are summed over the
audit trail, and wins are counted: exact, but for the seconds in which a large batch was just coming in. Texts
and pictures of then are not put together again; each change of them stands in the trail.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from app.domain.odds import OddsTable
from app.models import AuditRecord, Award, Campaign, OddsTableRecord, Prize, Replacement, Tier
from app.services import odds

STOCK_ACTIONS = (
    "prize.add",
    "prize.edit",
    "prize.remove",
    "tier.remove",
    "codes.import",
    "codes.generate",
    "winner.return",
    "winner.lapse",
    "codes.withdraw",
)
ACTIONS = (
    *STOCK_ACTIONS,
    "tier.add",
    "tier.edit",
    "tier.move",
    "campaign.odds",
    "campaign.create",
    "campaign.duplicate",
    "campaign.import",
    "winner.replace",
)


@dataclass(frozen=True, slots=True)
class PrizeThen:
    """A prize as it stood: its name and its tier's, and its units."""

    name: str
    tier: str
    free: int
    won: int
    withdrawn: int


@dataclass(frozen=True, slots=True)
class PoolState:
    """The pool at one moment; `tier_names` are those of then. Before the campaign was made there is none."""

    at: datetime
    table: OddsTable
    tier_names: dict[UUID, str]
    prizes: tuple[PrizeThen, ...]


def changes(
    session: Session, campaign_id: UUID, *, before_id: int | None = None, limit: int = 50
) -> Sequence[AuditRecord]:
    """The newest changes of tiers, prizes, codes and odds first; `before_id` pages on."""
    query = select(AuditRecord).where(AuditRecord.campaign_id == campaign_id, AuditRecord.action.in_(ACTIONS))
    if before_id is not None:
        query = query.where(AuditRecord.id < before_id)
    return session.scalars(query.order_by(AuditRecord.id.desc()).limit(limit)).all()


@dataclass(frozen=True, slots=True)
class WinThen:
    """The win an act of staff was about: when it was drawn, and what."""

    entry_id: UUID
    at: datetime
    prize_name: str


def wins_of(session: Session, records: Sequence[AuditRecord]) -> dict[str, WinThen]:
    """The wins that records are about, by the subjects of those records."""
    subjects = [record.subject for record in records if record.action.startswith("winner.")]
    query = select(Award.entry_id, Award.created_at, Award.prize_name).where(
        Award.entry_id.in_({UUID(hex=subject) for subject in subjects})
    )
    return {row[0].hex: WinThen(*row) for row in session.execute(query)} if subjects else {}


def state_at(session: Session, campaign: Campaign, at: datetime) -> PoolState | None:
    """How the pool stood at that moment, with what happened in it; None before there was any."""
    document = session.scalars(
        select(OddsTableRecord.document)
        .where(OddsTableRecord.campaign_id == campaign.id, OddsTableRecord.created_at <= at)
        .order_by(OddsTableRecord.version.desc())
        .limit(1)
    ).one_or_none()
    if document is None:
        return None
    tier_names = _names(session, campaign.id, Tier, "tier.edit", at)
    prize_names = _names(session, campaign.id, Prize, "prize.edit", at)
    added, withdrawn = recorded_stock(session, campaign.id, at)
    won = _won(session, campaign.id, at)
    there = session.scalars(
        select(Prize)
        .join(Tier, Tier.id == Prize.tier_id)
        .where(Prize.campaign_id == campaign.id, Prize.created_at <= at)
        .where(Prize.removed_at.is_(None) | (Prize.removed_at > at))
        .order_by(Tier.position, Tier.created_at, Prize.position, Prize.created_at, Prize.id)
    )
    prizes = (
        PrizeThen(
            prize_names[prize.id],
            tier_names[prize.tier_id],
            max(0, added[prize.id.hex] - withdrawn[prize.id.hex] - won[prize.id]),
            won[prize.id],
            withdrawn[prize.id.hex],
        )
        for prize in there
    )
    return PoolState(at, odds.parse(document), tier_names, tuple(prizes))


def tier_names(session: Session, campaign_id: UUID) -> dict[UUID, str]:
    """What the campaign's tiers are called now, removed ones too."""
    return dict(session.execute(select(Tier.id, Tier.name).where(Tier.campaign_id == campaign_id)).all())


def recorded_stock(
    session: Session, campaign_id: UUID, until: datetime | None = None
) -> tuple[Counter[str], Counter[str]]:
    """Units added and withdrawn by prize (hex id), summed over the audit trail, up to that moment."""
    added: Counter[str] = Counter()
    withdrawn: Counter[str] = Counter()
    query = select(AuditRecord.after).where(
        AuditRecord.campaign_id == campaign_id, AuditRecord.action.in_(STOCK_ACTIONS)
    )
    if until is not None:
        query = query.where(AuditRecord.at <= until)
    for after in session.scalars(query.execution_options(yield_per=1000)):
        values: dict[str, Any] = after or {}
        if "prize" in values:
            added[values["prize"]] += values.get("added", 0)
            withdrawn[values["prize"]] += values.get("withdrawn", 0)
        for key, part in values.get("stock", {}).items():
            withdrawn[key] += part["withdrawn"]
        for key, part in values.get("returned", {}).items():  # they count where they are now
            added[key] -= part["returned"]
            withdrawn[key] -= part["returned"]
    return added, withdrawn


def _won(session: Session, campaign_id: UUID, at: datetime) -> Counter[UUID]:
    won = Counter[UUID]()
    for table in (Award, Replacement):
        counts = select(table.prize_id, func.count()).where(
            table.campaign_id == campaign_id, table.created_at <= at
        )
        if table is Award:
            counts = counts.where(or_(Award.lapsed_at.is_(None), Award.lapsed_at > at))
        won.update(dict(session.execute(counts.group_by(table.prize_id)).all()))
    return won


def _names(
    session: Session, campaign_id: UUID, kind: type[Tier | Prize], action: str, at: datetime
) -> dict[UUID, str]:
    """What tiers or prizes were called then: the names of now, with each renaming since taken back.

    A name belongs to one of them at a time, so the one that had the new name is the one that was renamed.
    """
    things: Sequence[Any] = session.scalars(select(kind).where(kind.campaign_id == campaign_id)).all()
    names = {thing.id: thing.name for thing in things}
    renamed = select(AuditRecord).where(
        AuditRecord.campaign_id == campaign_id, AuditRecord.action == action, AuditRecord.at > at
    )
    for record in session.scalars(renamed.order_by(AuditRecord.id.desc())):
        before, after = record.before or {}, record.after or {}
        if "name" not in before:
            continue
        names |= {
            thing.id: before["name"]
            for thing in things
            if names[thing.id] == after["name"] and _was_there(thing, record.at)
        }
    return names


def _was_there(thing: Any, at: datetime) -> bool:
    return thing.created_at <= at and (thing.removed_at is None or thing.removed_at >= at)
