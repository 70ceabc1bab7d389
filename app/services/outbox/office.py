"""What a worker has at hand: the post office, and the message it has taken on."""

from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from uuid import UUID

from app.adapters.letters import Letter, Letters
from app.adapters.links import Links
from app.adapters.mail import Mailer, Sender, compose
from app.domain.delivery import NotSent, Trouble
from app.models import MessageKind


@dataclass(frozen=True, slots=True)
class PostOffice:
    """What it takes to send a message."""

    mailer: Mailer
    letters: Letters
    links: Links
    sender: Sender

    def envelope(
        self,
        message: "InHand",
        letter: Letter,
        to: str,
        now: datetime,
        *,
        sender_name: str = "",
        stop_url: str = "",
    ) -> EmailMessage | NotSent:
        """The letter as it goes out; not sent for good where no header holds the address."""
        try:
            return compose(
                letter,
                to=to,
                sender=self.sender,
                sender_name=sender_name,
                message_id=message.id,
                now=now,
                stop_url=stop_url,
            )
        except ValueError:
            return NotSent(Trouble.ADDRESS, for_good=True)


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
    campaign_id: UUID | None = None
