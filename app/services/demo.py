"""Demo: a small, finished campaign to look at and play with."""

from datetime import datetime

from sqlalchemy.orm import Session

from app.adapters.seeds import SeedVault
from app.domain.chance import Rng
from app.domain.eligibility import CampaignStatus
from app.domain.errors import Conflict
from app.domain.odds import OnEmpty
from app.models import Campaign
from app.services import campaigns, codes, partners, prizes, tiers
from app.services.audit import Actor
from app.services.campaigns import CampaignPlan
from app.services.prizes import PrizePlan
from app.services.tiers import TierPlan

ACTOR = Actor("demo")
SLUG = "welcome"
PARTNER = "ayse"

_WHO = "Everyone who is 18 or older. Taking part is free and no purchase is needed."
_RULES = """\
What you can do with a prize

A code can be used once, by the person who won it. Prizes cannot be exchanged for cash.

Your data

We keep your name and e-mail address to run this campaign and to hand out prizes, and for nothing else unless
you tick the box for news.

This is a demonstration: its codes open nothing."""
_PLAN = CampaignPlan(
    slug=SLUG,
    title="Win your perfect weekend",
    intro="Leave your name and find out at once: thousands of small treats, and a few days away that you will"
    " not stop talking about.",
    sponsor="Corner & Pine",
    eligibility=_WHO,
    rules="\n\n".join(" ".join(paragraph.split()) for paragraph in _RULES.split("\n\n")),
)
_LOSE_WEIGHT = 600
_TIERS = {"Gold": 10, "Silver": 90, "Bronze": 300}  # out of 1,000 with the 600 for no win
_FALLBACKS = {"Gold": "Silver", "Silver": "Bronze"}
# tier, what the prize is, its units; a prefix for those whose codes a shop knows, None for a plain quantity
_PRIZES = (
    (
        "Gold",
        PrizePlan(
            "A weekend in Cappadocia",
            "Two nights for two in a cave hotel, balloon ride included.",
            "We will write to you within two working days. Keep this code: it is your ticket.",
            "trip",
        ),
        3,
        None,
    ),
    (
        "Gold",
        PrizePlan(
            "Wireless headphones",
            "Thirty hours of quiet, in the colour you like.",
            "Enter the code at the checkout; the headphones then cost nothing.",
            "headphones",
        ),
        25,
        "SOUND",
    ),
    (
        "Silver",
        PrizePlan(
            "25 off your next order",
            "A voucher for anything in the shop.",
            "Enter the code at the checkout. It is good for one order.",
            "voucher",
        ),
        400,
        "TWENTY5",
    ),
    (
        "Silver",
        PrizePlan(
            "Cinema for two",
            "Any film, any day, popcorn on us.",
            "Show the code at the box office.",
            "ticket",
        ),
        150,
        "CINEMA",
    ),
    (
        "Bronze",
        PrizePlan(
            "Coffee on the house",
            "Your favourite, in any of our cafés.",
            "Show the code at the counter.",
            "coffee",
        ),
        2000,
        "COFFEE",
    ),
)


def seed_demo(session: Session, *, now: datetime, rng: Rng, vault: SeedVault) -> Campaign:
    """The open demo campaign with tiers, prizes, codes and a partner. Raises Conflict when there is a
    campaign.
    """
    if campaigns.listing(session):
        raise Conflict("there is a campaign already; the demo is only for an empty installation")
    campaign_id = campaigns.create(
        session, _PLAN, lose_weight=_LOSE_WEIGHT, actor=ACTOR, now=now, rng=rng, vault=vault
    ).id
    tier_ids = {
        name: tiers.add(session, campaign_id, TierPlan(name, weight), actor=ACTOR, now=now, rng=rng).id
        for name, weight in _TIERS.items()
    }
    for name, other in _FALLBACKS.items():
        plan = TierPlan(name, _TIERS[name], on_empty=OnEmpty.FALLBACK, fallback_id=tier_ids[other])
        tiers.edit(session, tier_ids[name], plan, actor=ACTOR, now=now)
    for tier, prize_plan, units, prefix in _PRIZES:
        quantity = units if prefix is None else None
        prize_id = prizes.add(
            session, tier_ids[tier], prize_plan, quantity=quantity, actor=ACTOR, now=now, rng=rng
        ).id
        if prefix is not None:
            codes.generate_codes(session, prize_id, units, prefix=prefix, actor=ACTOR, now=now, rng=rng)
    partners.add(session, campaign_id, PARTNER, "Ayşe", actor=ACTOR, now=now, rng=rng)
    return campaigns.set_status(session, campaign_id, CampaignStatus.OPEN, actor=ACTOR, now=now)
