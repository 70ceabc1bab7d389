"""Redemptions: a shop asks about a code, takes it, takes that back; and who asks which were taken.

Every front end comes through here: the API, the counter page, the import, staff. What is called inside a unit
of work is plain (`redeem_in`, `reverse_in`); `redeem` and `reverse` are units of their own.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, false, func, select, update
from sqlalchemy.orm import Session

from app.domain.chance import Rng
from app.domain.codes import code_key, keys_meant
from app.domain.errors import Conflict, InvalidInput, NotFound
from app.domain.events import Event, EventType
from app.domain.ids import time_ordered_id
from app.domain.redemption import (
    MAX_LOCATION,
    MAX_ORDER_VALUE,
    MAX_REFERENCE,
    MAX_USES,
    CodeFacts,
    Verdict,
    verdict,
)
from app.domain.texts import is_showable
from app.models import (
    Award,
    AwardStatus,
    Campaign,
    Code,
    CodeStatus,
    Entry,
    Partner,
    Prize,
    Redemption,
    RedemptionSource,
    Replacement,
)
from app.services import audit, webhooks
from app.services.audit import Actor
from app.services.money import currency_code
from app.services.uow import unit_of_work

LATENESS = timedelta(minutes=5)  # how far a shop's clock may be from ours


@dataclass(frozen=True, slots=True)
class Till:
    """Who brings redemptions, and of which campaign they may; None is all of them."""

    source: RedemptionSource
    actor: Actor
    campaign_id: UUID | None = None
    api_key_id: UUID | None = None
    location_id: UUID | None = None
    location: str = ""  # its name, where the till has one


@dataclass(frozen=True, slots=True)
class Order:
    """What is told with a redemption: `value` in minor units of the `currency`; `at` when it took place."""

    reference: str = ""
    value: int | None = None
    currency: str = ""
    location: str = ""
    at: datetime | None = None
    units: int = 1


@dataclass(frozen=True, slots=True)
class Standing:
    """A code of somebody's business, as it stands: no person is told."""

    code_id: int
    entry_id: UUID
    campaign_id: UUID
    campaign: str  # its slug
    prize_id: UUID
    prize: str
    tier: str
    partner: str | None  # its slug
    won_at: datetime
    expires_at: datetime | None
    uses: int
    uses_left: int


@dataclass(frozen=True, slots=True)
class Seen:
    """What to say of a code: `standing` and what of it was `taken`, newest first, unless it is unknown."""

    verdict: Verdict
    standing: Standing | None = None
    taken: tuple[Redemption, ...] = ()


@dataclass(frozen=True, slots=True)
class Redeemed:
    """The shop may give the prize; how often the code can be used after that."""

    redemption: Redemption
    standing: Standing


@dataclass(frozen=True, slots=True)
class Refused:
    """The shop may not; why."""

    seen: Seen


def look_up(session: Session, typed: str, till: Till, *, now: datetime, units: int = 1) -> Seen:
    """What a code that somebody typed is worth at this till."""
    candidates = _candidates(session, typed)
    for row in candidates:
        found = _seen(session, row, till, now, units)
        if found.verdict is not Verdict.UNKNOWN:
            return found
    return Seen(Verdict.UNKNOWN)


@unit_of_work
def redeem(
    session: Session, typed: str, order: Order, till: Till, *, now: datetime, rng: Rng
) -> Redeemed | Refused:
    """Take a code, once for all who try at the same time. Raises InvalidInput for an order that is wrong."""
    return redeem_in(session, typed, order, till, now=now, rng=rng)


def redeem_in(
    session: Session, typed: str, order: Order, till: Till, *, now: datetime, rng: Rng
) -> Redeemed | Refused:
    """As `redeem`, inside a unit of work.

    The conditional UPDATE of the code's row decides, and the row states what must hold: nothing is used more
    often than it may be. The win's row is held meanwhile, so that it cannot become void in between.
    """
    order = checked_order(order, now)
    at = order.at or now  # a code that has ended since was good when the shop took it
    seen = look_up(session, typed, till, now=at, units=order.units)
    if seen.standing is None:
        return Refused(seen)
    _hold_win(session, seen.standing.entry_id)
    seen = look_up(session, typed, till, now=at, units=order.units)
    if seen.verdict is not Verdict.VALID or seen.standing is None:
        return Refused(seen)
    if at < seen.standing.won_at - LATENESS:
        raise InvalidInput("redeemed_at", "the code had not been won yet at that moment")
    if (left := _take(session, seen.standing, order.units)) is None:
        return Refused(look_up(session, typed, till, now=at, units=order.units))
    redemption = _redemption(seen.standing, order, till, now, rng)
    session.add(redemption)
    session.flush()
    webhooks.tell(session, Event(EventType.CODE_REDEEMED, redemption.campaign_id, redemption.id, now))
    if till.source is not RedemptionSource.IMPORT:  # an import is one act, and one record
        _record(session, redemption, till.actor, "redemption.make", now, "", _told(redemption))
    return Redeemed(redemption, replace(seen.standing, uses_left=left))


