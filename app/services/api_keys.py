"""API keys: made and shown once, found by their visible beginning, revoked. Only a hash is kept.

A key is `pzk_`, eight symbols that anyone may see, `_`, and 200 random bits. So much randomness needs no slow
hash: nobody guesses it, whoever has the hash.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from app.domain.chance import Rng
from app.domain.errors import InvalidInput, NotFound
from app.domain.ids import random_id
from app.domain.scopes import Scope, read_scopes, write_scopes
from app.models import ApiKey, Campaign, RedemptionSource
from app.services import audit
from app.services.audit import Actor
from app.services.fields import one_line
from app.services.redemptions import Till
from app.services.uow import unit_of_work

USE_NOTED_EVERY = timedelta(minutes=1)
LONGEST_LIFE = timedelta(days=3660)
_PREFIX_BYTES, _SECRET_BYTES = 5, 25
_KEY = re.compile(r"(pzk_[a-z2-7]{8})_[a-z2-7]{40}", re.ASCII)


@dataclass(frozen=True, slots=True)
class KeyPlan:
    """What staff decide about a key; without a campaign it is good for all, without an end for ever."""

    name: str
    scopes: frozenset[Scope]
    campaign_id: UUID | None = None
    expires_at: datetime | None = None


@unit_of_work
def create(session: Session, plan: KeyPlan, *, actor: Actor, now: datetime, rng: Rng) -> tuple[ApiKey, str]:
    """A new key, and its text, which is told here and never again. Raises InvalidInput, NotFound."""
    name = one_line("name", plan.name, 80)
    if not plan.scopes:
        raise InvalidInput("scopes", "choose at least one thing the key may do")
    if plan.expires_at is not None and not now < plan.expires_at <= now + LONGEST_LIFE:
        raise InvalidInput("expires_at", "choose a moment to come, within ten years")
    campaign = _campaign(session, plan.campaign_id)
    prefix = f"pzk_{_symbols(rng, _PREFIX_BYTES)}"
    text = f"{prefix}_{_symbols(rng, _SECRET_BYTES)}"
    key = ApiKey(
        id=random_id(rng),
        name=name,
        prefix=prefix,
        secret_hash=_hash(text),
        scopes=write_scopes(plan.scopes),
        campaign_id=plan.campaign_id,
        created_at=now,
        created_by=actor.name,
        expires_at=plan.expires_at,
    )
    session.add(key)
    session.flush()
    after = {
        "prefix": prefix,
        "scopes": key.scopes,
        "campaign": campaign.slug if campaign else None,
        "expires_at": plan.expires_at,
    }
    audit.record(session, actor, "key.create", name, now=now, campaign_id=plan.campaign_id, after=after)
    return key, text


@unit_of_work
def revoke(session: Session, key_id: UUID, *, actor: Actor, now: datetime, reason: str = "") -> ApiKey:
    """End a key at once, for good; doing so again changes nothing. Raises NotFound."""
    key = get(session, key_id)
    ended = session.execute(
        update(ApiKey).where(ApiKey.id == key_id, ApiKey.revoked_at.is_(None)).values(revoked_at=now)
        .returning(ApiKey.id)
    ).one_or_none()  # fmt: skip
    if ended is not None:
        audit.record(
            session,
            actor,
            "key.revoke",
            key.name,
            now=now,
            campaign_id=key.campaign_id,
            after={"prefix": key.prefix},
            reason=reason,
        )
    return key


def listing(session: Session) -> Sequence[ApiKey]:
    """All keys, newest first, those that have ended too."""
    return session.scalars(select(ApiKey).order_by(ApiKey.created_at.desc(), ApiKey.id)).all()


def get(session: Session, key_id: UUID) -> ApiKey:
    """The key. Raises NotFound."""
    key = session.get(ApiKey, key_id)
    if key is None:
        raise NotFound("this key does not exist")
    return key


def find_by_prefix(session: Session, prefix: str) -> ApiKey | None:
    """The key that begins like this."""
    return session.scalars(select(ApiKey).where(ApiKey.prefix == prefix)).one_or_none()


def is_good(key: ApiKey, now: datetime) -> bool:
    """Whether the key opens anything now."""
    return key.revoked_at is None and (key.expires_at is None or now < key.expires_at)


def authenticate(session: Session, text: str, *, now: datetime) -> ApiKey | None:
    """The key of that text, if it opens anything now. One look-up; secrets are compared in constant time."""
    match = _KEY.fullmatch(text)
    key = find_by_prefix(session, match[1]) if match else None
    if key is None or not hmac.compare_digest(key.secret_hash, _hash(text)):
        return None
    return key if is_good(key, now) else None


def is_use_due(key: ApiKey, now: datetime) -> bool:
    """True when it is time to write down that a key is in use."""
    return key.last_used_at is None or now - key.last_used_at >= USE_NOTED_EVERY


@unit_of_work
def note_use(session: Session, key_id: UUID, *, now: datetime) -> None:
    """Write down that the key is in use; not while somebody just has."""
    last = ApiKey.last_used_at
    due = or_(last.is_(None), last <= now - USE_NOTED_EVERY)
    session.execute(update(ApiKey).where(ApiKey.id == key_id, due).values(last_used_at=now))


def scopes_of(key: ApiKey) -> frozenset[Scope]:
    """What the key may be used for."""
    return read_scopes(key.scopes)


def till_of(key: ApiKey) -> Till:
    """Who the key is, for redemptions."""
    actor = Actor(f"API key {key.name} ({key.prefix})")
    return Till(RedemptionSource.API, actor, key.campaign_id, api_key_id=key.id)


def _campaign(session: Session, campaign_id: UUID | None) -> Campaign | None:
    if campaign_id is None:
        return None
    campaign = session.get(Campaign, campaign_id)
    if campaign is None:
        raise NotFound("this campaign does not exist")
    return campaign


def _symbols(rng: Rng, count: int) -> str:
    return base64.b32encode(rng.token_bytes(count)).decode().lower()


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
