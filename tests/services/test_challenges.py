"""A challenge that is used up without an entry opens none later."""

from datetime import timedelta

from sqlalchemy.orm import Session

from app.adapters.captcha import Solved
from app.models import SpentChallenge
from app.services import challenges
from tests.support.fakes import NOON


def test_a_challenge_is_used_up_once_and_for_all(session: Session) -> None:
    challenge = Solved(b"s" * 32, NOON + timedelta(minutes=20))
    challenges.use_up(session, challenge)
    challenges.use_up(session, challenge)
    kept = session.get(SpentChallenge, challenge.signature)
    assert kept is not None
    assert kept.expires_at == challenge.expires_at
