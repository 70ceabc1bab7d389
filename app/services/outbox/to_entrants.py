"""Mail to entrants: what each says, in the reader's language, and whether there is still reason to say it.

Nothing of it was typed into the form: anybody may have typed the address.
"""

from datetime import datetime
from email.message import EmailMessage
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, bindparam, case, exists, select
from sqlalchemy.orm import Session, aliased

from app.adapters.letters import About, AwardWon, EntryLost, Letter, MyPrizes, ProofAsked, Referred
from app.domain.campaign_texts import CampaignTexts, prize_key
from app.domain.delivery import NotSent, Trouble
from app.domain.eligibility import Phase, Window, next_chance, phase
from app.domain.languages import spoken
from app.domain.outcomes import AwardReason
from app.domain.palette import palette
from app.domain.proof import Proof, deadline
from app.domain.referrals import bonus_period
from app.domain.theme import parse
from app.models import (
    Award,
    AwardStatus,
    Campaign,
    Code,
    Entrant,
    Entry,
    MessageKind,
    Prize,
    Referral,
    Replacement,
)
from app.services.outbox.office import InHand, PostOffice

_ABOUT_WINS = {MessageKind.AWARD_WON, MessageKind.CODE_ENDS}
Written = tuple[Letter, str]  # and where to stop such mail, "" where it cannot be stopped


def written(session: Session, message: InHand, office: PostOffice, now: datetime) -> EmailMessage | NotSent:
    """The message in full, out of what is committed; the read is over when it returns."""
    query = _AWARD if message.kind in _ABOUT_WINS else _ENTRY
    values: dict[str, Any] = {"entry": message.entry_id}
    if message.kind is MessageKind.REFERRED:
        query, values = _REFERRED, values | {"number": message.number, "bonus": bonus_period(message.number)}
    row = session.execute(query, values).one_or_none()
    session.rollback()
    made = _letter(message.kind, row, office, now) if row is not None else None
    if row is None or made is None:
        return NotSent(Trouble.GONE, for_good=True)
    letter, stop_url = made
    return office.envelope(message, letter, row.email, now, sender_name=row.sponsor, stop_url=stop_url)


def _letter(kind: MessageKind, row: Any, office: PostOffice, now: datetime) -> Written | None:
    """The letter; None where it would not be true, or not wanted, any more."""
    is_proved = row.proof is Proof.NEVER or row.proved_at is not None
    is_void = row.award_status is AwardStatus.VOID
    # Whom staff gave something else, in the place of a void win, is told of it.
    is_told = is_proved or (kind in _ABOUT_WINS and is_void)
    if kind is MessageKind.AWARD_WON and is_told:
        return office.letters.award_won(_won(row, office, now), language_of(row)), ""
    if kind is MessageKind.CODE_ENDS and is_told:
        return _code_ends(row, office, now)
    if kind is MessageKind.ENTRY_LOST and is_told:
        return _entry_lost(row, office, now)
    if kind is MessageKind.REFERRED and is_told:
        return _referred(row, office, now)
    if kind is MessageKind.PROOF and not is_proved and not (row.proof is Proof.CODE and is_void):
        return _proof(row, office)
    if kind is MessageKind.MY_PRIZES:
        about = MyPrizes(**frame(row, office), url=office.links.my_prizes(row.entrant_id, now))
        return office.letters.my_prizes(about, language_of(row)), ""
    return None


def _code_ends(row: Any, office: PostOffice, now: datetime) -> Written | None:
    is_open = row.status in {AwardStatus.NEW, AwardStatus.CONTACTED}
    if not is_open or row.no_mail_at is not None or row.expires_at is None or row.expires_at <= now:
        return None
    stop_url = office.links.stop_mail(row.entrant_id, now)
    return office.letters.code_ends(_won(row, office, now), stop_url, language_of(row)), stop_url


def _entry_lost(row: Any, office: PostOffice, now: datetime) -> Written | None:
    if row.has_won or row.no_mail_at is not None:
        return None
    zone = ZoneInfo(row.timezone)
    window = Window(row.campaign_status, row.opens_at, row.closes_at, row.entries, zone)
    stop_url = office.links.stop_mail(row.entrant_id, now)
    about = EntryLost(
        **frame(row, office),
        result_url=office.links.result(row.slug, row.entry_id, row.created_at),
        fairness_url=office.links.fairness(row.slug),
        next_chance=next_chance(window, row.created_at),
        words=_texts(row).text("lost", language_of(row)),
    )
    return office.letters.entry_lost(about, stop_url, language_of(row)), stop_url


def _referred(row: Any, office: PostOffice, now: datetime) -> Written | None:
    zone = ZoneInfo(row.timezone)
    window = Window(row.campaign_status, row.opens_at, row.closes_at, row.entries, zone)
    if row.no_mail_at is not None or phase(window, now) is not Phase.LIVE:
        return None
    stop_url = office.links.stop_mail(row.entrant_id, now)
    about = Referred(
        **frame(row, office),
        further_url=office.links.further(row.slug, row.entry_id, row.created_at),
        lacks_code=row.was_promised and not row.has_bonus,
    )
    return office.letters.referred(about, stop_url, language_of(row)), stop_url


