"""Partners: a visitor counts once a day, without leaving a trace; figures are told by partner and day."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.adapters import database
from app.adapters.database import write_turn
from app.adapters.direct import DirectConnection
from app.domain.errors import Busy, Conflict, InvalidInput, NotFound, StaleEdit
from app.domain.languages import STAFF
from app.domain.partner_rules import Touch
from app.models import Campaign, DailyKey, Message, MessageState, Partner, Visit
from app.services import audit, campaigns, housekeeping, partners, uow
from app.services.audit import COMMAND_LINE
from app.services.entries import submit_entry
from app.services.partners import DayFigures, PartnerPlan
from tests.support.factories import VAULT, TierSpec, make_campaign, submission
from tests.support.fakes import NOON, FakeRng
from tests.support.office import Postman, deliver_all, text_of

Visited = Callable[..., None]


@pytest.fixture
def campaign(session: Session) -> Campaign:
    return make_campaign(session, (TierSpec("Gold", codes=2),), timezone="Pacific/Auckland")


def add(session: Session, campaign: Campaign, slug: str = "ayse", name: str = "Ayşe") -> Partner:
    return partners.add(
        session, campaign.id, slug, name, actor=COMMAND_LINE, now=NOON, rng=FakeRng(sum(slug.encode()))
    )


@pytest.fixture
def ayse(session: Session, campaign: Campaign) -> Partner:
    return add(session, campaign)


@pytest.fixture
def visit(session: Session, ayse: Partner) -> Visited:
    partner_id, rng = ayse.id, FakeRng(3)

    def record(visitor: str = "192.0.2.0/24 phone", now: datetime = NOON) -> None:
        partners.record_visit(session, partner_id, visitor, now=now, rng=rng)

    return record


def count(session: Session, table: type) -> int:
    return session.scalar(select(func.count()).select_from(table)) or 0


def test_a_partner_is_found_by_slug_and_on_record(
    session: Session, campaign: Campaign, ayse: Partner
) -> None:
    assert partners.find(session, campaign.id, "ayse") is ayse
    assert partners.find(session, campaign.id, "bob") is None
    assert partners.get(session, ayse.id).name == "Ayşe"
    record = audit.latest(session, campaign_id=campaign.id)[0]
    assert record.action == "partner.add"
    assert record.after == {"slug": "ayse", "name": "Ayşe", "pool": "borrow", "locale": "en"}


@pytest.mark.parametrize("slug", ["A", "a", "with space", "x" * 41, "ünal", "../etc"])
def test_slugs_that_will_not_do(session: Session, campaign: Campaign, slug: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        add(session, campaign, slug)
    assert caught.value.field == "slug"


def test_a_slug_is_taken_within_the_campaign_only(
    session: Session, campaign: Campaign, ayse: Partner
) -> None:
    with pytest.raises(Conflict):
        add(session, campaign, "ayse", "Another")
    other = make_campaign(session, slug="other", seed=5)
    assert (
        partners.add(session, other.id, "ayse", "Ayşe", actor=COMMAND_LINE, now=NOON, rng=FakeRng(9)).slug
        == ayse.slug
    )


def test_what_is_not_there(session: Session) -> None:
    nobody = UUID(int=1)
    for act in (
        lambda: partners.get(session, nobody),
        lambda: partners.by_day(session, nobody),
        lambda: partners.revoke(session, nobody, actor=COMMAND_LINE, now=NOON),
        lambda: partners.record_visit(session, nobody, "x", now=NOON, rng=FakeRng()),
        lambda: partners.add(session, nobody, "ayse", "A", actor=COMMAND_LINE, now=NOON, rng=FakeRng()),
    ):
        with pytest.raises(NotFound):
            act()


def test_a_visitor_counts_once_a_day(session: Session, visit: Visited) -> None:
    visit()
    visit()
    visit("198.51.100.0/24 laptop")
    assert count(session, Visit) == 2
    visit(now=NOON + timedelta(days=1))
    assert count(session, Visit) == 3


def test_the_day_is_the_campaigns(session: Session, visit: Visited) -> None:
    visit(now=datetime(2030, 6, 15, 11, 59, tzinfo=UTC))  # just before midnight in Auckland
    visit(now=datetime(2030, 6, 15, 12, 0, tzinfo=UTC))
    assert set(session.scalars(select(Visit.day))) == {date(2030, 6, 15), date(2030, 6, 16)}


def test_a_repeat_visit_takes_no_write_lock(
    session: Session, visit: Visited, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit()

    def locked(*_: object) -> None:
        raise AssertionError("a repeat visit asked for the write turn")

    monkeypatch.setattr(uow, "write_turn", locked)
    visit()
    with pytest.raises(AssertionError, match="write turn"):
        visit("somebody else")


def test_a_visit_another_process_counted_first_is_not_counted_again(
    session: Session, visit: Visited, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit()
    monkeypatch.setattr(partners, "_is_counted", lambda *_: False)
    visit()
    assert count(session, Visit) == 1


def test_a_key_another_process_made_first_is_used(
    session: Session, visit: Visited, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit()
    monkeypatch.setattr(partners, "_is_counted", lambda *_: False)
    key = session.scalars(select(DailyKey.key)).one()
    looks = iter([None])
    real = DirectConnection.row
    monkeypatch.setattr(DirectConnection, "row", lambda *args: next(looks, True) and real(*args))
    visit()
    assert session.scalars(select(DailyKey.key)).one() == key
    assert count(session, Visit) == 1


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_a_visit_does_not_wait_behind_a_long_write(
    session: Session, visit: Visited, monkeypatch: pytest.MonkeyPatch
) -> None:
    def waits(*_: object, **__: object) -> None:
        raise AssertionError("the visit asked for the write turn")

    with monkeypatch.context() as patch, write_turn(session.get_bind().engine):
        patch.setattr(database, "_SLOW_SECONDS", 0)
        patch.setattr(partners, "_count", waits)
        with pytest.raises(Busy):
            visit()
    visit()
    assert count(session, Visit) == 1


def test_no_address_is_stored_and_keys_are_destroyed(session: Session, visit: Visited) -> None:
    visit("192.0.2.0/24 phone")
    stored = session.scalars(select(Visit.visitor)).one()
    assert len(stored) == 16
    assert b"192" not in stored
    first = session.scalars(select(DailyKey.day)).one()
    visit(now=NOON + timedelta(days=1))
    assert count(session, DailyKey) == 2
    visit("another", now=NOON + timedelta(hours=48))  # made at NOON, when the day began in Auckland
    assert first not in set(session.scalars(select(DailyKey.day)))
    assert count(session, Visit) == 3


def test_housekeeping_destroys_keys_without_a_visit(session: Session, visit: Visited) -> None:
    visit()
    housekeeping.purge(session, now=NOON + timedelta(hours=24))
    assert count(session, DailyKey) == 1
    housekeeping.purge(session, now=NOON + timedelta(hours=48))
    assert count(session, DailyKey) == 0


def test_figures_by_partner_and_by_day(
    session: Session, campaign: Campaign, ayse: Partner, visit: Visited
) -> None:
    bob = add(session, campaign, "bob", "Bob")
    visit()
    visit("other")
    tomorrow = NOON + timedelta(days=1)
    visit(now=tomorrow + timedelta(days=1))
    for number, moment in ((1, NOON), (2, tomorrow), (3, tomorrow)):
        entry = submission(number, partner_id=ayse.id)
        submit_entry(session, entry, now=moment, rng=FakeRng(number), vault=VAULT)
    submit_entry(session, submission(4), now=NOON, rng=FakeRng(4), vault=VAULT)
    found = partners.figures(session, campaign.id)
    assert [(each.partner.slug, each.visits, each.entries, each.wins) for each in found] == [
        ("ayse", 3, 3, 2),
        ("bob", 0, 0, 0),
    ]
    assert partners.by_day(session, ayse.id) == [
        DayFigures(date(2030, 6, 16), 2, 1, 1, 1),
        DayFigures(date(2030, 6, 17), 0, 2, 1, 2),
        DayFigures(date(2030, 6, 18), 1, 0, 0),
    ]
    assert partners.by_day(session, bob.id) == []


@pytest.mark.parametrize(("touch", "counts"), [(Touch.LAST, "bob"), (Touch.FIRST, "ayse")])
def test_a_followed_link_counts_for_some_hours(
    session: Session, campaign: Campaign, ayse: Partner, visit: Visited, touch: Touch, counts: str
) -> None:
    bob = add(session, campaign, "bob", "Bob")
    visit("mine")
    partners.record_visit(session, bob.id, "mine", now=NOON + timedelta(minutes=5), rng=FakeRng(8))

    def touched(hours: int, after: timedelta, visitor: str = "mine") -> str | None:
        plan = replace(campaigns.plan_of(campaign), touch=touch, touch_hours=hours)
        found = campaigns.edit(session, campaign.id, plan, actor=COMMAND_LINE, now=NOON)
        partner = partners.touched(session, found, visitor, now=NOON + after)
        return partner.slug if partner else None

    assert touched(2, timedelta(hours=1)) == counts
    assert touched(0, timedelta(hours=1)) is None
    assert touched(2, timedelta(hours=3)) is None
    assert touched(24, timedelta(hours=13)) == counts, "also over midnight"
    assert touched(2, timedelta(hours=1), "another") is None
    assert touched(24, timedelta(days=9)) is None, "nobody is known any more"


def edit(session: Session, partner: Partner, version: int | None = None, **changes: object) -> Partner:
    plan = replace(PartnerPlan.of(partner), **changes)  # type: ignore[arg-type]
    return partners.edit(session, partner.id, plan, expected_version=version, actor=COMMAND_LINE, now=NOON)


def test_who_edits_what_is_no_more_is_told(session: Session, ayse: Partner) -> None:
    edit(session, ayse, 1, greeting="Hello!")
    with pytest.raises(StaleEdit):
        edit(session, ayse, 1, greeting="Hi!")
    session.rollback()
    assert session.get_one(Partner, ayse.id, populate_existing=True).greeting == "Hello!"


def test_saving_what_is_there_already_is_no_edit(session: Session, campaign: Campaign, ayse: Partner) -> None:
    edited = edit(session, ayse, 1, name=ayse.name)
    assert edited.version == 1
    assert audit.latest(session, campaign_id=campaign.id)[0].action == "partner.add"


def test_another_slug_must_be_free(session: Session, campaign: Campaign, ayse: Partner) -> None:
    add(session, campaign, "bob", "Bob")
    with pytest.raises(Conflict):
        edit(session, ayse, slug="bob")
    session.rollback()
    assert edit(session, ayse, slug="aysenur").slug == "aysenur"


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("ends_at", {"starts_at": NOON, "ends_at": NOON}),
        ("max_wins", {"max_wins": -1}),
        ("max_wins", {"max_wins": partners.MOST_WINS + 1}),
        ("locale", {"locale": "de"}),
        ("email", {"email": "ayse"}),
    ],
)
def test_plans_that_will_not_do(
    session: Session, ayse: Partner, field: str, changes: dict[str, object]
) -> None:
    with pytest.raises(InvalidInput) as caught:
        edit(session, ayse, **changes)  # type: ignore[arg-type]
    assert caught.value.field == field


LETTERS = {
    "en": ("Your link to the figures of Summer giveaway", "It works once, for seven days."),
    "tr": ("Summer giveaway sayıları için bağlantınız", "Bir kez, yedi gün"),
}


@pytest.mark.parametrize("language", STAFF)
def test_a_partner_who_asks_is_sent_a_link_in_their_language(
    session: Session, ayse: Partner, language: str
) -> None:
    edit(session, ayse, email="ayse@partner.example", locale=language)
    assert partners.send_links(session, "Ayse@Partner.example", now=NOON, rng=FakeRng(5)) == 1
    postman = Postman()
    deliver_all(session, postman)
    (mail,) = postman.mails
    subject, line = LETTERS[language]
    assert (mail["To"], mail["Subject"]) == ("ayse@partner.example", subject)
    assert line in " ".join(text_of(mail).split())
    assert "https://win.example/partner/" in text_of(mail)


def test_a_link_taken_back_before_it_was_sent_stays_here(session: Session, ayse: Partner) -> None:
    edit(session, ayse, email="ayse@partner.example")
    partners.send_links(session, "ayse@partner.example", now=NOON, rng=FakeRng(5))
    partners.revoke(session, ayse.id, actor=COMMAND_LINE, now=NOON)
    postman = Postman()
    deliver_all(session, postman)
    assert postman.mails == []
    message = session.scalars(select(Message)).one()
    assert (message.state, message.last_error) == (MessageState.FAILED, "gone")


def test_what_is_no_address_is_sent_no_link(session: Session, ayse: Partner) -> None:
    assert partners.send_links(session, "", now=NOON, rng=FakeRng(5)) == 0
    assert partners.send_links(session, "no address", now=NOON, rng=FakeRng(5)) == 0
    assert count(session, Message) == 0
