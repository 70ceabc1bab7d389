"""The audit list: filters, pages, and what its export leaves behind."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Entry
from app.services import audit
from app.services.audit import COMMAND_LINE, Actor, Wanted
from app.services.entries import submit_entry
from tests.support.factories import VAULT, TierSpec, make_campaign, submission
from tests.support.fakes import NOON, FakeRng

ADA = Actor("ada@example.org")


@pytest.fixture
def listed(session: Session) -> Session:
    """Three records, an hour apart, beside those of a campaign made a day before."""
    campaign = make_campaign(session, [TierSpec("Gold")], now=NOON - timedelta(days=1))
    for hour, (actor, action, subject, reason) in enumerate(
        (
            (ADA, "tier.edit", "100 % Gold", "as agreed"),
            (COMMAND_LINE, "account.role", "bob@example.org", ""),
            (ADA, "winner.reveal", "x_y", ""),
        )
    ):
        about = campaign.id if action != "account.role" else None
        moment = NOON + timedelta(hours=hour)
        audit.record(session, actor, action, subject, now=moment, campaign_id=about, reason=reason)
    session.commit()
    return session


@pytest.mark.parametrize(
    ("wanted", "subjects"),
    [
        (Wanted(since=NOON), ["x_y", "bob@example.org", "100 % Gold"]),
        (Wanted(since=NOON, until=NOON + timedelta(hours=1)), ["100 % Gold"]),
        (Wanted(who="ADA@", since=NOON), ["x_y", "100 % Gold"]),
        (Wanted(text="agreed"), ["100 % Gold"]),
        (Wanted(text="100 %"), ["100 % Gold"]),
        (Wanted(text="%%"), []),
        (Wanted(text="x_"), ["x_y"]),
        (Wanted(noun="winner"), ["x_y"]),
        (Wanted(noun="account", who="command"), ["bob@example.org"]),
        (Wanted(noun="account", who="ada"), []),
    ],
)
def test_a_filter_finds_what_fits(listed: Session, wanted: Wanted, subjects: list[str]) -> None:
    assert [record.subject for record in audit.latest(listed, wanted)] == subjects


def test_a_campaign_and_pages(listed: Session) -> None:
    campaign_id = audit.latest(listed)[0].campaign_id
    first = audit.latest(listed, Wanted(campaign_id, since=NOON), limit=1)
    rest = audit.latest(listed, Wanted(campaign_id, since=NOON), before_id=first[0].id)
    assert [record.subject for record in (*first, *rest)] == ["x_y", "100 % Gold"]


def test_an_export_is_on_record_before_its_first_line(listed: Session) -> None:
    rows = audit.export(listed, Wanted(who="ada"), actor=ADA, now=NOON)
    record = audit.latest(listed)[0]
    assert (record.action, record.after) == ("audit.export", {"exported": 2})
    assert [row.action for row in rows] == ["tier.edit", "winner.reveal", "audit.export"]


def test_records_about_winners_come_with_names(listed: Session) -> None:
    campaign_id = audit.latest(listed)[0].campaign_id
    submit_entry(listed, submission(1), now=NOON, rng=FakeRng(5), vault=VAULT)
    entry = listed.scalars(select(Entry)).one()
    audit.record(listed, ADA, "winner.void", entry.id.hex, now=NOON, campaign_id=campaign_id)
    listed.commit()
    assert audit.winners_named(listed, audit.latest(listed)) == {entry.id.hex: "Person 1"}
    assert audit.winners_named(listed, []) == {}
