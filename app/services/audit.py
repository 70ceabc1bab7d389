"""The audit trail: who changed what, written in the transaction of the change."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from app.models import AuditRecord, Entry
from app.services.uow import unit_of_work


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a member of staff, or (without an account) the command line."""

    name: str
    account_id: UUID | None = None


COMMAND_LINE = Actor("command line")
_ENTRY = re.compile("[0-9a-f]{32}")


def record(
    session: Session,
    actor: Actor,
    action: str,
    subject: str,
    *,
    now: datetime,
    campaign_id: UUID | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str = "",
) -> None:
    """Add one record. `action` is a stable word (`tier.edit`); codes and passwords are never among values."""
    session.add(
        AuditRecord(
            at=now,
            actor=actor.name,
            account_id=actor.account_id,
            campaign_id=campaign_id,
            action=action,
            subject=subject,
            before=_plain(before),
            after=_plain(after),
            reason=reason,
        )
    )


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which records: `noun` is how the action begins (`tier`), `who` part of who acted, `text` part of what
    was changed, of the reason, or of who acted; from `since` on, and before `until`.
    """

    campaign_id: UUID | None = None
    noun: str = ""
    who: str = ""
    text: str = ""
    since: datetime | None = None
    until: datetime | None = None


def latest(
    session: Session,
    wanted: Wanted | None = None,
    *,
    campaign_id: UUID | None = None,
    before_id: int | None = None,
    limit: int = 100,
) -> Sequence[AuditRecord]:
    """The newest records that are wanted, or all of a campaign, first; `before_id` pages on."""
    query = _matching(wanted or Wanted(campaign_id)).order_by(AuditRecord.id.desc()).limit(limit)
    if before_id is not None:
        query = query.where(AuditRecord.id < before_id)
    return session.scalars(query).all()


def export(session: Session, wanted: Wanted, *, actor: Actor, now: datetime) -> Iterator[AuditRecord]:
    """The records that fit, oldest first, streamed; that somebody took them is on record before."""
    _record_export(session, wanted, actor=actor, now=now)
    return _stream(session, wanted)


@unit_of_work
def _record_export(session: Session, wanted: Wanted, *, actor: Actor, now: datetime) -> None:
    count = session.scalar(select(func.count()).select_from(_matching(wanted).subquery()))
    after = {"exported": count}
    record(session, actor, "audit.export", "", now=now, campaign_id=wanted.campaign_id, after=after)


def _stream(session: Session, wanted: Wanted) -> Iterator[AuditRecord]:
    query = _matching(wanted).order_by(AuditRecord.id).execution_options(yield_per=1000)
    with session.scalars(query) as rows:
        yield from rows


def _matching(wanted: Wanted) -> Select[AuditRecord]:
    query = select(AuditRecord)
    if wanted.campaign_id is not None:
        query = query.where(AuditRecord.campaign_id == wanted.campaign_id)
    if wanted.noun:
        query = query.where(AuditRecord.action.startswith(wanted.noun, autoescape=True))
    if wanted.who:
        query = query.where(AuditRecord.actor.icontains(wanted.who, autoescape=True))
    if wanted.text:
        columns = (AuditRecord.actor, AuditRecord.subject, AuditRecord.reason)
        query = query.where(or_(*(column.icontains(wanted.text, autoescape=True) for column in columns)))
    if wanted.since is not None:
        query = query.where(AuditRecord.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(AuditRecord.at < wanted.until)
    return query


def changes(row: object, new: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The values of `row` that `new` would change, before and after."""
    return differing({name: getattr(row, name) for name in new}, new)


def change(row: object, new: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Change the row to these values; what differs, before and after."""
    before, after = changes(row, new)
    for name, value in after.items():
        setattr(row, name, value)
    return before, after


def differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The values that are not the same in both, before and after; None for what is not there."""
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return {name: before.get(name) for name in names}, {name: after.get(name) for name in names}


def _plain(values: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if values is None:
        return None
    return {name: _jsonable(value) for name, value in values.items()}


def _jsonable(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, UUID):
        return value.hex
    return value


def winners_named(session: Session, records: Iterable[AuditRecord]) -> dict[str, str]:
    """The names of the winners that records are about, by the records' subject; one look-up for all."""
    subjects = {record.subject for record in records if record.action.startswith("winner.")}
    entries = [UUID(subject) for subject in subjects if _ENTRY.fullmatch(subject)]
    found = session.execute(select(Entry.id, Entry.name).where(Entry.id.in_(entries))) if entries else ()
    return {entry_id.hex: name for entry_id, name in found}
