"""Referrals: a friend's first entry over somebody's link earns that person a further entry, once.

The row of the friend is written in the transaction of the friend's entry; its keys settle every race: one row
for a friend in a campaign, one friend for each number of a further entry.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    String,
    and_,
    bindparam,
    cast,
    exists,
    func,
    insert,
    literal_column,
    select,
)
from sqlalchemy.orm import Session, aliased

from app.adapters.direct import DirectConnection, Prepared
from app.domain.chance import Rng
from app.domain.proof import Proof
from app.domain.referrals import Brought, NotCounted, further_period, not_counted
from app.models import Campaign, Entrant, Entry, MessageKind, Referral
from app.services import bonuses, outbox
from app.services.networks import Networks


@dataclass(frozen=True, slots=True)
class Invitation:
    """Somebody's link, by the entry it was given for; and whether it was followed in their network."""

    link_id: UUID
    is_same_network: bool = False


def invitation(session: Session, link_id: UUID, prefix: str | None, networks: Networks) -> Invitation:
    """What a link says of whoever enters over it from that network prefix. Networks can be compared for about
    a day after an entry; the last one of the person counts.
    """
    mine = select(Entry.campaign_id, Entry.entrant_id).where(Entry.id == link_id).subquery()
    latest = session.execute(
        select(Entry.network, Entry.created_at)
        .join(mine, and_(Entry.campaign_id == mine.c.campaign_id, Entry.entrant_id == mine.c.entrant_id))
        .order_by(Entry.created_at.desc())
        .limit(1)
    ).one_or_none()
    if prefix is None or latest is None:
        return Invitation(link_id)
    return Invitation(link_id, networks.is_same(session, prefix, latest.network, latest.created_at) is True)


def is_of(
    connection: DirectConnection, entry_id: UUID | None, campaign_id: UUID, entrant_id: UUID | None
) -> bool:
    """Whether this entry of the campaign is that person's."""
    values = {"entry": entry_id, "campaign": campaign_id, "person": entrant_id}
    return bool(entry_id and entrant_id) and connection.row(_IS_OF, values) is not None


def next_further(connection: DirectConnection, campaign_id: UUID, entrant_id: UUID | None) -> str | None:
    """The period of the further entry this person can make now; None where there is none."""
    values = {"campaign": campaign_id, "referrer": entrant_id}
    number = connection.row(_UNUSED, values).number if entrant_id else None
    return further_period(number) if number else None


def count_friend(
    connection: DirectConnection,
    invited: Invitation,
    campaign: Any,
    friend_id: UUID,
    entry_id: UUID,
    *,
    is_proved: bool,
    now: datetime,
    rng: Rng,
) -> None:
    """Count a friend whose entry was just stored, for `campaign`, a row with its `id`, `proof`, `refer_most`
    and `refer_tier_id`. Where addresses are to be proved the further entry is earned only then.
    """
    values = {"link": invited.link_id, "campaign": campaign.id, "friend": friend_id, "entry": entry_id}
    link = connection.row(_LINK, values)
    if link is None:
        return  # of somebody who was erased, or of another campaign
    if connection.row(_KNOWN, values) is not None:
        return  # a friend counts once
    brought = Brought(
        is_self=link.referrer_id == friend_id,
        is_same_network=invited.is_same_network,
        is_loop=link.is_loop,
        is_first=not link.has_others,
        earned=link.earned,
        most=campaign.refer_most,
    )
    reason = not_counted(brought)
    is_earned = reason is None and (campaign.proof is Proof.NEVER or is_proved)
    number = link.earned + 1 if is_earned else None
    connection.execute(
        _INSERT,
        {
            "campaign_id": campaign.id,
            "friend_id": friend_id,
            "referrer_id": link.referrer_id,
            "entry_id": entry_id,
            "link_id": invited.link_id,
            "number": number,
            "not_counted": str(reason or ""),
            "created_at": now,
            "credited_at": now if is_earned else None,
            "bonus_tier_id": campaign.refer_tier_id if is_earned else None,
        },
    )
    if number is not None:
        if campaign.refer_tier_id is not None:
            bonuses.give_both(
                connection,
                campaign.refer_tier_id,
                invited.link_id,
                entry_id,
                number,
                now=now,
                rng=rng,
            )
        outbox.announce(
            connection,
            MessageKind.REFERRED,
            invited.link_id,
            link.referrer_id,
            number=number,
            now=now,
            rng=rng,
        )


def friend_proved(session: Session, campaign_id: UUID, friend_id: UUID, *, now: datetime, rng: Rng) -> None:
    """The address of a friend is proved: what waited for it is earned. Part of a transaction."""
    waiting = select(Referral).where(
        Referral.campaign_id == campaign_id,
        Referral.friend_id == friend_id,
        Referral.number.is_(None),
        Referral.not_counted == "",
    )
    found = session.scalars(waiting.with_for_update()).one_or_none()
    if found is None:
        return
    earned = session.scalar(
        select(func.count()).where(
            Referral.campaign_id == campaign_id,
            Referral.referrer_id == found.referrer_id,
            Referral.number.is_not(None),
        )
    )
    campaign = session.get_one(Campaign, campaign_id)
    if (earned or 0) >= campaign.refer_most:
        found.not_counted = str(NotCounted.LIMIT)
        return
    number = (earned or 0) + 1
    found.number, found.credited_at = number, now
    if campaign.refer_tier_id is not None:
        found.bonus_tier_id = campaign.refer_tier_id
        session.flush()
        bonuses.give_both(
            DirectConnection(session.connection()),
            campaign.refer_tier_id,
            found.link_id,
            found.entry_id,
            number,
            now=now,
            rng=rng,
        )
    kind = MessageKind.REFERRED
    outbox.write(session, kind, found.link_id, found.referrer_id, number=found.number, now=now, rng=rng)


