"""The demo is a finished campaign, and only for an empty installation."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.eligibility import CampaignStatus
from app.domain.errors import Conflict
from app.models import SpentChallenge
from app.services import demo, housekeeping, odds, partners, prizes, tiers
from app.services.check import check
from app.services.entries import submit_entry
from tests.support.factories import VAULT, make_campaign, solved, submission
from tests.support.fakes import NOON, FakeRng


def test_the_demo_is_open_stocked_and_sound(session: Session) -> None:
    assert all(finding.ok for finding in check(session, VAULT)), "nothing is sound as well"
    made = demo.seed_demo(session, now=NOON, rng=FakeRng(1), vault=VAULT)
    assert (made.slug, made.status) == ("welcome", CampaignStatus.OPEN)
    assert [tier.name for tier in tiers.listing(session, made.id)] == ["Gold", "Silver", "Bronze"]
    assert odds.in_force(session, made).total == 1000
    stock = prizes.stock_by_prize(session, made.id)
    assert len(stock) == 5
    assert all(units.free > 0 for units in stock.values())
    assert [partner.slug for partner in partners.listing(session, made.id)] == ["ayse"]
    submit_entry(session, submission(1, campaign="welcome"), now=NOON, rng=FakeRng(2), vault=VAULT)
    assert [finding for finding in check(session, VAULT) if not finding.ok] == []


def test_no_demo_beside_a_campaign(session: Session) -> None:
    make_campaign(session)
    with pytest.raises(Conflict):
        demo.seed_demo(session, now=NOON, rng=FakeRng(1), vault=VAULT)


def test_housekeeping_forgets_only_what_opens_nothing(session: Session) -> None:
    make_campaign(session)
    for number in (1, 2):
        captcha = solved(number, NOON + timedelta(hours=number))
        submit_entry(session, submission(number, captcha=captcha), now=NOON, rng=FakeRng(number), vault=VAULT)
    housekeeping.purge(session, now=NOON + timedelta(hours=2))
    assert session.scalar(select(func.count()).select_from(SpentChallenge)) == 1
