"""What staff do about a win: what was drawn stays, every act is on record, and the books still balance."""

from datetime import timedelta

import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.domain.errors import Busy, Conflict, InvalidInput, NotFound, StaleEdit
from app.domain.outcomes import Won
from app.models import Award, AwardStatus, Campaign, Code, CodeStatus, Prize, Replacement
from app.services import audit, handling, prizes, tiers, winners
from app.services.audit import COMMAND_LINE
from app.services.check import check
from app.services.entries import submit_entry
from app.services.handling import Handling
from app.services.prizes import PrizePlan
from app.services.winners import WinnerFilter
from tests.support.factories import VAULT, TierSpec, make_campaign, submission
from tests.support.fakes import NOON, FakeRng

LATER = NOON + timedelta(days=2)
ACT = {"actor": COMMAND_LINE, "now": LATER}


@pytest.fixture
def campaign(session: Session) -> Campaign:
    return make_campaign(session, (TierSpec("Gold", codes=3), TierSpec("Silver", weight=0, codes=2)))


@pytest.fixture
def won(session: Session, campaign: Campaign) -> Won:
    return enter(session, 1)


@pytest.fixture
def mug(session: Session, campaign: Campaign) -> Prize:
    """A prize that is a number of things, in a tier nobody hits."""
    silver = tiers.find_by_name(session, campaign.id, "Silver")
    assert silver is not None
    plan = PrizePlan("Mug")
    return prizes.add(session, silver.id, plan, quantity=2, actor=COMMAND_LINE, now=NOON, rng=FakeRng(5))


def enter(session: Session, number: int) -> Won:
    outcome = submit_entry(session, submission(number), now=NOON, rng=FakeRng(number), vault=VAULT)
    assert isinstance(outcome, Won)
    return outcome


def prize_called(session: Session, campaign: Campaign, name: str) -> Prize:
    prize = prizes.find_by_name(session, campaign.id, name)
    assert prize is not None
    return prize


def faults(session: Session) -> dict[str, str]:
    return {found.name: found.detail for found in check(session, VAULT) if not found.ok}


def void(session: Session, won: Won) -> Award:
    return handling.void(session, won.entry, reason="Code did not work", **ACT)  # type: ignore[arg-type]


def test_status_and_notes_are_kept_with_before_and_after(session: Session, won: Won) -> None:
    plan = Handling(AwardStatus.CONTACTED, " called\r\ntwice ")
    award = handling.edit(
        session, won.entry, plan, expected_version=1, actor=COMMAND_LINE, now=LATER, reason="asked"
    )
    assert (award.status, award.notes, award.version) == (AwardStatus.CONTACTED, "called\ntwice", 2)
    record = audit.latest(session)[0]
    assert (record.action, record.subject, record.reason) == ("winner.edit", won.entry.hex, "asked")
    assert (record.before, record.after) == (
        {"status": "new", "notes": ""},
        {"status": "contacted", "notes": "called\ntwice"},
    )
    row = winners.one(session, won.entry)
    assert (row.status, row.notes, row.version) == (AwardStatus.CONTACTED, "called\ntwice", 2)


def test_saving_what_is_there_changes_nothing(session: Session, won: Won) -> None:
    before = audit.latest(session)[0].id
    award = handling.edit(session, won.entry, Handling(AwardStatus.NEW), actor=COMMAND_LINE, now=LATER)
    assert (award.version, audit.latest(session)[0].id) == (1, before)


def test_a_stale_edit_writes_nothing(session: Session, won: Won) -> None:
    handling.edit(session, won.entry, Handling(AwardStatus.SENT), actor=COMMAND_LINE, now=LATER)
    with pytest.raises(StaleEdit):
        handling.edit(
            session, won.entry, Handling(AwardStatus.NEW), expected_version=1, actor=COMMAND_LINE, now=LATER
        )
    with pytest.raises(StaleEdit):
        handling.void(session, won.entry, expected_version=1, reason="x", actor=COMMAND_LINE, now=LATER)
    assert winners.one(session, won.entry).status is AwardStatus.SENT


