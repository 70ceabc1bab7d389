"""The outbox: messages are written in the transaction of what they tell; the worker sends them afterwards.

Three rooms: `messages` writes the rows and tells what became of them, `delivery` is the worker's side, and
`writing` makes a mail out of what is committed.
"""

from app.services.outbox.delivery import deliver_next, forget, is_any_due, settle, take
from app.services.outbox.messages import (
    Told,
    announce_again,
    announce_award,
    announce_replacement,
    resend,
    send_again,
    send_alert,
    send_sign_in_link,
    told,
    undelivered,
)
from app.services.outbox.writing import InHand, PostOffice

__all__ = [
    "InHand",
    "PostOffice",
    "Told",
    "announce_again",
    "announce_award",
    "announce_replacement",
    "deliver_next",
    "forget",
    "is_any_due",
    "resend",
    "send_again",
    "send_alert",
    "send_sign_in_link",
    "settle",
    "take",
    "told",
    "undelivered",
]
