"""Stock and codes: what came in is there, and each code that was won has one winner."""

from collections import Counter
from typing import Any
from uuid import UUID

from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import Session

from app.models import AuditRecord, Award, Code, CodeStatus, Prize, Tier
from app.services.check.tally import Subject, Tally

_STOCK_ACTIONS = (
    "prize.add",
    "prize.edit",
    "prize.remove",
    "tier.remove",
    "codes.import",
    "codes.generate",
)


def check_stock(session: Session, subject: Subject, tally: Tally) -> None:
    """What came and went according to the audit trail must be what is there."""
    added, withdrawn = _recorded_stock(session, subject.id)
    rows: dict[UUID, Counter[CodeStatus]] = {}
    for prize_id, status, count in session.execute(
        select(Code.prize_id, Code.status, func.count())
        .join(Tier, Tier.id == Code.tier_id)
        .where(Tier.campaign_id == subject.id)
        .group_by(Code.prize_id, Code.status)
    ):
        rows.setdefault(prize_id, Counter())[status] = count
    awards = _counts(session, select(Award.prize_id, func.count()).where(Award.campaign_id == subject.id))
    for prize in session.scalars(select(Prize).where(Prize.campaign_id == subject.id)):
        tally.seen += 1
        here = rows.pop(prize.id, Counter())
        name, key = f"{subject.campaign.slug}/{prize.name}", prize.id.hex
        for there, recorded, what in (
            (here.total(), added[key], "units"),
            (here[CodeStatus.WITHDRAWN], withdrawn[key], "withdrawn units"),
            (here[CodeStatus.WON], awards.get(prize.id, 0), "won units"),
        ):
            tally.expect(there == recorded, f"{name} has {there:,} {what} where {recorded:,} are on record")
        gone = prize.removed_at is not None
        tally.expect(not gone or not here[CodeStatus.FREE], f"{name} is removed and has free units")
    tally.expect(not rows, f"{subject.campaign.slug} has codes under prizes of another campaign")


def _recorded_stock(session: Session, campaign_id: UUID) -> tuple[Counter[str], Counter[str]]:
    """Units added and withdrawn by prize (hex id), summed over the audit trail."""
    added: Counter[str] = Counter()
    withdrawn: Counter[str] = Counter()
    query = select(AuditRecord.after).where(
        AuditRecord.campaign_id == campaign_id, AuditRecord.action.in_(_STOCK_ACTIONS)
    )
    for after in session.scalars(query.execution_options(yield_per=1000)):
        values: dict[str, Any] = after or {}
        if "prize" in values:
            added[values["prize"]] += values.get("added", 0)
            withdrawn[values["prize"]] += values.get("withdrawn", 0)
        for key, part in values.get("stock", {}).items():
            withdrawn[key] += part["withdrawn"]
    return added, withdrawn


def _counts(session: Session, query: Any) -> dict[UUID, int]:
    return dict(session.execute(query.group_by(Award.prize_id)).all())


def check_codes(session: Session, subject: Subject, tally: Tally) -> None:
    """Each won code has exactly one award, and each award a won code."""
    won = (
        select(Code.id)
        .join(Tier, Tier.id == Code.tier_id)
        .where(Tier.campaign_id == subject.id, Code.status == CodeStatus.WON)
    )
    tally.seen += session.scalar(select(func.count()).select_from(won.subquery())) or 0
    for code_id in session.scalars(
        won.where(~exists().where(Award.code_id == Code.id)).execution_options(yield_per=1000)
    ):
        tally.expect(False, f"code {code_id} counts as won and nobody won it")
    for code_id, entry_id in session.execute(
        select(Award.code_id, Award.entry_id)
        .outerjoin(Code, Code.id == Award.code_id)
        .where(Award.campaign_id == subject.id, or_(Code.id.is_(None), Code.status != CodeStatus.WON))
        .execution_options(yield_per=1000)
    ):
        tally.expect(False, f"code {code_id} was won by entry {entry_id.hex} and does not count as won")
    for code_id in session.scalars(
        select(Award.code_id)
        .where(Award.campaign_id == subject.id)
        .group_by(Award.code_id)
        .having(func.count() > 1)
        .execution_options(yield_per=1000)
    ):
        tally.expect(False, f"code {code_id} was given out more than once")
