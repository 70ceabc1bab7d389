"""Codes: a list comes in whole or not at all; made ones are new; free ones go out on record."""

import hashlib
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.code_list import CodeList, decode_code_file, read_code_list
from app.domain.codes import code_key, guess_risk, is_well_formed
from app.domain.errors import Conflict, InvalidInput, NotFound
from app.domain.outcomes import Won
from app.models import AuditRecord, BatchState, Campaign, Code, CodeBatch, CodeStatus, Prize
from app.services import audit, batches, codes, handling, prizes, stock, tiers
from app.services.audit import COMMAND_LINE
from app.services.codes import ImportReport
from app.services.entries import submit_entry
from app.services.prizes import PrizePlan
from tests.support.factories import VAULT, TierSpec, make_campaign, submission
from tests.support.fakes import NOON, FakeRng


@pytest.fixture
def campaign(session: Session) -> Campaign:
    return make_campaign(session, (TierSpec("Gold", codes=0),))


@pytest.fixture
def prize(session: Session, campaign: Campaign) -> Prize:
    return prizes.listing(session, campaign.id)[0]


def load(session: Session, prize: Prize, data: bytes | CodeList, **options: Any) -> ImportReport:
    listed = data if isinstance(data, CodeList) else read_code_list(decode_code_file(data))
    return codes.import_codes(
        session, prize.id, listed, actor=COMMAND_LINE, now=NOON, rng=FakeRng(5), **options
    )


def texts(session: Session) -> Sequence[str]:
    return session.scalars(select(Code.text).order_by(Code.id)).all()


def test_a_list_comes_in_as_it_was_written(session: Session, prize: Prize) -> None:
    report = load(session, prize, b'\xef\xbb\xbfname,code\r\nx,"Summer-1"\r\n\r\ny, SUMMER-2 \r\n')
    assert (report.ok, report.new) == (True, 2)
    assert texts(session) == ["Summer-1", "SUMMER-2"]
    rows = session.execute(select(Code.status, Code.key, Code.slot, Code.tier_id)).all()
    assert {row.status for row in rows} == {CodeStatus.FREE}
    assert {row.key for row in rows} == {"SUMMER-1", "SUMMER-2"}
    assert all(0 <= row.slot < 2**31 for row in rows)
    assert {row.tier_id for row in rows} == {prize.tier_id}


def test_the_record_has_count_and_digest_and_no_code(session: Session, prize: Prize) -> None:
    load(session, prize, b"ALPHA\nBETA\n")
    record = audit.latest(session)[0]
    digest = hashlib.sha256(b"ALPHA\nBETA\n").hexdigest()
    batch = batches.listing(session, prize.id)[0].batch
    assert record.after == {"prize": prize.id.hex, "added": 2, "digest": digest, "batch": batch.id}
    assert (batch.digest, batch.state) == (digest, BatchState.DONE)
    assert (record.action, record.subject) == ("codes.import", prize.name)


@pytest.mark.parametrize(
    ("data", "faults"),
    [
        (b"ALPHA\nBETA\nalpha\n", "duplicates"),
        (b"ALPHA\nKNOWN-1\n", "known"),
        (b"ALPHA\n\x07\x07\x07\x07\x07\n", "malformed"),
    ],
)
def test_one_wrong_line_and_nothing_is_written(
    session: Session, prize: Prize, data: bytes, faults: str
) -> None:
    load(session, prize, b"KNOWN-1\n")
    records = session.scalar(select(func.count(AuditRecord.id)))
    report = load(session, prize, data)
    assert not report.ok
    assert getattr(report, faults)
    assert texts(session) == ["KNOWN-1"]
    assert session.scalar(select(func.count(AuditRecord.id))) == records


def test_each_wrong_line_is_named(session: Session, prize: Prize) -> None:
    load(session, prize, b"KNOWN-1\nKNOWN-2\n")
    report = load(session, prize, b"fine\nknown-1\nfine\n=1+1\nKNOWN-2\nlast\n")
    assert (report.new, report.known) == (2, (2, 5))
    assert [(fault.line, fault.first_line) for fault in report.duplicates] == [(3, 1)]
    assert [fault.line for fault in report.malformed] == [4]


