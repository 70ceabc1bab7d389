"""Report mails: staff have a campaign's figures mailed to them, each day or each Monday."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import and_, delete, exists, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, aliased

from app.domain.chance import Rng
from app.domain.eligibility import CampaignStatus, Phase, phase
from app.domain.errors import InvalidInput, NotFound
from app.domain.ids import random_id
from app.domain.languages import DEFAULT, STAFF
from app.domain.report_times import Every, due_at, last_due, told
from app.domain.roles import Role
from app.models import Account, AccountCampaign, Campaign, FigureBook, ReportMail, ReportTurn
from app.services import audit, outbox, sums
from app.services.audit import Actor
from app.services.entries import window_of
from app.services.uow import unit_of_work


@dataclass(frozen=True, slots=True)
class ReportPlan:
    """How somebody wants to be mailed: how often, at which hour of the campaign's clocks, in which language,
    and whether of all campaigns that are not asked for by themselves.
    """

    every: Every
    hour: int
    locale: str = DEFAULT
    of_all: bool = False


def wanted(session: Session, account_id: UUID, campaign_id: UUID) -> ReportPlan | None:
    """How an account is mailed the figures of a campaign, if it is."""
    row = session.scalars(_applying(account_id, campaign_id)).first()
    return ReportPlan(row.every, row.hour, row.locale, row.campaign_id is None) if row else None


@unit_of_work
def want(
    session: Session,
    account_id: UUID,
    campaign_id: UUID,
    plan: ReportPlan,
    *,
    actor: Actor,
    now: datetime,
    rng: Rng,
) -> None:
    """Have the figures mailed from now on, in the place of what was wanted before.

    For all campaigns, what is wanted of the others by themselves stays. Raises NotFound, InvalidInput.
    """
    account, campaign = _both(session, account_id, campaign_id)
    if not 0 <= plan.hour <= 23:
        raise InvalidInput("hour", "use a number from %(low)s to %(high)s", low=0, high=23)
    before = wanted(session, account_id, campaign_id)
    _forget(session, account_id, campaign_id, of_all=plan.of_all)
    session.add(
        ReportMail(
            id=random_id(rng),
            account_id=account_id,
            campaign_id=None if plan.of_all else campaign_id,
            every=plan.every,
            hour=plan.hour,
            locale=plan.locale if plan.locale in STAFF else DEFAULT,
            since=now,
        )
    )
    _record(session, account, campaign, before, plan, actor, now)


@unit_of_work
def stop(
    session: Session, account_id: UUID, campaign_id: UUID, *, actor: Actor | None, now: datetime
) -> None:
    """Mail this account no figures of the campaign any more: neither of it by itself nor of all. Without an
    `actor` the account itself has said so, by the link in a mail. Raises NotFound.
    """
    account, campaign = _both(session, account_id, campaign_id)
    before = wanted(session, account_id, campaign_id)
    if before is not None:
        _forget(session, account_id, campaign_id, of_all=True)
        _record(session, account, campaign, before, None, actor or Actor(account.email, account.id), now)


def send_due(session: Session, campaign: Campaign, *, now: datetime, rng: Rng) -> int:
    """Write to those whose report of the campaign is due; how many there were.

    A report waits until all it tells of is added up. What was missed is told once, by the last one. After
    the end of a campaign, days without entries are not told.
    """
    zone = ZoneInfo(campaign.timezone)
    rolled_at = session.scalar(select(FigureBook.rolled_at).where(FigureBook.campaign_id == campaign.id))
    due = [
        (row.account_id, day)
        for row in session.scalars(_readers(campaign.id))
        if row.since < due_at(day := last_due(row.every, row.hour, zone, now), row.hour, zone)
        and rolled_at is not None
        and due_at(day, row.hour, zone) <= rolled_at
        and _is_news(session, campaign, told(row.every, day), now)
    ]
    turns = dict(
        session.execute(
            select(ReportTurn.account_id, ReportTurn.day).where(ReportTurn.campaign_id == campaign.id)
        ).all()
    )
    session.rollback()
    return sum(
        _send(session, account_id, campaign.id, day, now=now, rng=rng)
        for account_id, day in due
        if turns.get(account_id, date.min) < day
    )


@unit_of_work
def _send(
    session: Session, account_id: UUID, campaign_id: UUID, day: date, *, now: datetime, rng: Rng
) -> bool:
    """One report, unless another worker was faster: the row of the turn settles that."""
    build: Any = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    statement = build(ReportTurn).values(account_id=account_id, campaign_id=campaign_id, day=day)
    turn = statement.on_conflict_do_update(
        index_elements=["account_id", "campaign_id"],
        set_={"day": statement.excluded.day},
        where=ReportTurn.day < statement.excluded.day,
    ).returning(ReportTurn.day)
    if session.execute(turn).one_or_none() is None:
        return False
    outbox.send_report(session, account_id, campaign_id, day, now=now, rng=rng)
    return True


def _is_news(session: Session, campaign: Campaign, days: tuple[date, date], now: datetime) -> bool:
    if phase(window_of(campaign), now) is not Phase.CLOSED:
        return True
    return sums.between(session, campaign.id, *days).tally.entries > 0


def _readers(campaign_id: UUID) -> Any:
    """Who is mailed the campaign's figures: accounts that work and see it; of no draft, and none put away."""
    own, narrower = aliased(AccountCampaign), aliased(ReportMail)
    sees = exists().where(own.account_id == Account.id, own.campaign_id == campaign_id)
    by_itself = exists().where(
        narrower.account_id == ReportMail.account_id, narrower.campaign_id == campaign_id
    )
    return (
        select(ReportMail)
        .join(Account, Account.id == ReportMail.account_id)
        .join(Campaign, Campaign.id == campaign_id)
        .where(
            or_(ReportMail.campaign_id == campaign_id, and_(ReportMail.campaign_id.is_(None), ~by_itself)),
            Account.disabled_at.is_(None),
            Account.password_hash.is_not(None),
            or_(Account.role == Role.ADMIN, ~Account.is_limited, sees),
            Campaign.archived_at.is_(None),
            Campaign.status != CampaignStatus.DRAFT,
        )
        .order_by(ReportMail.id)
    )


