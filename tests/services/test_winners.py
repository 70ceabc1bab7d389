"""Winners come out of the awards only; codes are masked, and showing one is on record."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from app.domain.codes import is_well_formed
from app.domain.errors import NotFound
from app.domain.outcomes import Won
from app.models import Campaign
from app.services import audit, codes, figures, partners, prizes, tiers, winners
from app.services.audit import COMMAND_LINE
from app.services.entries import submit_entry
from app.services.figures import CampaignFigures
from app.services.winners import WinnerRow
from tests.support.factories import VAULT, TierSpec, make_campaign, submission
from tests.support.fakes import NOON, FakeRng


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
        return len(winners.search(session, campaign.id, **wanted).rows)

    assert found(text="PERSON2@") == found(text="son 3") == found(text=f" {won[0].code.lower()} ") == 1
    assert found(text="%") == found(text="_") == found(text=won[0].code[:-1]) == 0
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
    asked: list[str] = []

    def listen(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement.upper())

    event.listen(session.get_bind(), "before_cursor_execute", listen)
    try:
        found = winners.search(session, campaign.id, text=f" {generated[3].code.lower()} ").rows
    finally:
        event.remove(session.get_bind(), "before_cursor_execute", listen)
    assert [row.entry_id for row in found] == [generated[3].entry]
    assert asked
    assert not any("LIKE" in statement for statement in asked)  # such a walk meets every winner there is


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
    only = winners.export(session, campaign.id, text="person 2", actor=COMMAND_LINE, now=NOON)
    assert names(list(only)) == ["Person 2"]


def test_cells_tell_the_campaigns_time(session: Session, campaign: Campaign, won: list[Won]) -> None:
    row = next(winners.export(session, campaign.id, actor=COMMAND_LINE, now=NOON))
    cells = winners.as_cells(row, ZoneInfo("Europe/Istanbul"))
    assert len(cells) == len(winners.EXPORT_HEADER)
    assert cells[0] == "2030-06-15T15:01:00+03:00"
    assert cells[5:] == (won[0].code, "", won[0].entry.hex)


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