def test_what_an_edit_cannot_do(session: Session, won: Won) -> None:
    with pytest.raises(InvalidInput, match="at most"):
        handling.edit(
            session, won.entry, Handling(AwardStatus.NEW, "x" * 2001), actor=COMMAND_LINE, now=LATER
        )
    with pytest.raises(Conflict, match="act of its own"):
        handling.edit(session, won.entry, Handling(AwardStatus.VOID), actor=COMMAND_LINE, now=LATER)
    void(session, won)
    with pytest.raises(Conflict, match="stays so"):
        handling.edit(session, won.entry, Handling(AwardStatus.SENT), actor=COMMAND_LINE, now=LATER)
    award = handling.edit(session, won.entry, Handling(AwardStatus.VOID, "n"), actor=COMMAND_LINE, now=LATER)
    assert (award.notes, award.status) == ("n", AwardStatus.VOID)


def test_a_void_win_keeps_its_code_burnt(session: Session, campaign: Campaign, won: Won) -> None:
    award = void(session, won)
    assert (award.status, award.voided_at, award.void_reason) == (
        AwardStatus.VOID,
        LATER,
        "Code did not work",
    )
    assert session.get_one(Code, award.code_id).status is CodeStatus.WON
    record = audit.latest(session)[0]
    assert (record.action, record.before, record.after) == (
        "winner.void",
        {"status": "new"},
        {"status": "void"},
    )
    assert record.reason == "Code did not work"
    assert not faults(session)
    with pytest.raises(Conflict, match="already"):
        void(session, won)
    with pytest.raises(InvalidInput, match="why"):
        handling.void(session, enter(session, 2).entry, reason=" ", actor=COMMAND_LINE, now=LATER)


def test_the_schema_knows_no_void_without_a_moment(session: Session, won: Won) -> None:
    with pytest.raises(IntegrityError):
        session.execute(text("UPDATE award SET status = 'void'"))
    session.rollback()


def test_a_replacement_stands_beside_what_was_drawn(
    session: Session, campaign: Campaign, won: Won, mug: Prize
) -> None:
    drawn = void(session, won).code_id
    given = handling.replace(
        session,
        won.entry,
        mug.id,
        expected_version=2,
        actor=COMMAND_LINE,
        now=LATER,
        rng=FakeRng(77),
        reason="kindly",
    )
    award, replacement = handling.issues(session, won.entry)
    assert (award.code_id, replacement) == (drawn, given)
    assert (given.place, given.prize_name, given.tier_name) == (1, "Mug", "Silver")
    assert session.get_one(Code, given.code_id).status is CodeStatus.WON
    assert handling.standing(session, won.entry) is given
    record = audit.latest(session)[0]
    assert (record.action, record.reason) == ("winner.replace", "kindly")
    assert record.after == {"tier": "Silver", "replacement": "Mug"}
    assert not faults(session)

    row = winners.one(session, won.entry)
    assert (row.prize_name, row.tier_name, row.instead_of) == ("Mug", "Silver", "Gold prize")
    assert row.status is AwardStatus.NEW
    code = session.get_one(Code, given.code_id).text
    assert winners.reveal_code(session, won.entry, actor=COMMAND_LINE, now=LATER) == code

    def found(**wanted: object) -> int:
        return len(winners.search(session, campaign.id, WinnerFilter(**wanted)).rows)  # type: ignore[arg-type]

    assert found(text=code) == found(text=won.code) == 1
    assert found(prize_id=mug.id) == found(tier_id=mug.tier_id) == 1
    gold = prize_called(session, campaign, "Gold prize")
    assert found(prize_id=gold.id) == found(status=AwardStatus.VOID) == 0