def test_a_dry_run_says_the_same_and_writes_nothing(session: Session, prize: Prize) -> None:
    listed = read_code_list(["ALPHA", "BETA"])
    report = codes.check_import(session, prize.id, listed)
    assert (report.ok, report.new, texts(session)) == (True, 2, [])
    assert load(session, prize, listed) == report


def test_a_list_without_codes_is_not_fine(session: Session, prize: Prize) -> None:
    assert not load(session, prize, b"\n\n").ok


def test_codes_known_elsewhere_are_told_apart(
    session: Session, campaign: Campaign, prize: Prize, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(session, prize, b"ALPHA\n")
    prizes.remove(session, prize.id, actor=COMMAND_LINE, now=NOON)
    other = make_campaign(session, (TierSpec("Gold", codes=0),), slug="other", seed=3)
    here = prizes.listing(session, other.id)[0]
    load(session, here, b"BETA\n")
    with monkeypatch.context() as patch:  # one more is on its way into the other campaign
        patch.setattr(stock, "PART", 1)
        patch.setattr(batches, "_decide", raise_interrupt)
        patch.setattr(batches, "stop", lambda *_args: None)
        third = make_campaign(session, (TierSpec("Gold", codes=0),), slug="third", seed=4)
        with pytest.raises(KeyboardInterrupt):
            load(session, prizes.listing(session, third.id)[0], b"DELTA\nEPSILON\n")
    report = load(session, here, b"alpha\nbeta\nNEW-1\ndelta\n")
    assert (report.ok, report.new, report.known) == (False, 1, (2,))
    assert report.elsewhere == ((1, campaign.id), (4, third.id))
    assert not load(session, here, b"alpha\n").ok


def raise_interrupt(*_args: Any, **_options: Any) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("part", [1, 10])
def test_why_codes_came_in_is_on_record(
    session: Session, prize: Prize, monkeypatch: pytest.MonkeyPatch, part: int
) -> None:
    monkeypatch.setattr(stock, "PART", part)
    load(session, prize, b"ALPHA\nBETA\n", reason="restocked")
    assert audit.latest(session)[0].reason == "restocked"
    codes.generate_codes(
        session, prize.id, 3, actor=COMMAND_LINE, now=NOON, rng=FakeRng(6), reason="three more"
    )
    assert [record.reason for record in audit.latest(session)[:2]] == ["three more", "restocked"]


def test_a_hundred_thousand_lines(session: Session, prize: Prize) -> None:
    seen: list[int] = []
    data = "".join(f"BIG-{number * 7919 % 100_000:06d}\r\n" for number in range(100_000)).encode()
    report = load(session, prize, data, progress=seen.append)
    assert (report.ok, report.new) == (True, 100_000)
    assert seen == list(range(stock.PART // 2, 100_001, stock.PART // 2))
    assert prizes.stock_of(session, prize.id).free == 100_000
    assert len(load(session, prize, data[:120_000]).known) == 10_000


def test_a_plain_quantity_takes_no_codes(session: Session, prize: Prize) -> None:
    plain = prizes.add(
        session,
        prize.tier_id,
        PrizePlan("Coffee"),
        quantity=1,
        actor=COMMAND_LINE,
        now=NOON,
        rng=FakeRng(8),
    )
    with pytest.raises(Conflict):
        load(session, plain, b"ALPHA\n")
    with pytest.raises(Conflict):
        codes.check_import(session, plain.id, read_code_list(["ALPHA"]))
    with pytest.raises(Conflict):
        codes.generate_codes(session, plain.id, 1, actor=COMMAND_LINE, now=NOON, rng=FakeRng(9))


def test_what_is_not_there(session: Session, prize: Prize) -> None:
    prizes.remove(session, prize.id, actor=COMMAND_LINE, now=NOON)
    for act in (
        lambda: load(session, prize, b"ALPHA\n"),
        lambda: codes.generate_codes(session, UUID(int=1), 1, actor=COMMAND_LINE, now=NOON, rng=FakeRng()),
        lambda: codes.export_free(session, prize.id, actor=COMMAND_LINE, now=NOON),
    ):
        with pytest.raises(NotFound):
            act()


def test_generated_codes_are_well_formed_and_on_record(session: Session, prize: Prize) -> None:
    made = codes.generate_codes(
        session, prize.id, 25, prefix="sun", actor=COMMAND_LINE, now=NOON, rng=FakeRng(5)
    )
    assert made == len(set(texts(session))) == 25
    assert all(text.startswith("SUN-") and is_well_formed(text) for text in texts(session))
    record = audit.latest(session)[0]
    assert record.after is not None
    assert (record.action, record.after["added"]) == ("codes.generate", 25)


def test_a_generated_code_that_is_known_is_made_again(session: Session, prize: Prize) -> None:
    for _ in range(2):  # the same chance twice
        codes.generate_codes(session, prize.id, 20, actor=COMMAND_LINE, now=NOON, rng=FakeRng(5))
    assert len({code_key(text) for text in texts(session)}) == 40


@pytest.mark.parametrize("count", [0, -5, 1_000_001])
def test_counts_that_will_not_do(session: Session, prize: Prize, count: int) -> None:
    with pytest.raises(InvalidInput) as caught:
        codes.generate_codes(session, prize.id, count, actor=COMMAND_LINE, now=NOON, rng=FakeRng())
    assert caught.value.field == "count"


def test_a_prefix_that_will_not_do(session: Session, prize: Prize) -> None:
    with pytest.raises(InvalidInput) as caught:
        codes.generate_codes(
            session, prize.id, 1, prefix="no good", actor=COMMAND_LINE, now=NOON, rng=FakeRng()
        )
    assert caught.value.field == "prefix"


def test_codes_that_could_be_guessed_are_refused(
    session: Session, prize: Prize, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stock, "GUESSES_PER_HOUR", 10**17)
    with pytest.raises(Conflict, match="guess"):
        codes.generate_codes(session, prize.id, 1000, actor=COMMAND_LINE, now=NOON, rng=FakeRng())
    assert texts(session) == []


def test_the_risk_of_a_guess_is_judged_for_the_whole_order(
    session: Session, prize: Prize, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many codes are made in several transactions; none may be made when the last ones could not."""
    monkeypatch.setattr(stock, "PART", 2)
    monkeypatch.setattr(stock, "risk_with", lambda _session, count, _length: 0 if count <= 3 else 1)
    with pytest.raises(Conflict, match="guess"):
        codes.generate_codes(session, prize.id, 4, actor=COMMAND_LINE, now=NOON, rng=FakeRng())
    assert texts(session) == []
    assert codes.generate_codes(session, prize.id, 3, actor=COMMAND_LINE, now=NOON, rng=FakeRng()) == 3


def test_only_free_codes_go_out_and_that_is_on_record(
    session: Session, campaign: Campaign, prize: Prize
) -> None:
    load(session, prize, b"ALPHA\nBETA\nGAMMA\n")
    won = submit_entry(session, submission(1), now=NOON, rng=FakeRng(1), vault=VAULT)
    assert isinstance(won, Won)
    exported = codes.export_free(session, prize.id, actor=COMMAND_LINE, now=NOON)
    record = audit.latest(session, campaign_id=campaign.id)[0]
    assert (record.action, record.after) == ("codes.export", {"prize": prize.id.hex, "exported": 2})
    assert set(exported) == {"ALPHA", "BETA", "GAMMA"} - {won.code}


def test_new_codes_reach_the_very_next_entry(session: Session, campaign: Campaign, prize: Prize) -> None:
    load(session, prize, b"ALPHA\n")
    won = submit_entry(session, submission(1), now=NOON, rng=FakeRng(1), vault=VAULT)
    assert isinstance(won, Won)
    assert won.code == "ALPHA"
    assert tiers.listing(session, campaign.id)[0].version == 1


def make(session: Session, prize: Prize, count: int, **options: Any) -> int:
    return codes.generate_codes(
        session, prize.id, count, actor=COMMAND_LINE, now=NOON, rng=FakeRng(count), **options
    )


def look(session: Session, campaign: Campaign, typed: str) -> codes.FoundCode | None:
    return codes.find(session, campaign.id, typed, actor=COMMAND_LINE, now=NOON)


@pytest.mark.parametrize("length", [12, 16, 20])
def test_codes_are_as_long_as_asked(session: Session, prize: Prize, length: int) -> None:
    make(session, prize, 5, prefix="short", length=length)
    for text in texts(session):
        assert is_well_formed(text, length)
        assert text.startswith("SHORT-")
    (batch,) = session.scalars(select(CodeBatch))
    assert batch.random_symbols == length - 1


def test_long_lists_are_as_long_too(session: Session, prize: Prize, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stock, "PART", 3)
    assert make(session, prize, 8, length=20) == 8
    assert all(is_well_formed(text, 20) for text in texts(session))
    assert session.scalars(select(CodeBatch.random_symbols)).one() == 19


def test_only_some_lengths_will_do(session: Session, prize: Prize) -> None:
    with pytest.raises(InvalidInput) as caught:
        make(session, prize, 5, length=8)
    assert caught.value.field == "length"


def test_short_codes_are_few_also_over_several_batches(session: Session, prize: Prize) -> None:
    """32^11 codes, 1.7 million tries an hour for a month: 29 of them are worth one hit in a million."""
    with pytest.raises(Conflict, match="short"):
        make(session, prize, 30, length=12)
    assert make(session, prize, 20, length=12) == 20
    assert make(session, prize, 9, length=12) == 9
    with pytest.raises(Conflict, match="short"):
        make(session, prize, 1, length=12)
    assert make(session, prize, 1000) == 1000


def test_a_preview_says_what_generating_does_and_writes_nothing(session: Session, prize: Prize) -> None:
    good = codes.preview(session, 29, prefix="summer", length=12, rng=FakeRng())
    assert not good.is_refused
    assert codes.preview(session, 30, prefix="", length=12, rng=FakeRng()).is_refused
    assert len(set(good.samples)) == codes.SAMPLES
    assert all(text.startswith("SUMMER-") and is_well_formed(text, 12) for text in good.samples)
    assert codes.preview(session, 30, prefix="no good", length=16, rng=FakeRng()).samples == ()
    assert good.risk == guess_risk(29, stock.GUESSES_PER_HOUR, stock.GUESSING_HOURS, 11)
    assert texts(session) == []


@pytest.mark.parametrize("length", [12, 16, 20])
def test_a_code_is_found_however_it_is_typed(
    session: Session, campaign: Campaign, prize: Prize, length: int
) -> None:
    make(session, prize, 4, prefix="MEGA-SUMMER", length=length)
    text = texts(session)[2]
    for typed in (text, text.lower(), text.replace("-", " "), text.replace("0", "O"), f" {text}\u2014"):
        found = look(session, campaign, typed)
        assert found is not None, typed
        assert (found.code.text, found.code.status, found.prize.id) == (text, CodeStatus.FREE, prize.id)
        assert found.batch is not None
        assert found.entry_id is None
    record = audit.latest(session)[0]
    assert (record.action, record.after) == ("codes.find", {"prize": prize.id.hex, "status": "free"})
    assert text not in f"{record.subject}{record.after}"


def test_a_won_code_leads_to_its_entry(session: Session, campaign: Campaign, prize: Prize) -> None:
    load(session, prize, b"ALPHA\nBETA\n")
    won = submit_entry(session, submission(), now=NOON, rng=FakeRng(4), vault=VAULT)
    assert isinstance(won, Won)
    found = look(session, campaign, won.code.lower())
    assert found is not None
    assert (found.code.status, found.entry_id) == (CodeStatus.WON, won.entry)
    handling.void(session, won.entry, actor=COMMAND_LINE, now=NOON, reason="test")
    other = handling.replace(session, won.entry, prize.id, actor=COMMAND_LINE, now=NOON, rng=FakeRng(77))
    found = look(session, campaign, session.get_one(Code, other.code_id).text)
    assert found is not None
    assert found.entry_id == won.entry


@pytest.mark.parametrize("typed", ["", "GAMMA", "x" * 300, "ALPH", "\u0391LPHA"])
def test_other_texts_and_other_campaigns_find_nothing(session: Session, prize: Prize, typed: str) -> None:
    load(session, prize, b"ALPHA\n")
    other = make_campaign(session, (TierSpec("Far", codes=0),), slug="other", seed=9)
    assert look(session, other, "ALPHA") is None
    campaign = session.get_one(Campaign, prize.campaign_id)
    assert look(session, campaign, typed) is None
    record = audit.latest(session)[0]
    assert (record.action, record.subject, record.after) == ("codes.find", "", {"status": "unknown"})
