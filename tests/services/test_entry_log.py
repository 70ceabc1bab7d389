"""The entry log: every entry is there, and says why it came out as it did."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.eligibility import EntryLimit
from app.domain.errors import NotFound
from app.domain.outcomes import AwardReason, Drawn, Lost, Won
from app.models import Campaign, Entry
from app.services import entry_log, partners, tiers
from app.services.audit import COMMAND_LINE
from app.services.entries import submit_entry
from app.services.tiers import TierPlan
from tests.support.factories import VAULT, TierSpec, make_campaign, solved, submission
from tests.support.fakes import NOON, FakeRng

CHAIN = (TierSpec("Bronze", weight=0, codes=1), TierSpec("Gold", codes=1, fallback="Bronze"))


def enter(session: Session, number: int, minutes: int = 0, partner: UUID | None = None) -> Drawn:
    entry = submission(number, partner_id=partner)
    moment = NOON + timedelta(minutes=minutes or number)
    outcome = submit_entry(session, entry, now=moment, rng=FakeRng(number), vault=VAULT)
    assert isinstance(outcome, Won | Lost)
    return outcome


@pytest.fixture
def campaign(session: Session) -> Campaign:
    """One Gold, one Bronze that Gold falls back to; every entry hits Gold."""
    return make_campaign(session, CHAIN, limit=EntryLimit.DAILY)


def test_a_hit_a_fallback_and_an_empty_tier_are_explained(session: Session, campaign: Campaign) -> None:
    ayse = partners.add(session, campaign.id, "ayse", "Ayşe", actor=COMMAND_LINE, now=NOON, rng=FakeRng(2))
    first, second, third = enter(session, 1, partner=ayse.id), enter(session, 2), enter(session, 3)
    found = entry_log.explain(session, campaign.id, first.entry)
    assert (found.entry.reason, found.tier_hit, found.tier_awarded) == (AwardReason.HIT, "Gold", "Gold")
    assert (found.partner_name, found.ways) == ("Ayşe", ("Gold", "Bronze"))
    found = entry_log.explain(session, campaign.id, second.entry)
    assert (found.tier_hit, found.tier_awarded) == ("Gold", "Bronze")
    found = entry_log.explain(session, campaign.id, third.entry)
    assert (found.entry.reason, found.tier_hit, found.tier_awarded) == (AwardReason.EMPTY, "Gold", None)
    lines = [(line.name, line.weight, line.first, line.end, line.fallback) for line in found.lines]
    assert lines == [("Bronze", 0, 0, 0, None), ("Gold", 1, 0, 1, "Bronze"), ("", 0, 1, 1, None)]
    assert (found.total, found.table.version) == (1, campaign.odds_version)


def test_a_ticket_past_the_last_tier_is_explained_with_the_odds_of_the_moment(session: Session) -> None:
    campaign = make_campaign(session, (TierSpec("Gold", weight=1),), lose_weight=10**15)
    lost = enter(session, 1)
    gold = tiers.listing(session, campaign.id)[0]
    tiers.edit(session, gold.id, TierPlan("Renamed", 7), actor=COMMAND_LINE, now=NOON)
    found = entry_log.explain(session, campaign.id, lost.entry)
    assert (found.entry.reason, found.tier_hit, found.ways) == (AwardReason.NO_WIN, None, ())
    assert [(line.tier_id, line.name, line.weight) for line in found.lines] == [
        (gold.id, "Renamed", 1),
        (None, "", 10**15),
    ]
    assert found.lines[-1].first <= found.entry.ticket < found.lines[-1].end == found.total


def test_an_entry_of_another_campaign_is_not_there(session: Session, campaign: Campaign) -> None:
    entry = enter(session, 1).entry
    other = make_campaign(session, slug="other", seed=9)
    for campaign_id, entry_id in ((other.id, entry), (campaign.id, other.id)):
        with pytest.raises(NotFound):
            entry_log.explain(session, campaign_id, entry_id)


def test_all_entries_are_met_once_newest_first(session: Session, campaign: Campaign) -> None:
    for number in range(1, 6):
        enter(session, number, minutes=7)
    everybody = [row.entry_id for row in entry_log.search(session, campaign.id).rows]
    assert set(everybody) == set(session.scalars(select(Entry.id)))
    seen, after = [], None
    for _ in range(3):
        page = entry_log.search(session, campaign.id, after=after, limit=2)
        seen += [row.entry_id for row in page.rows]
        after = page.next
    assert (seen, after) == (everybody, None)


def test_entries_are_found(session: Session, campaign: Campaign) -> None:
    drawn = [enter(session, number) for number in (1, 2, 3)]

    def found(text: str = "", won: bool | None = None) -> list[str]:
        return [row.name for row in entry_log.search(session, campaign.id, text=text, won=won).rows]

    assert found(won=True) == ["Person 2", "Person 1"]
    assert found(won=False) == found(f" {drawn[2].entry} ") == found("PERSON3@example.org") == ["Person 3"]
    assert found("person3@") == found("3") == ["Person 3"]
    assert found("person") == ["Person 3", "Person 2", "Person 1"]
    assert found("erson") == found("person3@example.net") == found("3", won=True) == []
    assert found(" \0") == found()


def test_a_walk_stops_and_goes_on(
    session: Session, campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entry_log, "BUDGET", 2)
    for number in range(1, 6):
        enter(session, number)
    page = entry_log.search(session, campaign.id, text="1")
    assert (page.rows, page.is_cut) == ((), True)
    page = entry_log.search(session, campaign.id, text="1", after=page.next)
    assert (page.rows, page.is_cut) == ((), True)
    page = entry_log.search(session, campaign.id, text="1", after=page.next)
    assert ([row.name for row in page.rows], page.next, page.is_cut) == (["Person 1"], None, False)


def test_other_entries_of_a_person(session: Session, campaign: Campaign) -> None:
    enter(session, 1)
    again = submission(1, nonce=b"y" * 16, captcha=solved(8, NOON + timedelta(days=1)))
    later = submit_entry(session, again, now=NOON + timedelta(days=1), rng=FakeRng(8), vault=VAULT)
    assert isinstance(later, Won | Lost)
    enter(session, 2)
    first, second = session.scalars(select(Entry).where(Entry.name == "Person 1").order_by(Entry.id))
    assert entry_log.of_person(session, second) == [first]
    assert entry_log.of_person(session, first) == [second]
