"""Erasure: a person is forgotten; what was drawn, and what was given out, stays.

The entries keep all that their draw is checked with but the address and the nonce, without which nobody can
try out whose they were. The limits hold on: of the address a keyed hash is kept.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from app.adapters.seeds import SeedVault
from app.domain.chance import Rng
from app.domain.delivery import Trouble
from app.domain.draw import NONCE_BYTES
from app.domain.errors import NotFound
from app.models import Award, Entrant, Entry, Message, MessageState, WinnerKey
from app.services import audit, opening_reminders
from app.services.audit import Actor
from app.services.uow import unit_of_work

ACTOR = Actor("entrant")


@unit_of_work
def erase(session: Session, entrant_id: UUID, *, now: datetime, rng: Rng, vault: SeedVault) -> None:
    """Forget this person: address, names, answers, notes, and what they are found by. There is no way back.

    Codes that were won stay given out. Mail that waits is not sent. Raises NotFound for somebody unknown, or
    who was erased before.
    """
    entrant = session.get(Entrant, entrant_id, with_for_update=True, populate_existing=True)
    if entrant is None or entrant.erased_at is not None:
        raise NotFound("nobody is known under this link")
    opening_reminders.forget_address(session, entrant.email_key, vault)
    entrant.email_key, entrant.erased_at = vault.pseudonym(entrant.email_key), now
    entrant.no_mail_at = None
    session.flush()  # from here on nobody enters under this address
    entries = session.scalars(
        select(Entry).where(Entry.entrant_id == entrant_id, Entry.erased_at.is_(None))
    ).all()
    for entry in entries:
        _forget(entry, now, rng)
    session.flush()
    mine = select(Entry.id).where(Entry.entrant_id == entrant_id)
    wins = session.scalar(select(func.count()).select_from(Award).where(Award.entry_id.in_(mine)))
    for statement in (
        delete(WinnerKey).where(WinnerKey.entry_id.in_(mine)),
        update(Award).where(Award.entry_id.in_(mine)).values(notes="", has_keys=True),
        update(Message)
        .where(Message.entrant_id == entrant_id, Message.state == MessageState.WAITING)
        .values(state=MessageState.FAILED, last_error=str(Trouble.GONE)),
    ):
        session.execute(statement.execution_options(synchronize_session=False))
    after = {"erased": len(entries), "wins": wins}
    audit.record(session, ACTOR, "person.erase", "", now=now, after=after)


def _forget(entry: Entry, now: datetime, rng: Rng) -> None:
    entry.name = entry.email = ""
    entry.marketing = False
    entry.network = None
    entry.answers = ""
    entry.utm_source = entry.utm_medium = entry.utm_campaign = entry.device = ""
    # With the old one, and the commitment, whose entry it was could be tried out address by address.
    entry.nonce = rng.token_bytes(NONCE_BYTES)
    entry.erased_at = now
