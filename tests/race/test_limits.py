"""40 people at once on a tier that gives 7 an hour: 7 winners, and the counter says so.

The control takes the condition off the counting statement: more than 7 win. One to a person holds for two
days that meet at midnight, too.
"""

import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, bindparam, literal_column, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.adapters import database
from app.adapters.chance import SystemRng
from app.adapters.database import Isolation
from app.adapters.direct import Prepared
from app.domain.eligibility import EntryLimit
from app.domain.odds import Limits
from app.domain.outcomes import Lost, Outcome, Won
from app.models import Entrant, TierUse
from app.services import limits, tiers
from app.services.audit import COMMAND_LINE
from app.services.entries import submit_entry
from app.services.tiers import TierPlan
from tests.race.books import broken_promises, read_books
from tests.race.crowd import engine_for, enter, enter_patiently, together
from tests.support.databases import AT_EACH_ISOLATION
from tests.support.factories import VAULT, TierSpec, make_campaign, submission
from tests.support.fakes import NOON

pytestmark = pytest.mark.race

PEOPLE, MOST = 40, 7
MIDNIGHT = (NOON + timedelta(days=1)).replace(hour=0)


def make_limited(
    session: Session, specs: Sequence[TierSpec], limit: EntryLimit = EntryLimit.ONCE, **most: int
) -> None:
    """A campaign whose last tier is limited."""
    campaign = make_campaign(session, specs, limit=limit)
    tier = tiers.listing(session, campaign.id)[-1]
    plan = replace(TierPlan.of(tier), limits=Limits(**most))  # type: ignore[arg-type]
    tiers.edit(session, tier.id, plan, actor=COMMAND_LINE, now=NOON)


def used(engine: Engine) -> dict[str, int]:
    with Session(engine) as session:
        return dict(session.execute(select(TierUse.period, TierUse.used)).all())


def winners(outcomes: Sequence[Outcome | Exception]) -> list[str]:
    """The tiers won; nobody met an error."""
    assert all(isinstance(outcome, Won | Lost) for outcome in outcomes), outcomes
    return sorted(outcome.tier for outcome in outcomes if isinstance(outcome, Won))


@AT_EACH_ISOLATION
def test_seven_an_hour_are_seven(session: Session, database_url: str, isolation: Isolation) -> None:
    make_limited(session, [TierSpec("Gold", codes=PEOPLE)], per_hour=MOST, per_day=MOST + 2, in_all=MOST + 1)
    session.rollback()
    with engine_for(database_url, PEOPLE, limits=database.Limits(isolation)) as engine:
        outcomes = together(PEOPLE, lambda number: enter_patiently(engine, submission(number)))
        books = read_books(engine)
        assert broken_promises(engine) == []
        assert used(engine) == {"2030-06-15T12Z": MOST, "2030-06-15": MOST, "all": MOST}
    assert winners(outcomes) == ["Gold"] * MOST
    assert (books.entries, books.awards, books.won, books.free) == (PEOPLE, MOST, MOST, PEOPLE - MOST)


def test_what_is_past_the_limit_falls_to_another_tier(session: Session, database_url: str) -> None:
    specs = [TierSpec("Silver", 0, codes=PEOPLE), TierSpec("Gold", 1, PEOPLE, "Silver")]
    make_limited(session, specs, per_hour=MOST)
    with engine_for(database_url, PEOPLE) as engine:
        outcomes = together(PEOPLE, lambda number: enter(engine, submission(number)))
        assert broken_promises(engine) == []
        assert used(engine) == {"2030-06-15T12Z": MOST}
    assert winners(outcomes) == ["Gold"] * MOST + ["Silver"] * (PEOPLE - MOST)


def test_places_that_an_empty_tier_gives_back_are_not_lost(session: Session, database_url: str) -> None:
    make_limited(session, [TierSpec("Gold", codes=3)], in_all=MOST)
    with engine_for(database_url, PEOPLE) as engine:
        outcomes = together(PEOPLE, lambda number: enter(engine, submission(number)))
        assert broken_promises(engine) == []
        assert used(engine) == {"all": 3}
    assert winners(outcomes) == ["Gold"] * 3


def test_control_without_the_condition_more_win(
    session: Session, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "_TAKE", _COUNT_ONLY)
    make_limited(session, [TierSpec("Gold", codes=PEOPLE)], per_hour=MOST)
    with engine_for(database_url, PEOPLE) as engine:
        outcomes = together(PEOPLE, lambda number: enter(engine, submission(number)))
        assert any("room" in promise for promise in broken_promises(engine))
    assert len(winners(outcomes)) > MOST


def enter_at(engine: Engine, number: int, address: str, after: timedelta, slug: str = "summer") -> Outcome:
    with Session(engine) as session:
        return submit_entry(
            session,
            submission(number, campaign=slug, email=address),
            now=MIDNIGHT + after,
            rng=SystemRng(),
            vault=VAULT,
        )


def enter_on_both_sides_of_midnight(engine: Engine, *, known: bool) -> int:
    """One person after the other enters for two days at one moment; how many won twice."""
    broken = 0
    for person in range(PEOPLE):
        address = f"person{person}@example.org"

        def enter_for(day: int) -> Outcome:
            after = (1 if day else -1) * timedelta(seconds=1)
            return enter_at(engine, 3 * person + day, address, after)  # noqa: B023 -- called at once

        if known:
            enter_at(engine, 3 * person + 2, address, -timedelta(days=1), "spring")
        broken += len(winners(together(2, enter_for))) > 1
    return broken


@pytest.mark.parametrize("known", [True, False])
def test_one_to_a_person_is_one_also_at_midnight(session: Session, database_url: str, known: bool) -> None:
    make_campaign(session, slug="spring", seed=1)
    make_limited(session, [TierSpec("Gold", codes=2 * PEOPLE)], EntryLimit.DAILY, per_person=1)
    session.rollback()
    with engine_for(database_url, 2) as engine:
        assert enter_on_both_sides_of_midnight(engine, known=known) == 0
        assert broken_promises(engine) == []


@pytest.mark.parametrize("databases", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
def test_control_who_is_not_held_wins_on_both_days(
    session: Session, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = Prepared(select(Entrant.id).where(Entrant.id == bindparam("entrant")))
    everybody_has_counted = threading.Barrier(2, timeout=10)
    has_had_enough = limits._has_had_enough

    def count_together(*args: Any) -> bool:
        found = has_had_enough(*args)
        everybody_has_counted.wait()
        return found

    monkeypatch.setattr(limits, "_ONE_AT_A_TIME", plain)
    monkeypatch.setattr(limits, "_has_had_enough", count_together)
    make_campaign(session, slug="spring", seed=1)
    make_limited(session, [TierSpec("Gold", codes=2 * PEOPLE)], EntryLimit.DAILY, per_person=1)
    session.rollback()
    with engine_for(database_url, 2) as engine:
        assert enter_on_both_sides_of_midnight(engine, known=True) == PEOPLE
        assert any("room" in promise for promise in broken_promises(engine))


_COUNT_ONLY = Prepared(
    {
        dialect: insert(TierUse)
        .values(tier_id=bindparam("tier"), period=bindparam("in_period"), used=literal_column("1"))
        .on_conflict_do_update(
            index_elements=[TierUse.tier_id, TierUse.period],
            set_={"used": TierUse.used + literal_column("1")},
            where=bindparam("most", type_=TierUse.used.type) > literal_column("0"),
        )
        .returning(TierUse.used)
        for dialect, insert in (("postgresql", postgresql.insert), ("sqlite", sqlite.insert))
    }
)
