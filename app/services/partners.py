"""Partners: who shares a campaign, and what their links bring."""

import hashlib
import hmac
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import and_, bindparam, delete, exists, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.adapters.database import is_slow
from app.adapters.direct import DirectConnection, Prepared
from app.domain.campaign_rules import is_partner_slug
from app.domain.chance import Rng
from app.domain.errors import Busy, Conflict, InvalidInput, NotFound, StaleEdit
from app.domain.identity import InvalidAddress, canonical_email, mask_email
from app.domain.ids import random_id
from app.domain.languages import DEFAULT, STAFF
from app.domain.partner_rules import Pool, Touch
from app.domain.pictures import Picture
from app.domain.timeline import start_of
from app.models import Award, Base, Campaign, DailyKey, Entry, Message, Partner, Visit
from app.services import audit, campaigns, official_rules, outbox, partner_caps, partner_counts
from app.services.audit import Actor
from app.services.fields import many_lines, one_line
from app.services.plan_fields import as_plain
from app.services.standing import is_void
from app.services.uow import shared_unit_of_work, unit_of_work

UTM = ("source", "medium", "campaign")
SHORT, SHORT_ALPHABET = 8, "0123456789abcdefghjkmnpqrstvwxyz"
MOST_WINS = 1_000_000
MOST_LINKS = 20  # mails to one address at once: of one campaign each
QUIET = timedelta(hours=1)
KEY_BYTES = 32
KEY_LIFETIME = timedelta(hours=48)
VISITOR_BYTES = 16


@dataclass(frozen=True, slots=True)
class PartnerPlan:
    """What staff decide about a partner. `share_text` is for the partner to post; `utm_*` go along with links
    to share; `pool` says what visitors get once no code is reserved for them any more; `email` is where the
    link to the figures goes, in the language `locale`.
    """

    slug: str
    name: str
    handle: str = ""
    picture: Picture | None = None
    greeting: str = ""
    share_text: str = ""
    utm_source: str = ""
    utm_medium: str = ""
    utm_campaign: str = ""
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    max_wins: int | None = None
    pool: Pool = Pool.BORROW
    email: str = ""
    locale: str = DEFAULT

    @classmethod
    def of(cls, partner: Partner) -> "PartnerPlan":
        """The partner as it stands."""
        utm: dict[str, Any] = {f"utm_{name}": partner.utm.get(name, "") for name in UTM}
        plain = (each.name for each in fields(cls) if not each.name.startswith("utm_"))
        return cls(**{name: getattr(partner, name) for name in plain}, **utm)


@dataclass(frozen=True, slots=True)
class PartnerFigures:
    """What one partner brought: visitors (each once a day), entries, people, wins that stand, void ones."""

    partner: Partner
    visits: int
    entries: int
    wins: int
    void: int = 0
    people: int = 0


@dataclass(frozen=True, slots=True)
class DayFigures:
    """What one partner brought on one day of the campaign's time zone; void wins are left out."""

    day: date
    visits: int
    entries: int
    wins: int
    people: int = 0
    crowded: int = 0


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


def find_by_short(session: Session, short: str) -> Partner | None:
    """The partner whose short link that is."""
    return session.scalars(select(Partner).where(Partner.short == short, Partner.short != "")).one_or_none()


@unit_of_work
def add(
    session: Session,
    campaign_id: UUID,
    slug: str,
    name: str,
    *,
    plan: PartnerPlan | None = None,
    actor: Actor,
    now: datetime,
    rng: Rng,
    reason: str = "",
) -> Partner:
    """A new partner; with a `plan` all of it holds but slug and name. Raises NotFound, Conflict for a slug
    that is taken, InvalidInput for a wrong field.
    """
    campaigns.get_for_change(session, campaign_id)
    plan = _checked(replace(plan or PartnerPlan(slug, name), slug=slug, name=name))
    _check_free(session, campaign_id, slug)
    partner = Partner(
        id=random_id(rng),
        campaign_id=campaign_id,
        created_at=now,
        short="".join(SHORT_ALPHABET[rng.randbelow(len(SHORT_ALPHABET))] for _ in range(SHORT)),
        wins=0,
        version=1,
        link_counter=0,
        access_counter=1,
    )
    _apply(partner, plan)
    session.add(partner)
    after = {key: value for key, value in _told(plan).items() if value not in {"", None}}
    audit.record(
        session, actor, "partner.add", slug, now=now, campaign_id=campaign_id, after=after, reason=reason
    )
    official_rules.keep_up(session, campaign_id, now)
    return partner


