"""Webhooks: events are written in the transaction of what they tell; the worker calls the endpoints after.

Three rooms: `telling` writes the rows, `delivery` is the worker's side, and `contents` makes what is sent out
of what is committed.
"""

from app.services.webhooks.delivery import (
    CallCentre,
    Taken,
    call_next,
    forget,
    is_any_due,
    settle,
    take,
)
from app.services.webhooks.telling import hooked, tell, tell_bonus, tell_entry

__all__ = [
    "CallCentre",
    "Taken",
    "call_next",
    "forget",
    "hooked",
    "is_any_due",
    "settle",
    "take",
    "tell",
    "tell_bonus",
    "tell_entry",
]
