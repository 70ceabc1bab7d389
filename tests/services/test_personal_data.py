"""Personal data: friends, reminders and redemptions are exported; what of them stays after an erasure."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.outcomes import Won
from app.domain.proof import Proof
from app.models import Entry, OpeningReminder, Redemption, Referral
from app.services import campaigns, erasure, opening_reminders, personal_data, redemptions, tiers, winner_page
from app.services.audit import COMMAND_LINE
from app.services.entries import submit_entry
from app.services.redemptions import Order
from app.services.referrals import Invitation, Standing
from tests.support.factories import VAULT, TierSpec, make_campaign, submission
from tests.support.fakes import NOON, FakeRng
from tests.support.shop import STAFF

STOCK = [TierSpec("Gold", codes=9), TierSpec("Friends", weight=0, codes=1)]


def enter(session: Session, number: int, link: Any = None) -> Any:
    invited = Invitation(link.entry) if link is not None else None
    sent = replace(submission(number), invited=invited)
    return submit_entry(session, sent, now=NOON, rng=FakeRng(number), vault=VAULT)


def person(session: Session, outcome: Any) -> UUID:
    session.rollback()
    session.expire_all()
    return session.get_one(Entry, outcome.entry).entrant_id


@pytest.fixture
def both(session: Session) -> tuple[Won, Won]:
    """Somebody, and the friend they brought, whose code was the last."""
    campaign = make_campaign(session, STOCK)
    tier = tiers.find_by_name(session, campaign.id, "Friends")
    assert tier is not None
    plan = replace(campaigns.plan_of(campaign), refer_most=2, refer_tier_id=tier.id)
    campaigns.edit(session, campaign.id, plan, actor=COMMAND_LINE, now=NOON)
    mine = enter(session, 1)
    return mine, enter(session, 2, mine)


def exported(session: Session, outcome: Any) -> dict[str, Any]:
    return personal_data.export(session, person(session, outcome), now=NOON, vault=VAULT)


def test_friends_are_told_of_without_who_they_are(session: Session, both: tuple[Won, Won]) -> None:
    mine, friend = both
    [brought] = exported(session, mine)["friends"]
    assert (brought["what"], brought["further_entry"], brought["campaign"]) == (
        "brought a friend",
        1,
        "summer",
    )
    data = exported(session, friend)
    [came] = data["friends"]
    assert came["what"] == "came by a friend's link"
    assert sorted(entry["kind"] for entry in data["entries"]) == ["code for a friend", "entry"]
    assert "person1" not in str(data)
    assert mine.entry.hex not in str(data)


def test_what_a_person_brought_is_on_their_page(session: Session, both: tuple[Won, Won]) -> None:
    mine, friend = both
    [sharing] = winner_page.page_of(session, person(session, mine), now=NOON).sharing
    assert (sharing.entry_id, sharing.standing, sharing.lacking) == (mine.entry, Standing(1, 1), 1)
    [own] = winner_page.page_of(session, person(session, friend), now=NOON).sharing
    assert (own.entry_id, own.standing, own.lacking) == (friend.entry, Standing(0, 0), 0)


def test_nothing_is_shared_before_its_outcome_may_be_told(session: Session) -> None:
    campaign = make_campaign(session, STOCK)
    plan = replace(campaigns.plan_of(campaign), refer_most=2, proof=Proof.REVEAL)
    campaigns.edit(session, campaign.id, plan, actor=COMMAND_LINE, now=NOON)
    held = enter(session, 1)
    assert winner_page.page_of(session, person(session, held), now=NOON).sharing == ()


def test_a_campaign_that_is_over_is_shared_no_more(session: Session, both: tuple[Won, Won]) -> None:
    campaign = campaigns.get(session, "summer")
    plan = replace(campaigns.plan_of(campaign), closes_at=NOON + timedelta(days=1))
    campaigns.edit(session, campaign.id, plan, actor=COMMAND_LINE, now=NOON)
    page = winner_page.page_of(session, person(session, both[0]), now=NOON + timedelta(days=2))
    assert page.sharing == ()


def test_reminders_and_redemptions_are_exported(session: Session, both: tuple[Won, Won]) -> None:
    mine, _friend = both
    make_campaign(session, slug="winter", seed=5, opens_at=NOON + timedelta(days=9))
    waits: dict[str, Any] = {"now": NOON, "rng": FakeRng(6), "vault": VAULT}
    opening_reminders.ask(session, "winter", "Person1@example.org", "en", **waits)
    order = Order(reference="A-17", value=4990, currency="EUR")
    redemptions.redeem(session, mine.code, order, STAFF, now=NOON, rng=FakeRng(7))
    data = exported(session, mine)
    [reminder] = data["reminders"]
    assert (reminder["campaign"], reminder["email"]) == ("winter", "Person1@example.org")
    [redeemed] = [one for entry in data["entries"] for one in entry["redemptions"]]
    assert (redeemed["order_reference"], redeemed["order_value"], redeemed["currency"]) == (
        "A-17",
        4990,
        "EUR",
    )


def test_after_an_erasure_only_bookkeeping_is_left(session: Session, both: tuple[Won, Won]) -> None:
    mine, friend = both
    make_campaign(session, slug="winter", seed=5, opens_at=NOON + timedelta(days=9))
    opening_reminders.ask(
        session, "winter", "person1@example.org", "en", now=NOON, rng=FakeRng(6), vault=VAULT
    )
    redemptions.redeem(session, mine.code, Order(reference="A-17"), STAFF, now=NOON, rng=FakeRng(7))
    erasure.erase(session, person(session, mine), now=NOON, rng=FakeRng(8), vault=VAULT)
    assert session.scalar(select(func.count()).select_from(OpeningReminder)) == 0
    assert session.scalars(select(Redemption.order_reference)).all() == ["A-17"]
    assert session.scalars(select(Referral.number)).all() == [1]
    [came] = exported(session, friend)["friends"]
    assert came["further_entry"] == 1
