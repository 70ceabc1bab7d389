"""Mail to staff who want a campaign's figures: as they stand when it is sent."""

from dataclasses import asdict
from datetime import date, datetime
from email.message import EmailMessage

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.adapters.letters import ReportTold
from app.domain.delivery import NotSent, Trouble
from app.domain.report_times import told
from app.models import Account, Campaign, ReportMail
from app.services import sums
from app.services.outbox.office import InHand, PostOffice


def report_written(
    session: Session, message: InHand, office: PostOffice, now: datetime
) -> EmailMessage | NotSent:
    """The report in full; whoever wants none any more, or has gone, is sent none."""
    row = session.execute(
        select(Account.id, Account.email, Campaign.title, Campaign.slug, ReportMail.every, ReportMail.locale)
        .join(ReportMail, ReportMail.account_id == Account.id)
        .join(Campaign, or_(ReportMail.campaign_id == Campaign.id, ReportMail.campaign_id.is_(None)))
        .where(
            Account.id == message.account_id,
            Account.disabled_at.is_(None),
            Campaign.id == message.campaign_id,
            Campaign.archived_at.is_(None),
        )
        .order_by(ReportMail.campaign_id.is_(None))
        .limit(1)
    ).one_or_none()
    if row is None or message.campaign_id is None:
        session.rollback()
        return NotSent(Trouble.GONE, for_good=True)
    first, last = told(row.every, date.fromordinal(message.number))
    spans = ((first, last), told(row.every, first), (date.min, date.max))
    lines = [sums.between(session, message.campaign_id, *span) for span in spans]
    session.rollback()
    about = ReportTold(
        row.title,
        first,
        last,
        tuple(asdict(line.tally) for line in lines),
        tuple({each.currency: each.amount for each in line.money} for line in lines),
        office.links.report(row.slug),
    )
    stop_url = office.links.no_reports(row.id, message.campaign_id, now)
    letter = office.letters.report(about, stop_url, row.locale)
    return office.envelope(message, letter, row.email, now, stop_url=stop_url)
