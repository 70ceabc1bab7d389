"""Prizes: the things in a tier. A prize's stock is its free codes; a plain quantity has generated claim
codes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.campaign_rules import ARTWORKS, YEARS
from app.domain.chance import Rng
from app.domain.errors import Conflict, InvalidInput, NotFound, StaleEdit
from app.domain.expiry import MAX_DAYS
from app.domain.ids import random_id
from app.domain.pictures import Picture
from app.domain.redemption import MAX_USES
from app.domain.texts import is_showable
from app.models import Campaign, Code, Prize, PrizeKind, Tier
from app.services import audit, batches, campaigns, official_rules, tiers
from app.services.audit import Actor
from app.services.fields import many_lines, one_line
from app.services.money import currency_code
from app.services.stock import (
    MAX_UNITS,
    PART,
    add_generated,
    check_count,
    check_guess_proof,
    claim_prefix,
    get_prize_for_change,
    withdraw_free,
)
from app.services.uow import unit_of_work


@dataclass(frozen=True, slots=True)
class PrizePlan:
    """What staff decide about a prize: `text` for the landing page, `instructions` for the winner.

    `picture` stands in the place of the drawing `artwork`. `value` is in minor units of the `currency` (three
    letters). A `link` (https) is for plain quantities: where the winner is led to. A code is good until the
    end of the day `expires_on`, or of the day `expires_days` after the win. Stock is low from `low_stock`
    units or from `low_stock_percent` of all on. Each code can be used `uses` times.
    """

    name: str
    text: str = ""
    instructions: str = ""
    artwork: str = "gift"
    picture: Picture | None = None
    value: int | None = None
    currency: str = ""
    shows_value: bool = False
    link: str = ""
    expires_on: date | None = None
    expires_days: int | None = None
    low_stock: int | None = None
    low_stock_percent: int | None = None
    uses: int = 1

    @classmethod
    def of(cls, prize: Prize) -> "PrizePlan":
        """The prize as it stands."""
        return cls(**{each.name: getattr(prize, each.name) for each in fields(cls)})


@dataclass(frozen=True, slots=True)
class Stock:
    """A prize's units by where they stand."""

    free: int = 0
    won: int = 0
    withdrawn: int = 0

    @property
    def total(self) -> int:
        """Units offered: what is free and what has been won."""
        return self.free + self.won


def listing(session: Session, campaign_id: UUID) -> Sequence[Prize]:
    """The campaign's prizes, tier by tier in draw order, without removed ones."""
    return session.scalars(
        select(Prize)
        .join(Tier, Tier.id == Prize.tier_id)
        .where(Prize.campaign_id == campaign_id, Prize.removed_at.is_(None))
        .order_by(Tier.position, Tier.created_at, Tier.id, Prize.position, Prize.created_at, Prize.id)
    ).all()


def get(session: Session, prize_id: UUID) -> Prize:
    """The prize. Raises NotFound, also for one that has been removed."""
    prize = session.get(Prize, prize_id)
    if prize is None or prize.removed_at is not None:
        raise NotFound("this prize does not exist, or has been removed")
    return prize


def find_by_name(session: Session, campaign_id: UUID, name: str) -> Prize | None:
    """The campaign's prize of that name, if there is one."""
    return session.scalars(
        select(Prize).where(Prize.campaign_id == campaign_id, Prize.name == name, Prize.removed_at.is_(None))
    ).one_or_none()


def stock_of(session: Session, prize_id: UUID) -> Stock:
    """One prize's units."""
    rows = session.execute(
        select(Code.status, func.count()).where(Code.prize_id == prize_id).group_by(Code.status)
    )
    return Stock(**{status.value: count for status, count in rows})


def stock_by_prize(session: Session, campaign_id: UUID) -> dict[UUID, Stock]:
    """The units of each of the campaign's prizes, removed ones too, in one query."""
    rows = session.execute(
        select(Prize.id, Code.status, func.count(Code.prize_id))
        .outerjoin(Code, Code.prize_id == Prize.id)
        .where(Prize.campaign_id == campaign_id)
        .group_by(Prize.id, Code.status)
    )
    counts: dict[UUID, dict[str, int]] = {}
    for prize_id, status, count in rows:
        counts.setdefault(prize_id, {}).update({status.value: count} if status else {})
    return {prize_id: Stock(**parts) for prize_id, parts in counts.items()}


def add(
    session: Session,
    tier_id: UUID,
    plan: PrizePlan,
    *,
    quantity: int | None = None,
    actor: Actor,
    now: datetime,
    rng: Rng,
    reason: str = "",
) -> Prize:
    """A new prize: with a `quantity` it has that many units at once, without one its stock is a pool of codes
    to come.

    Raises NotFound for an unknown tier, Conflict for a name that is taken, InvalidInput for a wrong field.
    More than PART units come in after the prize itself, in a batch of their own.
    """
    prize = _add(session, tier_id, plan, quantity=quantity, actor=actor, now=now, rng=rng, reason=reason)
    _fill_up(session, prize, quantity, actor=actor, now=now, rng=rng, reason=reason)
    return prize


