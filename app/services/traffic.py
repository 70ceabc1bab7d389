"""Traffic: pages shown and forms sent, counted in memory as refusals are, and stored together. Of nobody."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.models import Campaign, TrafficCount
from app.services.refusals import Key, Tally
from app.services.uow import unit_of_work

PAGE, SENT = "page", "sent"


def reason_of(kind: str, device: str) -> str:
    """What a tally calls the two together."""
    return f"{kind}/{device}"


def flush(session: Session, tally: Tally) -> None:
    """Store what was counted. Whatever keeps it from that, raised here, loses nothing."""
    taken = tally.take()
    if not taken:
        return
    try:
        _store(session, taken)
    except BaseException:
        tally.put_back(taken)
        raise


@unit_of_work
def _store(session: Session, taken: Mapping[Key, int]) -> None:
    slugs = {slug for slug, _quarter, _reason in taken}
    ids: dict[str, UUID] = dict(
        session.execute(select(Campaign.slug, Campaign.id).where(Campaign.slug.in_(slugs))).all()
    )
    rows = []
    for (slug, quarter, reason), count in sorted(taken.items()):  # in one order, against deadlocks
        kind, _, device = reason.partition("/")
        if slug in ids:
            rows.append(
                {
                    "campaign_id": ids[slug],
                    "quarter": quarter,
                    "kind": kind,
                    "device": device,
                    "count": count,
                }
            )
    if rows:
        session.execute(_ADD[session.get_bind().dialect.name], rows)


def _adding(insert: Any) -> Insert:
    statement = insert(TrafficCount)
    added: Insert = statement.on_conflict_do_update(
        index_elements=["campaign_id", "quarter", "kind", "device"],
        set_={"count": TrafficCount.count + statement.excluded.count},
    )
    return added


_ADD = {"postgresql": _adding(postgresql.insert), "sqlite": _adding(sqlite.insert)}
