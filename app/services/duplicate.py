"""Duplicate: the same campaign once more, as a draft with its own seed."""

from dataclasses import replace
from datetime import datetime
from inspect import unwrap
from uuid import UUID

from sqlalchemy.orm import Session

from app.adapters.seeds import SeedVault
from app.domain.chance import Rng
from app.models import Campaign
from app.services import audit, campaign_file, campaigns
from app.services.audit import Actor
from app.services.campaign_file import Sheet
from app.services.uow import unit_of_work


def duplicate(
    session: Session,
    campaign_id: UUID,
    *,
    slug: str,
    title: str | None = None,
    actor: Actor,
    now: datetime,
    rng: Rng,
    vault: SeedVault,
    reason: str = "",
) -> Campaign:
    """A copy of the campaign with its texts, tiers and prizes, and plain quantities in full.

    Without its dates, codes, partners and entries. Raises as `campaigns.create`.
    """
    made, sheet = _duplicate(session, campaign_id, slug, title, actor, now, rng, vault, reason)
    campaign_file.fill_up(session, made.id, sheet, actor=actor, now=now, rng=rng)
    return made


@unit_of_work
def _duplicate(
    session: Session,
    campaign_id: UUID,
    slug: str,
    title: str | None,
    actor: Actor,
    now: datetime,
    rng: Rng,
    vault: SeedVault,
    reason: str,
) -> tuple[Campaign, Sheet]:
    source = campaigns.get_by_id(session, campaign_id)
    sheet = replace(campaign_file.sheet_of(session, source), partners=())
    plan = replace(sheet.plan, slug=slug, title=title or source.title, opens_at=None, closes_at=None)
    made: Campaign = unwrap(campaigns.create)(
        session, plan, lose_weight=sheet.first_lose_weight, actor=actor, now=now, rng=rng, vault=vault
    )
    campaign_file.fill(session, made.id, sheet, actor=actor, now=now, rng=rng)
    audit.record(
        session,
        actor,
        "campaign.duplicate",
        made.slug,
        now=now,
        campaign_id=made.id,
        after={"from": source.slug},
        reason=reason,
    )
    return made, sheet
