"""Batches of codes: large ones come in part by part and whole or not at all; what is left over is settled."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event, func, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app.domain.code_list import read_code_list
from app.domain.codes import StuckRandomness
from app.domain.errors import Busy, Conflict, NotFound
from app.domain.outcomes import Lost, Won
from app.models import AuditRecord, BatchState, Campaign, Code, CodeBatch, CodeStatus, Prize, StagedCode
from app.services import audit, batches, campaigns, codes, housekeeping, prizes, staging, stock, tiers
from app.services.audit import COMMAND_LINE
from app.services.check import check
from app.services.codes import ImportReport
from app.services.entries import submit_entry
from app.services.prizes import PrizePlan, Stock
from tests.support.factories import VAULT, TierSpec, make_campaign, submission
from tests.support.fakes import NOON, FakeRng

PART = 4
LATER = NOON + timedelta(hours=1)


@pytest.fixture
def campaign(session: Session) -> Campaign:
    return make_campaign(session, (TierSpec("Gold", codes=0),))


@pytest.fixture
def prize(session: Session, campaign: Campaign) -> Prize:
    return prizes.listing(session, campaign.id)[0]


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stock, "PART", PART)


def names(count: int, stem: str = "CODE") -> list[str]:
    return [f"{stem}-{number:05d}" for number in range(count)]


def load(session: Session, prize: Prize, texts: list[str], **options: Any) -> ImportReport:
    listed = read_code_list(texts)
    return codes.import_codes(
        session, prize.id, listed, actor=COMMAND_LINE, now=NOON, rng=FakeRng(5), **options
    )


def generate(session: Session, prize: Prize, count: int, **options: Any) -> int:
    return codes.generate_codes(
        session, prize.id, count, actor=COMMAND_LINE, now=NOON, rng=FakeRng(6), **options
    )


def second_prize(session: Session, prize: Prize, name: str = "Cup") -> Prize:
    plan = PrizePlan(name)
    return prizes.add(session, prize.tier_id, plan, actor=COMMAND_LINE, now=NOON, rng=FakeRng(9))


def staged(session: Session) -> int:
    return session.scalar(select(func.count(StagedCode.id))) or 0


def states(session: Session, prize: Prize) -> list[BatchState]:
    session.expire_all()
    return [figures.batch.state for figures in batches.listing(session, prize.id)]


def broken(session: Session) -> list[str]:
    return [f"{finding.name}: {finding.detail}" for finding in check(session, VAULT) if not finding.ok]


class Interrupted(BaseException):
    """Stands for what ends the process: nothing that comes after it is done."""


@contextmanager
def cut_short(
    monkeypatch: pytest.MonkeyPatch, unit: str, after: int, error: BaseException
) -> Iterator[list[int]]:
    """Let that unit of a batch succeed so many times, then fail; and let nobody clear up."""
    real, calls = getattr(batches, unit), []

    def failing(*args: Any, **options: Any) -> Any:
        calls.append(1)
        if len(calls) > after:
            raise error
        return real(*args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(batches, unit, failing)
        patch.setattr(batches, "stop", lambda *_args: None)
        yield calls


@contextmanager
def commits(engine: Engine) -> Iterator[list[int]]:
    """How many rows of codes each transaction wrote, one number a commit."""
    rows: list[int] = []
    current = [0]

    def count(_connection: Any, cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.startswith(("INSERT INTO staged_code", "INSERT INTO code ")):
            current[0] += cursor.rowcount

    def commit(_connection: Any) -> None:
        rows.append(current[0])
        current[0] = 0

    event.listen(engine, "after_cursor_execute", count)
    event.listen(engine, "commit", commit)
    try:
        yield rows
    finally:
        event.remove(engine, "after_cursor_execute", count)
        event.remove(engine, "commit", commit)


# --- Large batches ------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("count", [PART + 1, 3 * PART, 3 * PART + 2])
def test_a_large_list_comes_in_by_short_transactions(session: Session, prize: Prize, count: int) -> None:
    bind = session.get_bind()
    assert isinstance(bind, Engine)
    with commits(bind) as rows:
        assert load(session, prize, names(count)).new == count
    assert max(rows) <= PART
    assert len([number for number in rows if number]) >= 2 * (count // PART)
    assert prizes.stock_of(session, prize.id) == Stock(free=count)
    assert staged(session) == 0
    (figures,) = batches.listing(session, prize.id)
    assert (figures.batch.state, figures.batch.size, figures.free) == (BatchState.DONE, count, count)
    records = session.scalars(select(AuditRecord).where(AuditRecord.action == "codes.import")).all()
    assert [(record.after or {})["added"] for record in records] == [count]
    assert broken(session) == []


def test_control_a_small_list_takes_one_transaction(session: Session, prize: Prize) -> None:
    bind = session.get_bind()
    assert isinstance(bind, Engine)
    with commits(bind) as rows:
        load(session, prize, names(3 * PART))
    assert len([number for number in rows if number]) == 1


def test_small_work_tells_its_end_too(session: Session, prize: Prize) -> None:
    seen: list[int] = []
    load(session, prize, names(3), progress=seen.append)
    generate(session, prize, 4, progress=seen.append)
    assert seen == [3, 4]


@pytest.mark.usefixtures("small_parts")
def test_many_codes_are_made_all_or_none(session: Session, prize: Prize) -> None:
    seen: list[int] = []
    assert generate(session, prize, 3 * PART, prefix="sun", progress=seen.append) == 3 * PART
    assert seen == sorted(seen)
    assert seen[-1] == 3 * PART
    texts = session.scalars(select(Code.text)).all()
    assert len(set(texts)) == 3 * PART
    assert all(text.startswith("SUN-") for text in texts)
    records = session.scalars(select(AuditRecord).where(AuditRecord.action == "codes.generate")).all()
    assert [(record.after or {})["added"] for record in records] == [3 * PART]
    assert broken(session) == []


@pytest.mark.usefixtures("small_parts")
def test_the_same_chance_twice_makes_other_codes(session: Session, prize: Prize) -> None:
    for _ in range(2):
        generate(session, prize, 2 * PART)
    assert prizes.stock_of(session, prize.id).free == 4 * PART


def test_chance_that_repeats_itself_is_noticed(session: Session, prize: Prize) -> None:
    class Stuck(FakeRng):
        """Chance that is none."""

        def token_bytes(self, n: int, /) -> bytes:
            return bytes(n)

    load(session, prize, ["0000-0000-0000-0000"])
    with pytest.raises(StuckRandomness):
        codes.generate_codes(session, prize.id, 1, actor=COMMAND_LINE, now=NOON, rng=Stuck())


def test_slots_fill_their_share() -> None:
    rng = FakeRng(3)
    slots = [slot for part in range(4) for slot in staging.slots(rng, part * 25, 25, 100)]
    assert all(
        part * 2**29 <= slot < (part + 1) * 2**29 for part in range(4) for slot in slots[part * 25 :][:25]
    )
    assert slots != sorted(slots)
    assert len(set(slots)) == 100


@pytest.mark.usefixtures("small_parts")
def test_nobody_wins_a_code_before_all_are_in(
    session: Session, prize: Prize, monkeypatch: pytest.MonkeyPatch
) -> None:
    with cut_short(monkeypatch, "_stage", 2, Interrupted()), pytest.raises(Interrupted):
        load(session, prize, names(5 * PART))
    assert staged(session) == 2 * PART
    lost = submit_entry(session, submission(1), now=NOON, rng=FakeRng(1), vault=VAULT)
    assert isinstance(lost, Lost)
    assert prizes.stock_of(session, prize.id) == Stock()
    assert broken(session) == []
    with cut_short(monkeypatch, "_offer_some", 1, Interrupted()), pytest.raises(Interrupted):
        load(session, prize, names(5 * PART, "MORE"))
    won = submit_entry(session, submission(2), now=NOON, rng=FakeRng(2), vault=VAULT)
    assert isinstance(won, Won)
    assert broken(session) == []


# --- What is left behind ------------------------------------------------------------------------------------


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize(("unit", "after"), [("_stage", 0), ("_stage", 1), ("_decide", 0)])
def test_what_was_not_decided_is_thrown_away(
    session: Session, prize: Prize, monkeypatch: pytest.MonkeyPatch, unit: str, after: int
) -> None:
    with cut_short(monkeypatch, unit, after, Interrupted()), pytest.raises(Interrupted):
        load(session, prize, names(3 * PART))
    assert states(session, prize) == [BatchState.STAGING]
    batches.tidy(session, now=NOON)  # somebody may be at work on it
    assert states(session, prize) == [BatchState.STAGING]
    housekeeping.purge(session, now=LATER)
    assert states(session, prize) == [BatchState.FAILED]
    assert staged(session) == 0
    assert broken(session) == []
    assert load(session, prize, names(3 * PART)).ok


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("after", [0, 1])
def test_what_was_decided_comes_in(
    session: Session, prize: Prize, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    with cut_short(monkeypatch, "_offer_some", after, Interrupted()), pytest.raises(Interrupted):
        load(session, prize, names(3 * PART))
    assert prizes.stock_of(session, prize.id).free == after * PART
    (figures,) = batches.listing(session, prize.id)
    assert (figures.batch.state, figures.waiting) == (BatchState.OFFERING, (3 - after) * PART)
    assert broken(session) == []
    housekeeping.purge(session, now=LATER)
    assert prizes.stock_of(session, prize.id).free == 3 * PART
    assert states(session, prize) == [BatchState.DONE]
    assert broken(session) == []


@pytest.mark.usefixtures("small_parts")
def test_an_error_while_it_is_put_on_offer_is_none(
    session: Session, prize: Prize, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = OperationalError("", {}, Exception())
    with cut_short(monkeypatch, "_offer_some", 1, error):
        assert load(session, prize, names(3 * PART)).ok
    batch_id = batches.listing(session, prize.id)[0].batch.id
    batches.finish(session, batch_id, now=NOON)
    assert prizes.stock_of(session, prize.id).free == 3 * PART


@pytest.mark.usefixtures("small_parts")
def test_a_crowd_is_waited_for(session: Session, prize: Prize, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "_PAUSE_SECONDS", 0.0)
    real, turns = batches._stage, iter([True, False] * 9)

    def crowded(*args: Any) -> Any:
        if next(turns):
            raise Busy
        return real(*args)

    monkeypatch.setattr(batches, "_stage", crowded)
    assert load(session, prize, names(3 * PART)).ok
    monkeypatch.setattr(batches, "PATIENCE_SECONDS", -1.0)
    with pytest.raises(Busy):
        load(session, prize, names(3 * PART, "MORE"))
    assert staged(session) == 0


@pytest.mark.usefixtures("small_parts")
def test_a_failed_batch_is_cleared_in_the_next_round(
    session: Session, prize: Prize, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(batches, "_clear_some", lambda *_args: 0)
        with cut_short(monkeypatch, "_decide", 0, Interrupted()), pytest.raises(Interrupted):
            load(session, prize, names(3 * PART))
        batches.stop(session, batches.listing(session, prize.id)[0].batch.id)
    assert (states(session, prize), staged(session)) == ([BatchState.FAILED], 3 * PART)
    batches.tidy(session, now=NOON)
    assert staged(session) == 0


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("when", ["_stage", "_decide"])
def test_whoever_stops_a_batch_is_obeyed(
    session: Session, prize: Prize, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    real = getattr(batches, when)

    def stopped(session: Session, batch_id: int, *args: Any, **options: Any) -> Any:
        batches.stop(session, batch_id)
        return real(session, batch_id, *args, **options)

    monkeypatch.setattr(batches, when, stopped)
    with pytest.raises(Conflict, match="stopped"):
        load(session, prize, names(3 * PART))
    assert prizes.stock_of(session, prize.id) == Stock()
    assert (states(session, prize), staged(session)) == ([BatchState.FAILED], 0)


@pytest.mark.usefixtures("small_parts")
def test_what_is_decided_cannot_be_stopped(session: Session, prize: Prize) -> None:
    load(session, prize, names(3 * PART))
    batches.stop(session, batches.listing(session, prize.id)[0].batch.id)
    assert states(session, prize) == [BatchState.DONE]
    with pytest.raises(NotFound):
        batches.finish(session, 12345, now=NOON)


# --- Others at the same time --------------------------------------------------------------------------------


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("act", ["prize", "tier"])
@pytest.mark.parametrize(("unit", "counts"), [("_stage", 0), ("_offer_some", 3 * PART)])
def test_a_removal_leaves_nothing_on_its_way(
    session: Session, prize: Prize, monkeypatch: pytest.MonkeyPatch, unit: str, counts: int, act: str
) -> None:
    with cut_short(monkeypatch, unit, 1, Interrupted()), pytest.raises(Interrupted):
        load(session, prize, names(3 * PART))
    batch_id = batches.listing(session, prize.id)[0].batch.id
    tools: dict[str, Any] = {"actor": COMMAND_LINE, "now": NOON}
    if act == "prize":
        assert prizes.remove(session, prize.id, **tools) == counts
    else:
        campaigns.set_lose_weight(session, prize.campaign_id, 1, **tools)
        assert tiers.remove(session, prize.tier_id, **tools) == counts
    assert prizes.stock_of(session, prize.id) == Stock(withdrawn=counts)
    batches.finish(session, batch_id, now=NOON)
    batches.tidy(session, now=LATER)
    assert staged(session) == 0
    assert broken(session) == []


@pytest.mark.usefixtures("small_parts")
def test_a_removal_in_the_middle_ends_an_import(
    session: Session, prize: Prize, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = batches._decide

    def removed(*args: Any, **options: Any) -> None:
        prizes.remove(session, prize.id, actor=COMMAND_LINE, now=NOON)
        real(*args, **options)

    monkeypatch.setattr(batches, "_decide", removed)
    with pytest.raises(Conflict, match="stopped"):
        load(session, prize, names(3 * PART))
    assert staged(session) == 0


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("many", [True, False])
def test_of_two_batches_with_the_same_code_one_is_refused(
    session: Session, prize: Prize, monkeypatch: pytest.MonkeyPatch, many: bool
) -> None:
    with cut_short(monkeypatch, "_decide", 0, Interrupted()), pytest.raises(Interrupted):
        load(session, prize, names(3 * PART))
    assert load(session, prize, names(3 * PART if many else 1)).known


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("first_is_through", [True, False])
def test_a_code_that_comes_in_between_check_and_import_is_refused(
    session: Session, prize: Prize, monkeypatch: pytest.MonkeyPatch, first_is_through: bool
) -> None:
    """The other batch comes in, or is staged, after the list was checked and before it is staged."""
    other, real = second_prize(session, prize), batches._begin

    def late(*args: Any, **options: Any) -> int:
        monkeypatch.setattr(batches, "_begin", real)
        if first_is_through:
            load(session, other, names(1))
        else:
            with cut_short(monkeypatch, "_decide", 0, Interrupted()), pytest.raises(Interrupted):
                load(session, other, names(PART + 1))
        return real(*args, **options)

    monkeypatch.setattr(batches, "_begin", late)
    report = load(session, prize, names(3 * PART))
    assert (report.ok, len(report.known)) == (False, 1 if first_is_through else PART + 1)
    assert prizes.stock_of(session, prize.id) == Stock()
    assert broken(session) == []


def raising(error: Exception) -> Callable[..., Any]:
    def fail(*_args: Any, **_options: Any) -> Any:
        raise error

    return fail


@pytest.mark.usefixtures("small_parts")
def test_whoever_was_first_may_have_given_up(
    session: Session, prize: Prize, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "_stage", raising(batches.Taken()))
    for act in (lambda: load(session, prize, names(3 * PART)), lambda: generate(session, prize, 3 * PART)):
        with pytest.raises(Conflict, match="try again"):
            act()


# --- Codes that come back -----------------------------------------------------------------------------------


@pytest.mark.parametrize("part", [PART, 1000])
def test_codes_withdrawn_with_a_prize_come_back(
    session: Session, prize: Prize, monkeypatch: pytest.MonkeyPatch, part: int
) -> None:
    monkeypatch.setattr(stock, "PART", part)
    load(session, prize, names(3 * PART))
    cup = second_prize(session, prize)
    won = submit_entry(session, submission(1), now=NOON, rng=FakeRng(1), vault=VAULT)
    assert isinstance(won, Won)
    prizes.remove(session, prize.id, actor=COMMAND_LINE, now=NOON)
    rest = [text for text in names(3 * PART) if text != won.code]
    assert load(session, cup, [won.code, *rest]).known == (1,)
    report = load(session, cup, [text.lower() for text in rest] + names(2, "NEW"))
    assert (report.new, report.returning, report.taken_in) == (2, 3 * PART - 1, 3 * PART + 1)
    assert prizes.stock_of(session, cup.id) == Stock(free=3 * PART + 1)
    assert prizes.stock_of(session, prize.id) == Stock(won=1)
    assert set(session.scalars(select(Code.text).where(Code.status == CodeStatus.FREE))) == {
        *(text.lower() for text in rest),
        *names(2, "NEW"),
    }
    record = audit.latest(session)[0]
    assert (record.after or {})["returned"] == {prize.id.hex: {"name": prize.name, "returned": 3 * PART - 1}}
    assert batches.listing(session, cup.id)[0].batch.returned == 3 * PART - 1
    assert broken(session) == []
    prizes.remove(session, cup.id, actor=COMMAND_LINE, now=NOON)
    assert broken(session) == []


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("after", [0, 1, 2])
def test_codes_come_back_also_when_it_is_cut_short(
    session: Session, prize: Prize, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    load(session, prize, names(3 * PART))
    batches.withdraw(
        session, prize.id, batches.listing(session, prize.id)[0].batch.id, actor=COMMAND_LINE, now=NOON
    )
    cup = second_prize(session, prize)
    with cut_short(monkeypatch, "_offer_some", after, Interrupted()), pytest.raises(Interrupted):
        load(session, cup, names(3 * PART))
    assert broken(session) == []
    batches.tidy(session, now=LATER)
    assert prizes.stock_of(session, cup.id).free == 3 * PART
    assert prizes.stock_of(session, prize.id) == Stock()
    assert broken(session) == []


def test_codes_withdrawn_elsewhere_do_not_come_back(session: Session, prize: Prize) -> None:
    load(session, prize, names(2))
    prizes.remove(session, prize.id, actor=COMMAND_LINE, now=NOON)
    other = make_campaign(session, (TierSpec("Gold", codes=0),), slug="other", seed=3)
    report = load(session, prizes.listing(session, other.id)[0], names(2))
    assert [known.line for known in report.elsewhere] == [1, 2]
    assert not report.ok


# --- Quantities ---------------------------------------------------------------------------------------------


@pytest.fixture
def few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stock, "PART", PART)
    monkeypatch.setattr(prizes, "PART", PART)


@pytest.mark.usefixtures("few_at_once")
def test_a_large_quantity_comes_in_after_the_prize(session: Session, prize: Prize) -> None:
    tools: dict[str, Any] = {"actor": COMMAND_LINE, "now": NOON, "rng": FakeRng(8)}
    cup = prizes.add(session, prize.tier_id, PrizePlan("Cup"), quantity=3 * PART, **tools)
    assert prizes.stock_of(session, cup.id) == Stock(free=3 * PART)
    cup = prizes.edit(session, cup.id, PrizePlan("Mug"), quantity=9 * PART, **tools)
    assert prizes.stock_of(session, cup.id) == Stock(free=9 * PART)
    prizes.edit(session, cup.id, PrizePlan("Mug"), quantity=9 * PART + 1, **tools)
    assert prizes.stock_of(session, cup.id) == Stock(free=9 * PART + 1)
    prizes.edit(session, cup.id, PrizePlan("Mug"), quantity=PART + 1, **tools)
    assert prizes.stock_of(session, cup.id) == Stock(free=PART + 1, withdrawn=8 * PART)
    assert broken(session) == []


@pytest.mark.usefixtures("few_at_once")
def test_a_quantity_waits_for_units_on_their_way(
    session: Session, prize: Prize, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools: dict[str, Any] = {"actor": COMMAND_LINE, "now": NOON, "rng": FakeRng(8)}
    with cut_short(monkeypatch, "_decide", 0, Interrupted()), pytest.raises(Interrupted):
        prizes.add(session, prize.tier_id, PrizePlan("Cup"), quantity=3 * PART, **tools)
    cup = prizes.find_by_name(session, prize.campaign_id, "Cup")
    assert cup is not None
    with pytest.raises(Conflict, match="coming in"):
        prizes.edit(session, cup.id, PrizePlan("Cup"), quantity=3, **tools)
    batches.tidy(session, now=LATER)
    assert prizes.edit(session, cup.id, PrizePlan("Cup"), quantity=3, **tools).version == 2
    assert broken(session) == []


# --- Withdrawing a batch ------------------------------------------------------------------------------------


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("count", [3, 2 * PART])
def test_a_batch_is_withdrawn_and_its_winners_stay(session: Session, prize: Prize, count: int) -> None:
    load(session, prize, names(count), file_name="first\x00.csv")
    won = submit_entry(session, submission(1), now=NOON, rng=FakeRng(1), vault=VAULT)
    assert isinstance(won, Won)
    load(session, prize, names(5, "OTHER"))
    newest, first = batches.listing(session, prize.id)
    assert (first.batch.file_name, first.won, first.free) == ("first.csv", 1, count - 1)
    gone = batches.withdraw(session, prize.id, first.batch.id, actor=COMMAND_LINE, now=NOON, reason="leaked")
    assert gone == count - 1
    assert prizes.stock_of(session, prize.id) == Stock(free=5, won=1, withdrawn=count - 1)
    figures = batches.get(session, prize.id, first.batch.id)
    assert (figures.free, figures.won, figures.withdrawn) == (0, 1, count - 1)
    record = session.scalars(select(AuditRecord).where(AuditRecord.action == "codes.withdraw")).first()
    assert record is not None
    assert (record.reason, (record.after or {})["batch"]) == ("leaked", first.batch.id)
    assert batches.get(session, prize.id, newest.batch.id).free == 5
    assert batches.withdraw(session, prize.id, first.batch.id, actor=COMMAND_LINE, now=NOON) == 0
    assert broken(session) == []


@pytest.mark.usefixtures("small_parts")
def test_what_is_coming_in_cannot_be_withdrawn(
    session: Session, prize: Prize, monkeypatch: pytest.MonkeyPatch
) -> None:
    with cut_short(monkeypatch, "_decide", 0, Interrupted()), pytest.raises(Interrupted):
        load(session, prize, names(3 * PART))
    batch_id = batches.listing(session, prize.id)[0].batch.id
    with pytest.raises(Conflict, match="still coming in"):
        batches.withdraw(session, prize.id, batch_id, actor=COMMAND_LINE, now=NOON)
    with pytest.raises(NotFound):
        batches.withdraw(session, prize.id, batch_id + 1, actor=COMMAND_LINE, now=NOON)


# --- Check --------------------------------------------------------------------------------------------------


def test_check_finds_codes_of_a_batch_that_did_not_come_in(session: Session, prize: Prize) -> None:
    load(session, prize, names(3))
    session.query(CodeBatch).update({"state": BatchState.FAILED})
    session.commit()
    assert any("did not come in" in fault for fault in broken(session))


def test_check_finds_what_a_batch_has_left_behind(session: Session, prize: Prize) -> None:
    load(session, prize, names(3))
    batch_id = batches.listing(session, prize.id)[0].batch.id
    staging.stage(session, batch_id, ["LEFT"], ["LEFT"], [1])
    session.commit()
    assert any("not on offer" in fault for fault in broken(session))
