"""Networks: whether two entries came from the same one, told without keeping where anybody came from.

An entry keeps a keyed hash of its sender's network prefix (IPv4 /24, IPv6 /48). The key is new each day (UTC)
and has two halves: one in the database, destroyed within 48 hours, and the site's secret, which is not in the
database: neither a copy of the one nor the other tells networks. What was hashed on one day can be compared
while its key is there: for 23 hours at least, for 47 at most. Then nobody can tell a hash's network any more,
and the hashes are taken off the entries too.
"""

import hashlib
import hmac
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.adapters.direct import DirectConnection, Prepared
from app.domain.chance import Rng
from app.domain.errors import Busy
from app.models import Campaign, Entry, NetworkKey
from app.services.uow import shared_unit_of_work, unit_of_work

KEY_BYTES = 32
HASH_BYTES = 12
KEY_LIFETIME = timedelta(hours=47)  # whoever destroys keys comes by every hour
AT_ONCE = 2000  # entries in one transaction
_PURPOSE = b"prizewell/network/1\0"


class Networks:
    """Hashes networks for one process. It holds the key of the day: an entry costs no further statement."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._held: tuple[date, bytes] | None = None

    def hashed(self, session: Session, prefix: str, *, now: datetime, rng: Rng) -> bytes | None:
        """The hash of a network prefix for an entry of this moment.

        None when the day's key cannot be had: the database has no time to make it, or has destroyed it.
        """
        day = now.astimezone(UTC).date()
        held = self._held
        if held is None or held[0] != day:
            stored = _key_of(session, day)
            if stored is None:
                try:
                    stored = _make(session, day, rng=rng)
                except Busy:
                    return None
            if stored is None:
                return None
            held = self._held = (day, self._whole(stored))
        return _hash(held[1], prefix)

    def is_same(self, session: Session, prefix: str, network: bytes | None, at: datetime) -> bool | None:
        """Whether an entry with that hash, made at that moment, came from this network prefix.

        None where nobody can tell: the entry has no hash, or the key of its day has been destroyed, which is
        23 to 47 hours after it. To compare two people, ask with the prefix of the one who is here and the
        stored hash of the other.
        """
        if network is None:
            return None
        stored = _key_of(session, at.astimezone(UTC).date())
        return None if stored is None else hmac.compare_digest(_hash(self._whole(stored), prefix), network)

    def forget(self, *, now: datetime) -> None:
        """Let go of a key that is not the present day's."""
        if self._held is not None and self._held[0] != now.astimezone(UTC).date():
            self._held = None

    def _whole(self, stored: bytes) -> bytes:
        return hmac.digest(self._secret, _PURPOSE + stored, hashlib.sha256)


def _hash(key: bytes, prefix: str) -> bytes:
    return hmac.digest(key, prefix.encode(), hashlib.sha256)[:HASH_BYTES]


def _key_of(session: Session, day: date) -> bytes | None:
    return session.scalar(select(NetworkKey.key).where(NetworkKey.day == day))


@shared_unit_of_work
def _make(connection: DirectConnection, day: date, *, rng: Rng) -> bytes | None:
    connection.execute(_ADD, {"day": day, "key": rng.token_bytes(KEY_BYTES)})
    key: bytes | None = connection.row(_KEY, {"day": day}).key  # another's, if they were first
    return key


def destroy_keys(session: Session, now: datetime) -> None:
    """Destroy the keys that are old enough. Part of a transaction."""
    old = NetworkKey.day <= _youngest_old(now), NetworkKey.key.is_not(None)
    session.execute(update(NetworkKey).where(*old).values(key=None))


def _youngest_old(now: datetime) -> date:
    return (now.astimezone(UTC) - KEY_LIFETIME).date()


def tidy(session: Session, *, now: datetime) -> None:
    """Destroy keys that are old enough, and take what was hashed with them off its entries, in small steps:
    whoever enters meanwhile hardly waits.
    """
    days = session.scalars(select(NetworkKey.day).where(NetworkKey.day <= _youngest_old(now))).all()
    campaigns = session.scalars(select(Campaign.id)).all() if days else []
    session.rollback()
    if days:
        _destroy(session, now)
    for day in days:
        start = datetime.combine(day, time(), UTC)
        for campaign_id in campaigns:
            at: datetime | None = start
            while at is not None:
                at = _take_off(session, campaign_id, at, start + timedelta(days=1))
        _drop(session, day)


@unit_of_work
def _destroy(session: Session, now: datetime) -> None:
    destroy_keys(session, now)


@unit_of_work
def _take_off(session: Session, campaign_id: UUID, start: datetime, end: datetime) -> datetime | None:
    """Take the hashes off the next entries from `start` on; where to go on, None at the end."""
    here = (Entry.campaign_id == campaign_id, Entry.created_at >= start, Entry.created_at < end)
    next_ones = select(Entry.created_at).where(*here).order_by(Entry.created_at)
    last = session.scalar(next_ones.offset(AT_ONCE - 1).limit(1))
    taking = update(Entry).where(*here, Entry.network.is_not(None)).values(network=None)
    if last is not None:
        taking = taking.where(Entry.created_at <= last)
    session.execute(taking.execution_options(synchronize_session=False))
    return last + timedelta(microseconds=1) if last is not None else None


@unit_of_work
def _drop(session: Session, day: date) -> None:
    session.execute(delete(NetworkKey).where(NetworkKey.day == day))


_KEY = Prepared(select(NetworkKey.key).where(NetworkKey.day == bindparam("day")))
_ADD = Prepared(
    {
        "postgresql": postgresql.insert(NetworkKey).on_conflict_do_nothing(),
        "sqlite": sqlite.insert(NetworkKey).on_conflict_do_nothing(),
    }
)
