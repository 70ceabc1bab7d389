"""Handling: what staff do about a win: status and notes, void, another unit of stock, a replacement.

What was drawn stays: the award of an entry keeps its prize and its code for good. A win that is void can be
given a replacement beside it; the last of these, or the award, is the one that counts.
"""

from dataclasses import dataclass
from dataclasses import replace as replace_values
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.chance import Rng
from app.domain.errors import Conflict, InvalidInput, NotFound, StaleEdit
from app.domain.events import Event, EventType
from app.domain.expiry import expiry
from app.domain.outcomes import Won
from app.models import Award, AwardStatus, Campaign, Code, CodeStatus, Prize, PrizeKind, Replacement, Tier
from app.services import audit, outbox, webhooks
from app.services.allocation import claim_of_prize
from app.services.audit import Actor
from app.services.fields import many_lines
from app.services.stock import add_generated, claim_prefix, get_prize_for_change
from app.services.uow import unit_of_work

NOTES = 2000
OPEN_STATUSES = (AwardStatus.NEW, AwardStatus.CONTACTED, AwardStatus.CLAIMED, AwardStatus.SENT)

Issue = Award | Replacement


@dataclass(frozen=True, slots=True)
class Handling:
    """What staff note about a win; a void one stays void."""

    status: AwardStatus
    notes: str = ""


@dataclass(frozen=True, slots=True)
class Offer:
    """A prize that a replacement can come from, and how many free codes it has."""

    prize: Prize
    tier_name: str
    free: int


def issues(session: Session, entry_id: UUID) -> list[Issue]:
    """The award of an entry and its replacements, in the order given; empty for an entry that did not win."""
    award = session.get(Award, entry_id)
    if award is None:
        return []
    query = select(Replacement).where(Replacement.entry_id == entry_id).order_by(Replacement.place)
    return [award, *session.scalars(query)]


def standing(session: Session, entry_id: UUID) -> Issue | None:
    """The last of them: the one that counts, unless it is void. None for an entry that did not win."""
    return next(reversed(issues(session, entry_id)), None)


def is_unseen(issue: Issue) -> bool:
    """Whether nobody may see the code: it waits for proof of the address, or has gone back into stock."""
    return isinstance(issue, Award) and issue.held_until is not None and issue.proved_at is None


def as_it_stands(session: Session, won: Won) -> Won | None:
    """What a winner has now: the win, or the replacement in its place; None when it is void."""
    last = standing(session, won.entry)
    if last is None or last.status is AwardStatus.VOID:
        return None
    if isinstance(last, Award):
        return won
    prize, code = session.get_one(Prize, last.prize_id), session.get_one(Code, last.code_id)
    return replace_values(
        won,
        tier=last.tier_name,
        prize=last.prize_name,
        code=code.text,
        instructions=prize.instructions,
        artwork=prize.artwork,
        picture=prize.picture,
        link=prize.link,
        expires_at=last.expires_at,
    )


def offers(session: Session, campaign_id: UUID) -> list[Offer]:
    """The prizes of a campaign with free stock for everybody, in draw order."""
    query = (
        select(Prize, Tier.name, func.count(Code.id))
        .join(Tier, Tier.id == Prize.tier_id)
        .join(Code, Code.prize_id == Prize.id)
        .where(Prize.campaign_id == campaign_id, Prize.removed_at.is_(None))
        .where(Code.status == CodeStatus.FREE, Code.partner_id.is_(None))
        .group_by(Prize.id, Tier.id)
        .order_by(Tier.position, Tier.id, Prize.position, Prize.id)
    )
    return [Offer(prize, tier, free) for prize, tier, free in session.execute(query)]


@unit_of_work
def edit(
    session: Session,
    entry_id: UUID,
    plan: Handling,
    *,
    expected_version: int | None = None,
    actor: Actor,
    now: datetime,
    reason: str = "",
) -> Award:
    """Change a win's status and notes. Raises StaleEdit when somebody else saved meanwhile, Conflict for a
    status that does not go with a void win or makes one, InvalidInput for notes that are too long, NotFound.
    """
    award, last = _for_change(session, entry_id, expected_version)
    if plan.status is not last.status and AwardStatus.VOID in (plan.status, last.status):
        raise Conflict("a win becomes void by an act of its own, and stays so")
    plan = Handling(plan.status, many_lines("notes", plan.notes, NOTES))
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    for row, name in ((last, "status"), (award, "notes")):
        old, new = getattr(row, name), getattr(plan, name)
        if old != new:
            before[name], after[name] = old, new
            setattr(row, name, new)
    if after:
        award.version += 1
        _record(session, actor, "winner.edit", award, now, reason, before, after)
    return award


@unit_of_work
def void(
    session: Session,
    entry_id: UUID,
    *,
    expected_version: int | None = None,
    actor: Actor,
    now: datetime,
    reason: str,
) -> Award:
    """Declare a win void. Its code is burnt: it stays won, nobody gets it again. There is no way back.

    Raises InvalidInput without a reason, Conflict when it is void already, StaleEdit, NotFound.
    """
    award, last = _for_change(session, entry_id, expected_version)
    if not reason.strip():
        raise InvalidInput("reason", "say why: it is kept with the win")
    if last.status is AwardStatus.VOID:
        raise Conflict("this win is void already")
    before = {"status": last.status}
    last.status, last.voided_at, last.void_reason = AwardStatus.VOID, now, reason.strip()
    award.version += 1
    place = last.place if isinstance(last, Replacement) else 0
    webhooks.tell(session, Event(EventType.AWARD_VOID, award.campaign_id, entry_id, now, place))
    _record(session, actor, "winner.void", award, now, reason, before, {"status": last.status})
    return award


