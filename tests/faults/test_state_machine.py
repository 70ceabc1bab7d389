"""Anything staff and entrants may do, in any order, beside a model in plain Python that says what must come.

The model knows no transactions and no SQL: sets of codes, a dictionary of people, the rules of the design.
Which tickets are drawn is the engine's own: that is for the tests of the draw.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Engine, create_engine, make_url, select
from sqlalchemy.orm import Session

from app.adapters.database import prepare_engine
from app.domain.draw import redraw
from app.domain.eligibility import CampaignStatus, EntryLimit
from app.domain.errors import Conflict
from app.domain.odds import Limits, OddsTable, OnEmpty, TierOdds
from app.domain.outcomes import Lost, Outcome, RefusalReason, Refused, Won
from app.models import Code, CodeStatus, Entry, TierUse
from app.services import campaigns, entries, prizes, tiers
from app.services.audit import COMMAND_LINE
from app.services.entries import Submission, submit_entry
from app.services.prizes import PrizePlan
from app.services.tiers import TierPlan
from tests.faults.scale import much, tell
from tests.race.books import broken_promises
from tests.support.databases import Databases
from tests.support.factories import VAULT, TierSpec, make_campaign, submission
from tests.support.fakes import NOON, FakeRng

pytestmark = pytest.mark.race

GAMES = {"sqlite": much(10, 400), "postgresql": much(5, 200)}
STEPS = much(30, 60)
ZONE = ZoneInfo("Europe/Istanbul")
OPENS, CLOSES = NOON - timedelta(days=2), NOON + timedelta(days=3)
TIERS = ("Gold", "Silver")  # Gold falls back to Silver
PEOPLE = st.integers(0, 5)
WINDOWS = [Limits(), Limits(opens_at=NOON + timedelta(hours=2)), Limits(closes_at=NOON + timedelta(hours=26))]
LIMITS = st.sampled_from(WINDOWS) | st.builds(
    Limits,
    per_hour=st.sampled_from([None, None, 1, 2]),
    per_day=st.sampled_from([None, None, 1, 3]),
    in_all=st.sampled_from([None, None, 2, 6]),
    per_person=st.sampled_from([None, None, 1]),
)
LOSE_WEIGHT = 1
Redraw = Callable[[int, int], int]


@dataclass
class Model:
    """What must be so."""

    status: CampaignStatus = CampaignStatus.OPEN
    weights: dict[str, int] = field(default_factory=lambda: {"Gold": 2, "Silver": 3})
    limits: dict[str, Limits] = field(default_factory=lambda: dict.fromkeys(TIERS, Limits()))
    on_empty: dict[str, OnEmpty] = field(
        default_factory=lambda: {"Gold": OnEmpty.FALLBACK, "Silver": OnEmpty.LOSE}
    )
    used: Counter[tuple[str, str]] = field(default_factory=Counter)  # of limits: tier and period
    awards: list[tuple[str, int, datetime]] = field(default_factory=list)  # tier, person, when
    free: dict[str, set[str]] = field(default_factory=lambda: {name: set() for name in TIERS})
    won: dict[str, str] = field(default_factory=dict)  # code -> tier
    people: set[tuple[int, str]] = field(default_factory=set)  # who has entered on which day
    told: dict[bytes, tuple[int, Outcome]] = field(default_factory=dict)

    def refusal(self, person: int, nonce: bytes, now: datetime) -> Outcome | None:
        """What is answered without a draw; None when there is one."""
        if nonce in self.told:
            owner, outcome = self.told[nonce]
            return outcome if owner == person else Refused(RefusalReason.NONCE_USED)
        if self.status is CampaignStatus.CLOSED or now >= CLOSES:
            return Refused(RefusalReason.CLOSED)
        if now < OPENS:
            return Refused(RefusalReason.NOT_OPEN)
        if self.status is CampaignStatus.PAUSED:
            return Refused(RefusalReason.PAUSED)
        if (person, day_of(now)) in self.people:
            return Refused(RefusalReason.ALREADY_ENTERED_TODAY, next_chance=tomorrow_of(now))
        return None

    def tier_of(self, ticket: int, among: Sequence[str] = TIERS) -> str | None:
        """The tier a ticket falls on."""
        for name in among:
            if ticket < self.weights[name]:
                return name
            ticket -= self.weights[name]
        return None

    def gives(self, tier: str | None, person: int, now: datetime, redrawn: Redraw) -> str | None:
        """The tier that gives for the one that was hit: itself, else where its rule leads, else none."""
        rest, rounds = list(TIERS), 0
        while tier in rest:
            if self.free[tier] and self.has_room(tier, person, now):
                return tier
            rest.remove(tier)
            rule, tier = self.on_empty[tier], None
            if rule is OnEmpty.FALLBACK:
                tier = "Silver"
            elif rule is OnEmpty.REDRAW:
                rounds += 1
                total = LOSE_WEIGHT + sum(self.weights[name] for name in rest)
                tier = self.tier_of(redrawn(rounds, total), rest)
        return None

    def has_room(self, tier: str, person: int, now: datetime) -> bool:
        """Whether the limits of a tier allow one more."""
        limits = self.limits[tier]
        if (limits.opens_at and now < limits.opens_at) or (limits.closes_at and now >= limits.closes_at):
            return False
        mine = sum(name == tier and who == person for name, who, _ in self.awards)
        if limits.per_person and mine >= limits.per_person:
            return False
        return all(self.used[tier, period] < most for period, most in counted(limits, now))

    def award(self, tier: str, code: str, person: int, now: datetime) -> None:
        """A code is given."""
        self.free[tier].remove(code)
        self.won[code] = tier
        self.awards.append((tier, person, now))
        self.used.update((tier, period) for period, _ in counted(self.limits[tier], now))

    def limit(self, tier: str, limits: Limits, now: datetime) -> None:
        """New limits: for this hour, this day and in all it counts what was given so far."""
        if limits == self.limits[tier]:
            return
        self.limits[tier] = limits
        for period, _ in counted(limits, now):
            given = [at for name, _, at in self.awards if name == tier and period in periods_of(at)]
            self.used[tier, period] = len(given)


def periods_of(moment: datetime) -> tuple[str, str, str]:
    """The hour, the day, and all."""
    return f"{moment:%Y-%m-%dT%H}Z", day_of(moment), "all"


def counted(limits: Limits, moment: datetime) -> list[tuple[str, int]]:
    """The periods that are limited, with the most each allows."""
    most = (limits.per_hour, limits.per_day, limits.in_all)
    return [(period, each) for period, each in zip(periods_of(moment), most, strict=True) if each]


def day_of(moment: datetime) -> str:
    """The day as it is counted for the limit."""
    return moment.astimezone(ZONE).date().isoformat()


def tomorrow_of(moment: datetime) -> datetime | None:
    """When the next day begins, if anybody can enter then."""
    tomorrow = moment.astimezone(ZONE).date() + timedelta(days=1)
    begins = datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=ZONE)
    return begins if begins < CLOSES else None


def spelling(person: int, variant: int) -> str:
    """One of many ways to write the same mailbox."""
    name = f"ayse{'xyzuvw'[person]}"
    dotted = (
        "".join(letter + "." * (variant >> place & 1) for place, letter in enumerate(name[:-1])) + name[-1]
    )
    return f"{dotted.upper() if variant % 2 else dotted}+{variant}@gmail.com"


class Giveaway(RuleBasedStateMachine):
    """One campaign, what happens to it, and the model beside it."""

    databases: Databases

    @initialize(limits=st.tuples(LIMITS, LIMITS))
    def begin(self, limits: tuple[Limits, Limits]) -> None:
        """A campaign of two tiers with a few units each, limited or not."""
        self.url = self.databases.create()
        self.engine = self.start()
        self.model, self.now, self.count, self.rng = Model(), NOON, 0, FakeRng(7)
        with Session(self.engine, expire_on_commit=False) as session:
            campaign = make_campaign(
                session,
                [TierSpec("Silver", 3, codes=0), TierSpec("Gold", 2, codes=0, fallback="Silver")],
                lose_weight=LOSE_WEIGHT,
                limit=EntryLimit.DAILY,
                timezone=ZONE.key,
                opens_at=OPENS,
                closes_at=CLOSES,
            )
            self.campaign_id, self.seed = campaign.id, VAULT.open(campaign.id, campaign.seed_encrypted)
            self.tiers = {tier.name: tier.id for tier in tiers.listing(session, campaign.id)}
            tiers.move(session, self.tiers["Gold"], 0, actor=COMMAND_LINE, now=self.now)
            self.prizes: dict[str, UUID] = {}
            for name, quantity in zip(TIERS, (1, 4), strict=True):
                plan = PrizePlan(f"{name} thing")
                prize = prizes.add(
                    session,
                    self.tiers[name],
                    plan,
                    quantity=quantity,
                    actor=COMMAND_LINE,
                    now=self.now,
                    rng=self.rng,
                )
                self.prizes[name] = prize.id
                self.model.free[name] = self.codes(session, name, CodeStatus.FREE)
        for name, some in zip(TIERS, limits, strict=True):
            self.limit(name, some)

    def start(self) -> Engine:
        """An engine as a process makes it."""
        engine = create_engine(self.url)
        prepare_engine(engine)
        return engine

    def codes(self, session: Session, name: str, status: CodeStatus) -> set[str]:
        """The codes of a tier that stand so."""
        query = select(Code.text).where(Code.tier_id == self.tiers[name], Code.status == status)
        return set(session.scalars(query))

    # What entrants do

    @rule(person=PEOPLE, variant=st.integers(0, 15))
    def enter(self, person: int, variant: int) -> None:
        """A new form, sent under any spelling of the address."""
        self.count += 1
        self.submit(person, spelling(person, variant), self.count)

    @rule()
    def everybody_enters(self) -> None:
        """A form from each."""
        for person in range(6):
            self.enter(person, 0)

    @precondition(lambda self: self.model.told)
    @rule(data=st.data(), variant=st.integers(0, 15))
    def replay(self, data: st.DataObject, variant: int) -> None:
        """The same form once more."""
        nonce = data.draw(st.sampled_from(sorted(self.model.told)))
        person, _ = self.model.told[nonce]
        self.submit(person, spelling(person, variant), int.from_bytes(nonce))

    @precondition(lambda self: self.model.told)
    @rule(data=st.data(), person=PEOPLE)
    def borrow_a_nonce(self, data: st.DataObject, person: int) -> None:
        """A form with somebody's nonce."""
        nonce = data.draw(st.sampled_from(sorted(self.model.told)))
        self.submit(person, spelling(person, 0), int.from_bytes(nonce))

    def submit(self, person: int, address: str, number: int) -> None:
        """Send a form, and compare the answer with the model's."""
        self.captchas = getattr(self, "captchas", 10_000) + 1
        form = submission(
            number, email=address, nonce=number.to_bytes(16, "big"), captcha=submission(self.captchas).captcha
        )
        expected = self.model.refusal(person, form.nonce, self.now)
        with Session(self.engine) as session:
            told = submit_entry(session, form, now=self.now, rng=self.rng, vault=VAULT)
        if expected is not None:
            assert told == expected
        else:
            self.expect_draw(person, form, told)

    def expect_draw(self, person: int, form: Submission, told: Outcome) -> None:
        """A draw has been made: its ticket decides all but which of the tier's codes."""
        with Session(self.engine) as session:
            entry = session.scalars(select(Entry).where(Entry.nonce == form.nonce)).one()
        again = redraw(self.seed, self.campaign_id, entry.entry_commit)
        tier = self.model.gives(self.model.tier_of(entry.ticket), person, self.now, again)
        match told:
            case Won():
                assert told.tier == tier
                self.model.award(tier, told.code, person, self.now)
            case Lost():
                assert tier is None
            case _:
                raise AssertionError(told)
        self.model.people.add((person, day_of(self.now)))
        self.model.told[form.nonce] = (person, told)

    # What staff do

    @rule(name=st.sampled_from(TIERS), change=st.integers(-3, 4))
    def restock(self, name: str, change: int) -> None:
        """More or fewer units; never below what has been won."""
        free, won = self.model.free[name], [code for code, tier in self.model.won.items() if tier == name]
        wanted = max(0, len(free) + len(won) + change)
        with Session(self.engine) as session:
            plan = PrizePlan(f"{name} thing")
            try:
                prizes.edit(
                    session,
                    self.prizes[name],
                    plan,
                    quantity=wanted,
                    actor=COMMAND_LINE,
                    now=self.now,
                    rng=self.rng,
                )
            except Conflict:
                assert wanted < len(won)
                return
            now_free = self.codes(session, name, CodeStatus.FREE)
        assert wanted >= len(won)
        assert len(now_free) == wanted - len(won)
        assert now_free <= free or now_free >= free
        self.model.free[name] = now_free

    @rule(name=st.sampled_from(TIERS), weight=st.integers(0, 5))
    def weigh(self, name: str, weight: int) -> None:
        """Change a tier's weight."""
        self.edit_tier(name, weight=weight)
        self.model.weights[name] = weight

    @rule(name=st.sampled_from(TIERS), limits=LIMITS)
    def limit(self, name: str, limits: Limits) -> None:
        """Other limits of a tier, or none."""
        self.edit_tier(name, limits=limits)
        self.model.limit(name, limits, self.now)

    @rule(name=st.sampled_from(TIERS), rule=st.sampled_from(OnEmpty))
    def rule_when_empty(self, name: str, rule: OnEmpty) -> None:
        """Another rule for when a tier has nothing to give; only Gold falls back."""
        if rule is OnEmpty.FALLBACK and name != "Gold":
            rule = OnEmpty.REDRAW
        fallback = self.tiers["Silver"] if rule is OnEmpty.FALLBACK else None
        self.edit_tier(name, on_empty=rule, fallback_id=fallback)
        self.model.on_empty[name] = rule

    def edit_tier(self, name: str, **changes: Any) -> None:
        """Change a tier, and leave the rest of it as it is."""
        with Session(self.engine) as session:
            tier = tiers.get(session, self.tiers[name])
            plan = replace(TierPlan.of(tier), **changes)
            tiers.edit(session, tier.id, plan, actor=COMMAND_LINE, now=self.now)

    @rule(status=st.sampled_from([CampaignStatus.OPEN, CampaignStatus.PAUSED]))
    def pause_or_resume(self, status: CampaignStatus) -> None:
        """Pause or resume; a closed campaign stays closed."""
        self.set_status(status)

    @precondition(lambda self: self.count > 20)
    @rule()
    def close(self) -> None:
        """Close for good."""
        self.set_status(CampaignStatus.CLOSED)

    def set_status(self, status: CampaignStatus) -> None:
        """Ask for a status."""
        with Session(self.engine) as session:
            try:
                campaigns.set_status(session, self.campaign_id, status, actor=COMMAND_LINE, now=self.now)
            except Conflict:
                assert self.model.status is CampaignStatus.CLOSED
                return
        assert self.model.status is not CampaignStatus.CLOSED or status is CampaignStatus.CLOSED
        self.model.status = status

    # What just happens

    @rule(hours=st.sampled_from([-30, -1, 1, 5, 24]))
    def jump(self, hours: int) -> None:
        """The clock is set."""
        self.now += timedelta(hours=hours)

    @rule()
    def restart(self) -> None:
        """The process ends, and another begins."""
        self.engine.dispose()
        self.engine = self.start()

    @invariant()
    def the_stock_is_the_models(self) -> None:
        """Free and won codes and what is counted are those of the model, tier by tier."""
        with Session(self.engine) as session:
            for name in TIERS:
                assert self.codes(session, name, CodeStatus.FREE) == self.model.free[name]
                won = {code for code, tier in self.model.won.items() if tier == name}
                assert self.codes(session, name, CodeStatus.WON) == won
            assert set(session.scalars(select(Entry.nonce))) == self.model.told.keys()
            used = {
                (name, use.period): use.used
                for use in session.scalars(select(TierUse).where(TierUse.used > 0))
                for name, tier_id in self.tiers.items()
                if tier_id == use.tier_id
            }
            assert used == +self.model.used

    def teardown(self) -> None:
        """In the end every promise is checked."""
        try:
            assert broken_promises(self.engine) == []
        finally:
            self.engine.dispose()
            self.databases.discard(self.url)


def play(databases: Databases) -> int:
    """Play many games on that kind of database; how many they were."""
    url = databases.create()
    databases.discard(url)
    games = GAMES[make_url(url).get_backend_name()]
    machine = type("GiveawayHere", (Giveaway,), {"databases": databases})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=games,
            stateful_step_count=STEPS,
            derandomize=True,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
    return games


def test_whatever_happens_the_model_is_right(databases: Databases) -> None:
    games = play(databases)
    tell(f"{games} games of {STEPS} steps")


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_control_an_engine_without_fallback_is_found(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    def only_itself(table: OddsTable, hit: UUID, _redraw: Redraw) -> list[TierOdds]:
        return [tier for tier in table.tiers if tier.id == hit]

    monkeypatch.setattr(OddsTable, "ways_to_award", only_itself)
    with pytest.raises(AssertionError, match="assert 'Silver' is None"):
        play(databases)


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_control_an_engine_that_knows_no_limits_is_found(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entries, "take_room", lambda *_: True)
    monkeypatch.setattr(entries, "give_back", lambda *_: None)
    with pytest.raises(AssertionError):
        play(databases)
