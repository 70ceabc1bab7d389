"""Writing: what a message says, made out of the committed rows at the moment it is sent."""

from datetime import datetime
from email.message import EmailMessage
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app.adapters.letters import AlertTold
from app.domain.alerts import said
from app.domain.delivery import NotSent, Trouble
from app.models import Account, Alert, Campaign, Partner
from app.services.outbox import to_entrants, to_staff, to_waiting
from app.services.outbox.office import InHand, PostOffice


def written(session: Session, message: InHand, office: PostOffice, now: datetime) -> EmailMessage | NotSent:
    """The message in full, out of what is committed; the read is over when it returns."""
    if message.account_id is not None and message.alert_id is not None:
        return _alert_written(session, message, message.account_id, office, now)
    if message.account_id is not None and message.campaign_id is not None:
        return to_staff.report_written(session, message, office, now)
    if message.account_id is not None:
        return _link_written(session, message, message.account_id, office, now)
    if message.reminder_id is not None:
        return to_waiting.written(session, message, office, now)
    if message.partner_id is not None:
        return _partner_link_written(session, message, message.partner_id, office, now)
    return to_entrants.written(session, message, office, now)


def _link_written(
    session: Session, message: InHand, account_id: UUID, office: PostOffice, now: datetime
) -> EmailMessage | NotSent:
    """The one-time link is made here and stands nowhere; used or replaced meanwhile, it is not sent."""
    email = session.scalar(
        select(Account.email).where(
            Account.id == account_id,
            Account.link_counter == message.number,
            Account.disabled_at.is_(None),
        )
    )
    session.rollback()
    if email is None:
        return NotSent(Trouble.GONE, for_good=True)
    letter = office.letters.sign_in_link(office.links.sign_in(account_id, message.number, now), email)
    return office.envelope(message, letter, email, now)


def _partner_link_written(
    session: Session, message: InHand, partner_id: UUID, office: PostOffice, now: datetime
) -> EmailMessage | NotSent:
    """As with staff: the link is made here; used or taken back meanwhile, it is not sent."""
    row = session.execute(
        select(Partner.email, Partner.locale, Campaign.title)
        .join(Campaign, Campaign.id == Partner.campaign_id)
        .where(Partner.id == partner_id, Partner.link_counter == message.number, Partner.email != "")
    ).one_or_none()
    session.rollback()
    if row is None:
        return NotSent(Trouble.GONE, for_good=True)
    url = office.links.partner(partner_id, message.number, now)
    letter = office.letters.partner_link(url, row.title, row.locale)
    return office.envelope(message, letter, row.email, now)


def _alert_written(
    session: Session, message: InHand, account_id: UUID, office: PostOffice, now: datetime
) -> EmailMessage | NotSent:
    """An alert that is over or was seen by then, or whose reader has gone, is not sent."""
    row = session.execute(_ALERT, {"alert": message.alert_id, "account": account_id}).one_or_none()
    session.rollback()
    if row is None:
        return NotSent(Trouble.GONE, for_good=True)
    about = AlertTold(row.title, row.timezone, said(row.kind, row.details), office.links.console(row.slug))
    letter = office.letters.alert(about)
    return office.envelope(message, letter, row.email, now)


_ALERT = (
    select(Account.email, Alert.kind, Alert.details, Campaign.title, Campaign.timezone, Campaign.slug)
    .select_from(Account)
    .join(Alert, Alert.id == bindparam("alert"))
    .join(Campaign, Campaign.id == Alert.campaign_id)
    .where(
        Account.id == bindparam("account"),
        Account.disabled_at.is_(None),
        Account.alert_mails,
        Alert.seen_at.is_(None),
        Alert.over_at.is_(None),
    )
)