@unit_of_work
def return_stock(
    session: Session, entry_id: UUID, *, actor: Actor, now: datetime, rng: Rng, reason: str = ""
) -> Prize:
    """Put one fresh unit into the stock of a quantity prize, for the last one that is void. Once each.

    The void one's own code stays burnt. Raises Conflict for a win that counts, for a code of a pool, which
    somebody has seen, for a prize that was removed, and the second time; NotFound.
    """
    award, last = _for_change(session, entry_id, None)
    if (refusal := no_return(session, last)) is not None:
        raise refusal
    prize = get_prize_for_change(session, last.prize_id)
    campaign = session.get_one(Campaign, award.campaign_id)
    added = add_generated(session, prize, 1, claim_prefix(campaign.slug), actor=actor, now=now, rng=rng)
    last.returned_at = now
    award.version += 1
    after = {"prize": prize.id, **added}
    _record(session, actor, "winner.return", award, now, reason, None, after)
    return prize


def no_return(session: Session, issue: Issue) -> Conflict | None:
    """Why this one's unit cannot go back into stock; None when it can."""
    if issue.status is not AwardStatus.VOID:
        return Conflict("this win counts: only what is void goes back into stock")
    prize = session.get_one(Prize, issue.prize_id)
    if prize.kind is PrizeKind.CODES:
        return Conflict("this code has been shown to somebody and cannot be won again; upload a new one")
    if prize.removed_at is not None:
        return Conflict("this prize has been removed: it has no stock any more")
    if issue.returned_at is not None:
        return Conflict("one has been put back into stock for it already")
    return None


@unit_of_work
def replace(
    session: Session,
    entry_id: UUID,
    prize_id: UUID,
    *,
    expected_version: int | None = None,
    actor: Actor,
    now: datetime,
    rng: Rng,
    reason: str = "",
) -> Replacement:
    """Give the winner of a void win a free code of a prize of the same campaign, in its place, and have them
    told of it by mail.

    Raises Conflict when the win counts or nothing is left of the prize, StaleEdit, NotFound.
    """
    award, last = _for_change(session, entry_id, expected_version)
    if last.status is not AwardStatus.VOID:
        raise Conflict("this win counts: declare it void first")
    prize = session.get(Prize, prize_id)
    if prize is None or prize.campaign_id != award.campaign_id or prize.removed_at is not None:
        raise NotFound("this prize does not exist, or has been removed")
    tier = session.get_one(Tier, prize.tier_id)
    zone = ZoneInfo(session.get_one(Campaign, award.campaign_id).timezone)
    replacement = Replacement(
        code_id=_claim(session, prize),
        entry_id=entry_id,
        place=last.place + 1 if isinstance(last, Replacement) else 1,
        campaign_id=award.campaign_id,
        tier_id=prize.tier_id,
        prize_id=prize.id,
        tier_name=tier.name,
        prize_name=prize.name,
        created_at=now,
        status=AwardStatus.NEW,
        void_reason="",
        expires_at=expiry(now, zone, prize.expires_on, prize.expires_days),
    )
    session.add(replacement)
    award.version += 1
    webhooks.tell(session, Event(EventType.AWARD_WON, award.campaign_id, entry_id, now, replacement.place))
    outbox.announce_replacement(session, entry_id, now=now, rng=rng)
    after = {"tier": tier.name, "replacement": prize.name}
    _record(session, actor, "winner.replace", award, now, reason, None, after)
    return replacement


def _for_change(session: Session, entry_id: UUID, expected_version: int | None) -> tuple[Award, Issue]:
    """The award with its row locked, which all its replacements share, and the last one given."""
    query = select(Award).where(Award.entry_id == entry_id).with_for_update(key_share=True)
    award = session.scalars(query.execution_options(populate_existing=True)).one_or_none()
    if award is None:
        raise NotFound("no such win")
    if expected_version is not None and award.version != expected_version:
        raise StaleEdit("somebody else has changed this win meanwhile; look at it as it is now")
    return award, issues(session, entry_id)[-1]


def _claim(session: Session, prize: Prize) -> int:
    """One free code of the prize: its id. Raises Conflict when none is left."""
    claimed = claim_of_prize(session, prize.id)
    if claimed is None:
        raise Conflict("nothing is left of %(prize)s", prize=prize.name)
    return claimed


def _record(
    session: Session,
    actor: Actor,
    action: str,
    award: Award,
    now: datetime,
    reason: str,
    before: dict[str, Any] | None,
    after: dict[str, Any],
) -> None:
    audit.record(
        session,
        actor,
        action,
        award.entry_id.hex,
        now=now,
        campaign_id=award.campaign_id,
        before=before,
        after=after,
        reason=reason,
    )
