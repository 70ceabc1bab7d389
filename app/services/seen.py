"""Seen: when a win was first shown to whoever opened its page. Looking again costs a read."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from app.models import Award
from app.services.uow import unit_of_work


def see(session: Session, entry_id: UUID, *, now: datetime) -> None:
    """Note that the win of this entry was shown, unless that is known already."""
    unseen = exists().where(Award.entry_id == entry_id, Award.seen_at.is_(None))
    if session.scalar(select(unseen)):
        _note(session, entry_id, now=now)


@unit_of_work
def _note(session: Session, entry_id: UUID, *, now: datetime) -> None:
    session.execute(
        update(Award).where(Award.entry_id == entry_id, Award.seen_at.is_(None)).values(seen_at=now)
    )
