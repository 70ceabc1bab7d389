"""A shop for tests: wins with codes to redeem, and tills that take them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.chance import Rng
from app.domain.ids import random_id
from app.models import ApiKey, Award, Campaign, Code, Entry, Location, RedemptionSource
from app.services.audit import COMMAND_LINE, Actor
from app.services.entries import submit_entry
from app.services.redemptions import Till
from tests.support.factories import VAULT, submission
from tests.support.fakes import NOON, FakeRng

STAFF = Till(RedemptionSource.STAFF, COMMAND_LINE)


@dataclass(frozen=True, slots=True)
class Win:
    """A win and the text of its code."""

    entry_id: UUID
    code_id: int
    code: str


def win(
    session: Session,
    number: int = 1,
    *,
    campaign: str = "summer",
    now: datetime = NOON,
    partner: UUID | None = None,
    email: str | None = None,
) -> Win:
    """Person `number` enters a campaign where every entry wins."""
    made = submission(number, campaign=campaign, partner_id=partner, email=email)
    submit_entry(session, made, now=now, rng=FakeRng(1000 + number), vault=VAULT)
    session.rollback()
    query = (
        select(Award.entry_id, Code.id, Code.text)
        .join(Code, Code.id == Award.code_id)
        .join(Entry, Entry.id == Award.entry_id)
        .join(Campaign, Campaign.id == Award.campaign_id)
        .where(Entry.nonce == made.nonce, Campaign.slug == campaign)
    )
    return Win(*session.execute(query).one())


def api_till(session: Session, campaign_id: UUID | None = None, *, rng: Rng | None = None) -> Till:
    """The till of an API key that is in the database."""
    rng = rng or FakeRng(77)
    key = ApiKey(
        id=random_id(rng),
        name="Shop",
        prefix=rng.token_bytes(4).hex(),
        secret_hash=rng.token_bytes(32),
        scopes="redemptions:write",
        campaign_id=campaign_id,
        created_at=NOON,
        created_by="somebody",
    )
    session.add(key)
    session.commit()
    return Till(RedemptionSource.API, Actor("API key Shop"), campaign_id, api_key_id=key.id)


def counter_till(session: Session, name: str = "Kadıköy", campaign_id: UUID | None = None) -> Till:
    """The till of a location that is in the database."""
    rng = FakeRng(len(name))
    location = Location(id=random_id(rng), name=name, campaign_id=campaign_id, pin_hash="-", created_at=NOON)
    session.add(location)
    session.commit()
    actor = Actor(f"location {name}")
    return Till(RedemptionSource.COUNTER, actor, campaign_id, location_id=location.id, location=name)