@unit_of_work
def _add(
    session: Session,
    tier_id: UUID,
    plan: PrizePlan,
    *,
    quantity: int | None,
    actor: Actor,
    now: datetime,
    rng: Rng,
    reason: str,
) -> Prize:
    campaign = campaigns.get_for_change(session, tiers.get(session, tier_id).campaign_id)
    session.expire_all()
    tier = tiers.get(session, tier_id)
    kind = PrizeKind.CODES if quantity is None else PrizeKind.QUANTITY
    plan = checked(session, campaign.id, plan, kind, None)
    last = session.scalar(select(func.max(Prize.position)).where(Prize.tier_id == tier_id))
    prize = Prize(
        id=random_id(rng),
        campaign_id=campaign.id,
        tier_id=tier_id,
        kind=kind,
        position=0 if last is None else last + 1,
        version=1,
        created_at=now,
        **_values(plan),
    )
    session.add(prize)
    session.flush()
    after: dict[str, Any] = {**_told(_values(plan)), "tier": tier.name, "kind": kind}
    if quantity is not None:
        after |= _restock(session, campaign, prize, quantity, actor, now, rng)
    audit.record(
        session, actor, "prize.add", prize.name, now=now, campaign_id=campaign.id, after=after, reason=reason
    )
    official_rules.keep_up(session, campaign.id, now)
    return prize


def edit(
    session: Session,
    prize_id: UUID,
    plan: PrizePlan,
    *,
    quantity: int | None = None,
    expected_version: int | None = None,
    actor: Actor,
    now: datetime,
    rng: Rng,
    reason: str = "",
) -> Prize:
    """Change a prize; `quantity` is how many units of a quantity prize are offered in all, those won
    included.

    Raises StaleEdit when somebody else saved meanwhile, Conflict for a taken name or a quantity below what
    has been won, InvalidInput for a wrong field. More than PART further units come in afterwards, in a batch
    of their own.
    """
    prize = _edit(
        session,
        prize_id,
        plan,
        quantity=quantity,
        expected_version=expected_version,
        actor=actor,
        now=now,
        rng=rng,
        reason=reason,
    )
    _fill_up(session, prize, quantity, actor=actor, now=now, rng=rng, reason=reason)
    return prize


def _fill_up(
    session: Session,
    prize: Prize,
    quantity: int | None,
    *,
    actor: Actor,
    now: datetime,
    rng: Rng,
    reason: str,
) -> None:
    """Make the units that were too many for the transaction that asked for them."""
    if quantity is None or quantity <= PART:
        return
    missing = quantity - stock_of(session, prize.id).total
    if missing > 0:
        prefix = claim_prefix(session.get_one(Campaign, prize.campaign_id).slug)
        batches.generate(session, prize.id, missing, prefix, actor=actor, now=now, rng=rng, reason=reason)


@unit_of_work
def _edit(
    session: Session,
    prize_id: UUID,
    plan: PrizePlan,
    *,
    quantity: int | None,
    expected_version: int | None,
    actor: Actor,
    now: datetime,
    rng: Rng,
    reason: str,
) -> Prize:
    prize = get_prize_for_change(session, prize_id)
    if expected_version is not None and prize.version != expected_version:
        raise StaleEdit("somebody else has saved this prize meanwhile; look at the new values first")
    plan = checked(session, prize.campaign_id, plan, prize.kind, prize)
    if quantity is not None and prize.kind is PrizeKind.CODES:
        raise InvalidInput("quantity", "this prize's stock is its codes: upload or generate some instead")
    before, after = map(_told, audit.change(prize, _values(plan)))
    if quantity is not None:
        offered = stock_of(session, prize_id).total
        if offered != quantity:
            campaign = session.get_one(Campaign, prize.campaign_id)
            before["quantity"] = offered
            after |= _restock(session, campaign, prize, quantity, actor, now, rng)
    if after:
        prize.version += 1
        audit.record(
            session,
            actor,
            "prize.edit",
            prize.name,
            now=now,
            campaign_id=prize.campaign_id,
            before=before,
            after=after,
            reason=reason,
        )
        official_rules.keep_up(session, prize.campaign_id, now)
    return prize


@unit_of_work
def remove(session: Session, prize_id: UUID, *, actor: Actor, now: datetime, reason: str = "") -> int:
    """Take a prize out of its tier; returns how many free codes were withdrawn. What was won stays."""
    prize = get_prize_for_change(session, prize_id)
    prize.removed_at = now
    prize.version += 1
    batch = withdraw_free(session, prize)
    audit.record(
        session,
        actor,
        "prize.remove",
        prize.name,
        now=now,
        campaign_id=prize.campaign_id,
        after={"prize": prize_id, "withdrawn": batch.count, "digest": batch.digest},
        reason=reason,
    )
    official_rules.keep_up(session, prize.campaign_id, now)
    return batch.count