@unit_of_work
def reverse(
    session: Session,
    redemption_id: UUID,
    till: Till,
    *,
    now: datetime,
    reason: str = "",
    within: timedelta | None = None,
) -> Redemption:
    """Take a redemption back: the code is good again. As `reverse_in`."""
    return reverse_in(session, redemption_id, till, now=now, reason=reason, within=within)


def reverse_in(
    session: Session,
    redemption_id: UUID,
    till: Till,
    *,
    now: datetime,
    reason: str = "",
    within: timedelta | None = None,
) -> Redemption:
    """Take a redemption back, inside a unit of work: its units are left to use again.

    A counter takes back its own only; `within` is how long it may. Raises NotFound for one that is not the
    till's business, Conflict for one that is reversed already or too old.
    """
    redemption = get(session, redemption_id, till)
    reason = _line("reason", reason, 500)
    mine = update(Redemption).where(Redemption.id == redemption_id, Redemption.reversed_at.is_(None))
    if within is not None and redemption.created_at <= now - within:
        raise Conflict("this was redeemed too long ago to be undone here")
    taken_back = session.execute(
        mine.values(reversed_at=now, reversed_by=till.actor.name, reverse_reason=reason)
        .returning(Redemption.id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if taken_back is None:
        raise Conflict("this redemption has been reversed already")
    session.execute(
        update(Code)
        .where(Code.id == redemption.code_id)
        .values(uses_left=Code.uses_left + redemption.units)
        .execution_options(synchronize_session=False)
    )
    session.refresh(redemption)
    webhooks.tell(session, Event(EventType.REDEMPTION_REVERSED, redemption.campaign_id, redemption.id, now))
    after = {"units": redemption.units}
    _record(session, redemption, till.actor, "redemption.reverse", now, reason, after)
    return redemption


def get(session: Session, redemption_id: UUID, till: Till) -> Redemption:
    """A redemption that is this till's business. Raises NotFound."""
    query = select(Redemption).where(Redemption.id == redemption_id, *_of_till(till))
    found = session.scalars(query.execution_options(populate_existing=True)).one_or_none()
    if found is None:
        raise NotFound("there is no such redemption")
    return found


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which redemptions: `since` is included, `until` is not; both are about when the shop took the code."""

    campaign_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    order_reference: str = ""
    is_reversed: bool | None = None


def page(
    session: Session, till: Till, wanted: Wanted, *, after: UUID | None = None, limit: int = 50
) -> Sequence[Redemption]:
    """Redemptions that are the till's business, the one told last first; `after` pages on from an id."""
    query = select(Redemption).where(*_of_till(till)).order_by(Redemption.id.desc()).limit(limit)
    if wanted.campaign_id is not None:
        query = query.where(Redemption.campaign_id == wanted.campaign_id)
    if wanted.since is not None:
        query = query.where(Redemption.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(Redemption.at < wanted.until)
    if wanted.order_reference:
        query = query.where(Redemption.order_reference == wanted.order_reference)
    if wanted.is_reversed is not None:
        is_null = Redemption.reversed_at.is_(None)
        query = query.where(~is_null if wanted.is_reversed else is_null)
    if after is not None:
        query = query.where(Redemption.id < after)
    return session.scalars(query).all()


@dataclass(frozen=True, slots=True)
class Takings:
    """What orders with one currency came to."""

    currency: str
    orders: int
    value: int  # in minor units


@dataclass(frozen=True, slots=True)
class RedemptionFigures:
    """Of one campaign: redemptions that stand, the codes they used, those reversed, what orders came to."""

    redemptions: int
    codes: int
    reversed: int
    takings: tuple[Takings, ...]


def figures(session: Session, campaign_id: UUID) -> RedemptionFigures:
    """What the shops told of a campaign. Nothing that was reversed counts as redeemed or taken."""
    stands = Redemption.reversed_at.is_(None)
    standing, codes, taken_back = session.execute(
        select(
            func.count(case((stands, 1))),
            func.count(case((stands, Redemption.code_id)).distinct()),
            func.count(case((~stands, 1))),
        ).where(Redemption.campaign_id == campaign_id)
    ).one()
    sums = (
        select(Redemption.currency, func.count(), func.sum(Redemption.order_value))
        .where(Redemption.campaign_id == campaign_id, stands, Redemption.order_value.is_not(None))
        .group_by(Redemption.currency)
        .order_by(Redemption.currency)
    )
    rows = session.execute(sums)
    takings = tuple(Takings(currency, count, int(value or 0)) for currency, count, value in rows)
    return RedemptionFigures(standing, codes, taken_back, takings)


def of_entry(session: Session, entry_id: UUID) -> Sequence[Redemption]:
    """What was taken of the codes an entry won, newest first; what was reversed too."""
    query = select(Redemption).where(Redemption.entry_id == entry_id).order_by(Redemption.id.desc())
    return session.scalars(query).all()


def of_code(session: Session, code_id: int) -> Sequence[Redemption]:
    """What was taken of a code, newest first; what was reversed too."""
    query = select(Redemption).where(Redemption.code_id == code_id).order_by(Redemption.id.desc())
    return session.scalars(query).all()


@dataclass(frozen=True, slots=True)
class Place:
    """When and where a shop took a code."""

    at: datetime
    location: str


def last_of(session: Session, code_ids: Sequence[int]) -> dict[int, Place]:
    """Of each of these codes that is taken, where that was last; nothing is asked about no codes."""
    if not code_ids:
        return {}
    query = select(Redemption.code_id, Redemption.at, Redemption.location).order_by(Redemption.id)
    rows = session.execute(query.where(Redemption.code_id.in_(code_ids), Redemption.reversed_at.is_(None)))
    return {row.code_id: Place(row.at, row.location) for row in rows}


def is_redeemed() -> ColumnElement[bool]:
    """For queries over codes: whether the code has been used, at least once."""
    return func.coalesce(Code.uses_left < Code.uses, False)


def checked_order(order: Order, now: datetime) -> Order:
    """The order made tidy. Raises InvalidInput, named as the API names its fields."""
    if not 1 <= order.units <= MAX_USES:
        raise InvalidInput("units", "use a whole number from %(least)s to %(most)s", least=1, most=MAX_USES)
    if order.value is not None and not 0 <= order.value <= MAX_ORDER_VALUE:
        raise InvalidInput(
            "order_value", "use a whole number from %(least)s to %(most)s", least=0, most=MAX_ORDER_VALUE
        )
    if order.at is not None and order.at > now + LATENESS:
        raise InvalidInput("redeemed_at", "this moment has not come yet")
    return replace(
        order,
        reference=_line("order_reference", order.reference, MAX_REFERENCE),
        location=_line("location", order.location, MAX_LOCATION),
        currency=_currency(order),
    )


def _currency(order: Order) -> str:
    code = order.currency.strip().upper()
    if (order.value is None) != (code == ""):
        raise InvalidInput("currency", "an order value and its currency come together")
    return currency_code(code) if code else ""


def _line(field: str, text: str, longest: int) -> str:
    plain = unicodedata.normalize("NFC", text).strip()
    if len(plain) > longest:
        raise InvalidInput(field, "use at most %(limit)s characters", limit=longest)
    if not is_showable(plain):
        raise InvalidInput(field, "leave out line breaks and control characters")
    return plain


def _candidates(session: Session, typed: str) -> Sequence[Any]:
    """The codes that may be meant, each with the win that stands for it: one query, whatever was typed."""
    keys = keys_meant(typed) or (code_key(""),)
    is_held = and_(Award.held_until.is_not(None), Award.proved_at.is_(None))
    entry_id = func.coalesce(Award.entry_id, Replacement.entry_id)
    campaign_id = func.coalesce(Award.campaign_id, Replacement.campaign_id)
    query = (
        select(
            Code.id.label("code_id"),
            Code.key,
            Code.status.label("code_status"),
            Code.uses,
            Code.uses_left,
            Code.prize_id,
            Prize.uses.label("prize_uses"),
            entry_id.label("entry_id"),
            campaign_id.label("campaign_id"),
            func.coalesce(Award.status, Replacement.status).label("win_status"),
            func.coalesce(is_held, false()).label("is_held"),
            func.coalesce(Award.tier_name, Replacement.tier_name).label("tier"),
            func.coalesce(Award.prize_name, Replacement.prize_name).label("prize"),
            func.coalesce(Award.created_at, Replacement.created_at).label("won_at"),
            func.coalesce(Award.expires_at, Replacement.expires_at).label("expires_at"),
            Campaign.slug.label("campaign"),
            Partner.slug.label("partner"),
        )
        .select_from(Code)
        .join(Prize, Prize.id == Code.prize_id)
        .outerjoin(Award, Award.code_id == Code.id)
        .outerjoin(Replacement, Replacement.code_id == Code.id)
        .outerjoin(Campaign, Campaign.id == campaign_id)
        .outerjoin(Entry, Entry.id == entry_id)
        .outerjoin(Partner, Partner.id == Entry.partner_id)
        .where(Code.key.in_(keys))
    )
    rows: list[Any] = [*session.execute(query)]
    return sorted(rows, key=lambda row: keys.index(row.key))


def _seen(session: Session, row: Any, till: Till, now: datetime, units: int) -> Seen:
    if row.entry_id is None:
        return Seen(Verdict.UNKNOWN)
    uses = row.prize_uses if row.uses is None else row.uses
    left = uses if row.uses_left is None else row.uses_left
    counts = row.code_status is CodeStatus.WON and row.win_status is not AwardStatus.VOID and not row.is_held
    facts = CodeFacts(row.campaign_id, counts, uses, left, row.expires_at)
    found = verdict(facts, till.campaign_id, now, units)
    if found is Verdict.UNKNOWN:
        return Seen(found)
    standing = Standing(
        row.code_id,
        row.entry_id,
        row.campaign_id,
        row.campaign,
        row.prize_id,
        row.prize,
        row.tier,
        row.partner,
        row.won_at,
        row.expires_at,
        uses,
        left,
    )
    return Seen(found, standing, _taken(session, row.code_id))


def _taken(session: Session, code_id: int) -> tuple[Redemption, ...]:
    query = (
        select(Redemption)
        .where(Redemption.code_id == code_id, Redemption.reversed_at.is_(None))
        .order_by(Redemption.id.desc())
        .limit(20)
    )
    return tuple(session.scalars(query))


def _hold_win(session: Session, entry_id: UUID) -> None:
    """Staff who declare the win void wait, and so do we for them; others who redeem do not."""
    session.execute(select(Award.entry_id).where(Award.entry_id == entry_id).with_for_update(read=True))


def _take(session: Session, standing: Standing, units: int) -> int | None:
    """Use the code up by so many units: how many are left, None when others were faster."""
    left = func.coalesce(Code.uses_left, standing.uses)
    taking = (
        update(Code)
        .where(Code.id == standing.code_id, Code.status == CodeStatus.WON, left >= units)
        .values(uses=func.coalesce(Code.uses, standing.uses), uses_left=left - units)
        .returning(Code.uses_left)
    )
    return session.execute(taking.execution_options(synchronize_session=False)).scalar_one_or_none()


def _redemption(standing: Standing, order: Order, till: Till, now: datetime, rng: Rng) -> Redemption:
    return Redemption(
        id=time_ordered_id(now, rng),
        code_id=standing.code_id,
        entry_id=standing.entry_id,
        campaign_id=standing.campaign_id,
        prize_id=standing.prize_id,
        units=order.units,
        at=order.at or now,
        created_at=now,
        source=till.source,
        actor=till.actor.name,
        account_id=till.actor.account_id,
        api_key_id=till.api_key_id,
        location_id=till.location_id,
        location=till.location or order.location,
        order_reference=order.reference,
        order_value=order.value,
        currency=order.currency,
        reversed_by="",
        reverse_reason="",
    )


def _of_till(till: Till) -> tuple[ColumnElement[bool], ...]:
    parts: list[ColumnElement[bool]] = []
    if till.campaign_id is not None:
        parts.append(Redemption.campaign_id == till.campaign_id)
    if till.location_id is not None:
        parts.append(Redemption.location_id == till.location_id)
    return tuple(parts)


def _told(redemption: Redemption) -> dict[str, Any]:
    values = {
        "location": redemption.location,
        "order_reference": redemption.order_reference,
        "order_value": redemption.order_value,
        "currency": redemption.currency,
        "units": redemption.units,
    }
    return {name: value for name, value in values.items() if value not in {"", None}}


def _record(
    session: Session,
    redemption: Redemption,
    actor: Actor,
    action: str,
    now: datetime,
    reason: str,
    after: dict[str, Any],
) -> None:
    audit.record(
        session,
        actor,
        action,
        redemption.id.hex,
        now=now,
        campaign_id=redemption.campaign_id,
        after=after,
        reason=reason,
    )
