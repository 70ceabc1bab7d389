"""Who may enter, and when: pure decisions over the campaign's window and its limit per person."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import assert_never
from zoneinfo import ZoneInfo

from app.domain.outcomes import RefusalReason


class CampaignStatus(StrEnum):
    """What staff have set; the clock decides the rest (see `phase`)."""

    DRAFT = "draft"
    OPEN = "open"
    PAUSED = "paused"
    CLOSED = "closed"


class Phase(StrEnum):
    """What a visitor meets at one moment."""

    DRAFT = "draft"
    NOT_OPEN = "not_open"
    LIVE = "live"
    PAUSED = "paused"
    CLOSED = "closed"
    SOLD_OUT = "sold_out"


class Stage(StrEnum):
    """Where a campaign stands in its life, as staff see it."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    LIVE = "live"
    PAUSED = "paused"
    ENDED = "ended"
    ARCHIVED = "archived"


class EntryLimit(StrEnum):
    """How often one person may enter."""

    ONCE = "once"
    DAILY = "daily"


@dataclass(frozen=True, slots=True)
class Window:
    """A campaign's status, its opening hours (aware, either may be open-ended), and its limit and zone."""

    status: CampaignStatus
    opens_at: datetime | None
    closes_at: datetime | None
    limit: EntryLimit
    zone: ZoneInfo


def phase(window: Window, now: datetime) -> Phase:
    """The phase at `now`. The closing moment itself is already closed."""
    match window.status:
        case CampaignStatus.DRAFT:
            return Phase.DRAFT
        case CampaignStatus.CLOSED:
            return Phase.CLOSED
        case CampaignStatus.PAUSED | CampaignStatus.OPEN:
            if window.closes_at is not None and now >= window.closes_at:
                return Phase.CLOSED
            if window.opens_at is not None and now < window.opens_at:
                return Phase.NOT_OPEN
            return Phase.PAUSED if window.status is CampaignStatus.PAUSED else Phase.LIVE
        case _ as unreachable:
            assert_never(unreachable)


_STAGES = {
    Phase.DRAFT: Stage.DRAFT,
    Phase.NOT_OPEN: Stage.SCHEDULED,
    Phase.LIVE: Stage.LIVE,
    Phase.PAUSED: Stage.PAUSED,
    Phase.CLOSED: Stage.ENDED,
}


def stage(window: Window, now: datetime, *, is_archived: bool = False) -> Stage:
    """Where a campaign with this window stands at `now`."""
    return Stage.ARCHIVED if is_archived else _STAGES[phase(window, now)]


_REFUSALS = {
    Phase.DRAFT: RefusalReason.NOT_OPEN,
    Phase.NOT_OPEN: RefusalReason.NOT_OPEN,
    Phase.PAUSED: RefusalReason.PAUSED,
    Phase.CLOSED: RefusalReason.CLOSED,
}


def refusal(window: Window, now: datetime) -> RefusalReason | None:
    """Why nobody may enter at `now`; None while the campaign is live."""
    return _REFUSALS.get(phase(window, now))


def limit_period(window: Window, now: datetime) -> str:
    """The period within which a person may enter once: the day in the campaign's zone, or "" for ever.

    Stored with the entry under a UNIQUE constraint, so that two simultaneous entries settle it there.
    """
    if window.limit is EntryLimit.ONCE:
        return ""
    return now.astimezone(window.zone).date().isoformat()


def next_chance(window: Window, entered_at: datetime) -> datetime | None:
    """When the person may enter again: the next midnight in the campaign's zone, if before the close."""
    if window.limit is EntryLimit.ONCE:
        return None
    tomorrow = entered_at.astimezone(window.zone).date() + timedelta(days=1)
    midnight = datetime.combine(tomorrow, time(), tzinfo=window.zone)
    if window.closes_at is not None and midnight >= window.closes_at:
        return None
    return midnight


def already_entered(window: Window) -> RefusalReason:
    """The word for a second entry within one period."""
    return (
        RefusalReason.ALREADY_ENTERED
        if window.limit is EntryLimit.ONCE
        else RefusalReason.ALREADY_ENTERED_TODAY
    )
