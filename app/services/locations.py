"""Locations: shops that take codes at their counter, with a PIN for those who work there."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.adapters.passwords import hash_password, verify_password
from app.domain.chance import Rng
from app.domain.errors import InvalidInput, NotFound, StaleEdit
from app.domain.ids import random_id
from app.models import Campaign, Location, RedemptionSource
from app.services import audit
from app.services.audit import Actor
from app.services.fields import one_line
from app.services.money import currency_code
from app.services.redemptions import Till
from app.services.uow import unit_of_work

_PIN = re.compile(r"[0-9]{6,12}", re.ASCII)
_ROWS = ("01234567890123456789", "98765432109876543210")


@dataclass(frozen=True, slots=True)
class LocationPlan:
    """What staff decide about a location; without a campaign it takes the codes of all, with a currency it
    asks for the value of the order.
    """

    name: str
    campaign_id: UUID | None = None
    currency: str = ""


def listing(session: Session) -> Sequence[Location]:
    """All locations by name, those that are switched off too."""
    return session.scalars(select(Location).order_by(Location.name, Location.id)).all()


def find(session: Session, location_id: UUID) -> Location | None:
    """The location, if there is one."""
    return session.get(Location, location_id)


def get(session: Session, location_id: UUID) -> Location:
    """The location. Raises NotFound."""
    location = find(session, location_id)
    if location is None:
        raise NotFound("this location does not exist")
    return location


def add(
    session: Session, plan: LocationPlan, pin: str, *, actor: Actor, now: datetime, rng: Rng, reason: str = ""
) -> Location:
    """A new location. Raises InvalidInput for a name or PIN that will not do, NotFound."""
    pin_hash = _hashed(pin)
    return _add(session, plan, pin_hash, actor=actor, now=now, rng=rng, reason=reason)


@unit_of_work
def _add(
    session: Session, plan: LocationPlan, pin_hash: str, *, actor: Actor, now: datetime, rng: Rng, reason: str
) -> Location:
    location = Location(
        id=random_id(rng),
        name=one_line("name", plan.name, 120),
        campaign_id=_checked(session, plan.campaign_id),
        currency=_currency(plan),
        pin_hash=pin_hash,
        pin_counter=1,
        version=1,
        created_at=now,
    )
    session.add(location)
    session.flush()
    _record(session, location, "location.add", actor, now, reason, None, _told(session, location))
    return location


def edit(
    session: Session,
    location_id: UUID,
    plan: LocationPlan,
    pin: str = "",
    *,
    expected_version: int | None = None,
    actor: Actor,
    now: datetime,
    reason: str = "",
) -> Location:
    """Change a location; another PIN ends the sessions that began under the one before.

    Raises InvalidInput, NotFound, and StaleEdit when somebody else saved meanwhile.
    """
    pin_hash = _hashed(pin) if pin else None
    return _edit(
        session,
        location_id,
        plan,
        pin_hash,
        expected_version=expected_version,
        actor=actor,
        now=now,
        reason=reason,
    )


@unit_of_work
def _edit(
    session: Session,
    location_id: UUID,
    plan: LocationPlan,
    pin_hash: str | None,
    *,
    expected_version: int | None,
    actor: Actor,
    now: datetime,
    reason: str,
) -> Location:
    location = _for_change(session, location_id)
    if expected_version is not None and location.version != expected_version:
        raise StaleEdit("somebody else has saved this location meanwhile; look at the new values first")
    was = _told(session, location)
    location.name = one_line("name", plan.name, 120)
    location.campaign_id = _checked(session, plan.campaign_id)
    location.currency = _currency(plan)
    before, after = audit.differing(was, _told(session, location))
    if pin_hash is not None:
        location.pin_hash = pin_hash
        location.pin_counter += 1
        after["pin"] = True
    if after:
        location.version += 1
        _record(session, location, "location.edit", actor, now, reason, before, after)
    return location


@unit_of_work
def switch(
    session: Session, location_id: UUID, on: bool, *, actor: Actor, now: datetime, reason: str = ""
) -> Location:
    """Switch a location off, at once for whoever is at its counter, or on again. Raises NotFound."""
    location = _for_change(session, location_id)
    if (location.disabled_at is None) is not on:
        location.disabled_at = None if on else now
        location.version += 1
        _record(session, location, "location.on" if on else "location.off", actor, now, reason, None, None)
    return location


def sign_in(session: Session, location_id: UUID, pin: str) -> Location | None:
    """The location when the PIN is right; the same work and answer for one that is unknown or off."""
    location = find(session, location_id)
    is_open = location is not None and location.disabled_at is None
    stored = location.pin_hash if location is not None and is_open else None
    right = verify_password(stored, pin[:64])
    return location if right else None


def at_work(session: Session, location_id: UUID, pin_counter: int) -> Location | None:
    """The location of somebody who signed in there under that PIN, while that is good."""
    location = session.scalars(
        select(Location).where(Location.id == location_id).execution_options(populate_existing=True)
    ).one_or_none()
    if location is None or location.disabled_at is not None or location.pin_counter != pin_counter:
        return None
    return location


def till_of(location: Location) -> Till:
    """Who the location is, for redemptions."""
    actor = Actor(f"location {location.name}")
    return Till(
        RedemptionSource.COUNTER,
        actor,
        location.campaign_id,
        location_id=location.id,
        location=location.name,
    )


def _hashed(pin: str) -> str:
    plain = pin.strip()
    if not _PIN.fullmatch(plain):
        raise InvalidInput("pin", "use 6 to 12 digits")
    if len(set(plain)) < 3 or any(plain in row for row in _ROWS):
        raise InvalidInput("pin", "use digits that nobody guesses at the first try")
    return hash_password(plain)


def _for_change(session: Session, location_id: UUID) -> Location:
    query = select(Location).where(Location.id == location_id).with_for_update()
    found = session.scalars(query.execution_options(populate_existing=True)).one_or_none()
    if found is None:
        raise NotFound("this location does not exist")
    return found


def _checked(session: Session, campaign_id: UUID | None) -> UUID | None:
    if campaign_id is not None and session.get(Campaign, campaign_id) is None:
        raise NotFound("this campaign does not exist")
    return campaign_id


def _currency(plan: LocationPlan) -> str:
    return currency_code(plan.currency) if plan.currency.strip() else ""


def _told(session: Session, location: Location) -> dict[str, Any]:
    campaign = session.get_one(Campaign, location.campaign_id) if location.campaign_id else None
    slug = campaign.slug if campaign else None
    return {"name": location.name, "campaign": slug, "currency": location.currency}


def _record(
    session: Session,
    location: Location,
    action: str,
    actor: Actor,
    now: datetime,
    reason: str,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
) -> None:
    audit.record(
        session,
        actor,
        action,
        location.name,
        now=now,
        campaign_id=location.campaign_id,
        before=before,
        after=after,
        reason=reason,
    )