def _proof(row: Any, office: PostOffice) -> Written | None:
    about = ProofAsked(
        **frame(row, office),
        is_code=row.proof is Proof.CODE,
        until=deadline(row.created_at, row.proof_hours),
        url=office.links.prove(row.entry_id, row.created_at),
    )
    return office.letters.proof(about, language_of(row)), ""


def _won(row: Any, office: PostOffice, now: datetime) -> AwardWon:
    texts, language = _texts(row), language_of(row)
    return AwardWon(
        **frame(row, office),
        tier=row.tier_name,
        prize=texts.text(prize_key(row.prize_id, "name"), language, row.prize_name),
        code=row.code,
        instructions=texts.text(prize_key(row.prize_id, "instructions"), language, row.instructions),
        expires_at=row.expires_at,
        link=row.link,
        result_url=office.links.result(row.slug, row.entry_id, row.created_at),
        my_prizes_url=office.links.my_prizes(row.entrant_id, now),
        is_bonus=row.reason is AwardReason.BONUS,
    )


def frame(row: Any, office: PostOffice) -> dict[str, Any]:
    """What every letter has, by the names of `About`."""
    theme = parse(row.theme).theme
    colours = palette(theme.brand(row.accent), theme.ground)
    about = About(
        title=_texts(row).text("title", language_of(row), row.title),
        sponsor=row.sponsor,
        accent=row.accent,
        timezone=row.timezone,
        at=row.created_at,
        landing_url=office.links.landing(row.slug),
        rules_url=office.links.rules(row.slug),
        colours=(colours["accent"], colours["on-accent"]) if theme.colour else None,
    )
    return {name: getattr(about, name) for name in About.__dataclass_fields__}


def _texts(row: Any) -> CampaignTexts:
    return CampaignTexts(row.language, row.texts)


def language_of(row: Any) -> str:
    """The reader's language, else the campaign's own."""
    return spoken(row.locale) or str(row.language)


_KNOWN = (Entry.erased_at.is_(None),)
_ABOUT = (
    Entry.id.label("entry_id"),
    Entry.entrant_id,
    Entry.email,
    Entry.locale,
    Entry.created_at,
    Entry.reason,
    Entry.proof,
    Entry.proved_at,
    Entrant.no_mail_at,
    Campaign.slug,
    Campaign.title,
    Campaign.language,
    Campaign.texts,
    Campaign.theme,
    Campaign.sponsor,
    Campaign.accent,
    Campaign.timezone,
)
_ENTRY = (
    select(
        *_ABOUT,
        Campaign.status.label("campaign_status"),
        Campaign.opens_at,
        Campaign.closes_at,
        Campaign.entries,
        Campaign.proof_hours,
        Award.status.label("award_status"),
        Award.entry_id.is_not(None).label("has_won"),
    )
    .select_from(Entry)
    .join(Entrant, Entrant.id == Entry.entrant_id)
    .join(Campaign, Campaign.id == Entry.campaign_id)
    .outerjoin(Award, Award.entry_id == Entry.id)
    .where(Entry.id == bindparam("entry"), *_KNOWN)
)

_carried = aliased(Entry)
_REFERRED = _ENTRY.add_columns(
    exists()
    .where(
        Referral.campaign_id == Entry.campaign_id,
        Referral.referrer_id == Entry.entrant_id,
        Referral.number == bindparam("number"),
        Referral.bonus_tier_id.is_not(None),
    )
    .label("was_promised"),
    exists()
    .where(
        _carried.campaign_id == Entry.campaign_id,
        _carried.entrant_id == Entry.entrant_id,
        _carried.period == bindparam("bonus"),
    )
    .label("has_bonus"),
)


def _standing(column: str) -> ColumnElement[Any]:
    """A column of the win as it stands: of the award or, once that is void, of what replaces it."""
    is_void = Award.status == AwardStatus.VOID
    return case((is_void, getattr(Replacement, column)), else_=getattr(Award, column))


_AWARD = (
    select(
        *_ABOUT,
        Award.status.label("award_status"),
        _standing("status").label("status"),
        _standing("tier_name").label("tier_name"),
        _standing("prize_name").label("prize_name"),
        Code.text.label("code"),
        Prize.id.label("prize_id"),
        Prize.instructions,
        Prize.link,
        _standing("expires_at").label("expires_at"),
    )
    .select_from(Award)
    .join(Entry, Entry.id == Award.entry_id)
    .join(Entrant, Entrant.id == Entry.entrant_id)
    .join(Campaign, Campaign.id == Award.campaign_id)
    .outerjoin(
        Replacement, and_(Replacement.entry_id == Award.entry_id, Replacement.status != AwardStatus.VOID)
    )
    .join(Code, Code.id == _standing("code_id"))
    .join(Prize, Prize.id == _standing("prize_id"))
    .where(Award.entry_id == bindparam("entry"), *_KNOWN)
)
