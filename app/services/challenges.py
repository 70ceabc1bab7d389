"""Challenges of CAPTCHAs that are used up without an entry."""

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.adapters.captcha import Solved
from app.models import SpentChallenge
from app.services.uow import unit_of_work


@unit_of_work
def use_up(session: Session, challenge: Solved) -> bool:
    """Have the challenge open nothing any more; False for one that was used up already."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    row = {"signature": challenge.signature, "expires_at": challenge.expires_at}
    taking = insert(SpentChallenge).values(row).on_conflict_do_nothing().returning(SpentChallenge.signature)
    return session.scalar(taking) is not None
