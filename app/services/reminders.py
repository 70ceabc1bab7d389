"""Reminders: winners are told once, some days before their code ends, while it stands and is not settled."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.domain.chance import Rng
from app.models import Award, AwardStatus, Campaign, Code, Entrant, Entry, MessageKind, Replacement
from app.services import outbox
from app.services.proof import is_held
from app.services.uow import unit_of_work

AT_ONCE = 500
_OPEN = (AwardStatus.NEW, AwardStatus.CONTACTED)


def remind(session: Session, campaign: Campaign, *, now: datetime, rng: Rng) -> None:
    """Have those written to whose code ends within the days the campaign says."""
    if not campaign.remind_days:
        return
    before = timedelta(days=campaign.remind_days)
    for table in (Award, Replacement):
        while _remind_some(session, table, campaign.id, before, now=now, rng=rng) == AT_ONCE:
            pass


@unit_of_work
def _remind_some(
    session: Session,
    table: type[Award] | type[Replacement],
    campaign_id: UUID,
    before: timedelta,
    *,
    now: datetime,
    rng: Rng,
) -> int:
    """Look at some codes that end soon, and at each once; returns at how many."""
    query = (
        select(
            table.code_id,
            table.entry_id,
            table.status,
            table.created_at,
            table.expires_at,
            Entry.entrant_id,
            Entry.erased_at,
            Entrant.no_mail_at,
            Code.uses_left,
        )
        .join(Entry, Entry.id == table.entry_id)
        .join(Entrant, Entrant.id == Entry.entrant_id)
        .join(Code, Code.id == table.code_id)
        .where(
            table.campaign_id == campaign_id,
            table.expires_at.is_not(None),
            table.reminded_at.is_(None),
            table.expires_at <= now + before,
        )
        .order_by(table.expires_at)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True, of=table)
    )
    if table is Award:
        query = query.where(~is_held())
    rows = session.execute(query).all()
    for row in rows:
        # A code that was good for no longer than that was told of with its end when it was won.
        is_news = now < row.expires_at and row.created_at < row.expires_at - before
        wants_mail = row.erased_at is None and row.no_mail_at is None
        if is_news and wants_mail and row.status in _OPEN and row.uses_left != 0:
            number = 0 if table is Award else row.code_id
            kind = MessageKind.CODE_ENDS
            outbox.write(session, kind, row.entry_id, row.entrant_id, number=number, now=now, rng=rng)
    if rows:
        seen = update(table).where(table.code_id.in_([row.code_id for row in rows])).values(reminded_at=now)
        session.execute(seen.execution_options(synchronize_session=False))
    return len(rows)
