"""The claim as it must not be: ask which code is free, then write. It shows that the race is real."""

import threading
from contextlib import suppress
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, select, update
from sqlalchemy.orm import Session

from app.adapters.chance import SystemRng
from app.adapters.direct import DirectConnection, Prepared
from app.domain.chance import Rng
from app.domain.outcomes import Outcome
from app.models import Code, CodeStatus
from app.services import entries
from app.services.allocation import Claimed
from app.services.entries import Submission, submit_entry


class Seen(SystemRng):
    """Carries what was seen from the look to the claim: of all arguments, the claim is given this one."""

    def __init__(self, code: Row[int, str, UUID, UUID] | None) -> None:
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


def claim_what_was_seen(
    connection: DirectConnection, _tier_id: UUID, rng: Rng, _reserve: object = None
) -> Claimed | None:
    """Stands in for `allocation.claim`: writes by id, without looking at what became of the code."""
    assert isinstance(rng, Seen)
    if rng.code is None:
        return None
    connection.execute(_TAKE, {"seen": rng.code.id})
    return Claimed(
        rng.code.id, rng.code.text, rng.code.tier_id, "Gold", rng.code.prize_id, "A prize", "", "gift"
    )


def look(
    connection: DirectConnection,
    _captcha: object,
    campaign: UUID,
    emails: tuple[str, str],
    period: str,
    nonce: bytes,
) -> Any:
    """Stands in for `entries._spend`: looks up who comes, and writes nothing."""
    known, gone = emails
    values = {"campaign": campaign, "email": known, "gone": gone, "period": period, "nonce": nonce}
    return connection.row(_LOOK, values)


_LOOK = Prepared(
    select(
        entries._PERSON.label("entrant_id"),
        entries._WAS_ERASED.label("was_erased"),
        entries._IS_TAKEN.label("is_taken"),
    )
)
_TAKE = Prepared(update(Code).where(Code.id == bindparam("seen")).values(status=CodeStatus.WON))
_FIRST_FREE = (
    select(Code.id, Code.text, Code.tier_id, Code.prize_id)
    .where(Code.status == CodeStatus.FREE)
    .order_by(Code.slot)
    .limit(1)
)
