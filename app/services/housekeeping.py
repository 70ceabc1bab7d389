"""Housekeeping: what has served its purpose is forgotten."""

from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from app.models import SpentChallenge
from app.services import (
    batches,
    idempotency,
    networks,
    opening_reminders,
    outbox,
    partners,
    sessions,
    webhooks,
)
from app.services.uow import unit_of_work

MESSAGES_KEPT = timedelta(days=30)


def purge(session: Session, *, now: datetime) -> None:
    """Forget spent CAPTCHAs that have expired, which no longer open anything, the keys of past days for
    visitors and networks, sessions nobody uses, answers kept for a day, who waited for campaigns that are
    over, and what became of mail and webhooks a month ago; settle what was left of batches of codes.
    """
    _forget_used(session, now=now)
    batches.tidy(session, now=now)
    opening_reminders.forget(session, now=now)
    while outbox.forget(session, before=now - MESSAGES_KEPT):
        pass
    while webhooks.forget(session, before=now - MESSAGES_KEPT):
        pass


@unit_of_work
def _forget_used(session: Session, *, now: datetime) -> None:
    session.execute(delete(SpentChallenge).where(SpentChallenge.expires_at < now))
    partners.forget_old_keys(session, now)
    networks.destroy_keys(session, now)
    sessions.forget_unused(session, now)
    idempotency.forget(session, now)
