"""Identifiers: random enough for a URL, ordered by time so that indexes grow at one end."""

from datetime import datetime
from uuid import UUID

from app.domain.chance import Rng


def time_ordered_id(now: datetime, rng: Rng) -> UUID:
    """A UUID version 7 (RFC 9562, 5.7): 48 bits of milliseconds, then 74 random bits."""
    milliseconds = int(now.timestamp() * 1000)
    value = (milliseconds << 80) | int.from_bytes(rng.token_bytes(10), "big")
    value = (value & ~(0xF << 76)) | (0x7 << 76)
    value = (value & ~(0x3 << 62)) | (0x2 << 62)
    return UUID(int=value)


def random_id(rng: Rng) -> UUID:
    """A UUID version 4 (RFC 9562, 5.4): 122 random bits."""
    value = int.from_bytes(rng.token_bytes(16), "big")
    value = (value & ~(0xF << 76)) | (0x4 << 76)
    value = (value & ~(0x3 << 62)) | (0x2 << 62)
    return UUID(int=value)


def first_id_at(moment: datetime) -> UUID:
    """What no time-ordered id made at that moment or later is smaller than."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)


def first_id_after(time_ordered: UUID) -> UUID:
    """What is larger than every id made in the same millisecond, and not larger than any made later."""
    return UUID(int=((time_ordered.int >> 80) + 1) << 80)
