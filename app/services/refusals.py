"""Refusals: how often submissions were not taken, by reason. Counted beside the entries, never among them."""

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import RefusalCount
from app.services.tallies import Store

STORE = Store(RefusalCount, ("reason",), lambda reason: (reason[:32],))


def by_reason(session: Session, campaign_id: UUID) -> list[tuple[str, int]]:
    """The reasons and how often each, the most frequent first."""
    total = func.sum(RefusalCount.count)
    query = (
        select(RefusalCount.reason, total)
        .where(RefusalCount.campaign_id == campaign_id)
        .group_by(RefusalCount.reason)
        .order_by(total.desc(), RefusalCount.reason)
    )
    return [(row[0], int(row[1])) for row in session.execute(query)]
