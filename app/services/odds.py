"""The odds tables of a campaign: each change of the odds writes the next version in its own transaction."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.errors import InvalidInput
from app.domain.odds import FIRST_PREV, InvalidOdds, OddsTable, TierOdds
from app.models import Campaign, OddsTableRecord, Tier

# Tables never change: each document is parsed once per process.
parse = lru_cache(maxsize=256)(OddsTable.from_document)


def write_first_version(session: Session, campaign: Campaign, now: datetime) -> None:
    """Write version 1 for a new campaign, which has no tiers yet."""
    _store(session, _table(campaign.id, 1, FIRST_PREV, campaign.lose_weight, ()), now)


def write_next_version(session: Session, campaign: Campaign, now: datetime) -> bool:
    """Write the next odds table if what it would say differs from the one in force; True when it did.

    Call after every change of a weight, the order, a switch or a fallback, in the same unit of work, with the
    campaign's row locked. Raises InvalidInput when the weights make no table.
    """
    session.flush()
    current = in_force(session, campaign)
    lines = tuple(
        TierOdds(tier.id, tier.weight, tier.on_empty, tier.fallback_id, tier.limits)
        for tier in _tiers_in_the_draw(session, campaign.id)
    )
    if (lines, campaign.lose_weight) == (current.tiers, current.lose_weight):
        return False
    table = _table(campaign.id, current.version + 1, current.hash, campaign.lose_weight, lines)
    _store(session, table, now)
    campaign.odds_version = table.version
    return True


def in_force(session: Session, campaign: Campaign) -> OddsTable:
    """The odds the next entry is drawn with."""
    return parse(
        session.scalars(
            select(OddsTableRecord.document).where(
                OddsTableRecord.campaign_id == campaign.id, OddsTableRecord.version == campaign.odds_version
            )
        ).one()
    )


def history(session: Session, campaign_id: UUID) -> Sequence[OddsTableRecord]:
    """All versions, oldest first."""
    return session.scalars(
        select(OddsTableRecord)
        .where(OddsTableRecord.campaign_id == campaign_id)
        .order_by(OddsTableRecord.version)
    ).all()


def _tiers_in_the_draw(session: Session, campaign_id: UUID) -> Sequence[Tier]:
    return session.scalars(
        select(Tier)
        .where(Tier.campaign_id == campaign_id, Tier.enabled, Tier.removed_at.is_(None))
        .order_by(Tier.position, Tier.created_at, Tier.id)
    ).all()


def _table(
    campaign_id: UUID, version: int, prev: str, lose_weight: int, tiers: tuple[TierOdds, ...]
) -> OddsTable:
    try:
        return OddsTable(campaign_id, version, prev, lose_weight, tiers)
    except InvalidOdds as error:
        raise InvalidInput.of("weight", error) from error


def _store(session: Session, table: OddsTable, now: datetime) -> None:
    session.add(
        OddsTableRecord(
            campaign_id=table.campaign,
            version=table.version,
            prev_hash=table.prev,
            hash=table.hash,
            document=table.document,
            created_at=now,
        )
    )
    session.flush()