def _applying(account_id: UUID, campaign_id: UUID) -> Any:
    """What is wanted of the campaign by itself comes before what is wanted of all."""
    return (
        select(ReportMail)
        .where(
            ReportMail.account_id == account_id,
            or_(ReportMail.campaign_id == campaign_id, ReportMail.campaign_id.is_(None)),
        )
        .order_by(ReportMail.campaign_id.is_(None))
    )


def _forget(session: Session, account_id: UUID, campaign_id: UUID, *, of_all: bool) -> None:
    these = ReportMail.campaign_id == campaign_id
    session.execute(
        delete(ReportMail).where(
            ReportMail.account_id == account_id,
            or_(these, ReportMail.campaign_id.is_(None)) if of_all else these,
        )
    )


def _both(session: Session, account_id: UUID, campaign_id: UUID) -> tuple[Account, Campaign]:
    account = session.get(Account, account_id, with_for_update=True)
    campaign = session.get(Campaign, campaign_id)
    if account is None or campaign is None:
        raise NotFound("no such account or campaign")
    return account, campaign


def _record(
    session: Session,
    account: Account,
    campaign: Campaign,
    before: ReportPlan | None,
    after: ReportPlan | None,
    actor: Actor,
    now: datetime,
) -> None:
    if before != after:
        audit.record(
            session,
            actor,
            "account.reports",
            account.email,
            now=now,
            campaign_id=campaign.id,
            before={"reports": _said(before)},
            after={"reports": _said(after)},
        )


def _said(plan: ReportPlan | None) -> Sequence[str]:
    return [plan.every.value, f"{plan.hour}:00", *(["all"] if plan.of_all else [])] if plan else []
