"""Stock and codes: what came in is there, and each code that was won has one winner."""

from collections import Counter
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, exists, func, literal, or_, select
from sqlalchemy.orm import Session

from app.models import (
    Award,
    BatchState,
    Code,
    CodeBatch,
    CodeStatus,
    Prize,
    Replacement,
    StagedCode,
    Tier,
)
from app.services.check.tally import Subject, Tally
from app.services.pool_history import recorded_stock


def check_stock(session: Session, subject: Subject, tally: Tally) -> None:
    """What came and went according to the audit trail must be what is there, or decided and on its way in."""
    added, withdrawn = recorded_stock(session, subject.id)
    _check_batches(session, subject, tally)
    rows: dict[UUID, Counter[CodeStatus]] = {}
    for prize_id, status, count in session.execute(
        select(Code.prize_id, Code.status, func.count())
        .join(Tier, Tier.id == Code.tier_id)
        .where(Tier.campaign_id == subject.id)
        .group_by(Code.prize_id, Code.status)
    ):
        rows.setdefault(prize_id, Counter())[status] = count
    coming, going = _on_the_way(session, subject.id)
    won = Counter[UUID]()
    for table in (Award, Replacement):
        counts = select(table.prize_id, func.count()).where(table.campaign_id == subject.id)
        if table is Award:  # what lapsed gave its unit back
            counts = counts.where(Award.lapsed_at.is_(None))
        won.update(_counts(session, counts.group_by(table.prize_id)))
    for prize in session.scalars(select(Prize).where(Prize.campaign_id == subject.id)):
        tally.seen += 1
        here = rows.pop(prize.id, Counter())
        name, key = f"{subject.campaign.slug}/{prize.name}", prize.id.hex
        for there, recorded, what in (
            (here.total() + coming[prize.id] - going[prize.id], added[key], "units"),
            (here[CodeStatus.WITHDRAWN] - going[prize.id], withdrawn[key], "withdrawn units"),
            (here[CodeStatus.WON], won[prize.id], "won units"),
        ):
            tally.expect(there == recorded, f"{name} has {there:,} {what} where {recorded:,} are on record")
        gone = prize.removed_at is not None
        tally.expect(not gone or not here[CodeStatus.FREE], f"{name} is removed and has free units")
    tally.expect(not rows, f"{subject.campaign.slug} has codes under prizes of another campaign")


def _on_the_way(session: Session, campaign_id: UUID) -> tuple[Counter[UUID], Counter[UUID]]:
    """Codes of decided batches that are not on offer yet: by the prize they are for, and, of those that were
    withdrawn once, by the prize they still stand under.
    """
    decided = (
        select(CodeBatch.prize_id, func.count())
        .join(StagedCode, StagedCode.batch_id == CodeBatch.id)
        .where(CodeBatch.campaign_id == campaign_id, CodeBatch.state == BatchState.OFFERING)
        .group_by(CodeBatch.prize_id)
    )
    returning = (
        select(Code.prize_id, func.count())
        .select_from(CodeBatch)
        .join(StagedCode, StagedCode.batch_id == CodeBatch.id)
        .join(Code, Code.key == StagedCode.key)
        .where(CodeBatch.campaign_id == campaign_id, CodeBatch.state == BatchState.OFFERING)
        .group_by(Code.prize_id)
    )
    return (
        Counter(dict(session.execute(decided).all())),
        Counter(dict(session.execute(returning).all())),
    )


def _check_batches(session: Session, subject: Subject, tally: Tally) -> None:
    """A batch that is done has left nothing behind, and one that is not has no code in the stock."""
    of_campaign = CodeBatch.campaign_id == subject.id
    staged = exists().where(StagedCode.batch_id == CodeBatch.id)
    in_stock = exists().where(Code.prize_id == CodeBatch.prize_id, Code.batch_id == CodeBatch.id)
    for condition, fault in (
        (and_(CodeBatch.state == BatchState.DONE, staged), "is done and has codes that are not on offer"),
        (
            and_(CodeBatch.state.in_([BatchState.STAGING, BatchState.FAILED]), in_stock),
            "did not come in and has codes on offer",
        ),
    ):
        for batch_id in session.scalars(select(CodeBatch.id).where(of_campaign, condition)):
            tally.expect(False, f"batch {batch_id} of {subject.campaign.slug} {fault}")


def _counts(session: Session, query: Any) -> dict[UUID, int]:
    return dict(session.execute(query).all())


def _kept(table: type[Award] | type[Replacement]) -> ColumnElement[Any]:
    """What the code of a win is: won, or withdrawn where the win lapsed and the code went back."""
    won = literal(CodeStatus.WON, Code.status.type)
    if table is Replacement:
        return won
    return case((Award.lapsed_at.is_(None), won), else_=literal(CodeStatus.WITHDRAWN, Code.status.type))


def check_codes(session: Session, subject: Subject, tally: Tally) -> None:
    """Each won code has exactly one award or replacement, and each of these a won code."""
    won = (
        select(Code.id)
        .join(Tier, Tier.id == Code.tier_id)
        .where(Tier.campaign_id == subject.id, Code.status == CodeStatus.WON)
    )
    tally.seen += session.scalar(select(func.count()).select_from(won.subquery())) or 0
    for code_id in session.scalars(
        won.where(
            ~exists().where(Award.code_id == Code.id), ~exists().where(Replacement.code_id == Code.id)
        ).execution_options(yield_per=1000)
    ):
        tally.expect(False, f"code {code_id} counts as won and nobody won it")
    for table in (Award, Replacement):
        for code_id, entry_id in session.execute(
            select(table.code_id, table.entry_id)
            .outerjoin(Code, Code.id == table.code_id)
            .where(table.campaign_id == subject.id, or_(Code.id.is_(None), Code.status != _kept(table)))
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
    for code_id in session.scalars(
        select(Award.code_id)
        .join(Replacement, Replacement.code_id == Award.code_id)
        .where(Award.campaign_id == subject.id)
        .execution_options(yield_per=1000)
    ):
        tally.expect(False, f"code {code_id} was given out more than once")