def check_offered(quantity: int, units: Stock) -> None:
    """Raises InvalidInput when so many units in all are fewer than have been won."""
    if quantity < units.won:
        raise InvalidInput(
            "quantity", "%(count)s have been won already; offer at least as many", count=units.won
        )


def _restock(
    session: Session, campaign: Campaign, prize: Prize, quantity: int, actor: Actor, now: datetime, rng: Rng
) -> dict[str, Any]:
    """Bring a quantity prize to so many units in all, or leave that to `_fill_up`; returns what the audit
    trail keeps of it.

    Entries turn free units into won ones meanwhile; that leaves the total as it is.
    """
    check_count("quantity", quantity, 0)
    if batches.is_on_its_way(session, prize.id):
        raise Conflict("units are just coming in for this prize; try again in a moment")
    change = quantity - stock_of(session, prize.id).total
    kept: dict[str, Any] = {"quantity": quantity, "prize": prize.id}
    if change > PART:
        check_guess_proof(session, change)
        return kept
    if change > 0:
        prefix = claim_prefix(campaign.slug)
        return kept | add_generated(session, prize, change, prefix, actor=actor, now=now, rng=rng)
    units = withdraw_free(session, prize, -change)
    if units.count < -change:
        raise Conflict("more than %(count)s have been won already; what was won stays", count=quantity)
    return kept | {"withdrawn": units.count, "digest": units.digest}


def _values(plan: PrizePlan) -> dict[str, Any]:
    """The plan by the columns it fills."""
    return {field.name: getattr(plan, field.name) for field in fields(plan)}


def _told(values: dict[str, Any]) -> dict[str, Any]:
    """The values as the audit trail keeps them."""
    return {
        name: str(value) if isinstance(value, Picture | date) else value for name, value in values.items()
    }


def checked(
    session: Session, campaign_id: UUID, plan: PrizePlan, kind: PrizeKind, prize: Prize | None
) -> PrizePlan:
    """The plan made tidy, for a new prize or the one that is given. Raises InvalidInput and Conflict."""
    plan = replace(
        plan,
        name=one_line("name", plan.name, 120),
        text=many_lines("text", plan.text, 1000),
        instructions=many_lines("instructions", plan.instructions, 2000),
        currency=_checked_currency(plan) if plan.value is not None else "",
        shows_value=plan.shows_value and plan.value is not None,
        link=_checked_link(plan.link.strip(), kind),
    )
    if plan.artwork not in ARTWORKS:
        raise InvalidInput("artwork", "choose one of %(names)s", names=", ".join(ARTWORKS))
    _check_numbers(plan)
    same_name = find_by_name(session, campaign_id, plan.name)
    if same_name is not None and same_name is not prize:
        raise Conflict("another prize of this campaign is called “%(name)s”", name=plan.name)
    return plan


def _checked_currency(plan: PrizePlan) -> str:
    """The currency of a plan that has a value, in capitals."""
    _check_range("value", plan.value, 1, MAX_VALUE)
    return currency_code(plan.currency)


def _checked_link(link: str, kind: PrizeKind) -> str:
    if not link:
        return ""
    if kind is PrizeKind.CODES:
        raise InvalidInput("link", "a link goes with a number of things, not with a pool of codes")
    if not (len(link) <= MAX_LINK and _is_web_address(link)):
        raise InvalidInput(
            "link", "use a web address that begins with https://, %(most)s characters at most", most=MAX_LINK
        )
    return link


def _is_web_address(link: str) -> bool:
    """True for an https address that names nobody and leaves nothing to guess."""
    try:
        parts = urlsplit(link)
        _ = parts.port  # raises ValueError for one that is none
    except ValueError:
        return False
    is_plain = is_showable(link) and not any(char in link for char in ' \\"<>')
    return is_plain and parts.scheme == "https" and bool(parts.hostname) and "@" not in parts.netloc


def _check_numbers(plan: PrizePlan) -> None:
    if plan.expires_on is not None and plan.expires_days is not None:
        raise InvalidInput("expires_days", "a code ends on a day or after some days, not both")
    if plan.expires_on is not None and plan.expires_on.year not in YEARS:
        raise InvalidInput("expires_on", "use a day in the years %(from)s to %(to)s", **_YEARS)
    _check_range("expires_days", plan.expires_days, 0, MAX_DAYS)
    if plan.low_stock is not None and plan.low_stock_percent is not None:
        raise InvalidInput("low_stock", "low stock is a number or a percentage, not both")
    _check_range("low_stock", plan.low_stock, 1, MAX_UNITS)
    _check_range("low_stock_percent", plan.low_stock_percent, 1, 100)
    _check_range("uses", plan.uses, 1, MAX_USES)


def _check_range(field: str, number: int | None, least: int, most: int) -> None:
    if number is not None and not least <= number <= most:
        raise InvalidInput(field, "use a whole number from %(least)s to %(most)s", least=least, most=most)


MAX_VALUE = 10**14
MAX_LINK = 1000
_YEARS = {"from": str(YEARS[0]), "to": str(YEARS[-1])}