def test_a_replacement_can_be_void_and_replaced_in_turn(
    session: Session, campaign: Campaign, won: Won, mug: Prize
) -> None:
    void(session, won)
    handling.replace(session, won.entry, mug.id, actor=COMMAND_LINE, now=LATER, rng=FakeRng(77))
    sent = Handling(AwardStatus.SENT)
    handling.edit(session, won.entry, sent, actor=COMMAND_LINE, now=LATER)
    statuses = [each.status for each in handling.issues(session, won.entry)]
    assert statuses == [AwardStatus.VOID, AwardStatus.SENT]
    void(session, won)
    assert winners.one(session, won.entry).prize_name == "Gold prize"
    assert len(winners.search(session, campaign.id, WinnerFilter(status=AwardStatus.VOID)).rows) == 1
    gold = prize_called(session, campaign, "Gold prize")
    second = handling.replace(session, won.entry, gold.id, actor=COMMAND_LINE, now=LATER, rng=FakeRng(77))
    assert (second.place, handling.standing(session, won.entry)) == (2, second)
    assert not faults(session)


def test_what_cannot_be_given_in_its_place(session: Session, campaign: Campaign, won: Won) -> None:
    silver = prize_called(session, campaign, "Silver prize")
    with pytest.raises(Conflict, match="counts"):
        handling.replace(session, won.entry, silver.id, actor=COMMAND_LINE, now=LATER, rng=FakeRng(77))
    void(session, won)
    other = make_campaign(session, slug="other", seed=9)
    for prize in (prize_called(session, other, "Gold prize").id, campaign.id):
        with pytest.raises(NotFound, match="prize"):
            handling.replace(session, won.entry, prize, actor=COMMAND_LINE, now=LATER, rng=FakeRng(77))
    prizes.remove(session, silver.id, actor=COMMAND_LINE, now=LATER)
    with pytest.raises(NotFound, match="removed"):
        handling.replace(session, won.entry, silver.id, actor=COMMAND_LINE, now=LATER, rng=FakeRng(77))
    gold = prize_called(session, campaign, "Gold prize")
    enter(session, 2), enter(session, 3)
    with pytest.raises(Conflict, match="nothing is left of Gold prize"):
        handling.replace(session, won.entry, gold.id, actor=COMMAND_LINE, now=LATER, rng=FakeRng(77))
    with pytest.raises(NotFound, match="win"):
        handling.void(session, campaign.id, reason="x", actor=COMMAND_LINE, now=LATER)
    assert len(handling.issues(session, won.entry)) == 1


