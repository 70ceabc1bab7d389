"""Messages: winners are told, and only winners."""

from datetime import datetime

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from app.models import Award, Entry, Message, MessageKind
from app.services.check.tally import Subject, Tally

_WON = Message.kind == MessageKind.AWARD_WON


def check_messages(session: Session, subject: Subject, tally: Tally) -> None:
    """Each message about a win is about an award; each award has one, as far back as messages are kept."""
    mine = select(Message.entry_id).join(Entry, Entry.id == Message.entry_id)
    mine = mine.where(Entry.campaign_id == subject.id, _WON)
    tally.seen += session.scalar(select(func.count()).select_from(mine.subquery())) or 0
    without_award = mine.outerjoin(Award, Award.entry_id == Message.entry_id).where(Award.entry_id.is_(None))
    for entry_id in session.scalars(without_award.execution_options(yield_per=1000)):
        tally.expect(False, f"entry {entry_id.hex if entry_id else '?'} is told of a win that it is not")
    held = and_(Award.held_until.is_not(None), Award.proved_at.is_(None), Message.number == 0)
    too_soon = mine.join(Award, Award.entry_id == Message.entry_id).where(held)
    for entry_id in session.scalars(too_soon.execution_options(yield_per=1000)):
        tally.expect(False, f"entry {entry_id.hex if entry_id else '?'} is told before its address is proved")
    since = _kept_since(session)
    if since is None:
        return
    untold = (
        select(Award.entry_id)
        .outerjoin(Message, and_(Message.entry_id == Award.entry_id, _WON))
        .where(Award.campaign_id == subject.id, Award.created_at >= since, Message.id.is_(None))
        .where(or_(Award.held_until.is_(None), Award.proved_at.is_not(None)))
    )
    for entry_id in session.scalars(untold.execution_options(yield_per=1000)):
        tally.expect(False, f"the winner of entry {entry_id.hex} is not told")


def _kept_since(session: Session) -> datetime | None:
    """The moment of the oldest message kept; wins from before it had none yet, or have theirs no more."""
    first = select(Message.created_at).where(_WON, Message.number == 0).order_by(Message.id).limit(1)
    since: datetime | None = session.scalar(first)
    return since
