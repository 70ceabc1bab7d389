"""Restrictions: an account may be limited to some campaigns; for it the others do not exist."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, exists, func, select
from sqlalchemy.orm import Session

from app.domain.errors import InvalidInput
from app.domain.roles import Role
from app.models import Account, AccountCampaign, Campaign
from app.services import accounts, audit
from app.services.audit import Actor
from app.services.uow import unit_of_work


def applies_to(account: Account) -> bool:
    """True for an account that sees some campaigns only; admins always see all."""
    return account.is_limited and account.role is not Role.ADMIN


def includes(session: Session, account_id: UUID, slug: str) -> bool:
    """True when the campaign of that slug is among those a limited account may work on."""
    return bool(
        session.scalar(
            select(
                exists()
                .where(AccountCampaign.account_id == account_id)
                .where(AccountCampaign.campaign_id == Campaign.id, Campaign.slug == slug)
            )
        )
    )


def campaign_ids(session: Session, account_id: UUID) -> frozenset[UUID]:
    """The campaigns an account is limited to, should it be limited."""
    query = select(AccountCampaign.campaign_id).where(AccountCampaign.account_id == account_id)
    return frozenset(session.scalars(query))


def counts(session: Session) -> dict[UUID, int]:
    """How many campaigns each account is limited to, should it be limited."""
    query = select(AccountCampaign.account_id, func.count()).group_by(AccountCampaign.account_id)
    return {row[0]: row[1] for row in session.execute(query)}


@unit_of_work
def change(
    session: Session,
    account_id: UUID,
    campaigns: Collection[UUID] | None,
    *,
    actor: Actor,
    now: datetime,
    reason: str = "",
) -> Account:
    """Limit an account to these campaigns, or with None let it see all.

    Raises NotFound for an unknown account, InvalidInput with field "campaigns" for an unknown campaign.
    """
    account = accounts.get_for_change(session, account_id)
    before = {"campaigns": _slugs(session, account)}
    known = set(session.scalars(select(Campaign.id).where(Campaign.id.in_(campaigns or ()))))
    if known != set(campaigns or ()):
        raise InvalidInput("campaigns", "choose campaigns of the list")
    session.execute(delete(AccountCampaign).where(AccountCampaign.account_id == account_id))
    session.add_all(AccountCampaign(account_id=account_id, campaign_id=chosen) for chosen in known)
    account.is_limited = campaigns is not None
    session.flush()
    after = {"campaigns": _slugs(session, account)}
    if before != after:
        audit.record(
            session,
            actor,
            "account.campaigns",
            account.email,
            now=now,
            before=before,
            after=after,
            reason=reason,
        )
    return account


def grant_to_maker(session: Session, actor: Actor, campaign_id: UUID) -> None:
    """Whoever makes a campaign may work on it. Part of the unit of work that makes it."""
    maker = session.get(Account, actor.account_id) if actor.account_id else None
    if maker is not None and maker.is_limited:
        session.flush()
        session.add(AccountCampaign(account_id=maker.id, campaign_id=campaign_id))


def _slugs(session: Session, account: Account) -> list[str] | None:
    """The campaigns by name, for the audit list; None for all."""
    if not account.is_limited:
        return None
    query = select(Campaign.slug).join(AccountCampaign, AccountCampaign.campaign_id == Campaign.id)
    return list(
        session.scalars(query.where(AccountCampaign.account_id == account.id).order_by(Campaign.slug))
    )
