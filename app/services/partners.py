"""Partners: who shares a campaign, and what their links bring."""

import hashlib
import hmac
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import and_, bindparam, delete, exists, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.adapters.database import is_slow
from app.adapters.direct import DirectConnection, Prepared
from app.domain.campaign_rules import is_partner_slug
from app.domain.chance import Rng
from app.domain.errors import Busy, Conflict, InvalidInput, NotFound
from app.domain.ids import random_id
from app.models import Award, Base, Campaign, DailyKey, Entry, Partner, Visit
from app.services import audit, campaigns
from app.services.audit import Actor
from app.services.fields import one_line
from app.services.standing import is_void
from app.services.uow import shared_unit_of_work, unit_of_work

KEY_BYTES = 32
KEY_LIFETIME = timedelta(hours=48)
VISITOR_BYTES = 16


@dataclass(frozen=True, slots=True)
class PartnerFigures:
    """What one partner brought: visitors (each once a day), entries, wins that stand, and void ones."""

    partner: Partner
    visits: int
    entries: int
    wins: int
    void: int = 0


@dataclass(frozen=True, slots=True)
class DayFigures:
    """What one partner brought on one day of the campaign's time zone; void wins are left out."""

    day: date
    visits: int
    entries: int
    wins: int


def listing(session: Session, campaign_id: UUID) -> Sequence[Partner]:
    """The campaign's partners by name."""
    query = select(Partner).where(Partner.campaign_id == campaign_id)
    return session.scalars(query.order_by(Partner.name, Partner.slug)).all()


def find(session: Session, campaign_id: UUID, slug: str) -> Partner | None:
    """The partner of that slug, if there is one."""
    return session.scalars(
        select(Partner).where(Partner.campaign_id == campaign_id, Partner.slug == slug)
    ).one_or_none()


def get(session: Session, partner_id: UUID) -> Partner:
    """The partner. Raises NotFound."""
    partner = session.get(Partner, partner_id)
    if partner is None:
        raise NotFound("this partner does not exist")
    return partner


@unit_of_work
def add(
    session: Session,
    campaign_id: UUID,
    slug: str,
    name: str,
    *,
    actor: Actor,
    now: datetime,
    rng: Rng,
    reason: str = "",
) -> Partner:
    """A new partner. Raises NotFound, Conflict for a slug that is taken, InvalidInput for a wrong field."""
    campaigns.get_for_change(session, campaign_id)
    if not is_partner_slug(slug):
        raise InvalidInput("slug", "use 2 to 40 small letters, digits and hyphens, such as ayse")
    name = one_line("name", name, 120)
    if find(session, campaign_id, slug) is not None:
        raise Conflict("another partner of this campaign is called “%(name)s”", name=slug)
    partner = Partner(id=random_id(rng), campaign_id=campaign_id, slug=slug, name=name, created_at=now)
    session.add(partner)
    after = {"slug": slug, "name": name}
    audit.record(
        session, actor, "partner.add", slug, now=now, campaign_id=campaign_id, after=after, reason=reason
    )
    return partner


def figures(session: Session, campaign_id: UUID) -> list[PartnerFigures]:
    """What each of the campaign's partners brought, by name."""
    visits = dict(
        session.execute(
            select(Visit.partner_id, func.count())
            .join(Partner, Partner.id == Visit.partner_id)
            .where(Partner.campaign_id == campaign_id)
            .group_by(Visit.partner_id)
        ).all()
    )
    entries = {
        row.partner_id: (row.entries, row.drawn - row.void, row.void)
        for row in session.execute(
            select(
                Entry.partner_id,
                func.count().label("entries"),
                func.count(Award.entry_id).label("drawn"),
                func.count().filter(is_void()).label("void"),
            )
            .outerjoin(Award, Award.entry_id == Entry.id)
            .where(Entry.campaign_id == campaign_id, Entry.partner_id.is_not(None))
            .group_by(Entry.partner_id)
        )
    }
    return [
        PartnerFigures(partner, visits.get(partner.id, 0), *entries.get(partner.id, (0, 0, 0)))
        for partner in listing(session, campaign_id)
    ]


