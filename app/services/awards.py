"""An award as it is stored when a unit is given, drawn or not."""

from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import insert

from app.adapters.direct import DirectConnection, Prepared
from app.domain.expiry import expiry
from app.models import Award
from app.services.allocation import Claimed


def store(
    connection: DirectConnection,
    campaign_id: UUID,
    entry_id: UUID,
    claimed: Claimed,
    *,
    now: datetime,
    zone: ZoneInfo,
    held_until: datetime | None = None,
    seen_at: datetime | None = None,
) -> datetime | None:
    """Store what the entry got; says when its code expires."""
    expires_at = expiry(now, zone, claimed.expires_on, claimed.expires_days)
    connection.execute(
        _INSERT,
        {
            "entry_id": entry_id,
            "campaign_id": campaign_id,
            "tier_id": claimed.tier_id,
            "prize_id": claimed.prize_id,
            "code_id": claimed.code_id,
            "tier_name": claimed.tier_name,
            "prize_name": claimed.prize_name,
            "created_at": now,
            "expires_at": expires_at,
            "held_until": held_until,
            "seen_at": seen_at,
        },
    )
    return expires_at


_INSERT = Prepared(insert(Award))
