"""Contents: what an endpoint is told, made out of the committed rows at the moment it is sent."""

import json
from typing import Any
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from app.domain.events import EventType, payload, told_moment
from app.domain.outcomes import AwardReason
from app.models import (
    Award,
    Campaign,
    Code,
    Entry,
    Partner,
    Prize,
    Redemption,
    Replacement,
    WebhookDelivery,
)


def content(session: Session, row: WebhookDelivery, *, with_codes: bool) -> bytes | None:
    """The body of a call, as JSON in UTF-8; None when what it was about is no more."""
    event = EventType(row.type)
    data = _data(session, event, row)
    if data is None:
        return None
    if not with_codes:
        data.pop("code", None)
    document = payload(event, row.at, data)
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def _data(session: Session, event: EventType, row: WebhookDelivery) -> dict[str, Any] | None:
    match event:
        case EventType.TEST:
            return dict(row.facts)
        case EventType.CAMPAIGN_OPENED | EventType.CAMPAIGN_CLOSED:
            return _of_campaign(session, row.campaign_id)
        case EventType.STOCK_LOW:
            return {"campaign": _campaign(session, row.campaign_id), **row.facts}
        case EventType.ENTRY_CREATED:
            return _of_entry(session, row.subject)
        case EventType.CODE_REDEEMED | EventType.REDEMPTION_REVERSED:
            return _of_redemption(session, row.subject, is_reversed=event is EventType.REDEMPTION_REVERSED)
        case _:
            return _of_win(session, row.subject, row.number)


def _of_campaign(session: Session, campaign_id: UUID | None) -> dict[str, Any]:
    found = session.get_one(Campaign, campaign_id)
    return {
        "campaign": _named(found.id, found.slug)
        | {
            "title": found.title,
            "opens_at": told_moment(found.opens_at),
            "closes_at": told_moment(found.closes_at),
        }
    }


def _of_entry(session: Session, entry_id: UUID) -> dict[str, Any] | None:
    row = session.execute(_ENTRY.where(Entry.id == entry_id)).one_or_none()
    if row is None:
        return None
    entry = _entry(row) | {"created_at": told_moment(row.created_at), "locale": row.locale}
    return {"campaign": _named(row.campaign_id, row.slug), "entry": entry}


def _of_win(session: Session, entry_id: UUID, place: int) -> dict[str, Any] | None:
    """A win, or the replacement of that place."""
    row = session.execute(_win(place).where(Award.entry_id == entry_id)).one_or_none()
    if row is None:
        return None
    return {
        "campaign": _named(row.campaign_id, row.slug),
        "entry": _entry(row),
        "tier": {"id": row.tier_id.hex, "name": row.tier_name},
        "prize": {"id": row.prize_id.hex, "name": row.prize_name},
        "is_replacement": place > 0,
        "is_bonus": row.reason is AwardReason.BONUS,
        "won_at": told_moment(row.won_at),
        "expires_at": told_moment(row.expires_at),
        "voided_at": told_moment(row.voided_at),
        "code": row.code,
    }


def _of_redemption(session: Session, redemption_id: UUID, *, is_reversed: bool) -> dict[str, Any] | None:
    row = session.execute(_REDEMPTION.where(Redemption.id == redemption_id)).one_or_none()
    if row is None:
        return None
    redemption = row.Redemption
    told: dict[str, Any] = {
        "id": redemption.id.hex,
        "units": redemption.units,
        "source": redemption.source.value,
        "redeemed_at": told_moment(redemption.at),
        "location": redemption.location,
        "order_reference": redemption.order_reference,
        "order_value": redemption.order_value,
        "currency": redemption.currency,
    }
    if is_reversed:
        told["reversed_at"] = told_moment(redemption.reversed_at)
    return {
        "campaign": _named(row.campaign_id, row.slug),
        "entry": _entry(row),
        "prize": {"id": redemption.prize_id.hex, "name": row.prize_name},
        "redemption": told,
        "code": row.code,
    }


def _campaign(session: Session, campaign_id: UUID | None) -> dict[str, str]:
    found = session.get_one(Campaign, campaign_id)
    return _named(found.id, found.slug)


def _named(campaign_id: UUID, slug: str) -> dict[str, str]:
    return {"id": campaign_id.hex, "slug": slug}


def _entry(row: Any) -> dict[str, Any]:
    """An entry as other systems know it: by its id, and by who brought it; never by who made it."""
    return {"id": row.entry_id.hex, "partner": row.partner}


def _win(place: int) -> Any:
    """The award, or with a place its replacement."""
    kind: Any = Replacement if place else Award
    query = select(
        Award.entry_id,
        Award.campaign_id,
        Entry.reason,
        Campaign.slug,
        Partner.slug.label("partner"),
        kind.tier_id,
        kind.tier_name,
        kind.prize_id,
        kind.prize_name,
        kind.created_at.label("won_at"),
        kind.expires_at,
        kind.voided_at,
        Code.text.label("code"),
    ).select_from(Award)
    if place:
        of_place = and_(Replacement.entry_id == Award.entry_id, Replacement.place == place)
        query = query.join(Replacement, of_place)
    return (
        query.join(Code, Code.id == kind.code_id)
        .join(Campaign, Campaign.id == Award.campaign_id)
        .join(Entry, Entry.id == Award.entry_id)
        .outerjoin(Partner, Partner.id == Entry.partner_id)
    )


_ENTRY = (
    select(
        Entry.id.label("entry_id"),
        Entry.campaign_id,
        Entry.created_at,
        Entry.locale,
        Campaign.slug,
        Partner.slug.label("partner"),
    )
    .join(Campaign, Campaign.id == Entry.campaign_id)
    .outerjoin(Partner, Partner.id == Entry.partner_id)
)
_REDEMPTION = (
    select(
        Redemption,
        Redemption.entry_id,
        Redemption.campaign_id,
        Campaign.slug,
        Prize.name.label("prize_name"),
        Partner.slug.label("partner"),
        Code.text.label("code"),
    )
    .join(Campaign, Campaign.id == Redemption.campaign_id)
    .join(Prize, Prize.id == Redemption.prize_id)
    .join(Code, Code.id == Redemption.code_id)
    .join(Entry, Entry.id == Redemption.entry_id)
    .outerjoin(Partner, Partner.id == Entry.partner_id)
)