def by_day(session: Session, partner_id: UUID) -> list[DayFigures]:
    """What one partner brought day by day, oldest first; days without anything are left out."""
    zone = _zone_of(session, partner_id)
    visits = dict(
        session.execute(
            select(Visit.day, func.count()).where(Visit.partner_id == partner_id).group_by(Visit.day)
        ).all()
    )
    entries: Counter[date] = Counter()
    wins: Counter[date] = Counter()
    # The databases do not agree on time zones, so days are told here.
    for created_at, stands in session.execute(
        select(Entry.created_at, and_(Award.entry_id.is_not(None), ~is_void()))
        .outerjoin(Award, Award.entry_id == Entry.id)
        .where(Entry.partner_id == partner_id)
        .execution_options(yield_per=10_000)
    ):
        day = created_at.astimezone(zone).date()
        entries[day] += 1
        wins[day] += bool(stands)
    return [
        DayFigures(day, visits.get(day, 0), entries[day], wins[day])
        for day in sorted(visits.keys() | entries.keys())
    ]


def record_visit(session: Session, partner_id: UUID, visitor_key: str, *, now: datetime, rng: Rng) -> None:
    """Count a visitor over the partner's link, once a day; `visitor_key` is stored only as a hash of that
    day's key.

    A visitor who was counted today already costs two reads and takes no lock; others are counted together
    with whoever writes at the moment. Raises NotFound, and Busy at once when writing would take long: a page
    waits for this.
    """
    day = now.astimezone(_zone_of(session, partner_id)).date()
    key = _key_of(session, day)
    if key is None or not _is_counted(session, partner_id, day, _visitor(key, visitor_key)):
        if is_slow(session.get_bind().engine):
            raise Busy
        _count(session, partner_id, day, visitor_key, now=now, rng=rng)


def forget_old_keys(session: Session, now: datetime) -> None:
    """Destroy the keys of days that are over everywhere, within 48 hours of their making. Part of a
    transaction.
    """
    session.execute(_FORGET.statement, {"youngest": _youngest_over(now)})


def _youngest_over(now: datetime) -> date:
    # A day begins up to 14 hours before its date in UTC: then its key is made.
    return (now.astimezone(UTC) - KEY_LIFETIME + timedelta(hours=14)).date()


@shared_unit_of_work
def _count(
    connection: DirectConnection, partner_id: UUID, day: date, visitor_key: str, *, now: datetime, rng: Rng
) -> None:
    connection.execute(_FORGET, {"youngest": _youngest_over(now)})
    row = connection.row(_KEY, {"day": day})
    if row is None:
        connection.execute(_ADD_KEY, {"day": day, "key": rng.token_bytes(KEY_BYTES)})
        row = connection.row(_KEY, {"day": day})  # another's, if they were first
    visitor = _visitor(row.key, visitor_key)
    connection.execute(_ADD_VISIT, {"partner_id": partner_id, "day": day, "visitor": visitor})


def _zone_of(session: Session, partner_id: UUID) -> ZoneInfo:
    query = select(Campaign.timezone).join(Partner, Partner.campaign_id == Campaign.id)
    name = session.scalar(query.where(Partner.id == partner_id))
    if name is None:
        raise NotFound("this partner does not exist")
    return ZoneInfo(name)


def _key_of(session: Session, day: date) -> bytes | None:
    return session.scalar(select(DailyKey.key).where(DailyKey.day == day))


def _visitor(key: bytes, visitor_key: str) -> bytes:
    return hmac.digest(key, visitor_key.encode(), hashlib.sha256)[:VISITOR_BYTES]


def _is_counted(session: Session, partner_id: UUID, day: date, visitor: bytes) -> bool:
    here = (Visit.partner_id == partner_id) & (Visit.day == day) & (Visit.visitor == visitor)
    return bool(session.scalar(select(exists().where(here))))


def _add_unless_there(table: type[Base]) -> Prepared:
    return Prepared(
        {
            "postgresql": postgresql.insert(table).on_conflict_do_nothing(),
            "sqlite": sqlite.insert(table).on_conflict_do_nothing(),
        }
    )


_FORGET = Prepared(delete(DailyKey).where(DailyKey.day <= bindparam("youngest")))
_KEY = Prepared(select(DailyKey.key).where(DailyKey.day == bindparam("day")))
_ADD_KEY = _add_unless_there(DailyKey)
_ADD_VISIT = _add_unless_there(Visit)
