"""Delivery: the worker's side of the outbox.

Sent is sent at least once: a worker that dies between sending and noting it is followed by another, which
sends the message again under the same Message-ID.
"""

import logging
from collections.abc import Callable
from datetime import datetime
from email.message import EmailMessage
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    Update,
    bindparam,
    delete,
    func,
    literal_column,
    select,
    update,
)
from sqlalchemy.orm import Session

from app.adapters.direct import DirectConnection, Prepared
from app.domain.chance import Rng
from app.domain.delivery import LEASE, QUIET, NotSent, Sending, Sent, Trouble, free_at, is_too_old, next_try
from app.domain.ids import first_id_after, first_id_at
from app.models import Entrant, Entry, Message, MessageKind, MessageState, OpeningReminder
from app.services.outbox.office import InHand, PostOffice
from app.services.outbox.writing import written
from app.services.uow import shared_unit_of_work, unit_of_work

FORGET_AT_ONCE = 5000
_log = logging.getLogger(__name__)


def is_any_due(session: Session, *, now: datetime) -> bool:
    """Whether a message waits for a worker at this moment. Takes no lock."""
    found = session.scalar(_DUE.limit(1), {"now": now}) is not None
    session.rollback()
    return found


def deliver_next(session: Session, office: PostOffice, *, clock: Callable[[], datetime], rng: Rng) -> bool:
    """Send the message that has been due the longest; False when there is none. No transaction is open while
    the network works.
    """
    message = take(session, now=clock())
    if message is None:
        return False
    settle(session, message, _send(session, message, office, clock()), now=clock(), rng=rng)
    return True


def take(session: Session, *, now: datetime) -> InHand | None:
    """Take on the message that has been due the longest; None when there is none.

    Until the lease is over nobody else does. Messages to an address that was written to within the hour, and
    those that waited past their use, are put off or given up on the way.
    """
    is_there = True
    while is_there:
        is_there, message = _take_one(session, now=now)
        if message is not None:
            return message
    return None


@unit_of_work
def _take_one(session: Session, *, now: datetime) -> tuple[bool, InHand | None]:
    """One message looked at: whether there was one, and the message if it can be sent now."""
    row = session.execute(_DUE_FIRST, {"now": now}).one_or_none()
    if row is None:
        return False, None
    if is_too_old(row.created_at, now):
        _note(session, row, state=MessageState.FAILED, last_error=str(Trouble.TOO_OLD))
        session.execute(_LET_GO.statement, {"reminder": row.reminder_id})
        return True, None
    free = free_at(_last_to_same(session, row, now), now)
    if free is not None and not _is_proved(session, row):
        _note(session, row, due_at=free)
        return True, None
    is_ours = _note(session, row, due_at=now + LEASE, tried_at=now, tries=row.tries + 1)
    if not is_ours:
        return True, None
    return True, InHand(
        row.id,
        row.kind,
        row.entry_id,
        row.tries + 1,
        row.account_id,
        row.number,
        row.alert_id,
        row.reminder_id,
        row.partner_id,
        row.campaign_id,
    )


def _last_to_same(session: Session, row: Row[*tuple[Any, ...]], now: datetime) -> datetime | None:
    """When another message to the same person was last tried, of late. Who asks this has the person's row to
    itself, so that two messages to one person are not taken on side by side.
    """
    if row.entrant_id is None:  # staff, whose addresses are known, and reminders, which come once
        return None
    session.execute(_HOLD_ENTRANT, {"entrant": row.entrant_id})
    values = {"entrant": row.entrant_id, "message": row.id, "since": now - QUIET}
    last: datetime | None = session.scalar(_LAST_TRIED, values)
    return last


def _is_proved(session: Session, row: Row[*tuple[Any, ...]]) -> bool:
    """Whether this is news for whoever has shown that the address is theirs. A link anybody can ask for is
    none.
    """
    if row.kind is MessageKind.MY_PRIZES:
        return False
    return session.scalar(_PROVED, {"entry": row.entry_id}) is not None


def _note(session: Session, row: Row[*tuple[Any, ...]], **values: Any) -> bool:
    """Write down what becomes of a message that is still as it was seen; False when it is not."""
    seen = update(Message).where(Message.id == row.id, _IS_WAITING, Message.due_at == row.due_at)
    return _changed(session, seen.values(values))


