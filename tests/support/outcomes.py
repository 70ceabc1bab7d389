"""Stored outcomes of each kind, for tests that look at them: made by the services that make them in life."""

from dataclasses import replace
from datetime import datetime
from typing import Any
from zlib import crc32

from sqlalchemy.orm import Session

from app.adapters.links import result_token
from app.adapters.tokens import Signer
from app.domain.eligibility import CampaignStatus, EntryLimit
from app.domain.outcomes import Held, Lost, Won
from app.domain.reveals import Reveal
from app.services import campaigns, prizes
from app.services.audit import COMMAND_LINE
from app.services.entries import submit_entry
from tests.support.factories import VAULT, TierSpec, make_campaign, solved, submission
from tests.support.fakes import FakeRng

NEARLY_NEVER = 10**12  # entries, of which one would win
PLENTY = 50  # codes: more than the longest of runs wins with one reveal


def make_reveal(session: Session, reveal: Reveal, outcome: str, *, now: datetime, prize: str = "") -> str:
    """A daily campaign with that reveal in which every entry comes to that outcome; gives its slug."""
    slug = f"{reveal.value}-{outcome}"
    made = make_campaign(
        session,
        [TierSpec("Gold", codes=PLENTY)],
        slug=slug,
        lose_weight=0 if outcome == "won" else NEARLY_NEVER,
        limit=EntryLimit.DAILY,
        timezone="Europe/Istanbul",
        status=CampaignStatus.DRAFT,
        now=now,
        seed=hash_of(slug),
    )
    trail: dict[str, Any] = {"actor": COMMAND_LINE, "now": now}
    campaigns.edit(session, made.id, replace(campaigns.plan_of(made), reveal=reveal), **trail)
    (held,) = prizes.listing(session, made.id)
    plan = prizes.PrizePlan(
        prize or "Coffee for two",
        artwork="coffee",
        instructions="Show the code at the till.",
        expires_days=30,
    )
    prizes.edit(session, held.id, plan, rng=FakeRng(2), **trail)
    campaigns.set_status(session, made.id, CampaignStatus.OPEN, **trail)
    return slug


def hash_of(slug: str) -> int:
    """A number of the slug's own, so that no two campaigns share codes."""
    return crc32(slug.encode())


def result_page(
    session: Session, signer: Signer, slug: str, number: int, *, now: datetime
) -> tuple[str, Won | Lost | Held]:
    """Enter person `number`; gives the path of the result's page, and the outcome."""
    sent = submission(number, campaign=slug, captcha=solved(number + hash_of(slug), now))
    sent = replace(sent, nonce=(number + hash_of(slug)).to_bytes(16, "big"))
    outcome = submit_entry(session, sent, now=now, rng=FakeRng(number + hash_of(slug)), vault=VAULT)
    assert isinstance(outcome, Won | Lost | Held)
    return f"/c/{slug}/result/{result_token(signer, outcome.entry, outcome.at)}", outcome