def test_codes_that_entries_hold_are_waited_for(
    session: Session, campaign: Campaign, won: Won, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On PostgreSQL the last codes may be in the hands of entries: that is no "nothing is left"."""
    if session.get_bind().dialect.name == "sqlite":
        return  # nobody else writes meanwhile there
    void(session, won)
    silver = prize_called(session, campaign, "Silver prize")
    session.commit()
    monkeypatch.setattr("app.services.uow.MAX_ATTEMPTS", 1)
    with Session(session.get_bind()) as entry:
        entry.execute(select(Code.id).where(Code.prize_id == silver.id).with_for_update()).all()
        with pytest.raises(Busy):
            handling.replace(session, won.entry, silver.id, actor=COMMAND_LINE, now=LATER, rng=FakeRng(77))
        entry.rollback()
    assert (
        handling.replace(session, won.entry, silver.id, actor=COMMAND_LINE, now=LATER, rng=FakeRng(77)).place
        == 1
    )


def test_a_thing_goes_back_into_stock_once_under_a_new_code(
    session: Session, campaign: Campaign, won: Won, mug: Prize
) -> None:
    void(session, won)
    handling.replace(session, won.entry, mug.id, actor=COMMAND_LINE, now=LATER, rng=FakeRng(77))
    with pytest.raises(Conflict, match="counts"):
        handling.return_stock(session, won.entry, actor=COMMAND_LINE, now=LATER, rng=FakeRng(8))
    void(session, won)
    codes = session.scalar(select(func.count()).select_from(Code))
    handling.return_stock(session, won.entry, actor=COMMAND_LINE, now=LATER, rng=FakeRng(8))
    assert session.scalar(select(func.count()).select_from(Code)) == (codes or 0) + 1
    stock = prizes.stock_of(session, mug.id)
    assert (stock.free, stock.won) == (2, 1)
    after = audit.latest(session)[0].after or {}
    assert (after["prize"], after["added"], len(after["digest"])) == (mug.id.hex, 1, 64)
    assert not faults(session)
    with pytest.raises(Conflict, match="already"):
        handling.return_stock(session, won.entry, actor=COMMAND_LINE, now=LATER, rng=FakeRng(8))


def test_a_code_that_was_shown_does_not_go_back(
    session: Session, campaign: Campaign, won: Won, mug: Prize
) -> None:
    void(session, won)
    with pytest.raises(Conflict, match="shown"):
        handling.return_stock(session, won.entry, actor=COMMAND_LINE, now=LATER, rng=FakeRng(8))
    handling.replace(session, won.entry, mug.id, actor=COMMAND_LINE, now=LATER, rng=FakeRng(77))
    void(session, won)
    prizes.remove(session, mug.id, actor=COMMAND_LINE, now=LATER)
    with pytest.raises(Conflict, match="removed"):
        handling.return_stock(session, won.entry, actor=COMMAND_LINE, now=LATER, rng=FakeRng(8))


def test_what_the_winner_is_told(session: Session, won: Won, mug: Prize) -> None:
    assert handling.as_it_stands(session, won) is won
    void(session, won)
    assert handling.as_it_stands(session, won) is None
    given = handling.replace(session, won.entry, mug.id, actor=COMMAND_LINE, now=LATER, rng=FakeRng(77))
    told = handling.as_it_stands(session, won)
    assert told is not None
    assert (told.prize, told.tier, told.entry) == ("Mug", "Silver", won.entry)
    assert told.code == session.get_one(Code, given.code_id).text


def test_offers_are_what_is_in_stock(session: Session, campaign: Campaign, won: Won, mug: Prize) -> None:
    offered = [(each.prize.name, each.tier_name, each.free) for each in handling.offers(session, campaign.id)]
    assert offered == [("Gold prize", "Gold", 2), ("Silver prize", "Silver", 2), ("Mug", "Silver", 2)]
    assert handling.issues(session, mug.id) == []
    assert handling.standing(session, mug.id) is None


def test_a_code_stands_in_for_one_win_only(session: Session, won: Won, mug: Prize) -> None:
    second = enter(session, 2)
    void(session, won), void(session, second)
    given = handling.replace(session, won.entry, mug.id, actor=COMMAND_LINE, now=LATER, rng=FakeRng(77))
    taken = {"code_id": given.code_id, "entry_id": second.entry, "place": 1, "campaign_id": given.campaign_id}
    taken |= {"tier_id": mug.tier_id, "prize_id": mug.id, "tier_name": "x", "prize_name": "x"}
    for change in ({}, {"code_id": given.code_id + 1, "entry_id": won.entry, "place": 2}):
        with pytest.raises(IntegrityError):
            session.execute(insert(Replacement).values(taken | {"created_at": LATER} | change))
        session.rollback()


@pytest.mark.parametrize(
    ("damage", "promise", "words"),
    [
        ("UPDATE award SET status = 'sent', voided_at = NULL", "replacements", "a win that counts"),
        ("UPDATE replacement SET place = 2", "replacements", "does not follow"),
        ("UPDATE replacement SET code_id = (SELECT code_id FROM award)", "codes", "more than once"),
        ("UPDATE replacement SET code_id = (SELECT code_id FROM award)", "replacements", "of another prize"),
        (
            "UPDATE code SET status = 'free' WHERE id IN (SELECT code_id FROM replacement)",
            "codes",
            "not count",
        ),
        ("DELETE FROM replacement", "codes", "nobody won it"),
    ],
)
def test_check_knows_replacements(
    session: Session, won: Won, mug: Prize, damage: str, promise: str, words: str
) -> None:
    void(session, won)
    handling.replace(session, won.entry, mug.id, actor=COMMAND_LINE, now=LATER, rng=FakeRng(77))
    assert not faults(session)
    session.execute(text(damage))
    session.commit()
    assert words in faults(session)[promise]
