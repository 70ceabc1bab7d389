"""Personal data: all that is stored about one person, as plain JSON values, for that person."""

import json
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.adapters.seeds import SeedVault
from app.domain.outcomes import AwardReason
from app.models import Campaign, Entrant, Entry, Message, OpeningReminder, Partner, Redemption, Referral
from app.services import redemptions, winner_page
from app.services.winner_page import WinnerPage, WonPrize

FORMAT = "prizewell personal data"


def export(session: Session, entrant_id: UUID, *, now: datetime, vault: SeedVault) -> dict[str, Any]:
    """What is stored about this person. Raises NotFound.

    What is held back until the address is proved is not in it: the outcome, or the code.
    """
    page = winner_page.page_of(session, entrant_id, now=now)
    by_entry = {prize.entry_id: prize for prize in page.prizes}
    concealed = {waiting.entry_id for waiting in page.waiting}
    entries = session.execute(
        select(Entry, Campaign, Partner.name)
        .join(Campaign, Campaign.id == Entry.campaign_id)
        .outerjoin(Partner, Partner.id == Entry.partner_id)
        .where(Entry.entrant_id == entrant_id, Entry.erased_at.is_(None))
        .order_by(Entry.created_at, Entry.id)
    ).all()
    messages = session.scalars(
        select(Message).where(Message.entrant_id == entrant_id).order_by(Message.id)
    ).all()
    return {
        "format": FORMAT,
        "made_at": _moment(now),
        "person": _person(page),
        "entries": [
            _entry(entry, campaign, partner)
            | ({"outcome": "held back"} if entry.id in concealed else _outcome(by_entry.get(entry.id)))
            | {"redemptions": [_redemption(one) for one in redemptions.of_entry(session, entry.id)]}
            for entry, campaign, partner in entries
        ],
        "friends": _friends(session, entrant_id),
        "reminders": _reminders(session, page.entrant.email_key, vault),
        "mails": [
            {
                "kind": message.kind.value,
                "state": message.state.value,
                "written_at": _moment(message.created_at),
                "sent_at": _moment(message.sent_at),
            }
            for message in messages
        ],
    }


def _person(page: WinnerPage) -> dict[str, Any]:
    entrant: Entrant = page.entrant
    return {
        "address": entrant.email_key,
        "known_since": _moment(entrant.created_at),
        "wants_no_mail_since": _moment(entrant.no_mail_at),
    }


def _friends(session: Session, entrant_id: UUID) -> list[dict[str, Any]]:
    """Whom they brought, and by whom they came: never who the other is, whose data that is."""
    rows = session.execute(
        select(Referral, Campaign.slug)
        .join(Campaign, Campaign.id == Referral.campaign_id)
        .where(or_(Referral.referrer_id == entrant_id, Referral.friend_id == entrant_id))
        .order_by(Referral.created_at, Referral.entry_id)
    )
    return [
        {
            "campaign": slug,
            "what": "brought a friend" if one.referrer_id == entrant_id else "came by a friend's link",
            "at": _moment(one.created_at),
            "further_entry": one.number,
            "not_counted": one.not_counted or None,
            "counted_at": _moment(one.credited_at),
        }
        for one, slug in rows
    ]


def _reminders(session: Session, address: str, vault: SeedVault) -> list[dict[str, Any]]:
    rows = session.execute(
        select(OpeningReminder, Campaign.slug)
        .join(Campaign, Campaign.id == OpeningReminder.campaign_id)
        .where(OpeningReminder.address_key == vault.address_key(address))
        .order_by(OpeningReminder.created_at)
    )
    return [
        {
            "campaign": slug,
            "email": one.email,
            "language": one.locale,
            "asked_at": _moment(one.created_at),
            "told_at": _moment(one.called_at),
        }
        for one, slug in rows
    ]


def _redemption(one: Redemption) -> dict[str, Any]:
    return {
        "redeemed_at": _moment(one.at),
        "units": one.units,
        "location": one.location,
        "order_reference": one.order_reference,
        "order_value": one.order_value,
        "currency": one.currency,
        "taken_back_at": _moment(one.reversed_at),
    }


def _entry(entry: Entry, campaign: Campaign, partner: str | None) -> dict[str, Any]:
    return {
        "entry": entry.id.hex,
        "kind": "code for a friend" if entry.reason is AwardReason.BONUS else "entry",
        "campaign": campaign.slug,
        "title": campaign.title,
        "entered_at": _moment(entry.created_at),
        "name": entry.name,
        "email": entry.email,
        "marketing": entry.marketing,
        "form_version": entry.form_version,
        "answers": json.loads(entry.answers) if entry.answers else {},
        "rules_version": entry.rules_version,
        "language": entry.locale,
        "came_through": partner,
        "network_hash": entry.network.hex() if entry.network else None,
        "proof_asked": entry.proof.value,
        "proved_at": _moment(entry.proved_at),
        "nonce": entry.nonce.hex(),
        "commitment": entry.entry_commit.hex(),
        "odds_version": entry.odds_version,
    }


def _outcome(prize: WonPrize | None) -> dict[str, Any]:
    if prize is None:
        return {"outcome": "no win"}
    return {
        "outcome": "win",
        "state": prize.state.value,
        "prize": prize.name,
        "tier": prize.tier,
        "code": prize.code or None,
        "code_ends_at": _moment(prize.expires_at),
    }


def _moment(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds") if at is not None else None
