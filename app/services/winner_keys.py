"""Winner keys: what winners are found by, written after the win and apart from the path of an entry."""

from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, insert, select, update
from sqlalchemy.orm import Session

from app.domain.search_keys import LAST, keys_of
from app.models import Award, Entry, WinnerKey
from app.services.uow import unit_of_work

CHUNK = 1000
ROUNDS = 20


def has_key(campaign_id: UUID, beginning: str) -> ColumnElement[bool]:
    """For queries: the campaign's keys that begin so, one range of the index."""
    here = and_(WinnerKey.campaign_id == campaign_id, WinnerKey.key >= beginning)
    return and_(here, WinnerKey.key < beginning + LAST)


def begins_with(campaign_id: UUID, beginning: str) -> Select[UUID]:
    """The entries with a key that begins so. A winner may come more than once."""
    return select(WinnerKey.entry_id).where(has_key(campaign_id, beginning))


def without_keys(campaign_id: UUID) -> Select[UUID]:
    """The wins that have no keys yet, out of an index that holds no others."""
    return select(Award.entry_id).where(Award.campaign_id == campaign_id, ~Award.has_keys)


def write_keys(session: Session, campaign_id: UUID, *, at_least: int = 1) -> int:
    """Write the keys that are missing; returns of how many winners. Fewer than `at_least` can wait.

    Searching is right without it, and slow once many wait. Each thousand is a unit of work of its own; after
    some of them the rest is left for the next call.
    """
    waiting = session.scalars(without_keys(campaign_id).limit(at_least)).all()
    if len(waiting) < at_least:
        return 0
    written = 0
    for _ in range(ROUNDS):
        count = _write_some(session, campaign_id)
        written += count
        if count < CHUNK:
            break
    return written


@unit_of_work
def _write_some(session: Session, campaign_id: UUID) -> int:
    # Locked and skipped: two who look for winners at once do not write the same keys.
    waiting = without_keys(campaign_id).limit(CHUNK).with_for_update(skip_locked=True, of=Award)
    entries = session.scalars(waiting).all()
    rows: list[Row[UUID, str, str]] = list(
        session.execute(select(Entry.id, Entry.name, Entry.email).where(Entry.id.in_(entries)))
    )
    keys = [(row.id, keys_of(row.name, row.email)) for row in rows]
    if keys:
        session.execute(
            insert(WinnerKey),
            [
                {"campaign_id": campaign_id, "key": key, "entry_id": entry_id}
                for entry_id, own in keys
                for key in own
            ],
        )
        session.execute(
            update(Award)
            .where(Award.entry_id.in_(entries))
            .values(has_keys=True)
            .execution_options(synchronize_session=False)
        )
    return len(rows)
