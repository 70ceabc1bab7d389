"""Winners come out of the awards only; codes are masked, and showing one is on record."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import delete
from sqlalchemy.orm import Session

from app.domain.codes import is_well_formed
from app.domain.entry_form import DEFAULT
from app.domain.errors import NotFound
from app.domain.outcomes import Won
from app.models import Award, AwardStatus, Campaign, Code, Entry, WinnerKey
from app.services import (
    audit,
    codes,
    figures,
    handling,
    partners,
    prizes,
    redemptions,
    tiers,
    winner_keys,
    winners,
)
from app.services.audit import COMMAND_LINE
from app.services.entries import submit_entry
from app.services.figures import CampaignFigures
from app.services.handling import Handling
from app.services.redemptions import Order, Redeemed
from app.services.winners import WinnerFilter, WinnerRow, WinnersPage
from tests.support.factories import VAULT, TierSpec, make_campaign, submission
from tests.support.fakes import NOON, FakeRng
from tests.support.shop import counter_till


@pytest.fixture
def campaign(session: Session) -> Campaign:
    return make_campaign(session, (TierSpec("Gold", codes=4),))


@pytest.fixture
def won(session: Session, campaign: Campaign) -> list[Won]:
    """Four wins, the third at the same moment as the second, the last through a partner; then a loss."""
    ayse = partners.add(
        session, campaign.id, "ayse", "Ayşe", actor=COMMAND_LINE, now=NOON, rng=FakeRng(11)
    ).id
    outcomes = [
        submit_entry(
            session,
            submission(number, partner_id=ayse if number == 4 else None),
            now=NOON + timedelta(minutes=minute),
            rng=FakeRng(number),
            vault=VAULT,
        )
        for number, minute in ((1, 1), (2, 2), (3, 2), (4, 4), (5, 5))
    ]
    return [outcome for outcome in outcomes if isinstance(outcome, Won)]


def names(rows: Sequence[WinnerRow]) -> list[str]:
    return [row.name for row in rows]


def test_newest_first_and_masked(session: Session, campaign: Campaign, won: list[Won]) -> None:
    page = winners.search(session, campaign.id)
    assert (len(page.rows), page.next) == (4, None)
    newest = page.rows[0]
    assert (newest.name, newest.email, newest.partner_name) == ("Person 4", "person4@example.org", "Ayşe")
    assert (newest.tier_name, newest.prize_name, newest.at) == ("Gold", "Gold prize", won[-1].at)
    assert "•" in newest.code
    assert newest.code != won[-1].code


def test_paging_meets_every_winner_once(session: Session, campaign: Campaign, won: list[Won]) -> None:
    everybody = names(winners.search(session, campaign.id).rows)
    seen: list[str] = []
    after = None
    for _ in range(4):
        page = winners.search(session, campaign.id, after=after, limit=1)
        seen += names(page.rows)
        after = page.next
    assert (seen, after) == (everybody, None)


NO_PLACES = [
    *("", "nonsense", "2030-06-15~x", "2030-06-15T12:00:00~" + "0" * 32),
    *("0001-01-01T00:00:00+14:00~" + "0" * 32, "9999-12-31T23:59:59-14:00~" + "0" * 32),
]


@pytest.mark.parametrize("after", NO_PLACES)
def test_a_place_that_is_none_is_the_beginning(
    session: Session, campaign: Campaign, won: list[Won], after: str
) -> None:
    assert len(winners.search(session, campaign.id, after=after).rows) == 4


def test_filters(session: Session, campaign: Campaign, won: list[Won]) -> None:
    gold = tiers.listing(session, campaign.id)[0]
    prize = prizes.listing(session, campaign.id)[0]
    ayse = partners.listing(session, campaign.id)[0]

    def found(**wanted: Any) -> int:
        return len(winners.search(session, campaign.id, WinnerFilter(**wanted)).rows)

    assert found(text="PERSON2@") == found(text=" person 3") == found(text=f" {won[0].code.lower()} ") == 1
    assert found(text="2") == 1
    assert found(text="%") == found(text="_") == found(text="son 3") == found(text=won[0].code[:-1]) == 0
    assert found(tier_id=gold.id) == found(prize_id=prize.id) == 4
    assert found(partner_id=ayse.id) == 1
    assert found(tier_id=ayse.id) == found(prize_id=gold.id) == 0
    assert found(text="person 2\0") == 1
    assert found(text="  \0 ") == 4


def test_a_generated_code_is_found_by_its_index(session: Session, campaign: Campaign) -> None:
    prize = prizes.listing(session, campaign.id)[0]
    codes.generate_codes(session, prize.id, 8, prefix="SUN", actor=COMMAND_LINE, now=NOON, rng=FakeRng(7))
    drawn = [
        submit_entry(session, submission(number), now=NOON, rng=FakeRng(number), vault=VAULT)
        for number in range(1, 13)
    ]
    generated = [each for each in drawn if isinstance(each, Won) and is_well_formed(each.code)]
    assert len(generated) == 8
    found = winners.search(session, campaign.id, WinnerFilter(text=f" {generated[3].code.lower()} ")).rows
    assert [row.entry_id for row in found] == [generated[3].entry]


def test_recent(session: Session, campaign: Campaign, won: list[Won]) -> None:
    assert names(winners.recent(session, campaign.id, 1)) == ["Person 4"]


def test_an_export_has_the_codes_and_is_on_record(
    session: Session, campaign: Campaign, won: list[Won]
) -> None:
    rows = winners.export(session, campaign.id, actor=COMMAND_LINE, now=NOON)
    record = audit.latest(session, campaign_id=campaign.id)[0]
    assert (record.action, record.after) == ("winners.export", {"exported": 4})
    exported = list(rows)
    assert exported[0].name == "Person 1"
    assert {row.code for row in exported} == {outcome.code for outcome in won}
    only = winners.export(session, campaign.id, WinnerFilter(text="person 2"), actor=COMMAND_LINE, now=NOON)
    assert audit.latest(session)[0].after == {"exported": 1}
    assert names(list(only)) == ["Person 2"]


def test_cells_tell_the_campaigns_time(session: Session, campaign: Campaign, won: list[Won]) -> None:
    row = next(winners.export(session, campaign.id, actor=COMMAND_LINE, now=NOON))
    cells = winners.as_cells(row, ZoneInfo("Europe/Istanbul"), DEFAULT)
    assert len(cells) == len(winners.export_header(DEFAULT))
    assert cells[0] == "2030-06-15T15:01:00+03:00"
    assert cells[5:11] == (won[0].code, "", won[0].entry.hex, "en", "new", "")


def test_showing_a_code_is_on_record(session: Session, campaign: Campaign, won: list[Won]) -> None:
    assert winners.reveal_code(session, won[0].entry, actor=COMMAND_LINE, now=NOON) == won[0].code
    record = audit.latest(session, campaign_id=campaign.id)[0]
    assert (record.action, record.subject, record.after) == ("winner.reveal", won[0].entry.hex, None)
    with pytest.raises(NotFound):
        winners.reveal_code(session, UUID(int=1), actor=COMMAND_LINE, now=NOON)


def test_campaign_figures(session: Session, campaign: Campaign, won: list[Won]) -> None:
    found = figures.campaign_figures(session, campaign.id)
    assert found == CampaignFigures(entries=5, people=5, wins=4, stock_free=0, stock_won=4)
    assert found.stock_total == 4
    other = make_campaign(session, (TierSpec("Gold", codes=3),), slug="other", seed=8)
    assert figures.campaign_figures(session, other.id) == CampaignFigures(0, 0, 0, 3, 0)


def test_by_day_status_and_order(session: Session, campaign: Campaign, won: list[Won]) -> None:
    def found(**wanted: Any) -> list[str]:
        return names(winners.search(session, campaign.id, WinnerFilter(**wanted)).rows)

    at = NOON + timedelta(minutes=2)
    assert len(found(since=at)) == 3
    assert found(until=at) == ["Person 1"]
    assert found(since=at, until=at) == []
    assert len(found(status=AwardStatus.NEW)) == 4
    handling.edit(session, won[1].entry, Handling(AwardStatus.SENT), actor=COMMAND_LINE, now=NOON)
    assert found(status=AwardStatus.SENT) == ["Person 2"]
    assert found(status=AwardStatus.SENT, since=NOON + timedelta(minutes=3)) == []
    assert "Person 2" not in found(status=AwardStatus.NEW)
    first = winners.search(session, campaign.id, oldest_first=True, limit=3)
    rest = winners.search(session, campaign.id, oldest_first=True, after=first.next)
    assert names((*first.rows, *rest.rows)) == names(winners.search(session, campaign.id).rows)[::-1]


@pytest.mark.parametrize(
    "typed", ["yilmaz", "YILMAZ", "Yılmaz", "YİLMAZ", "ayse nur", "Ayşe", "nur y", "ayse@EX"]
)
def test_a_name_is_found_however_it_is_written(session: Session, campaign: Campaign, typed: str) -> None:
    entry = replace(submission(1, email="ayse@example.org"), name="AYŞE Nur Yılmaz")
    submit_entry(session, entry, now=NOON, rng=FakeRng(1), vault=VAULT)
    assert len(winners.search(session, campaign.id, WinnerFilter(text=typed)).rows) == 1
    assert winner_keys.write_keys(session, campaign.id) == 1
    assert len(winners.search(session, campaign.id, WinnerFilter(text=typed)).rows) == 1
    assert winner_keys.write_keys(session, campaign.id) == 0


def test_a_whole_address_is_found_in_any_spelling(session: Session, campaign: Campaign) -> None:
    submit_entry(session, submission(1, email="a.da+x@googlemail.com"), now=NOON, rng=FakeRng(1), vault=VAULT)
    found = winners.search(session, campaign.id, WinnerFilter(text=" Ada@gmail.com ")).rows
    assert [row.email for row in found] == ["a.da+x@googlemail.com"]
    other = make_campaign(session, slug="other", seed=8)
    assert not winners.search(session, other.id, WinnerFilter(text="ada@gmail.com")).rows


def test_keys_can_wait_until_many_do(
    session: Session, campaign: Campaign, won: list[Won], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert winner_keys.write_keys(session, campaign.id, at_least=5) == 0
    monkeypatch.setattr(winner_keys, "CHUNK", 1)
    monkeypatch.setattr(winner_keys, "ROUNDS", 3)
    assert winner_keys.write_keys(session, campaign.id, at_least=4) == 3
    assert names(winners.search(session, campaign.id, WinnerFilter(text="person 4")).rows) == ["Person 4"]
    assert winner_keys.write_keys(session, campaign.id) == 1


@pytest.fixture
def many(session: Session, campaign: Campaign, won: list[Won], monkeypatch: pytest.MonkeyPatch) -> Campaign:
    """Two are more than a few, three in a row as many as a walk may meet."""
    winner_keys.write_keys(session, campaign.id)
    monkeypatch.setattr(winners, "FEW", 1)
    monkeypatch.setattr(winners, "BUDGET", 3)
    return campaign


def all_pages(session: Session, campaign_id: UUID, wanted: WinnerFilter, limit: int) -> list[WinnersPage]:
    pages = [winners.search(session, campaign_id, wanted, limit=limit)]
    while pages[-1].next:
        pages.append(winners.search(session, campaign_id, wanted, after=pages[-1].next, limit=limit))
        assert len(pages) < 20
    return pages


@pytest.mark.parametrize("limit", [1, 2, 3, 9])
def test_where_many_begin_so_they_come_by_name(session: Session, many: Campaign, limit: int) -> None:
    pages = all_pages(session, many.id, WinnerFilter(text="person"), limit)
    found = [row.name for page in pages for row in page.rows]
    assert found == ["Person 1", "Person 2", "Person 3", "Person 4"]
    assert all(page.by_name for page in pages)


def test_whom_the_text_names_exactly_comes_first(session: Session, many: Campaign, won: list[Won]) -> None:
    row = session.get_one(Award, won[3].entry)
    code = session.get_one(Code, row.code_id)
    code.text, code.key = "Person", "PERSON"
    entry = session.get_one(Entry, won[3].entry)
    entry.name, entry.email = "Zoe", "zoe@example.org"
    session.execute(delete(WinnerKey).where(WinnerKey.entry_id == entry.id))
    session.commit()
    pages = all_pages(session, many.id, WinnerFilter(text="person"), 2)
    found = [row.name for page in pages for row in page.rows]
    assert found[0] == "Zoe"
    assert sorted(found) == ["Person 1", "Person 2", "Person 3", "Zoe"]


def test_who_is_named_and_begins_so_comes_once(session: Session, many: Campaign, won: list[Won]) -> None:
    code = session.get_one(Code, session.get_one(Award, won[3].entry).code_id)
    code.text, code.key = "Person", "PERSON"
    session.commit()
    pages = all_pages(session, many.id, WinnerFilter(text="person"), 2)
    found = [row.name for page in pages for row in page.rows]
    assert found == ["Person 1", "Person 2", "Person 3", "Person 4"]


def test_a_walk_stops_and_goes_on(session: Session, many: Campaign, won: list[Won]) -> None:
    prize = prizes.listing(session, many.id)[0]
    oldest = won[0].entry
    handling.edit(session, oldest, Handling(AwardStatus.SENT), actor=COMMAND_LINE, now=NOON)
    handling.edit(session, won[1].entry, Handling(AwardStatus.SENT), actor=COMMAND_LINE, now=NOON)
    wanted = WinnerFilter(prize_id=prize.id, status=AwardStatus.SENT, until=NOON + timedelta(minutes=2))
    monkeyed = all_pages(session, many.id, WinnerFilter(prize_id=prize.id, status=AwardStatus.SENT), 2)
    assert [len(page.rows) for page in monkeyed] == [1, 1]
    assert [page.is_cut for page in monkeyed] == [True, False]
    assert names(winners.search(session, many.id, wanted).rows) == ["Person 1"]
    by_name = all_pages(session, many.id, WinnerFilter(text="person", status=AwardStatus.SENT), 9)
    assert [row.name for page in by_name for row in page.rows] == ["Person 1", "Person 2"]
    assert by_name[0].is_cut


@pytest.mark.parametrize("after", ["=", "=~", "=x~y", "x~" + "0" * 32, "=person 1~z"])
def test_a_place_by_name_that_is_none_is_the_beginning(session: Session, many: Campaign, after: str) -> None:
    page = winners.search(session, many.id, WinnerFilter(text="person"), after=after, limit=1)
    assert names(page.rows) == ["Person 1"]


def test_one_win(session: Session, campaign: Campaign, won: list[Won]) -> None:
    assert winners.one(session, won[2].entry).name == "Person 3"
    with pytest.raises(NotFound):
        winners.one(session, UUID(int=1))


def test_what_shops_took_is_told_found_and_exported(
    session: Session, campaign: Campaign, won: list[Won]
) -> None:
    till, zone = counter_till(session, "Moda"), ZoneInfo("Europe/Istanbul")
    taken_ids = []
    for hours, outcome in enumerate(won[:2], start=1):
        at = NOON + timedelta(hours=hours)
        done = redemptions.redeem(session, outcome.code, Order(), till, now=at, rng=FakeRng(60 + hours))
        assert isinstance(done, Redeemed)
        taken_ids.append(done.redemption.id)

    def found(redeemed: bool | None, limit: int = 50) -> list[tuple[str, str]]:
        page = winners.search(session, campaign.id, WinnerFilter(redeemed=redeemed), limit=limit)
        return [(row.name, row.redeemed_where) for row in page.rows]

    taken = [("Person 2", "Moda"), ("Person 1", "Moda")]
    left = [("Person 4", ""), ("Person 3", "")]
    assert found(None) == sorted(taken + left, reverse=True)
    assert (found(True), found(False)) == (taken, left)
    assert found(True, limit=1) == taken[:1]
    rows = list(winners.export(session, campaign.id, actor=COMMAND_LINE, now=NOON))
    header = winners.export_header(DEFAULT)
    cells = [dict(zip(header, winners.as_cells(row, zone, DEFAULT), strict=True)) for row in rows]
    assert [(each["redeemed_at"], each["redeemed_where"]) for each in cells[:3]] == [
        ("2030-06-15T16:00:00+03:00", "Moda"),
        ("2030-06-15T17:00:00+03:00", "Moda"),
        ("", ""),
    ]
    redemptions.reverse(session, taken_ids[-1], till, now=NOON + timedelta(hours=3))
    assert found(True) == taken[1:]
    assert winners.one(session, won[0].entry).redeemed_at == NOON + timedelta(hours=1)


def test_many_redeemed_are_walked(
    session: Session, campaign: Campaign, won: list[Won], monkeypatch: pytest.MonkeyPatch
) -> None:
    till = counter_till(session, "Moda")
    for number, outcome in enumerate(won):
        redemptions.redeem(session, outcome.code, Order(), till, now=won[-1].at, rng=FakeRng(70 + number))
    monkeypatch.setattr(winners, "FEW", 1)
    page = winners.search(session, campaign.id, WinnerFilter(redeemed=True))
    assert {row.redeemed_where for row in page.rows} == {"Moda"}
    assert len(page.rows) == len(won)
