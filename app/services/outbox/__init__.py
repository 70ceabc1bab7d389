"""The outbox: messages are written in the transaction of what they tell; the worker sends them afterwards.

Its rooms: `messages` writes the rows and tells what became of them, `delivery` is the worker's side, and
`writing` (`to_entrants`, `to_waiting`) makes a mail out of what is committed.
"""

from app.services.outbox.delivery import deliver_next, forget, is_any_due, settle, take
from app.services.outbox.messages import (
    Told,
    about,
    announce,
    announce_again,
    announce_opening,
    announce_replacement,
    next_number,
    resend,
    send_again,
    send_alert,
    send_partner_link,
    send_report,
    send_sign_in_link,
    told,
    undelivered,
    write,
)
from app.services.outbox.office import InHand, PostOffice

__all__ = [
    "InHand",
    "PostOffice",
    "Told",
    "about",
    "announce",
    "announce_again",
    "announce_opening",
    "announce_replacement",
    "deliver_next",
    "forget",
    "is_any_due",
    "next_number",
    "resend",
    "send_again",
    "send_alert",
    "send_partner_link",
    "send_report",
    "send_sign_in_link",
    "settle",
    "take",
    "told",
    "undelivered",
    "write",
]