@shared_unit_of_work
def settle(
    connection: DirectConnection, message: InHand, sending: Sending, *, now: datetime, rng: Rng
) -> None:
    """Write down what came of a try: sent, to be tried again, or given up."""
    if isinstance(sending, Sent):
        connection.execute(_SENT, {"message": message.id, "at": now})
        _let_go(connection, message)
        return
    # Not over the head of another worker that took the message on since.
    this_try = {"message": message.id, "try": message.tries, "error": str(sending)}
    again = None if sending.for_good else next_try(message.tries, now, rng)
    if again is None:
        connection.execute(_FAILED, this_try)
        _let_go(connection, message)
    else:
        connection.execute(_AGAIN, this_try | {"again": again})


def _let_go(connection: DirectConnection, message: InHand) -> None:
    """The address of a reminder has served."""
    if message.reminder_id is not None:
        connection.execute(_LET_GO, {"reminder": message.reminder_id})


@unit_of_work
def forget(session: Session, *, before: datetime) -> bool:
    """Delete some of the messages made before that moment, whatever became of them; False when all are gone.

    The oldest go first, and with a message all of its millisecond: what is newer than any kept is complete.
    """
    oldest = (
        select(Message.id)
        .where(Message.id < first_id_at(before))
        .order_by(Message.id)
        .limit(FORGET_AT_ONCE)
        .subquery()
    )
    last = session.scalar(select(oldest.c.id).order_by(oldest.c.id.desc()).limit(1))
    if last is None:
        return False
    session.execute(delete(Message).where(Message.id < first_id_after(last)))
    return True


def _send(session: Session, message: InHand, office: PostOffice, now: datetime) -> Sending:
    try:
        mail = written(session, message, office, now)
        return office.mailer.send(mail) if isinstance(mail, EmailMessage) else mail
    except Exception as error:  # noqa: BLE001 -- one message that cannot be written stops no other
        # Its text may name people: the kind of error and the message's id tell enough.
        _log.error("message %s: %s", message.id.hex, type(error).__name__)
        return NotSent(Trouble.OTHER, for_good=False)


def _changed(session: Session, statement: Update) -> bool:
    result: Any = session.execute(statement.execution_options(synchronize_session=False))
    return bool(result.rowcount)


# A literal, not a parameter: only so can a planner prove that the partial index of waiting messages applies.
_IS_WAITING: ColumnElement[bool] = Message.state == literal_column("'waiting'")
_DUE = (
    select(
        Message.id,
        Message.kind,
        Message.entry_id,
        Message.entrant_id,
        Message.account_id,
        Message.number,
        Message.alert_id,
        Message.reminder_id,
        Message.partner_id,
        Message.campaign_id,
        Message.created_at,
        Message.due_at,
        Message.tries,
    )
    .where(_IS_WAITING, Message.due_at <= bindparam("now"))
    .order_by(Message.due_at)
    .limit(1)
)
_DUE_FIRST = _DUE.with_for_update(skip_locked=True)
# As weak a lock as serves: entries of this person, which only refer to the row, go on.
_HOLD_ENTRANT = select(Entrant.id).where(Entrant.id == bindparam("entrant")).with_for_update(key_share=True)
_PROVED = select(Entry.proved_at).where(Entry.id == bindparam("entry"))
_LAST_TRIED = select(func.max(Message.tried_at)).where(
    Message.entrant_id == bindparam("entrant"),
    Message.id != bindparam("message"),
    Message.tried_at > bindparam("since"),
)
_ITS_ROW = update(Message).where(Message.id == bindparam("message"), _IS_WAITING)
_SENT = Prepared(_ITS_ROW.values(state=MessageState.SENT, sent_at=bindparam("at"), last_error=None))
_LET_GO = Prepared(
    update(OpeningReminder).where(OpeningReminder.id == bindparam("reminder")).values(email=None)
)
_THIS_TRY = _ITS_ROW.where(Message.tries == bindparam("try"))
_AGAIN = Prepared(_THIS_TRY.values(due_at=bindparam("again"), last_error=bindparam("error")))
_FAILED = Prepared(_THIS_TRY.values(state=MessageState.FAILED, last_error=bindparam("error")))
