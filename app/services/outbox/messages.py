"""Messages: one row each, written in the transaction of what it tells; and what became of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, exists, func, insert, select
from sqlalchemy.orm import Session, aliased

from app.adapters.direct import DirectConnection, Prepared
from app.domain.chance import Rng
from app.domain.delivery import Trouble
from app.domain.errors import Conflict, NotFound
from app.domain.ids import time_ordered_id
from app.domain.proof import Proof
from app.models import Award, AwardStatus, Entry, Message, MessageKind, MessageState
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


def announce(
    connection: DirectConnection,
    kind: MessageKind,
    entry_id: UUID,
    entrant_id: UUID,
    *,
    number: int = 0,
    now: datetime,
    rng: Rng,
) -> None:
    """Have the entrant written to, once the transaction of the entry has committed."""
    connection.execute(_ANNOUNCE, _new(kind, entry_id, entrant_id, number, now, rng))


def write(
    session: Session,
    kind: MessageKind,
    entry_id: UUID,
    entrant_id: UUID,
    *,
    number: int = 0,
    now: datetime,
    rng: Rng,
) -> None:
    """The same in the transaction of the caller. Each kind comes once per entry and number."""
    session.execute(insert(Message), _new(kind, entry_id, entrant_id, number, now, rng))


def announce_again(session: Session, entry_id: UUID, *, now: datetime, rng: Rng) -> bool:
    """Have the winner told once more, in the transaction of the caller; or asked once more, while the address
    is not proved. False while a message waits: what it will say is read when it is sent.
    """
    entry = session.execute(_ENTRY, {"entry": entry_id}).one()
    kind = MessageKind.PROOF if _waits(entry) else MessageKind.AWARD_WON
    number = next_number(session, kind, entry_id)
    if number is None:
        return False
    write(session, kind, entry_id, entry.entrant_id, number=number, now=now, rng=rng)
    return True


def announce_replacement(session: Session, entry_id: UUID, *, now: datetime, rng: Rng) -> None:
    """Have the winner told what replaces a void win, in the transaction of the caller.

    A message that nobody has tried to send yet tells it by itself; one that is being sent may have been read
    before.
    """
    entry = session.execute(_ENTRY, {"entry": entry_id}).one()
    kind = MessageKind.AWARD_WON
    earlier = session.execute(_EARLIER, {"entry": entry_id, "kind": kind}).one()
    if not earlier.untried:
        number = (earlier.number or 0) + 1
        write(session, kind, entry_id, entry.entrant_id, number=number, now=now, rng=rng)


def next_number(session: Session, kind: MessageKind, entry_id: UUID) -> int | None:
    """What the next message of that kind would be numbered, beside the one that comes by itself; None while
    one waits.
    """
    earlier = session.execute(_EARLIER, {"entry": entry_id, "kind": kind}).one()
    return None if earlier.waiting else (earlier.number or 0) + 1


def _waits(entry: Any) -> bool:
    """Whether somebody has yet to prove the address, and there is something to tell then."""
    is_told = entry.proof is Proof.NEVER or entry.proved_at is not None
    return not is_told and not (entry.proof is Proof.CODE and entry.status is AwardStatus.VOID)


def announce_opening(session: Session, reminder_ids: Sequence[UUID], *, now: datetime, rng: Rng) -> None:
    """Have these told that what they wait for is open, in the transaction of the caller."""
    each = [_message(MessageKind.OPENED, 0, now, rng) | {"reminder_id": waits} for waits in reminder_ids]
    session.execute(insert(Message), each)


def send_sign_in_link(session: Session, account_id: UUID, counter: int, *, now: datetime, rng: Rng) -> None:
    """Have a member of staff sent the one-time link of that counter, in the transaction of the caller."""
    values = _message(MessageKind.SIGN_IN_LINK, counter, now, rng)
    session.execute(insert(Message), values | {"account_id": account_id})


def send_partner_link(session: Session, partner_id: UUID, counter: int, *, now: datetime, rng: Rng) -> None:
    """Have a partner sent a link to the figures, good for that counter, in the transaction of the caller."""
    values = _message(MessageKind.PARTNER_LINK, counter, now, rng)
    session.execute(insert(Message), values | {"partner_id": partner_id})


def send_report(
    session: Session, account_id: UUID, campaign_id: UUID, day: date, *, now: datetime, rng: Rng
) -> None:
    """Have a member of staff sent the report of that day, in the transaction of the caller."""
    values = _message(MessageKind.REPORT, day.toordinal(), now, rng)
    session.execute(insert(Message), values | {"account_id": account_id, "campaign_id": campaign_id})


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
    """Have a winner who asks for it told once more, or whoever has yet to prove the address asked once more:
    not while a message waits, nor after MOST_AGAIN times. Whether a message was written.
    """
    locked = select(Entry.id).where(Entry.id == entry_id).with_for_update(key_share=True)
    if session.scalar(locked) is None:
        return False
    entry = session.execute(_ENTRY, {"entry": entry_id}).one()
    if not _waits(entry) and entry.status is None:
        return False
    kind = MessageKind.PROOF if _waits(entry) else MessageKind.AWARD_WON
    number = next_number(session, kind, entry_id)
    return number is not None and number <= MOST_AGAIN and announce_again(session, entry_id, now=now, rng=rng)


def told(session: Session, entry_ids: Sequence[UUID]) -> dict[UUID, Told]:
    """What became of telling these winners, or of asking them for proof, of late; those whose messages are
    forgotten are left out.
    """
    messages = session.scalars(
        select(Message)
        .where(Message.entry_id.in_(entry_ids), Message.kind.in_((MessageKind.AWARD_WON, MessageKind.PROOF)))
        .order_by(Message.kind.desc(), Message.number)  # what asks for proof comes before
    )
    return {
        each.entry_id: Told(each.state, each.due_at, each.sent_at, each.last_error)
        for each in messages
        if each.entry_id is not None
    }


def about(session: Session, entry_id: UUID) -> Sequence[Message]:
    """All that was written about one entry, oldest first, as far as it is kept."""
    return session.scalars(select(Message).where(Message.entry_id == entry_id).order_by(Message.id)).all()


def undelivered(session: Session, campaign_ids: Sequence[UUID]) -> dict[UUID, int]:
    """How many of the newest messages to entrants could not be delivered, by campaign; none are left out.

    What there was no reason to say any more does not count, nor what was sent again, and arrived or is on its
    way.
    """
    later = aliased(Message)
    query = (
        select(Entry.campaign_id, func.count())
        .join(Message, Message.entry_id == Entry.id)
        .where(
            Message.state == MessageState.FAILED,
            Message.last_error.is_distinct_from(str(Trouble.GONE)),
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
).where(Message.entry_id == bindparam("entry"), Message.kind == bindparam("kind", type_=Message.kind.type))
_ENTRY = (
    select(Entry.entrant_id, Entry.proof, Entry.proved_at, Award.status)
    .outerjoin(Award, Award.entry_id == Entry.id)
    .where(Entry.id == bindparam("entry"))
)
