"""Looks: how a campaign's pages appear, and which sites may show them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from app.domain.theme import Theme, parse
from app.models import Campaign
from app.services import audit, campaigns
from app.services.audit import Actor
from app.services.uow import unit_of_work


def theme_of(campaign: Campaign) -> Theme:
    """The campaign's look; what cannot be read any more is as usual."""
    return parse(campaign.theme).theme


@unit_of_work
def edit(
    session: Session,
    campaign_id: UUID,
    theme: Theme,
    *,
    expected_version: int | None = None,
    actor: Actor,
    now: datetime,
    reason: str = "",
) -> Campaign:
    """Give a campaign this look; `expected_version` is the one the form was filled from.

    Raises InvalidInput that names the field of what will not do, StaleEdit when somebody else saved
    meanwhile, and Conflict for an archived campaign.
    """
    document = theme.to_document()
    for problem in parse(document).problems:
        raise problem
    campaign = campaigns.get_for_edit(session, campaign_id, expected_version)
    stored = theme_of(campaign).to_document()
    names = sorted(name for name in stored.keys() | document.keys() if stored.get(name) != document.get(name))
    if not names:
        return campaign
    campaign.theme = document
    campaign.version += 1
    audit.record(
        session,
        actor,
        "campaign.look",
        campaign.slug,
        now=now,
        campaign_id=campaign_id,
        before={name: stored.get(name) for name in names},
        after={name: document.get(name) for name in names},
        reason=reason,
    )
    return campaign
