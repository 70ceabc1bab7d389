"""Bonuses: codes for who brings a friend, and for the friend. They are given, not drawn.

A bonus is an award like any other, so that all that can be done with a win can be done with it. The row of
an entry that carries it was never sent in: `is_drawn` leaves it out. Its period makes it the only one of its
kind.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ColumnElement,
    String,
    and_,
    bindparam,
    cast,
    func,
    insert,
    literal_column,
    or_,
    select,
)
from sqlalchemy.orm import Session, aliased

from app.adapters.direct import DirectConnection, Prepared
from app.domain.chance import Rng
from app.domain.draw import NONCE_BYTES
from app.domain.ids import time_ordered_id
from app.domain.odds import Limits, TierOdds
from app.domain.outcomes import AwardReason
from app.domain.proof import Proof
from app.domain.referrals import FRIENDS_PERIOD, bonus_period
from app.models import Campaign, Entry, MessageKind, NonceSource, Referral, Tier
from app.services import awards, outbox, webhooks
from app.services.allocation import Claimed, claim
from app.services.drawn import is_drawn
from app.services.limits import give_back, take_room

NO_COMMITMENT = bytes(32)


@dataclass(frozen=True, slots=True)
class Bonus:
    """A code that was promised; `entry_id` carries it, None where there was none to give."""

    entry_id: UUID | None
    at: datetime | None = None


def give_both(
    connection: DirectConnection,
    tier_id: UUID,
    link_id: UUID,
    friends_id: UUID,
    number: int,
    *,
    now: datetime,
    rng: Rng,
) -> None:
    """Give a code of the tier to whoever made the entry `link_id`, for the friend of that number, and to the
    friend, who made the entry `friends_id`. What the tier has not left, or its limits forbid, is not given.
    """
    for entry_id, period in ((friends_id, FRIENDS_PERIOD), (link_id, bonus_period(number))):
        _give(connection, tier_id, entry_id, period, now, rng)


def _give(
    connection: DirectConnection, tier_id: UUID, entry_id: UUID, period: str, now: datetime, rng: Rng
) -> None:
    row = connection.row(_RECEIVER, {"entry": entry_id, "tier": tier_id})
    if row is None:
        return  # erased since, or the tier was removed or switched off
    claimed = _claim(connection, row, tier_id, now, rng)
    if claimed is None:
        return
    bonus_id = time_ordered_id(now, rng)
    connection.execute(
        _INSERT_ENTRY,
        {
            "id": bonus_id,
            "campaign_id": row.campaign_id,
            "entrant_id": row.entrant_id,
            "period": period,
            "nonce": rng.token_bytes(NONCE_BYTES),
            "nonce_source": NonceSource.SERVER,
            "entry_commit": NO_COMMITMENT,
            "odds_version": row.odds_version,
            "ticket": 0,
            "reason": AwardReason.BONUS,
            "name": row.name,
            "email": row.email,
            "marketing": False,
            "rules_version": row.rules_version,
            "form_version": row.form_version,
            "answers": "",
            "locale": row.locale,
            "created_at": now,
            "proof": Proof.NEVER,
        },
    )
    awards.store(connection, row.campaign_id, bonus_id, claimed, now=now, zone=ZoneInfo(row.timezone))
    outbox.announce(connection, MessageKind.AWARD_WON, bonus_id, row.entrant_id, now=now, rng=rng)
    if row.hooked:
        webhooks.tell_bonus(connection, row.campaign_id, bonus_id, now=now)


def _claim(connection: DirectConnection, row: Any, tier_id: UUID, now: datetime, rng: Rng) -> Claimed | None:
    limits = Limits(
        row.per_hour, row.per_day, row.in_all, row.per_person, row.tier_opens_at, row.tier_closes_at
    )
    tier, zone = TierOdds(tier_id, 0, limits=limits), ZoneInfo(row.timezone)
    if not take_room(connection, tier, row.entrant_id, now, zone):
        return None
    claimed = claim(connection, tier_id, rng)
    if claimed is None:
        give_back(connection, tier, now, zone)
    return claimed


def of_friend(session: Session, entry_id: UUID) -> Bonus | None:
    """What was promised to whoever came by a friend's link and made this entry; None where nothing was."""
    row = session.execute(_FRIENDS.where(Referral.entry_id == entry_id)).one_or_none()
    return None if row is None else Bonus(row.id, row.created_at)


def count(session: Session, campaign_id: UUID) -> tuple[int, int]:
    """How many of a campaign were given, and how many were promised and could not be."""
    promised = select(func.count()).where(
        Referral.campaign_id == campaign_id, Referral.bonus_tier_id.is_not(None)
    )
    carried = select(func.count()).where(Entry.campaign_id == campaign_id, ~is_drawn())
    given = session.scalar(carried) or 0
    return given, 2 * (session.scalar(promised) or 0) - given


def lacking(session: Session, campaign_id: UUID, entrant_id: UUID) -> int:
    """How many codes were promised to this person in the campaign and could not be given."""
    theirs = or_(Referral.referrer_id == entrant_id, Referral.friend_id == entrant_id)
    promised = select(func.count()).where(
        Referral.campaign_id == campaign_id, Referral.bonus_tier_id.is_not(None), theirs
    )
    carried = select(func.count()).where(
        Entry.campaign_id == campaign_id, Entry.entrant_id == entrant_id, ~is_drawn()
    )
    return (session.scalar(promised) or 0) - (session.scalar(carried) or 0)


def explained(session: Session, entry: Entry) -> UUID | None:
    """The friend's entry that this bonus was given for; None for an entry that was sent in."""
    if entry.reason is not AwardReason.BONUS:
        return None
    of_entrant = Referral.friend_id if entry.period == FRIENDS_PERIOD else Referral.referrer_id
    query = select(Referral.entry_id).where(
        Referral.campaign_id == entry.campaign_id, of_entrant == entry.entrant_id
    )
    if entry.period != FRIENDS_PERIOD:
        query = query.where(IN_PERIOD == entry.period)  # noqa: SIM300 -- a column
    return session.scalar(query)


IN_PERIOD: ColumnElement[str] = literal_column("'*'", String) + cast(Referral.number, String)
_friends = aliased(Entry)
_FRIENDS = (
    select(_friends.id, _friends.created_at)
    .select_from(Referral)
    .outerjoin(
        _friends,
        and_(
            _friends.campaign_id == Referral.campaign_id,
            _friends.entrant_id == Referral.friend_id,
            _friends.period == FRIENDS_PERIOD,
        ),
    )
    .where(Referral.bonus_tier_id.is_not(None))
)
_RECEIVER = Prepared(
    select(
        Entry.campaign_id,
        Entry.entrant_id,
        Entry.name,
        Entry.email,
        Entry.locale,
        Entry.rules_version,
        Entry.form_version,
        Campaign.odds_version,
        Campaign.timezone,
        Tier.per_hour,
        Tier.per_day,
        Tier.in_all,
        Tier.per_person,
        Tier.opens_at.label("tier_opens_at"),
        Tier.closes_at.label("tier_closes_at"),
        webhooks.hooked(Campaign.id).label("hooked"),
    )
    .join(Campaign, Campaign.id == Entry.campaign_id)
    .join(Tier, Tier.campaign_id == Entry.campaign_id)
    .where(Entry.id == bindparam("entry"), Entry.erased_at.is_(None))
    .where(Tier.id == bindparam("tier"), Tier.enabled, Tier.removed_at.is_(None))
)
_INSERT_ENTRY = Prepared(insert(Entry))
