"""Campaigns with stock and submissions for tests, made through the services that make them in life."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from app.adapters.captcha import Solved, Verdict
from app.adapters.seeds import SeedVault
from app.domain.code_list import read_code_list
from app.domain.eligibility import CampaignStatus, EntryLimit
from app.domain.launch import NotReady
from app.domain.odds import OnEmpty
from app.models import Campaign, NonceSource, Prize, Tier
from app.services import campaigns, codes, official_rules, prizes, tiers
from app.services.audit import COMMAND_LINE
from app.services.campaigns import CampaignPlan
from app.services.entries import Submission
from app.services.prizes import PrizePlan
from app.services.tiers import TierPlan
from tests.support.application import SEED_KEY
from tests.support.fakes import NOON, FakeRng

WHO = "Everyone who is 18 or older."
VAULT = SeedVault(bytes.fromhex(SEED_KEY))


@dataclass(frozen=True, slots=True)
class TierSpec:
    """A tier to make, with one prize that has `codes` codes; `fallback` names a tier made before it."""

    name: str
    weight: int = 1
    codes: int = 10
    fallback: str | None = None


SURE_WIN = (TierSpec("Gold"),)


def make_campaign(
    session: Session,
    specs: Sequence[TierSpec] = SURE_WIN,
    *,
    slug: str = "summer",
    lose_weight: int = 0,
    limit: EntryLimit = EntryLimit.ONCE,
    timezone: str = "UTC",
    opens_at: datetime | None = None,
    closes_at: datetime | None = None,
    status: CampaignStatus = CampaignStatus.OPEN,
    now: datetime = NOON,
    seed: int = 0,
) -> Campaign:
    """A campaign with its tiers, prizes and codes; without `lose_weight` every entry hits a tier."""
    rng = FakeRng(seed)
    plan = CampaignPlan(
        slug,
        "Summer giveaway",
        eligibility=WHO,
        timezone=timezone,
        opens_at=opens_at,
        closes_at=closes_at,
        entries=limit,
    )
    campaign = campaigns.create(
        session, plan, lose_weight=lose_weight or 1, actor=COMMAND_LINE, now=now, rng=rng, vault=VAULT
    )
    for spec in specs:
        add_tier(session, campaign.id, spec, rng=rng, now=now)
    if not lose_weight and any(spec.weight for spec in specs):
        campaigns.set_lose_weight(session, campaign.id, 0, actor=COMMAND_LINE, now=now)
    if status is not CampaignStatus.DRAFT:
        open_campaign(session, campaign.id, now=now)
    if status not in {CampaignStatus.DRAFT, CampaignStatus.OPEN}:
        campaigns.set_status(session, campaign.id, status, actor=COMMAND_LINE, now=now)
    return campaigns.get(session, slug)


def open_campaign(session: Session, campaign_id: UUID, *, now: datetime = NOON) -> None:
    """Open a campaign, also one that the launch check holds back: with an empty tier, or after its end.

    Campaigns come to such a state after they opened; tests want them in it at once.
    """
    try:
        campaigns.set_status(session, campaign_id, CampaignStatus.OPEN, actor=COMMAND_LINE, now=now)
    except NotReady:
        session.execute(update(Campaign).where(Campaign.id == campaign_id).values(status=CampaignStatus.OPEN))
        official_rules.keep_up(session, campaign_id, now)
        session.commit()


def add_tier(
    session: Session, campaign_id: UUID, spec: TierSpec, *, rng: FakeRng, now: datetime = NOON
) -> tuple[Tier, Prize]:
    """A tier with one prize of its own and that prize's codes, called TIER-0001 and on."""
    fallback = tiers.find_by_name(session, campaign_id, spec.fallback) if spec.fallback else None
    plan = TierPlan(
        spec.name,
        spec.weight,
        on_empty=OnEmpty.FALLBACK if fallback else OnEmpty.LOSE,
        fallback_id=fallback.id if fallback else None,
    )
    tier = tiers.add(session, campaign_id, plan, actor=COMMAND_LINE, now=now, rng=rng)
    prize_plan = PrizePlan(f"{spec.name} prize")
    prize = prizes.add(session, tier.id, prize_plan, actor=COMMAND_LINE, now=now, rng=rng)
    add_codes(session, prize, spec.codes, rng=rng, now=now)
    return tier, prize


def add_codes(session: Session, prize: Prize, count: int, *, rng: FakeRng, now: datetime = NOON) -> None:
    """More codes for a prize, uploaded the way a marketer uploads them."""
    if not count:
        return
    stem = rng.token_bytes(4).hex().upper()
    lines = read_code_list(f"{stem}-{number:06d}\n" for number in range(1, count + 1))
    report = codes.import_codes(session, prize.id, lines, actor=COMMAND_LINE, now=now, rng=rng)
    assert report.ok


def solved(number: int, now: datetime = NOON) -> Verdict:
    """A CAPTCHA solved for good; the same number is the same challenge."""
    return Solved(number.to_bytes(32, "big"), now + timedelta(minutes=10))


def submission(
    number: int = 1,
    *,
    campaign: str = "summer",
    email: str | None = None,
    nonce: bytes | None = None,
    captcha: Verdict | None = None,
    partner_id: UUID | None = None,
    network: bytes | None = None,
) -> Submission:
    """The submission of person `number`."""
    return Submission(
        campaign=campaign,
        name=f"Person {number}",
        email=email or f"person{number}@example.org",
        marketing=False,
        nonce=nonce or number.to_bytes(16, "big"),
        nonce_source=NonceSource.BROWSER,
        locale="en",
        captcha=captcha or solved(number),
        partner_id=partner_id,
        network=network,
    )
