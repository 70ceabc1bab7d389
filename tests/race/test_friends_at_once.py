"""Many friends at once over one link never earn more than the campaign allows, and nobody counts twice.

The control leaves only the look at what was earned before, without the constraint: every friend earns one.
"""

import threading
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.adapters.chance import SystemRng
from app.domain.outcomes import Won
from app.domain.proof import Proof
from app.models import Campaign, Entry, Referral
from app.services import campaigns, proof, referrals, tiers
from app.services.audit import COMMAND_LINE
from app.services.entries import Submission
from app.services.referrals import Invitation
from tests.race.books import broken_promises
from tests.race.crowd import engine_for, enter_alone, enter_patiently, together
from tests.race.tables import create_tables_without
from tests.support.factories import TierSpec, make_campaign, submission
from tests.support.fakes import NOON

pytestmark = pytest.mark.race

FRIENDS, MOST = 16, 3
STOCK = [TierSpec("Gold", codes=100), TierSpec("Friends", weight=0, codes=100)]


def start(session: Session, **plan: Any) -> Campaign:
    """Who brings a friend earns MOST at most, and both get a code."""
    campaign = make_campaign(session, STOCK)
    tier = tiers.find_by_name(session, campaign.id, "Friends")
    assert tier is not None
    changed = replace(campaigns.plan_of(campaign), refer_most=MOST, refer_tier_id=tier.id, **plan)
    return campaigns.edit(session, campaign.id, changed, actor=COMMAND_LINE, now=NOON)


def friend(number: int, link: Any) -> Submission:
    return replace(submission(number), invited=Invitation(link.entry))


def numbers(session: Session) -> list[int]:
    """The further entries that were earned."""
    session.rollback()
    earned = select(Referral.number).where(Referral.number.is_not(None))
    return sorted(number for number in session.scalars(earned) if number)


def bonuses(session: Session) -> int:
    return session.scalar(select(func.count()).where(Entry.reason == "bonus")) or 0


def test_a_crowd_of_friends_earns_no_more_than_allowed(session: Session, database_url: str) -> None:
    start(session)
    with engine_for(database_url, FRIENDS) as engine:
        mine = enter_patiently(engine, submission(1))
        outcomes = together(FRIENDS, lambda n: enter_patiently(engine, friend(100 + n, mine)))
        assert broken_promises(engine) == []
    assert all(isinstance(outcome, Won) for outcome in outcomes)
    assert numbers(session) == [1, 2, 3]
    assert bonuses(session) == 2 * MOST
    assert session.scalar(select(func.count()).where(Referral.not_counted == "limit")) == FRIENDS - MOST


def test_one_friend_over_many_links_counts_once(session: Session, database_url: str) -> None:
    start(session)
    with engine_for(database_url, FRIENDS) as engine:
        links = [enter_patiently(engine, submission(1 + n)) for n in range(FRIENDS)]
        same = "friend@example.org"
        together(
            FRIENDS,
            lambda n: enter_patiently(engine, replace(friend(100 + n, links[n]), email=same)),
        )
        assert broken_promises(engine) == []
    assert numbers(session) == [1]
    assert bonuses(session) == 2


def test_friends_who_prove_at_once_earn_no_more_than_allowed(session: Session, database_url: str) -> None:
    start(session, proof=Proof.REVEAL)
    with engine_for(database_url, FRIENDS) as engine:
        mine = enter_patiently(engine, submission(1))
        entered: list[Any] = [enter_patiently(engine, friend(100 + n, mine)) for n in range(FRIENDS)]
        assert numbers(session) == []

        def prove(number: int) -> None:
            with Session(engine) as own:
                proof.prove(own, entered[number].entry, now=NOON, rng=SystemRng())

        together(FRIENDS, prove)
        assert broken_promises(engine) == []
    assert numbers(session) == [1, 2, 3]
    assert bonuses(session) == 2 * MOST


def test_control_a_look_without_the_constraint_credits_everybody(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with engine_for(empty_database_url, 1) as engine, Session(engine) as session:
        create_tables_without(engine, "referral", "campaign_id", "referrer_id", "number")
        campaigns.edit(
            session,
            make_campaign(session, STOCK).id,
            replace(campaigns.plan_of(campaigns.get(session, "summer")), refer_most=MOST),
            actor=COMMAND_LINE,
            now=NOON,
        )
    everybody_has_looked = threading.Barrier(FRIENDS, timeout=10)
    seen = threading.local()
    count = referrals.count_friend

    class Stale:
        """A connection on which the look tells what was seen before."""

        def __init__(self, connection: Any) -> None:
            self._connection = connection

        def __getattr__(self, name: str) -> Any:
            return getattr(self._connection, name)

        def row(self, prepared: Any, values: Any) -> Any:
            found = self._connection.row(prepared, values)
            return found._replace(earned=seen.earned) if prepared is referrals._LINK else found

    def count_what_was_seen(connection: Any, *args: Any, **tools: Any) -> None:
        count(Stale(connection), *args, **tools)  # type: ignore[arg-type]

    # The write queue would keep the others waiting on SQLite: all look before any of them begins.
    monkeypatch.setattr(referrals, "count_friend", count_what_was_seen)
    # The mail of that number is one of a kind, too.
    monkeypatch.setattr(referrals, "outbox", SimpleNamespace(announce=lambda *_args, **_tools: None))
    with engine_for(empty_database_url, FRIENDS, prepared=False) as engine:
        seen.earned = 0
        mine = enter_alone(engine, submission(1))

        def look_and_enter(number: int) -> Any:
            with Session(engine) as own:
                seen.earned = len(numbers(own))
            everybody_has_looked.wait()
            return enter_alone(engine, friend(100 + number, mine))

        together(FRIENDS, look_and_enter)
        with Session(engine) as session:
            assert len(numbers(session)) == FRIENDS > MOST