@unit_of_work
def edit(
    session: Session,
    partner_id: UUID,
    plan: PartnerPlan,
    *,
    expected_version: int | None = None,
    actor: Actor,
    now: datetime,
    reason: str = "",
) -> Partner:
    """Change a partner. Raises as `add`, and StaleEdit when somebody else saved meanwhile.

    With a first cap, counting begins with what was won before; a win that is under way at that very moment
    may come on top of the cap. Another address to write to takes links back that went to the one before.
    """
    partner = _for_change(session, partner_id)
    if expected_version is not None and partner.version != expected_version:
        raise StaleEdit("somebody else has saved this partner meanwhile; look at the new values first")
    plan = _checked(plan)
    if plan.slug != partner.slug:
        _check_free(session, partner.campaign_id, plan.slug)
    if plan == (stored := PartnerPlan.of(partner)):
        return partner
    before, after = audit.differing(_told(stored), _told(plan))
    if plan.max_wins is not None and partner.max_wins is None:
        partner.wins = partner_caps.won(session, partner.id)
    if plan.email != partner.email:
        _take_access_back(partner)
    _apply(partner, plan)
    partner.version += 1
    audit.record(
        session,
        actor,
        "partner.edit",
        partner.slug,
        now=now,
        campaign_id=partner.campaign_id,
        before=before,
        after=after,
        reason=reason,
    )
    official_rules.keep_up(session, partner.campaign_id, now)
    return partner


@unit_of_work
def revoke(session: Session, partner_id: UUID, *, actor: Actor, now: datetime, reason: str = "") -> Partner:
    """Take back every link to the partner's figures, and end every visit to them. Raises NotFound."""
    partner = _for_change(session, partner_id)
    _take_access_back(partner)
    audit.record(
        session,
        actor,
        "partner.revoke",
        partner.slug,
        now=now,
        campaign_id=partner.campaign_id,
        reason=reason,
    )
    return partner


@unit_of_work
def open_link(session: Session, partner_id: UUID, counter: int) -> int | None:
    """Use up a link to the figures: what the visit it opens is good for, None when it was used or taken back.

    One conditional UPDATE: of two who use a link at once, one gets in.
    """
    opened = (
        update(Partner)
        .where(Partner.id == partner_id, Partner.link_counter == counter)
        .values(link_counter=Partner.link_counter + 1)
        .returning(Partner.access_counter)
        .execution_options(synchronize_session=False)
    )
    return session.scalar(opened)


@unit_of_work
def send_links(session: Session, email: str, *, now: datetime, rng: Rng) -> int:
    """Have the partners of that address sent a link each, once an hour at most; returns how many. Whoever
    asks is told nothing of it.
    """
    try:
        key = canonical_email(email)
    except InvalidAddress:
        return 0
    found = session.scalars(
        select(Partner)
        .where(Partner.email_key == key, Partner.email_key != "")
        .order_by(Partner.id)
        .with_for_update()
    ).all()
    written = 0
    for partner in found[:MOST_LINKS]:
        recent = exists().where(Message.partner_id == partner.id, Message.created_at > now - QUIET)
        if not session.scalar(select(recent)):
            outbox.send_partner_link(session, partner.id, partner.link_counter, now=now, rng=rng)
            written += 1
    return written


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
    counts = partner_counts.totals(session, campaign_id)
    void = Counter(partner_id for partner_id, _at in _void(session, campaign_id))
    found = []
    for partner in listing(session, campaign_id):
        entries, people, wins = counts.get(partner.id, (0, 0, 0))
        gone = void[partner.id]
        found.append(PartnerFigures(partner, visits.get(partner.id, 0), entries, wins - gone, gone, people))
    return found


def by_day(session: Session, partner_id: UUID) -> list[DayFigures]:
    """What one partner brought day by day, oldest first; days without anything are left out."""
    zone = _zone_of(session, partner_id)
    partner = get(session, partner_id)
    visits = dict(
        session.execute(
            select(Visit.day, func.count()).where(Visit.partner_id == partner_id).group_by(Visit.day)
        ).all()
    )
    sums: dict[date, Counter[str]] = {}
    for count in partner_counts.counted(session, partner.campaign_id, partner_id):
        day = start_of(count.quarter).astimezone(zone).date()
        here = {name: getattr(count, name) for name in ("entries", "wins", "people", "crowded")}
        sums.setdefault(day, Counter()).update(here)
    for _partner, at in _void(session, partner.campaign_id, partner_id):
        sums[at.astimezone(zone).date()]["wins"] -= 1
    return [
        DayFigures(
            day,
            visits.get(day, 0),
            *(sums.get(day, Counter())[name] for name in ("entries", "wins", "people", "crowded")),
        )
        for day in sorted(visits.keys() | sums.keys())
    ]


