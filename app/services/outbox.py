"""The outbox: messages are written in the transaction of what they tell; the worker sends them afterwards.

Sent is sent at least once: a worker that dies between sending and noting it is followed by another, which
sends the message again under the same Message-ID.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Row,
    Update,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    literal_column,
    select,
    update,
)
from sqlalchemy.orm import Session, aliased

from app.adapters.direct import DirectConnection, Prepared
from app.adapters.letters import AlertTold, AwardWon, Letters
from app.adapters.links import Links
from app.adapters.mail import Mailer, Sender, compose
from app.domain.alerts import said
from app.domain.chance import Rng
from app.domain.delivery import (
    LEASE,
    QUIET,
    NotSent,
    Sending,
    Sent,
    Trouble,
    free_at,
    is_too_old,
    next_try,
)
from app.domain.errors import Conflict, NotFound
from app.domain.ids import first_id_after, first_id_at, time_ordered_id
from app.models import (
    Account,
    Alert,
    Award,
    AwardStatus,
    Campaign,
    Code,
    Entrant,
    Entry,
    Message,
    MessageKind,
    MessageState,
    Prize,
    Replacement,
)
from app.services import audit
from app.services.audit import Actor
from app.services.uow import shared_unit_of_work, unit_of_work

FORGET_AT_ONCE = 5000
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PostOffice:
    """What it takes to send a message."""

    mailer: Mailer
    letters: Letters
    links: Links
    sender: Sender


@dataclass(frozen=True, slots=True)
class InHand:
    """A message this worker has taken on, for the length of a lease."""

    id: UUID
    kind: MessageKind
    entry_id: UUID | None
    tries: int
    account_id: UUID | None = None
    number: int = 0
    alert_id: UUID | None = None


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
    entrant_id = session.scalars(select(Entry.entrant_id).where(Entry.id == entry_id)).one()
    number = (earlier.number or 0) + 1
    again = _new(MessageKind.AWARD_WON, entry_id, entrant_id, number, now, rng)
    session.execute(insert(Message), again)
    return True


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
        return True, None
    if (free := free_at(_last_to_same(session, row, now), now)) is not None:
        _note(session, row, due_at=free)
        return True, None
    is_ours = _note(session, row, due_at=now + LEASE, tried_at=now, tries=row.tries + 1)
    if not is_ours:
        return True, None
    return True, InHand(
        row.id, row.kind, row.entry_id, row.tries + 1, row.account_id, row.number, row.alert_id
    )


def _last_to_same(session: Session, row: Row[*tuple[Any, ...]], now: datetime) -> datetime | None:
    """When another message to the same person was last tried, of late. Who asks this has the person's row to
    itself, so that two messages to one person are not taken on side by side.
    """
    if row.entrant_id is None:  # staff, whose addresses are known
        return None
    session.execute(_HOLD_ENTRANT, {"entrant": row.entrant_id})
    values = {"entrant": row.entrant_id, "message": row.id, "since": now - QUIET}
    last: datetime | None = session.scalar(_LAST_TRIED, values)
    return last


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
        return
    # Not over the head of another worker that took the message on since.
    this_try = {"message": message.id, "try": message.tries, "error": str(sending)}
    again = None if sending.for_good else next_try(message.tries, now, rng)
    if again is None:
        connection.execute(_FAILED, this_try)
    else:
        connection.execute(_AGAIN, this_try | {"again": again})


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
        mail = _written(session, message, office, now)
        return office.mailer.send(mail) if isinstance(mail, EmailMessage) else mail
    except Exception as error:  # noqa: BLE001 -- one message that cannot be written stops no other
        # Its text may name people: the kind of error and the message's id tell enough.
        _log.error("message %s: %s", message.id.hex, type(error).__name__)
        return NotSent(Trouble.OTHER, for_good=False)


def _written(session: Session, message: InHand, office: PostOffice, now: datetime) -> EmailMessage | NotSent:
    """The message in full, out of what is committed; the read is over when it returns."""
    if message.account_id is not None and message.alert_id is not None:
        return _alert_written(session, message, message.account_id, office, now)
    if message.account_id is not None:
        return _link_written(session, message, message.account_id, office, now)
    row = session.execute(_AWARD, {"entry": message.entry_id}).one_or_none()
    session.rollback()
    if row is None:
        return NotSent(Trouble.GONE, for_good=True)
    about = AwardWon(
        title=row.title,
        sponsor=row.sponsor,
        accent=row.accent,
        timezone=row.timezone,
        tier=row.tier_name,
        prize=row.prize_name,
        code=row.code,
        instructions=row.instructions,
        expires_at=row.expires_at,
        link=row.link,
        at=row.created_at,
        result_url=office.links.result(row.slug, row.entry_id, row.created_at),
        landing_url=office.links.landing(row.slug),
        rules_url=office.links.rules(row.slug),
    )
    letter = office.letters.award_won(about, row.locale)
    try:
        return compose(
            letter,
            to=row.email,
            sender=office.sender,
            sender_name=row.sponsor,
            message_id=message.id,
            now=now,
        )
    except ValueError:
        return NotSent(Trouble.ADDRESS, for_good=True)


def _link_written(
    session: Session, message: InHand, account_id: UUID, office: PostOffice, now: datetime
) -> EmailMessage | NotSent:
    """The one-time link is made here and stands nowhere; used or replaced meanwhile, it is not sent."""
    email = session.scalar(
        select(Account.email).where(
            Account.id == account_id,
            Account.link_counter == message.number,
            Account.disabled_at.is_(None),
        )
    )
    session.rollback()
    if email is None:
        return NotSent(Trouble.GONE, for_good=True)
    letter = office.letters.sign_in_link(office.links.sign_in(account_id, message.number, now), email)
    return compose(letter, to=email, sender=office.sender, sender_name="", message_id=message.id, now=now)


def _alert_written(
    session: Session, message: InHand, account_id: UUID, office: PostOffice, now: datetime
) -> EmailMessage | NotSent:
    """An alert that is over or was seen by then, or whose reader has gone, is not sent."""
    row = session.execute(_ALERT, {"alert": message.alert_id, "account": account_id}).one_or_none()
    session.rollback()
    if row is None:
        return NotSent(Trouble.GONE, for_good=True)
    about = AlertTold(row.title, row.timezone, said(row.kind, row.details), office.links.console(row.slug))
    letter = office.letters.alert(about)
    return compose(letter, to=row.email, sender=office.sender, sender_name="", message_id=message.id, now=now)


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
_LAST_TRIED = select(func.max(Message.tried_at)).where(
    Message.entrant_id == bindparam("entrant"),
    Message.id != bindparam("message"),
    Message.tried_at > bindparam("since"),
)
_EARLIER = select(
    func.max(Message.number).label("number"),
    func.count().filter(Message.state == MessageState.WAITING).label("waiting"),
).where(Message.entry_id == bindparam("entry"), Message.kind == MessageKind.AWARD_WON)


def _standing(column: str) -> ColumnElement[Any]:
    """A column of the win as it stands: of the award or, once that is void, of what replaces it."""
    is_void = Award.status == AwardStatus.VOID
    return case((is_void, getattr(Replacement, column)), else_=getattr(Award, column))


_AWARD = (
    select(
        Award.entry_id,
        _standing("tier_name").label("tier_name"),
        _standing("prize_name").label("prize_name"),
        Entry.email,
        Entry.locale,
        Entry.created_at,
        Code.text.label("code"),
        Prize.instructions,
        Prize.link,
        _standing("expires_at").label("expires_at"),
        Campaign.slug,
        Campaign.title,
        Campaign.sponsor,
        Campaign.accent,
        Campaign.timezone,
    )
    .join(Entry, Entry.id == Award.entry_id)
    .join(Campaign, Campaign.id == Award.campaign_id)
    .outerjoin(
        Replacement, and_(Replacement.entry_id == Award.entry_id, Replacement.status != AwardStatus.VOID)
    )
    .join(Code, Code.id == _standing("code_id"))
    .join(Prize, Prize.id == _standing("prize_id"))
    .where(Award.entry_id == bindparam("entry"))
)
_ALERT = (
    select(Account.email, Alert.kind, Alert.details, Campaign.title, Campaign.timezone, Campaign.slug)
    .select_from(Account)
    .join(Alert, Alert.id == bindparam("alert"))
    .join(Campaign, Campaign.id == Alert.campaign_id)
    .where(
        Account.id == bindparam("account"),
        Account.disabled_at.is_(None),
        Account.alert_mails,
        Alert.seen_at.is_(None),
        Alert.over_at.is_(None),
    )
)
_ANNOUNCE = Prepared(insert(Message))
_ITS_ROW = update(Message).where(Message.id == bindparam("message"), _IS_WAITING)
_SENT = Prepared(_ITS_ROW.values(state=MessageState.SENT, sent_at=bindparam("at"), last_error=None))
_THIS_TRY = _ITS_ROW.where(Message.tries == bindparam("try"))
_AGAIN = Prepared(_THIS_TRY.values(due_at=bindparam("again"), last_error=bindparam("error")))
_FAILED = Prepared(_THIS_TRY.values(state=MessageState.FAILED, last_error=bindparam("error")))
