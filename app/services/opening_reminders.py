"""Reminders of openings: who asks for one gets one mail when the campaign opens, and is then forgotten."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, exists, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.adapters.seeds import SeedVault
from app.domain.chance import Rng
from app.domain.eligibility import CampaignStatus, Phase, phase
from app.domain.identity import canonical_email
from app.domain.ids import time_ordered_id
from app.models import Campaign, Message, OpeningReminder
from app.services import campaigns, outbox
from app.services.entries import window_of
from app.services.uow import unit_of_work

AT_ONCE = 500


@unit_of_work
def ask(
    session: Session, slug: str, email: str, locale: str, *, now: datetime, rng: Rng, vault: SeedVault
) -> None:
    """Have this address written to when the campaign opens. Nothing happens, and nothing tells, where it is
    known already or the campaign is not one that opens later. Raises NotFound, and InvalidAddress.
    """
    campaign = campaigns.get(session, slug)
    key = vault.address_key(canonical_email(email))
    if phase(window_of(campaign), now) is not Phase.NOT_OPEN:
        return
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    session.execute(
        dialect.insert(OpeningReminder)
        .values(
            id=time_ordered_id(now, rng),
            campaign_id=campaign.id,
            address_key=key,
            email=email,
            locale=locale,
            created_at=now,
        )
        .on_conflict_do_nothing(index_elements=["campaign_id", "address_key"])
    )


def campaign_of(session: Session, reminder_id: UUID) -> Campaign | None:
    """The campaign somebody waits for, or waited for; None once that is forgotten."""
    query = select(Campaign).join(OpeningReminder, OpeningReminder.campaign_id == Campaign.id)
    return session.scalars(query.where(OpeningReminder.id == reminder_id)).one_or_none()


@unit_of_work
def cancel(session: Session, reminder_id: UUID) -> None:
    """Forget one, and its mail if that has not gone out. Of one whose mail is sent nothing is left but that
    it was, until the campaign ends.
    """
    kept = session.get(OpeningReminder, reminder_id, with_for_update=True, populate_existing=True)
    if kept is not None and kept.email is not None:
        _delete(session, [kept.id])


def forget_address(session: Session, email_key: str, vault: SeedVault) -> None:
    """Forget all that waits for this canonical address. Part of a transaction."""
    query = select(OpeningReminder.id).where(OpeningReminder.address_key == vault.address_key(email_key))
    _delete(session, list(session.scalars(query.with_for_update())))


def call(session: Session, campaign: Campaign, *, now: datetime, rng: Rng) -> None:
    """Have all written to who wait for this campaign, once people can enter it."""
    if phase(window_of(campaign), now) is not Phase.LIVE:
        return
    waiting = select(exists().where(OpeningReminder.campaign_id == campaign.id, _WAITS))
    is_any = bool(session.scalar(waiting))
    session.rollback()
    while is_any:
        is_any = _call_some(session, campaign.id, now=now, rng=rng) == AT_ONCE


@unit_of_work
def _call_some(session: Session, campaign_id: UUID, *, now: datetime, rng: Rng) -> int:
    ids = session.scalars(
        select(OpeningReminder.id)
        .where(OpeningReminder.campaign_id == campaign_id, _WAITS)
        .order_by(OpeningReminder.id)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    ).all()
    if ids:
        called = update(OpeningReminder).where(OpeningReminder.id.in_(ids)).values(called_at=now)
        session.execute(called.execution_options(synchronize_session=False))
        outbox.announce_opening(session, ids, now=now, rng=rng)
    return len(ids)


def forget(session: Session, *, now: datetime) -> None:
    """Forget those of campaigns that are over, whatever became of their mail."""
    over = [
        campaign.id
        for campaign in session.scalars(select(Campaign).where(Campaign.status != CampaignStatus.DRAFT))
        if phase(window_of(campaign), now) is Phase.CLOSED
    ]
    session.rollback()
    while over and _forget_some(session, over) == AT_ONCE:
        pass


@unit_of_work
def _forget_some(session: Session, campaign_ids: list[UUID]) -> int:
    query = select(OpeningReminder.id).where(OpeningReminder.campaign_id.in_(campaign_ids))
    ids = list(session.scalars(query.limit(AT_ONCE).with_for_update(skip_locked=True)))
    _delete(session, ids)
    return len(ids)


def _delete(session: Session, ids: list[UUID]) -> None:
    if ids:
        for statement in (
            delete(Message).where(Message.reminder_id.in_(ids)),
            delete(OpeningReminder).where(OpeningReminder.id.in_(ids)),
        ):
            session.execute(statement.execution_options(synchronize_session=False))


_WAITS = OpeningReminder.called_at.is_(None)
