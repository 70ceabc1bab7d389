"""Trial: play a campaign through. The same rules decide as in life, and nothing is written."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from app.domain.chance import Rng
from app.domain.codes import ALPHABET
from app.domain.draw import NONCE_BYTES, SEED_BYTES, draw, entry_commitment
from app.domain.eligibility import CampaignStatus, next_chance, refusal
from app.domain.errors import NotFound
from app.domain.expiry import expiry
from app.domain.identity import canonical_email
from app.domain.ids import random_id
from app.domain.outcomes import Drawn, Lost, Outcome, Refused, Won
from app.models import Campaign, Code, CodeStatus, Prize, Tier
from app.services import odds, tiers
from app.services.entries import window_of

PREFIX = "TEST-"
_SYMBOLS = 4


def play(session: Session, campaign: Campaign, email: str, *, now: datetime, rng: Rng) -> Outcome:
    """Draw one entry as if staff had opened the campaign, from a seed that is thrown away.

    Its end, the odds table in force, the stock and the ways to fall back decide as they do in life; a start
    to come and earlier entries do not. No code is taken: the one shown is made up.
    """
    window = replace(window_of(campaign), status=CampaignStatus.OPEN, opens_at=None)
    if (reason := refusal(window, now)) is not None:
        return Refused(reason)
    table = odds.in_force(session, campaign)
    commitment = entry_commitment(campaign.id, rng.token_bytes(NONCE_BYTES), canonical_email(email))
    drawn = draw(rng.token_bytes(SEED_BYTES), commitment, table)
    for tier in table.ways_to_award(drawn.tier, drawn.redraw) if drawn.tier else ():
        left = _prizes(session, tier.id, with_stock=True)
        if left and tier.limits.is_open(now):
            return _won(session, left, email, now, rng)
    return lose(campaign, now=now, rng=rng)


def win(session: Session, campaign: Campaign, tier_id: UUID, email: str, *, now: datetime, rng: Rng) -> Drawn:
    """What a win of that tier looks like, whatever its odds and stock.

    Raises NotFound for a tier of another campaign, or one without any prize.
    """
    found = _prizes(session, tier_id, with_stock=False)
    if not found or tiers.get(session, tier_id).campaign_id != campaign.id:
        raise NotFound("this tier has no prize to look at")
    return _won(session, found, email, now, rng)


def lose(campaign: Campaign, *, now: datetime, rng: Rng) -> Lost:
    """What no win looks like."""
    return Lost(random_id(rng), next_chance(window_of(campaign), now), now)


def tiers_with_prizes(session: Session, campaign_id: UUID) -> list[Tier]:
    """The tiers of which a win can be looked at, in draw order."""
    return [
        tier for tier in tiers.listing(session, campaign_id) if _prizes(session, tier.id, with_stock=False)
    ]


def _prizes(session: Session, tier_id: UUID, *, with_stock: bool) -> Sequence[Prize]:
    query = select(Prize).where(Prize.tier_id == tier_id, Prize.removed_at.is_(None)).order_by(Prize.id)
    if with_stock:
        query = query.where(exists().where(Code.prize_id == Prize.id, Code.status == CodeStatus.FREE))
    return session.scalars(query).all()


def _won(session: Session, found: Sequence[Prize], email: str, now: datetime, rng: Rng) -> Won:
    prize = found[rng.randbelow(len(found))]
    code = PREFIX + "".join(ALPHABET[rng.randbelow(len(ALPHABET))] for _ in range(_SYMBOLS))
    tier = tiers.get(session, prize.tier_id)
    zone = window_of(session.get_one(Campaign, prize.campaign_id)).zone
    return Won(
        random_id(rng),
        tier.name,
        prize.name,
        code,
        prize.instructions,
        prize.artwork,
        email,
        now,
        expires_at=expiry(now, zone, prize.expires_on, prize.expires_days),
        picture=prize.picture,
        link=prize.link,
        prize_id=prize.id,
    )
