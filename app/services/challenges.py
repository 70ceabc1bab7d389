"""Challenges of CAPTCHAs that are used up without an entry."""

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.adapters.captcha import Solved
from app.models import SpentChallenge
from app.services.uow import unit_of_work


@unit_of_work
def use_up(session: Session, challenge: Solved) -> None:
    """Have the challenge open nothing any more. One that is used up already stays so."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    row = {"signature": challenge.signature, "expires_at": challenge.expires_at}
    session.execute(insert(SpentChallenge).values(row).on_conflict_do_nothing())
