"""The N-th database call fails, for N = 1, 2, 3 … until all runs through: all of it happened, or nothing.

After each failure the books are checked and the same is asked for again: one submission, one outcome; one act
of staff, done once. The controls commit every statement by itself, and half-done work is found.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from itertools import count, product
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import ColumnElement, Engine, func, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app.adapters.database import write_turn
from app.domain.code_list import read_code_list
from app.domain.eligibility import CampaignStatus
from app.domain.errors import Busy, PrizewellError
from app.domain.outcomes import Outcome, Won
from app.models import AuditRecord, Campaign, CodeBatch, Entry, Prize, StagedCode
from app.services import campaigns, codes, prizes, tiers, uow
from app.services.audit import COMMAND_LINE
from app.services.campaigns import CampaignPlan
from app.services.entries import Submission
from app.services.prizes import PrizePlan
from tests.faults.gremlin import Fault, Gremlin, attempt, haunted_engine
from tests.faults.scale import IS_SOAK, tell
from tests.race.books import broken_promises
from tests.race.crowd import enter
from tests.support.factories import VAULT, TierSpec, make_campaign, submission
from tests.support.fakes import NOON, FakeRng

pytestmark = pytest.mark.race

MOST_CALLS = 200  # of any one piece of work
ONLY_SQLITE = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
# The fault, whether all further calls fail, the first call to break, and how many on the next one is: in the
# suite one fault has the odd calls, another the even ones.
FAULTS_OF_ACTS = (
    [(*each, 1, 1) for each in product(Fault, [False, True])]
    if IS_SOAK
    else [(Fault.DISK_FULL, False, 1, 2), (Fault.REPLY_LOST, False, 2, 2)]
)
# What an entrant meets when one call fails: nothing, a "come again in a moment", or an error page.
MET = {
    ("sqlite", Fault.LOCKED): Busy,
    ("sqlite", Fault.DISK_FULL): OperationalError,
    ("sqlite", Fault.LOST): Won,
    ("sqlite", Fault.REPLY_LOST): Won,
    ("postgresql", Fault.LOCKED): Won,
    ("postgresql", Fault.DISK_FULL): OperationalError,
    ("postgresql", Fault.LOST): Won,
    ("postgresql", Fault.REPLY_LOST): Won,
}


class Broken(AssertionError):
    """A promise did not hold after the N-th call had failed."""


def hold(holds: bool, story: object) -> None:
    if not holds:
        raise Broken(story)


@pytest.fixture(autouse=True)
def few_attempts(monkeypatch: pytest.MonkeyPatch) -> None:
    """What fails again and again need not fail forty times for each N."""
    monkeypatch.setattr(uow, "MAX_ATTEMPTS", 4)


@pytest.fixture
def gremlin() -> Gremlin:
    return Gremlin()


@pytest.fixture
def haunted(database_url: str, gremlin: Gremlin) -> Iterator[Engine]:
    """A campaign where every entry wins, on an engine with a gremlin in it."""
    with haunted_engine(database_url, gremlin) as engine:
        with Session(engine) as session:
            make_campaign(session, [TierSpec("Gold", codes=MOST_CALLS)])
        yield engine


@pytest.fixture
def careless(
    haunted: Engine, database_url: str, gremlin: Gremlin, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Engine]:
    """The same without transactions: what a statement did stays done."""
    monkeypatch.setattr(uow, "pipelined", nullcontext)  # a pipeline is a transaction by itself
    options = {"isolation_level": "AUTOCOMMIT"}
    with haunted_engine(database_url, gremlin, prepared=False, **options) as engine:
        yield engine


# --- Entries ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", Fault)
def test_an_entry_is_whole_or_not_there(haunted: Engine, gremlin: Gremlin, fault: Fault) -> None:
    calls, met = sweep_entries(haunted, gremlin, fault, goes_on=False)
    assert calls >= 9
    tell(f"entry, {fault}: each of {calls} calls failed")
    expected = MET[haunted.dialect.name, fault]
    assert expected in met
    assert met <= {
        expected,
        Won,
    }  # what fails after the commit, when the connection is put back, costs nobody


@pytest.mark.parametrize("fault", Fault)
def test_an_entry_is_whole_or_not_there_when_all_further_calls_fail(
    haunted: Engine, gremlin: Gremlin, fault: Fault
) -> None:
    calls, met = sweep_entries(haunted, gremlin, fault, goes_on=True)
    assert calls >= 9
    assert met != {Won}


@pytest.mark.parametrize("fault", [Fault.DISK_FULL, Fault.LOST])
def test_control_without_transactions_half_an_entry_is_found(
    careless: Engine, gremlin: Gremlin, fault: Fault
) -> None:
    with pytest.raises(Broken):
        sweep_entries(careless, gremlin, fault, goes_on=True)


def sweep_entries(
    engine: Engine, gremlin: Gremlin, fault: Fault, *, goes_on: bool
) -> tuple[int, set[type[object]]]:
    """How many calls one entry makes, and what people met when one of them failed."""
    met: set[type[object]] = set()
    for nth in count(1):
        person = submission(nth)
        with gremlin.loose(fault, nth, goes_on=goes_on):
            told = attempt(lambda: enter(engine, person))  # noqa: B023 -- called at once
        expect_one_outcome(engine, person, told)
        if IS_SOAK or not gremlin.struck:  # nothing is ever deleted: what broke shows in the end as well
            hold(broken_promises(engine) == [], broken_promises(engine))
        if not gremlin.struck:
            return nth - 1, met
        met.add(type(told))
    raise AssertionError("unreachable")


def expect_one_outcome(engine: Engine, person: Submission, told: Outcome | Exception) -> None:
    """What was told is what is stored; sent again, twice, it is that, or drawn now for the first time."""
    stored = entries_of(engine, person)
    hold(not (isinstance(told, Won) and stored != 1), "a win was told and is not stored")
    hold(not (isinstance(told, Busy) and stored), "it was stored, and the person told that it was not")
    again = attempt(lambda: enter(engine, person))
    hold(isinstance(again, Won), f"sent again: {again!r}")
    hold(again == attempt(lambda: enter(engine, person)), "sent again, the outcome is another")
    hold(isinstance(told, Exception) or told == again, f"{told} was told, {again} is stored")
    hold(entries_of(engine, person) == 1, "one submission, two entries")


def entries_of(engine: Engine, person: Submission) -> int:
    with Session(engine) as session:
        return session.scalar(select(func.count()).where(Entry.nonce == person.nonce)) or 0


# --- Entries that share a commit ----------------------------------------------------------------------------

GROUP = 3


@ONLY_SQLITE
@pytest.mark.parametrize(("fault", "goes_on"), [*product(Fault, [False]), (Fault.DISK_FULL, True)])
def test_a_group_of_entries_is_undone_one_by_one_or_all_together(
    haunted: Engine, gremlin: Gremlin, fault: Fault, goes_on: bool
) -> None:
    for nth in count(1):
        people = [submission(GROUP * nth + number) for number in range(GROUP)]
        told = enter_together(haunted, people, gremlin, fault, nth, goes_on=goes_on)
        for person in people:
            expect_one_outcome(haunted, person, told[person.nonce])
        if not gremlin.struck:
            break
        if fault is Fault.LOCKED and not goes_on and nth > 1:
            assert sum(isinstance(each, Won) for each in told.values()) in {0, GROUP - 1, GROUP}, told
    assert nth > GROUP * 7
    tell(f"{GROUP} entries in one commit, {fault}: each of {nth - 1} calls failed")
    assert broken_promises(haunted) == []


def enter_together(
    engine: Engine, people: list[Submission], gremlin: Gremlin, fault: Fault, nth: int, *, goes_on: bool
) -> dict[bytes, Outcome | Exception]:
    """Let them wait for the same turn, and break the N-th call of the group."""
    told: dict[bytes, Outcome | Exception] = {}

    def run(person: Submission) -> None:
        told[person.nonce] = attempt(lambda: enter(engine, person))

    threads = [threading.Thread(target=run, args=(person,)) for person in people]
    queue = uow._group_of(engine)
    with gremlin.loose(fault, nth, goes_on=goes_on):
        with write_turn(engine):
            for thread in threads:
                thread.start()
            while len(queue._waiting) < len(people):
                time.sleep(0.001)
        for thread in threads:
            thread.join(20)
    return told


# --- Acts of staff ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Standing:
    """All that an act may change, of one campaign with one prize."""

    status: CampaignStatus
    version: int
    text: str
    free: int
    withdrawn: int
    is_removed: bool
    batches: int
    staged: int
    records: int


@dataclass(frozen=True, slots=True)
class Site:
    """A prize or a campaign of its own for one act."""

    engine: Engine
    campaign_id: UUID
    prize_id: UUID
    name: str

    def standing(self) -> Standing:
        """How it stands in the database."""
        with Session(self.engine) as session:
            campaign = session.get_one(Campaign, self.campaign_id)
            prize = session.get_one(Prize, self.prize_id)
            stock = prizes.stock_of(session, self.prize_id)
            of_prize = CodeBatch.prize_id == self.prize_id

            def rows(rule: ColumnElement[bool]) -> int:
                return session.scalar(select(func.count()).where(rule)) or 0

            return Standing(
                status=campaign.status,
                version=prize.version,
                text=prize.text,
                free=stock.free,
                withdrawn=stock.withdrawn,
                is_removed=prize.removed_at is not None,
                batches=rows(of_prize),
                staged=rows(StagedCode.batch_id.in_(select(CodeBatch.id).where(of_prize))),
                records=rows(AuditRecord.campaign_id == self.campaign_id),
            )


@dataclass(frozen=True, slots=True)
class Act:
    """Something staff do: `quantity` the prize begins with (None: codes), the act, what is so afterwards."""

    quantity: int | None
    perform: Callable[[Session, Site], object]
    changes: dict[str, Any]


def import_codes(session: Session, site: Site) -> object:
    code_list = read_code_list(f"{site.prize_id.hex[:8]}-{number}\n" for number in range(40))
    report = codes.import_codes(
        session, site.prize_id, code_list, actor=COMMAND_LINE, now=NOON, rng=FakeRng(site.prize_id.int)
    )
    assert report.ok, "the list was taken for known"
    return report


def offer(quantity: int) -> Callable[[Session, Site], object]:
    def edit(session: Session, site: Site) -> object:
        return prizes.edit(
            session,
            site.prize_id,
            PrizePlan(site.name, "White."),
            quantity=quantity,
            actor=COMMAND_LINE,
            now=NOON,
            rng=FakeRng(site.prize_id.int + 1),
        )

    return edit


def remove(session: Session, site: Site) -> object:
    return prizes.remove(session, site.prize_id, actor=COMMAND_LINE, now=NOON)


def close(session: Session, site: Site) -> object:
    return campaigns.set_status(
        session, site.campaign_id, CampaignStatus.CLOSED, actor=COMMAND_LINE, now=NOON
    )


ACTS = {
    "import": Act(None, import_codes, {"free": 40, "batches": 1}),
    "edit up": Act(5, offer(12), {"version": 2, "text": "White.", "free": 12, "batches": 2}),
    "edit down": Act(5, offer(2), {"version": 2, "text": "White.", "free": 2, "withdrawn": 3}),
    "removal": Act(5, remove, {"version": 2, "free": 0, "withdrawn": 5, "is_removed": True}),
    "close": Act(5, close, {"status": CampaignStatus.CLOSED}),
}


@pytest.mark.parametrize("name", ACTS)
def test_an_act_of_staff_is_done_whole_or_not_at_all(haunted: Engine, gremlin: Gremlin, name: str) -> None:
    failed = 0
    for fault, goes_on, first, step in FAULTS_OF_ACTS:
        calls = sweep_act(haunted, gremlin, ACTS[name], fault, goes_on=goes_on, first=first, step=step)
        assert calls >= 4
        failed += calls // step
    tell(f"{name}: failed {failed} times")


@pytest.mark.parametrize("name", ACTS)
def test_control_without_transactions_half_an_act_is_found(
    careless: Engine, gremlin: Gremlin, name: str
) -> None:
    with pytest.raises(Broken):
        sweep_act(careless, gremlin, ACTS[name], Fault.DISK_FULL, goes_on=True)


def sweep_act(
    engine: Engine,
    gremlin: Gremlin,
    act: Act,
    fault: Fault,
    *,
    goes_on: bool,
    first: int = 1,
    step: int = 1,
) -> int:
    """How many calls the act makes, or up to `step` more."""
    site = make_site(engine, act)
    for nth in count(first, step):
        before = site.standing()
        done = replace(before, records=before.records + 1, **act.changes)
        with gremlin.loose(fault, nth, goes_on=goes_on):
            told = attempt(lambda: perform(act, site))  # noqa: B023 -- called at once
        stands = site.standing()
        hold(stands in {before, done}, f"call {nth}: half done, {stands}")
        hold(stands == done or isinstance(told, Exception), f"call {nth}: told {told!r}, nothing was done")
        hold(not isinstance(told, PrizewellError) or stands == before, f"call {nth}: done, and told {told!r}")
        if IS_SOAK or not gremlin.struck:  # nothing is ever deleted: what broke shows in the end as well
            hold(broken_promises(engine) == [], broken_promises(engine))
        if stands == done:  # whoever does not know and asks again may be told so, and changes nothing
            with suppress(PrizewellError, AssertionError):
                perform(act, site)
            hold(site.standing() == done, f"call {nth}: again, {site.standing()}")
            site = make_site(engine, act)
        if not gremlin.struck:
            hold(stands == done, f"call {nth}: nothing failed, and nothing was done")
            return nth - 1
    raise AssertionError("unreachable")


def perform(act: Act, site: Site) -> object:
    with Session(site.engine, expire_on_commit=False) as session:
        return act.perform(session, site)


_numbers = count(1)


def make_site(engine: Engine, act: Act) -> Site:
    """A prize of its own for the act, or a campaign to be closed."""
    number = next(_numbers)
    rng = FakeRng(number + 1000)
    tools: dict[str, Any] = {"actor": COMMAND_LINE, "now": NOON, "rng": rng}
    with Session(engine, expire_on_commit=False) as session:
        campaign = campaigns.get(session, "summer")
        tier = tiers.listing(session, campaign.id)[0]
        if act.perform is close:
            prize = prizes.listing(session, campaign.id)[0]
            campaign = campaigns.create(session, CampaignPlan(f"act-{number}", "Act"), vault=VAULT, **tools)
        else:
            plan = PrizePlan(f"Cup {number}")
            prize = prizes.add(session, tier.id, plan, quantity=act.quantity, **tools)
        return Site(engine, campaign.id, prize.id, prize.name)