def _void(session: Session, campaign_id: UUID, partner_id: UUID | None = None) -> list[tuple[UUID, datetime]]:
    """The entries over partners' links whose wins do not stand: partner and moment."""
    query: Any = (
        select(Entry.partner_id, Entry.created_at)
        .join(Award, Award.entry_id == Entry.id)
        .where(Award.campaign_id == campaign_id, is_void())
    )
    query = query.where(Entry.partner_id == partner_id if partner_id else Entry.partner_id.is_not(None))
    return [(row[0], row[1]) for row in session.execute(query)]


def _for_change(session: Session, partner_id: UUID) -> Partner:
    partner = session.get(Partner, partner_id, with_for_update=True, populate_existing=True)
    if partner is None:
        raise NotFound("this partner does not exist")
    return partner


def _take_access_back(partner: Partner) -> None:
    partner.link_counter += 1
    partner.access_counter += 1


def _check_free(session: Session, campaign_id: UUID, slug: str) -> None:
    if find(session, campaign_id, slug) is not None:
        raise Conflict("another partner of this campaign is called “%(name)s”", name=slug)


def _checked(plan: PartnerPlan) -> PartnerPlan:
    """The plan as it is kept. Raises InvalidInput."""
    if not is_partner_slug(plan.slug):
        raise InvalidInput("slug", "use 2 to 40 small letters, digits and hyphens, such as ayse")
    if plan.starts_at and plan.ends_at and plan.starts_at >= plan.ends_at:
        raise InvalidInput("ends_at", "the end comes after the start")
    if plan.max_wins is not None and not 0 <= plan.max_wins <= MOST_WINS:
        raise InvalidInput("max_wins", "use a number from %(low)s to %(high)s", low=0, high=MOST_WINS)
    if plan.locale not in STAFF:
        raise InvalidInput("locale", "choose one of %(names)s", names=", ".join(STAFF))
    said = {name: getattr(plan, name) for name in ("handle", *(f"utm_{each}" for each in UTM))}
    lines: dict[str, Any] = {
        name: one_line(name, text, 60) if text.strip() else "" for name, text in said.items()
    }
    email = plan.email.strip()
    if email:
        try:
            canonical_email(email)
        except InvalidAddress as error:
            raise InvalidInput("email", "this is not an e-mail address") from error
    return replace(
        plan,
        name=one_line("name", plan.name, 120),
        greeting=many_lines("greeting", plan.greeting, 500),
        share_text=many_lines("share_text", plan.share_text, 1000),
        email=email,
        **lines,
    )


def _apply(partner: Partner, plan: PartnerPlan) -> None:
    for each in fields(plan):
        if not each.name.startswith("utm_"):
            setattr(partner, each.name, getattr(plan, each.name))
    partner.utm = {name: text for name in UTM if (text := getattr(plan, f"utm_{name}"))}
    partner.email_key = canonical_email(plan.email) if plan.email else ""


def _told(plan: PartnerPlan) -> dict[str, Any]:
    """What the audit trail keeps of a plan: no address, pictures by what they are."""
    values = as_plain(plan) | {"email": mask_email(plan.email) if plan.email else ""}
    return values | {"picture": str(plan.picture or "")}


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


def touched(session: Session, campaign: Campaign, visitor_key: str, *, now: datetime) -> Partner | None:
    """The partner whose link this visitor has followed within the campaign's hours: the first or the last of
    them, as the campaign has it; None for nobody, and where the campaign asks for no more than the page.

    Visitors are known again by the keys of that day and the day before, and by nothing else.
    """
    if not campaign.touch_hours:
        return None
    since = now - timedelta(hours=campaign.touch_hours)
    zone = ZoneInfo(campaign.timezone)
    days = {moment.astimezone(zone).date() for moment in (since, now)}
    known = [(day, key) for day in sorted(days) if (key := _key_of(session, day)) is not None]
    if not known:
        return None
    order = Visit.at.asc() if campaign.touch is Touch.FIRST else Visit.at.desc()
    return session.scalars(
        select(Partner)
        .join(Visit, Visit.partner_id == Partner.id)
        .where(Partner.campaign_id == campaign.id, Visit.at >= since)
        .where(
            or_(*(and_(Visit.day == day, Visit.visitor == _visitor(key, visitor_key)) for day, key in known))
        )
        .order_by(order, Partner.id)
        .limit(1)
    ).one_or_none()


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
    connection.execute(_ADD_VISIT, {"partner_id": partner_id, "day": day, "visitor": visitor, "at": now})


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
