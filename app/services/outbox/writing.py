"""Writing: what a message says, made out of the committed rows at the moment it is sent."""

from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, bindparam, case, select
from sqlalchemy.orm import Session

from app.adapters.letters import AlertTold, AwardWon, Letters
from app.adapters.links import Links
from app.adapters.mail import Mailer, Sender, compose
from app.domain.alerts import said
from app.domain.campaign_texts import CampaignTexts, prize_key
from app.domain.delivery import NotSent, Trouble
from app.domain.languages import spoken
from app.models import (
    Account,
    Alert,
    Award,
    AwardStatus,
    Campaign,
    Code,
    Entry,
    MessageKind,
    Prize,
    Replacement,
)


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


def written(session: Session, message: InHand, office: PostOffice, now: datetime) -> EmailMessage | NotSent:
    """The message in full, out of what is committed; the read is over when it returns."""
    if message.account_id is not None and message.alert_id is not None:
        return _alert_written(session, message, message.account_id, office, now)
    if message.account_id is not None:
        return _link_written(session, message, message.account_id, office, now)
    row = session.execute(_AWARD, {"entry": message.entry_id}).one_or_none()
    session.rollback()
    if row is None:
        return NotSent(Trouble.GONE, for_good=True)
    texts, language = CampaignTexts(row.language, row.texts), spoken(row.locale) or row.language
    about = AwardWon(
        title=texts.text("title", language, row.title),
        sponsor=row.sponsor,
        accent=row.accent,
        timezone=row.timezone,
        tier=row.tier_name,
        prize=texts.text(prize_key(row.prize_id, "name"), language, row.prize_name),
        code=row.code,
        instructions=texts.text(prize_key(row.prize_id, "instructions"), language, row.instructions),
        expires_at=row.expires_at,
        link=row.link,
        at=row.created_at,
        result_url=office.links.result(row.slug, row.entry_id, row.created_at),
        landing_url=office.links.landing(row.slug),
        rules_url=office.links.rules(row.slug),
    )
    letter = office.letters.award_won(about, language)
    try:
        return compose(
            letter,
            to=row.email,
            sender=office.sender,
            sender_name=row.sponsor,
            message_id=message.id,
            now=now,
        )
    except ValueError:
        return NotSent(Trouble.ADDRESS, for_good=True)


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
    return compose(letter, to=email, sender=office.sender, sender_name="", message_id=message.id, now=now)


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
    return compose(letter, to=row.email, sender=office.sender, sender_name="", message_id=message.id, now=now)


def _standing(column: str) -> ColumnElement[Any]:
    """A column of the win as it stands: of the award or, once that is void, of what replaces it."""
    is_void = Award.status == AwardStatus.VOID
    return case((is_void, getattr(Replacement, column)), else_=getattr(Award, column))


_AWARD = (
    select(
        Award.entry_id,
        _standing("tier_name").label("tier_name"),
        _standing("prize_name").label("prize_name"),
        Entry.email,
        Entry.locale,
        Entry.created_at,
        Code.text.label("code"),
        Prize.id.label("prize_id"),
        Prize.instructions,
        Prize.link,
        _standing("expires_at").label("expires_at"),
        Campaign.slug,
        Campaign.title,
        Campaign.language,
        Campaign.texts,
        Campaign.sponsor,
        Campaign.accent,
        Campaign.timezone,
    )
    .join(Entry, Entry.id == Award.entry_id)
    .join(Campaign, Campaign.id == Award.campaign_id)
    .outerjoin(
        Replacement, and_(Replacement.entry_id == Award.entry_id, Replacement.status != AwardStatus.VOID)
    )
    .join(Code, Code.id == _standing("code_id"))
    .join(Prize, Prize.id == _standing("prize_id"))
    .where(Award.entry_id == bindparam("entry"))
)
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
