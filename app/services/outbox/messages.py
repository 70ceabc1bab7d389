"""Messages: one row each, written in the transaction of what it tells; and what became of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, exists, func, insert, select
from sqlalchemy.orm import Session, aliased

from app.adapters.direct import DirectConnection, Prepared
from app.domain.chance import Rng
from app.domain.errors import Conflict, NotFound
from app.domain.ids import time_ordered_id
from app.models import Award, Entry, Message, MessageKind, MessageState
from app.services import audit
from app.services.audit import Actor
from app.services.uow import unit_of_work

MOST_AGAIN = 5  # times a winner can have the mail sent again


@dataclass(frozen=True, slots=True)
class Told:
    """What became of telling somebody: of the newest message, where there were several."""

    state: MessageState
    due_at: datetime
    sent_at: datetime | None
    last_error: str | None


def announce_award(
    connection: DirectConnection, entry_id: UUID, entrant_id: UUID, *, now: datetime, rng: Rng
) -> None:
    """Have the winner told by mail, once the transaction of the award has committed."""
    connection.execute(_ANNOUNCE, _new(MessageKind.AWARD_WON, entry_id, entrant_id, 0, now, rng))


def announce_again(session: Session, entry_id: UUID, *, now: datetime, rng: Rng) -> bool:
    """Have the winner told once more, in the transaction of the caller. False while a message waits: what it
    will say is read when it is sent.
    """
    earlier = session.execute(_EARLIER, {"entry": entry_id}).one()
    if earlier.waiting:
        return False
    _add_after(session, entry_id, earlier.number or 0, now, rng)
    return True


def announce_replacement(session: Session, entry_id: UUID, *, now: datetime, rng: Rng) -> None:
    """Have the winner told what replaces a void win, in the transaction of the caller.

    A message that nobody has tried to send yet tells it by itself; one that is being sent may have been read
    before.
    """
    earlier = session.execute(_EARLIER, {"entry": entry_id}).one()
    if not earlier.untried:
        _add_after(session, entry_id, earlier.number or 0, now, rng)


def _add_after(session: Session, entry_id: UUID, number: int, now: datetime, rng: Rng) -> None:
    entrant_id = session.scalars(select(Entry.entrant_id).where(Entry.id == entry_id)).one()
    again = _new(MessageKind.AWARD_WON, entry_id, entrant_id, number + 1, now, rng)
    session.execute(insert(Message), again)


def send_sign_in_link(session: Session, account_id: UUID, counter: int, *, now: datetime, rng: Rng) -> None:
    """Have a member of staff sent the one-time link of that counter, in the transaction of the caller."""
    values = _message(MessageKind.SIGN_IN_LINK, counter, now, rng)
    session.execute(insert(Message), values | {"account_id": account_id})


def send_alert(
    session: Session, alert_id: UUID, account_ids: Sequence[UUID], *, now: datetime, rng: Rng
) -> None:
    """Have these members of staff told of an alert, in the transaction of the caller."""
    values = {"alert_id": alert_id}
    each = [
        _message(MessageKind.ALERT, 0, now, rng) | values | {"account_id": account_id}
        for account_id in account_ids
    ]
    if each:
        session.execute(insert(Message), each)


@unit_of_work
def resend(session: Session, entry_id: UUID, *, actor: Actor, now: datetime, rng: Rng) -> None:
    """Have the winner told once more. Raises NotFound for no win, Conflict while a message is on its way."""
    campaign_id = session.scalar(select(Award.campaign_id).where(Award.entry_id == entry_id))
    if campaign_id is None:
        raise NotFound("no such win")
    if not announce_again(session, entry_id, now=now, rng=rng):
        raise Conflict("a mail to this winner is already on its way")
    audit.record(session, actor, "winner.mail", entry_id.hex, now=now, campaign_id=campaign_id)


@unit_of_work
def send_again(session: Session, entry_id: UUID, *, now: datetime, rng: Rng) -> bool:
    """Have a winner who asks for it told once more: not while a message waits, nor after MOST_AGAIN times.
    Whether a message was written.
    """
    won = select(Award.entry_id).where(Award.entry_id == entry_id)
    if session.scalar(won.with_for_update(key_share=True)) is None:
        return False
    earlier = session.execute(_EARLIER, {"entry": entry_id}).one()
    return (earlier.number or 0) < MOST_AGAIN and announce_again(session, entry_id, now=now, rng=rng)


def told(session: Session, entry_ids: Sequence[UUID]) -> dict[UUID, Told]:
    """What became of telling these winners; those whose messages are forgotten are left out."""
    messages = session.scalars(
        select(Message)
        .where(Message.entry_id.in_(entry_ids), Message.kind == MessageKind.AWARD_WON)
        .order_by(Message.number)
    )
    return {
        each.entry_id: Told(each.state, each.due_at, each.sent_at, each.last_error)
        for each in messages
        if each.entry_id is not None
    }


def undelivered(session: Session, campaign_ids: Sequence[UUID]) -> dict[UUID, int]:
    """How many of the newest messages to winners could not be delivered, by campaign; none are left out.

    A win whose message was sent again, and arrived or is on its way, does not count.
    """
    later = aliased(Message)
    query = (
        select(Entry.campaign_id, func.count())
        .join(Message, Message.entry_id == Entry.id)
        .where(
            Message.state == MessageState.FAILED,
            Entry.campaign_id.in_(campaign_ids),
            ~exists().where(
                later.entry_id == Message.entry_id,
                later.kind == Message.kind,
                later.number > Message.number,
            ),
        )
        .group_by(Entry.campaign_id)
    )
    return {row[0]: row[1] for row in session.execute(query)}


def _new(
    kind: MessageKind, entry_id: UUID, entrant_id: UUID, number: int, now: datetime, rng: Rng
) -> dict[str, Any]:
    return _message(kind, number, now, rng) | {"entry_id": entry_id, "entrant_id": entrant_id}


def _message(kind: MessageKind, number: int, now: datetime, rng: Rng) -> dict[str, Any]:
    return {
        "id": time_ordered_id(now, rng),
        "kind": kind,
        "number": number,
        "state": MessageState.WAITING,
        "created_at": now,
        "due_at": now,
        "tries": 0,
    }


_ANNOUNCE = Prepared(insert(Message))
_EARLIER = select(
    func.max(Message.number).label("number"),
    func.count().filter(Message.state == MessageState.WAITING).label("waiting"),
    func.count().filter(Message.state == MessageState.WAITING, Message.tries == 0).label("untried"),
).where(Message.entry_id == bindparam("entry"), Message.kind == MessageKind.AWARD_WON)
