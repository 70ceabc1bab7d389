"""Mail to whoever wanted to hear of an opening: that the campaign is open, while it is."""

from datetime import datetime
from email.message import EmailMessage
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app.adapters.letters import Opened
from app.domain.delivery import NotSent, Trouble
from app.domain.eligibility import Phase, Window, phase
from app.models import Campaign, OpeningReminder
from app.services.outbox.office import InHand, PostOffice
from app.services.outbox.to_entrants import frame, language_of


def written(session: Session, message: InHand, office: PostOffice, now: datetime) -> EmailMessage | NotSent:
    """The message in full. While the campaign is paused it waits; once that is over there is no news."""
    row = session.execute(_WAITING, {"reminder": message.reminder_id}).one_or_none()
    session.rollback()
    if row is None or row.email is None:
        return NotSent(Trouble.GONE, for_good=True)
    zone = ZoneInfo(row.timezone)
    current = phase(Window(row.status, row.opens_at, row.closes_at, row.entries, zone), now)
    if current is not Phase.LIVE:
        return NotSent(Trouble.GONE, for_good=current is Phase.CLOSED)
    stop_url = office.links.no_reminder(row.slug, row.id, now)
    about = Opened(**frame(row, office), closes_at=row.closes_at)
    letter = office.letters.opened(about, stop_url, language_of(row))
    return office.envelope(message, letter, row.email, now, sender_name=row.sponsor, stop_url=stop_url)


_WAITING = (
    select(
        OpeningReminder.id,
        OpeningReminder.email,
        OpeningReminder.locale,
        OpeningReminder.created_at,
        Campaign.slug,
        Campaign.title,
        Campaign.language,
        Campaign.texts,
        Campaign.theme,
        Campaign.sponsor,
        Campaign.accent,
        Campaign.timezone,
        Campaign.status,
        Campaign.opens_at,
        Campaign.closes_at,
        Campaign.entries,
    )
    .join(Campaign, Campaign.id == OpeningReminder.campaign_id)
    .where(OpeningReminder.id == bindparam("reminder"))
)
