"""Replacements: each stands in for a win that is void."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Award, AwardStatus, Code, Replacement
from app.services.check.tally import Subject, Tally


def check_replacements(session: Session, subject: Subject, tally: Tally) -> None:
    """The first stands in for a void award of its campaign, each other for the void one before it; all have a
    code of their own prize.
    """
    before: tuple[UUID | None, int, AwardStatus] = (None, 0, AwardStatus.VOID)
    query = (
        select(
            Replacement.entry_id,
            Replacement.place,
            Replacement.status,
            Replacement.prize_id,
            Award.status.label("award_status"),
            Award.campaign_id.label("award_campaign_id"),
            Code.prize_id.label("code_prize_id"),
        )
        .join(Award, Award.entry_id == Replacement.entry_id)
        .join(Code, Code.id == Replacement.code_id)
        .where(Replacement.campaign_id == subject.id)
        .order_by(Replacement.entry_id, Replacement.place)
    )
    for row in session.execute(query.execution_options(yield_per=1000)):
        tally.seen += 1
        name = f"replacement {row.place} of entry {row.entry_id.hex}"
        entry_id, place, status = before
        if row.entry_id != entry_id:
            place, status = 0, row.award_status
        tally.expect(status is AwardStatus.VOID, f"{name} stands in for a win that counts")
        tally.expect(row.place == place + 1, f"{name} does not follow the one before")
        tally.expect(row.award_campaign_id == subject.id, f"{name} is of another campaign")
        tally.expect(row.prize_id == row.code_prize_id, f"{name} is of another prize than its code")
        before = (row.entry_id, row.place, row.status)
