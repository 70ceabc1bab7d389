"""Events: what happens in a campaign that other systems can be told of, and what is told.

The words and the shapes are stable: receivers are written against them. No event says who an entrant is.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID


class EventType(StrEnum):
    """What has happened. Stable words."""

    ENTRY_CREATED = "entry.created"
    AWARD_WON = "award.won"
    AWARD_EXPIRED = "award.expired"
    AWARD_VOID = "award.void"
    CODE_REDEEMED = "code.redeemed"
    REDEMPTION_REVERSED = "redemption.reversed"
    STOCK_LOW = "stock.low"
    CAMPAIGN_OPENED = "campaign.opened"
    CAMPAIGN_CLOSED = "campaign.closed"
    TEST = "endpoint.test"  # by staff, to one endpoint, whatever it has chosen


CHOOSABLE = tuple(each for each in EventType if each is not EventType.TEST)
_SPACE = b"prizewell/event"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened: at `at`, to `subject` (an entry, a redemption, an alert, a campaign).

    `number` tells apart what can happen to one subject more than once. `facts` are what no row keeps; the
    rest is read when the event is sent.
    """

    type: EventType
    campaign_id: UUID | None
    subject: UUID
    at: datetime
    number: int = 0
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> UUID:
        """The same for the same event, wherever it is noticed; ordered by time (RFC 9562, version 8)."""
        what = b"%b %b %b %d" % (_SPACE, self.type.value.encode(), self.subject.bytes, self.number)
        digest = int.from_bytes(hashlib.sha256(what).digest()[:10], "big")
        value = (int(self.at.timestamp() * 1000) << 80) | digest
        value = (value & ~(0xF << 76)) | (0x8 << 76)
        value = (value & ~(0x3 << 62)) | (0x2 << 62)
        return UUID(int=value)


def message_id(event_id: UUID) -> str:
    """What receivers see as `webhook-id`: the same at each try."""
    return f"evt_{event_id.hex}"


def payload(event: EventType, at: datetime, data: dict[str, Any]) -> dict[str, Any]:
    """The envelope of Standard Webhooks."""
    return {"type": event.value, "timestamp": told_moment(at), "data": data}


def told_moment(moment: datetime | None) -> str | None:
    """ISO 8601 with an offset, as in all payloads."""
    return None if moment is None else moment.isoformat()


def words_of(events: frozenset[EventType]) -> str:
    """Events as a column holds them: with spaces around each, so that one is found by comparing text."""
    return " ".join(["", *sorted(events), ""]) if events else ""


def events_of(words: str) -> frozenset[EventType]:
    """The events a column holds."""
    return frozenset(EventType(word) for word in words.split())
