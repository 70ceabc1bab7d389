"""Housekeeping: what has served its purpose is forgotten."""

from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.orm import Session

from app.models import SpentChallenge
from app.services import partners
from app.services.uow import unit_of_work


@unit_of_work
def purge(session: Session, *, now: datetime) -> None:
    """Forget spent CAPTCHAs that have expired, which no longer open anything, and the visitor keys of past
    days.
    """
    session.execute(delete(SpentChallenge).where(SpentChallenge.expires_at < now))
    partners.forget_old_keys(session, now)
