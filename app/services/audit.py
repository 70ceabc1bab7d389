"""The audit trail: who changed what, written in the transaction of the change."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.models import AuditRecord


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a member of staff, or (without an account) the command line."""

    name: str
    account_id: UUID | None = None


COMMAND_LINE = Actor("command line")


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


def latest(
    session: Session,
    *,
    campaign_id: UUID | None = None,
    before_id: int | None = None,
    noun: str = "",
    text: str = "",
    limit: int = 100,
) -> Sequence[AuditRecord]:
    """The newest records first; `before_id` pages on.

    `noun` is how the action begins (`tier`); `text` is part of who acted or of what was changed.
    """
    query = select(AuditRecord).order_by(AuditRecord.id.desc()).limit(limit)
    if campaign_id is not None:
        query = query.where(AuditRecord.campaign_id == campaign_id)
    if before_id is not None:
        query = query.where(AuditRecord.id < before_id)
    if noun:
        query = query.where(AuditRecord.action.startswith(noun, autoescape=True))
    if text:
        query = query.where(
            or_(
                AuditRecord.actor.icontains(text, autoescape=True),
                AuditRecord.subject.icontains(text, autoescape=True),
            )
        )
    return session.scalars(query).all()


def changes(row: object, new: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The values of `row` that `new` would change, before and after."""
    before = {name: getattr(row, name) for name, value in new.items() if getattr(row, name) != value}
    return before, {name: new[name] for name in before}


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
