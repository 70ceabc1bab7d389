"""The outbox: messages are written in the transaction of what they tell; the worker sends them afterwards."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, insert

from app.domain.chance import Rng
from app.domain.ids import time_ordered_id
from app.models import Message, MessageKind, MessageState


def announce_award(
    connection: Connection, entry_id: UUID, entrant_id: UUID, *, now: datetime, rng: Rng
) -> None:
    """Have the winner told by mail, once the transaction of the award has committed."""
    connection.execute(
        _INSERT,
        {
            "id": time_ordered_id(now, rng),
            "kind": MessageKind.AWARD_WON,
            "entry_id": entry_id,
            "entrant_id": entrant_id,
            "number": 0,
            "state": MessageState.WAITING,
            "created_at": now,
            "due_at": now,
            "tries": 0,
        },
    )


_INSERT = insert(Message)
