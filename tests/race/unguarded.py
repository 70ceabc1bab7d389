"""The claim as it must not be: ask which code is free, then write. It shows that the race is real."""

import threading
from contextlib import suppress
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, select, update
from sqlalchemy.orm import Session

from app.adapters.chance import SystemRng
from app.domain.chance import Rng
from app.domain.outcomes import Outcome
from app.models import Code, CodeStatus
from app.services.allocation import Claimed
from app.services.entries import Submission, submit_entry


class Seen(SystemRng):
    """Carries what was seen from the look to the claim: of all arguments, the claim is given this one."""

    def __init__(self, code: Row[int, UUID, str] | None) -> None:
        self.code = code


class Asking:
    """Stands in for `submit_entry`: looks for a free code; the first `crowd` to look go on together.

    The look is a plain SELECT outside the unit of work: no lock, no write queue, no turn.
    """

    def __init__(self, crowd: int) -> None:
        self._met = threading.Event()
        self._all_have_looked = threading.Barrier(crowd, action=self._met.set, timeout=15)

    def __call__(self, session: Session, submission: Submission, **tools: Any) -> Outcome:
        """Look, wait for the others, enter."""
        seen = Seen(session.execute(_FIRST_FREE).one_or_none())
        session.rollback()
        if not self._met.is_set():
            with suppress(threading.BrokenBarrierError):
                self._all_have_looked.wait()
        return submit_entry(session, submission, **tools | {"rng": seen})


def claim_what_was_seen(connection: Connection, _tier_id: UUID, rng: Rng) -> Claimed | None:
    """Stands in for `allocation.claim`: writes by id, without looking at what became of the code."""
    assert isinstance(rng, Seen)
    if rng.code is None:
        return None
    claimed = Claimed(*rng.code)
    connection.execute(update(Code).where(Code.id == claimed.code_id).values(status=CodeStatus.WON))
    return claimed


_FIRST_FREE = (
    select(Code.id, Code.prize_id, Code.text)
    .where(Code.status == CodeStatus.FREE)
    .order_by(Code.slot)
    .limit(1)
)
