"""Proof of address: the link in the mail tells what was held back; a code nobody asks for lapses.

Whether a held code is its winner's or goes back is settled by the row of the award: both ways are one
conditional UPDATE of it, and the first that commits is right.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select, update
from sqlalchemy.orm import Session

from app.domain.chance import Rng
from app.domain.errors import NotFound
from app.domain.events import Event, EventType
from app.domain.proof import Proof
from app.models import Award, AwardStatus, Campaign, Code, CodeStatus, Entry, MessageKind, Prize
from app.services import audit, outbox, referrals, webhooks
from app.services.audit import Actor
from app.services.staging import SLOTS
from app.services.uow import unit_of_work

ACTOR = Actor("proof of address")
LAPSED = "the address was not proved in time"
AT_ONCE = 200


@unit_of_work
def prove(session: Session, entry_id: UUID, *, now: datetime, rng: Rng) -> UUID:
    """The address of this entry is proved: what came of it may be told. Returns the entrant.

    A second time changes nothing. Raises NotFound where there is no such entry, or it was erased.
    """
    entry = session.get(Entry, entry_id, with_for_update={"key_share": True})
    if entry is None or entry.erased_at is not None:
        raise NotFound("no such entry")
    if entry.proof is Proof.NEVER or entry.proved_at is not None:
        return entry.entrant_id
    entry.proved_at = now
    session.flush()
    referrals.friend_proved(session, entry.campaign_id, entry.entrant_id, now=now, rng=rng)
    is_kept = _changed(session, entry_id, is_held(), proved_at=now)
    if is_kept:
        webhooks.tell(session, Event(EventType.AWARD_WON, entry.campaign_id, entry_id, now))
        outbox.write(session, MessageKind.AWARD_WON, entry_id, entry.entrant_id, now=now, rng=rng)
    elif entry.tier_awarded_id is None and session.get_one(Campaign, entry.campaign_id).mail_losers:
        outbox.write(session, MessageKind.ENTRY_LOST, entry_id, entry.entrant_id, now=now, rng=rng)
    return entry.entrant_id


def lapse(session: Session, *, now: datetime, rng: Rng) -> int:
    """Put back into stock what was held for too long; returns how many codes. Each is a unit of its own."""
    due = select(Award.entry_id).where(is_held(), Award.held_until <= now).order_by(Award.held_until)
    lapsed = 0
    while entries := session.scalars(due.limit(AT_ONCE)).all():
        session.rollback()
        lapsed += sum(lapse_one(session, entry_id, now=now, rng=rng) for entry_id in entries)
    return lapsed


@unit_of_work
def lapse_one(session: Session, entry_id: UUID, *, now: datetime, rng: Rng) -> bool:
    """The win is void and its code free again, as nobody has seen it; False when it is held no more."""
    is_over = and_(is_held(), Award.held_until <= now)
    values = {"status": AwardStatus.VOID, "voided_at": now, "void_reason": LAPSED, "returned_at": now}
    if not _changed(session, entry_id, is_over, lapsed_at=now, version=Award.version + 1, **values):
        return False
    award = session.get_one(Award, entry_id, populate_existing=True)
    query = select(Prize).where(Prize.id == award.prize_id).with_for_update(key_share=True)
    prize = session.scalars(query.execution_options(populate_existing=True)).one()
    counts = _return_code(session, award.code_id, prize, rng)
    audit.record(
        session,
        ACTOR,
        "winner.lapse",
        entry_id.hex,
        now=now,
        campaign_id=award.campaign_id,
        before={"status": AwardStatus.NEW},
        after={"status": AwardStatus.VOID, "prize": prize.id, **counts},
        reason=LAPSED,
    )
    return True


def is_held() -> ColumnElement[bool]:
    """For queries: whether the code of an award is held back, and is its winner's for now."""
    # As the index of held awards has it, so that planners see that it applies.
    held = and_(Award.held_until.is_not(None), Award.proved_at.is_(None), Award.lapsed_at.is_(None))
    return and_(held, Award.status != AwardStatus.VOID)


def _return_code(session: Session, code_id: int, prize: Prize, rng: Rng) -> dict[str, int]:
    """Free the code under a row of its own, so that what was awarded stays one to one with a row that is won
    by nobody else. Returns what the audit trail is to keep.
    """
    code = session.get_one(Code, code_id, populate_existing=True)
    code.status = CodeStatus.WITHDRAWN
    prize.stock_version += 1
    if prize.removed_at is not None:
        return {"withdrawn": 1}
    free = Code(
        tier_id=code.tier_id,
        prize_id=code.prize_id,
        text=code.text,
        key=code.key,
        slot=rng.randbelow(SLOTS),
        status=CodeStatus.FREE,
        batch_id=code.batch_id,
        partner_id=code.partner_id,
        created_at=code.created_at,
    )
    # Keys are in capitals: this is nobody's.
    code.text, code.key, code.batch_id = f"lapsed-{code_id}", f"lapsed-{code_id}", None
    session.flush()
    session.add(free)
    return {"added": 1, "withdrawn": 1}


def _changed(session: Session, entry_id: UUID, condition: ColumnElement[bool], **values: Any) -> bool:
    """Change the award if it is still so."""
    statement = update(Award).where(Award.entry_id == entry_id, condition).values(**values)
    result: Any = session.execute(statement.execution_options(synchronize_session=False))
    return bool(result.rowcount)
