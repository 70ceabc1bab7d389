"""Costs: what a campaign costs, as a marketer enters it."""

from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.errors import InvalidInput, StaleEdit
from app.domain.figures import Costs
from app.domain.redemption import MAX_ORDER_VALUE
from app.models import CampaignCost
from app.services import audit, campaigns
from app.services.audit import Actor
from app.services.uow import unit_of_work

AMOUNTS = ("media", "prizes", "other", "discount")


def of_campaign(session: Session, campaign_id: UUID) -> tuple[Costs, int]:
    """The costs and their version, which is 0 before any were entered."""
    row = session.get(CampaignCost, campaign_id)
    return (_read(row), row.version) if row else (Costs(), 0)


def of_all(session: Session) -> dict[UUID, Costs]:
    """The costs of all campaigns that have some."""
    return {row.campaign_id: _read(row) for row in session.scalars(select(CampaignCost))}


@unit_of_work
def edit(
    session: Session,
    campaign_id: UUID,
    costs: Costs,
    *,
    expected_version: int | None = None,
    actor: Actor,
    now: datetime,
    reason: str = "",
) -> Costs:
    """Change what a campaign costs.

    Raises NotFound, StaleEdit when somebody else saved meanwhile, InvalidInput for a wrong field.
    """
    campaign = campaigns.get_for_change(session, campaign_id)
    _check(costs)
    row = session.get(CampaignCost, campaign_id)
    if expected_version is not None and (row.version if row else 0) != expected_version:
        raise StaleEdit("somebody else has saved these costs meanwhile; look at the new values first")
    if row is None:
        row = CampaignCost(campaign_id=campaign_id, version=0, **asdict(Costs()))
        session.add(row)
    before, after = audit.change(row, asdict(costs))
    if after:
        row.version += 1
        audit.record(
            session,
            actor,
            "costs.edit",
            campaign.slug,
            now=now,
            campaign_id=campaign_id,
            before=before,
            after=after,
            reason=reason,
        )
    return costs


def _check(costs: Costs) -> None:
    code = costs.currency
    if not (len(code) == 3 and code.isascii() and code.isalpha() and code.isupper()):
        raise InvalidInput("currency", "use the three letters of a currency, such as EUR")
    for name in AMOUNTS:
        if not 0 <= getattr(costs, name) <= MAX_ORDER_VALUE:
            raise InvalidInput(
                name, "use a whole number from %(least)s to %(most)s", least=0, most=MAX_ORDER_VALUE
            )


def _read(row: CampaignCost) -> Costs:
    return Costs(row.currency, row.media, row.prizes, row.other, row.discount)