@dataclass(frozen=True, slots=True)
class Standing:
    """What one person's link has come to: further entries earned, and those not made yet."""

    earned: int
    left: int


def standing(session: Session, entry_id: UUID) -> Standing:
    """That of whoever made this entry, in its campaign."""
    mine = select(Entry.campaign_id, Entry.entrant_id).where(Entry.id == entry_id).subquery()
    rows = session.execute(
        select(func.count(), func.count().filter(~_IS_MADE))
        .select_from(Referral)
        .join(
            mine,
            and_(Referral.campaign_id == mine.c.campaign_id, Referral.referrer_id == mine.c.entrant_id),
        )
        .where(Referral.number.is_not(None))
    ).one()
    return Standing(rows[0], rows[1])


@dataclass(frozen=True, slots=True)
class ReferralFigures:
    """What the links of a campaign have come to: people whose friends came, friends who entered, those who
    earned a further entry, who wait for their proof, who did not count and why, further entries made.
    """

    referrers: int
    came: int
    credited: int
    waiting: int
    not_counted: dict[NotCounted, int]
    made: int
    codes: int = 0  # given to referrers and friends
    codes_lacking: int = 0  # promised, and not there to be given


def figures(session: Session, campaign_id: UUID) -> ReferralFigures:
    """Those of a campaign."""
    rows = session.execute(
        select(Referral.not_counted, Referral.number.is_not(None), func.count())
        .where(Referral.campaign_id == campaign_id)
        .group_by(Referral.not_counted, Referral.number.is_not(None))
    ).all()
    counts: Counter[tuple[str, bool]] = Counter({(row[0], bool(row[1])): row[2] for row in rows})
    people, made = session.execute(
        select(
            func.count(Referral.referrer_id.distinct()),
            func.count().filter(Referral.number.is_not(None), _IS_MADE),
        ).where(Referral.campaign_id == campaign_id)
    ).one()
    codes, lacking = bonuses.count(session, campaign_id)
    return ReferralFigures(
        referrers=people,
        came=sum(counts.values()),
        credited=counts["", True],
        waiting=counts["", False],
        not_counted={reason: n for reason in NotCounted if (n := counts[reason.value, False])},
        made=made,
        codes=codes,
        codes_lacking=lacking,
    )


@dataclass(frozen=True, slots=True)
class Explained:
    """An entry's part in referrals: what it counted for as a friend's, and what earned a further one."""

    brought_by: UUID | None = None  # the referrer's entry whose link it was
    number: int | None = None  # of the further entry that it earned
    not_counted: str = ""
    earned_by: UUID | None = None  # the friend's entry that a further entry was earned with


def explained(session: Session, entry: Entry) -> Explained | None:
    """That of one entry; None where it has none."""
    brought = session.scalars(select(Referral).where(Referral.entry_id == entry.id)).one_or_none()
    earned = session.scalar(
        select(Referral.entry_id).where(
            Referral.campaign_id == entry.campaign_id,
            Referral.referrer_id == entry.entrant_id,
            _FURTHER.in_((entry.period,)),
        )
    )
    if brought is None:
        return Explained(earned_by=earned) if earned else None
    return Explained(brought.link_id, brought.number, brought.not_counted, earned)


_FURTHER: ColumnElement[str] = literal_column("'+'", String) + cast(Referral.number, String)
_IS_MADE = exists().where(
    Entry.campaign_id == Referral.campaign_id,
    Entry.entrant_id == Referral.referrer_id,
    Entry.period == _FURTHER,
)
_link, _other = aliased(Entry), aliased(Entry)
_back = aliased(Referral)
_LINK = Prepared(
    select(
        _link.entrant_id.label("referrer_id"),
        exists()
        .where(
            _other.campaign_id == bindparam("campaign"),
            _other.entrant_id == bindparam("friend"),
            _other.id != bindparam("entry"),
        )
        .label("has_others"),
        exists()
        .where(
            _back.campaign_id == bindparam("campaign"),
            _back.friend_id == _link.entrant_id,
            _back.referrer_id == bindparam("friend"),
        )
        .label("is_loop"),
        select(func.count())
        .select_from(Referral)
        .where(
            Referral.campaign_id == bindparam("campaign"),
            Referral.referrer_id == _link.entrant_id,
            Referral.number.is_not(None),
        )
        .scalar_subquery()
        .label("earned"),
    )
    .join(Entrant, Entrant.id == _link.entrant_id)
    .where(
        _link.id == bindparam("link"),
        _link.campaign_id == bindparam("campaign"),
        _link.erased_at.is_(None),
        Entrant.erased_at.is_(None),
    )
)
_KNOWN = Prepared(
    select(Referral.friend_id).where(
        Referral.campaign_id == bindparam("campaign"), Referral.friend_id == bindparam("friend")
    )
)
_UNUSED = Prepared(
    select(func.min(Referral.number).label("number")).where(
        Referral.campaign_id == bindparam("campaign"),
        Referral.referrer_id == bindparam("referrer"),
        Referral.number.is_not(None),
        ~_IS_MADE,
    )
)
_IS_OF = Prepared(
    select(Entry.id).where(
        Entry.id == bindparam("entry"),
        Entry.campaign_id == bindparam("campaign"),
        Entry.entrant_id == bindparam("person"),
        Entry.erased_at.is_(None),
    )
)
_INSERT = Prepared(insert(Referral))
