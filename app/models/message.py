"""Message: one mail to be sent. The rows waiting are the outbox."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Enum, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, words


class MessageKind(StrEnum):
    """What a message says."""

    AWARD_WON = "award_won"
    ENTRY_LOST = "entry_lost"
    PROOF = "proof"  # a link that proves the address
    CODE_ENDS = "code_ends"  # the code of a win is about to end; `number` is the place of what stands
    MY_PRIZES = "my_prizes"  # the link somebody asked for; the entry is their last
    REFERRED = "referred"  # a friend has earned them a further entry; `number` is that of the entry
    OPENED = "opened"  # to somebody who wanted to hear when a campaign opens
    SIGN_IN_LINK = "sign_in_link"  # to staff; `number` is the counter its link is good for
    ALERT = "alert"  # to staff
    REPORT = "report"  # to staff: figures of a campaign; `number` is the day of the report as an ordinal
    PARTNER_LINK = "partner_link"  # to a partner; `number` is the counter its link is good for


class MessageState(StrEnum):
    """What became of a message."""

    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"


class Message(Base):
    """One mail, written in the transaction of what it tells, and without content: that is read from the
    committed rows when it is sent.

    It goes to an entrant, about one entry, to somebody who wanted to hear of an opening, to a partner, or to
    a member of staff. `number` is 0 for the message that comes
    by itself, so that there is one of each kind, and counts on for those that staff send again. While a
    worker has the message in hand, `due_at` is when others may take it over.
    """

    __tablename__ = "message"
    __table_args__ = (
        UniqueConstraint("entry_id", "kind", "number"),
        CheckConstraint(
            "(CASE WHEN entry_id IS NULL THEN 0 ELSE 1 END)"
            " + (CASE WHEN account_id IS NULL THEN 0 ELSE 1 END)"
            " + (CASE WHEN reminder_id IS NULL THEN 0 ELSE 1 END)"
            " + (CASE WHEN partner_id IS NULL THEN 0 ELSE 1 END) = 1",
            name="recipient",
        ),
        CheckConstraint("(entry_id IS NULL) = (entrant_id IS NULL)", name="entrant"),
        CheckConstraint("(state = 'sent') = (sent_at IS NOT NULL)", name="sent"),
        Index(
            "ix_message_due",
            "due_at",
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
        Index(
            "ix_message_tried",
            "entrant_id",
            "tried_at",
            sqlite_where=text("tried_at IS NOT NULL"),
            postgresql_where=text("tried_at IS NOT NULL"),
        ),
        Index(
            "ix_message_partner_id",
            "partner_id",
            "created_at",
            sqlite_where=text("partner_id IS NOT NULL"),
            postgresql_where=text("partner_id IS NOT NULL"),
        ),
        Index(
            "ix_message_reminder_id",
            "reminder_id",
            unique=True,
            sqlite_where=text("reminder_id IS NOT NULL"),
            postgresql_where=text("reminder_id IS NOT NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    # No CHECK: kinds grow in number, and making the table anew for each would lock it.
    kind: Mapped[MessageKind] = mapped_column(
        Enum(
            MessageKind,
            name="kind",
            native_enum=False,
            create_constraint=False,
            validate_strings=True,
            length=32,
            values_callable=lambda members: [member.value for member in members],
        )
    )
    entry_id: Mapped[UUID | None] = mapped_column(ForeignKey("entry.id"))
    entrant_id: Mapped[UUID | None] = mapped_column(ForeignKey("entrant.id"))
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    alert_id: Mapped[UUID | None] = mapped_column(ForeignKey("alert.id"))
    reminder_id: Mapped[UUID | None] = mapped_column(ForeignKey("opening_reminder.id"))
    partner_id: Mapped[UUID | None] = mapped_column(ForeignKey("partner.id"))
    campaign_id: Mapped[UUID | None] = mapped_column(ForeignKey("campaign.id"))  # of a report
    number: Mapped[int] = mapped_column(default=0)
    state: Mapped[MessageState] = mapped_column(words(MessageState, "state"), default=MessageState.WAITING)
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    tried_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None] = mapped_column(String(80))
    sent_at: Mapped[datetime | None]
