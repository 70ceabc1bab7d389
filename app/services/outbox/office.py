"""What a worker has at hand: the post office, and the message it has taken on."""

from dataclasses import dataclass
from uuid import UUID

from app.adapters.letters import Letters
from app.adapters.links import Links
from app.adapters.mail import Mailer, Sender
from app.models import MessageKind


@dataclass(frozen=True, slots=True)
class PostOffice:
    """What it takes to send a message."""

    mailer: Mailer
    letters: Letters
    links: Links
    sender: Sender


@dataclass(frozen=True, slots=True)
class InHand:
    """A message this worker has taken on, for the length of a lease."""

    id: UUID
    kind: MessageKind
    entry_id: UUID | None
    tries: int
    account_id: UUID | None = None
    number: int = 0
    alert_id: UUID | None = None
    reminder_id: UUID | None = None
    partner_id: UUID | None = None
