"""Alerts: told once per cause, in the console and by mail, and over when what they tell no longer holds."""

from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.adapters.letters import Letters
from app.adapters.links import Links
from app.adapters.mail import Sender
from app.adapters.tokens import Signer
from app.config import ROOT
from app.domain.alerts import AlertKind
from app.domain.delivery import Sending, Sent
from app.domain.eligibility import CampaignStatus
from app.domain.errors import NotFound
from app.domain.roles import Role
from app.domain.timeline import quarter_of
from app.models import Account, Alert, Campaign, Message, Prize, QuarterCount
from app.services import accounts, alerts, audit, campaigns, counts, outbox, restrictions, watch_round
from app.services.audit import COMMAND_LINE
from app.services.entries import submit_entry
from app.services.outbox import PostOffice
from tests.support.application import SECRET_KEY
from tests.support.factories import VAULT, TierSpec, add_codes, make_campaign, submission
from tests.support.fakes import NOON, FakeRng
from tests.support.staff import make_account

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
CHANCE = FakeRng(77)  # ids must differ from round to round


def enter(session: Session, *numbers: int, now: datetime = NOON) -> None:
    for number in numbers:
        submit_entry(session, submission(number), now=now, rng=FakeRng(number), vault=VAULT)


def look(session: Session, now: datetime = NOON) -> list[tuple[AlertKind, dict[str, object]]]:
    """What is open after a round of the watch."""
    watch_round.make(session, now=now, rng=CHANCE)
    session.rollback()
    ids = [campaign.id for campaign in campaigns.listing(session)]
    return sorted((alert.kind, alert.details) for alert in alerts.open_ones(session, ids))


def kinds(session: Session, now: datetime = NOON) -> list[AlertKind]:
    return [kind for kind, _details in look(session, now)]


def messages(session: Session) -> list[Message]:
    session.rollback()
    return list(session.scalars(select(Message).where(Message.alert_id.is_not(None))))


@pytest.fixture
def admin(session: Session) -> Account:
    return make_account(session, Role.ADMIN, password=True)


def test_stock_is_told_at_each_level_once(session: Session, admin: Account) -> None:
    campaign = make_campaign(session, [TierSpec("Gold", codes=40)])
    assert look(session) == []
    told = 0
    for number in range(1, 41):
        enter(session, number)
        found = look(session)
        session.rollback()
        if 40 - number in {4, 2, 1, 0}:  # the threshold, half of it, a quarter, nothing
            told += 1
            details = {"prize": "Gold prize", "free": 40 - number, "offered": 40}
            assert found == [(AlertKind.STOCK, details)]
        assert len(messages(session)) == told
    prize = session.scalars(select(Prize)).one()
    add_codes(session, prize, 20, rng=FakeRng(9))
    assert look(session) == []
    assert {alert.over_at for alert in session.scalars(select(Alert))} == {NOON}
    assert campaign.status is CampaignStatus.OPEN


def test_what_holds_again_is_shown_again_and_not_told_anew(session: Session, admin: Account) -> None:
    campaign = make_campaign(session, [TierSpec("Gold", codes=1)])
    enter(session, 1)
    assert kinds(session) == [AlertKind.STOCK]
    campaigns.set_status(session, campaign.id, CampaignStatus.CLOSED, actor=COMMAND_LINE, now=NOON)
    assert kinds(session) == []
    assert alerts.keep_up(session, campaign.id, [], now=NOON, rng=FakeRng()) == []
    cause = session.scalars(select(Alert.cause)).one()
    again = alerts.Due(AlertKind.STOCK, cause)
    assert alerts.keep_up(session, campaign.id, [again], now=NOON, rng=FakeRng()) == []
    assert len(alerts.open_ones(session, [campaign.id])) == 1
    assert len(messages(session)) == 1


def test_a_campaign_that_starts_or_ends_within_a_day(session: Session) -> None:
    opens, closes = NOON + 2 * DAY, NOON + 5 * DAY
    make_campaign(session, opens_at=opens, closes_at=closes)
    assert look(session, opens - DAY - HOUR) == []
    assert look(session, opens - DAY) == [(AlertKind.STARTS, {"at": opens.isoformat()})]
    assert look(session, opens) == []
    assert look(session, closes - HOUR) == [(AlertKind.ENDS, {"at": closes.isoformat()})]
    assert look(session, closes) == []


def test_a_draft_is_not_watched(session: Session) -> None:
    make_campaign(session, opens_at=NOON + HOUR, status=CampaignStatus.DRAFT)
    assert look(session) == []


def many(session: Session, campaign: Campaign, *by_hour: int, wins: int = 0) -> None:
    """Entries that are counted already, in the hours before NOON."""
    first = quarter_of(NOON) - 4 * len(by_hour)
    for hour, count in enumerate(by_hour):
        session.add(
            QuarterCount(
                campaign_id=campaign.id,
                quarter=first + 4 * hour,
                odds_version=campaign.odds_version,
                entries=count,
                people=count,
                wins=wins,
            )
        )
    watch = counts.hold_watch(session, campaign.id)
    watch.counted_until = quarter_of(NOON)
    session.commit()


def test_stock_that_will_not_last_is_told(session: Session) -> None:
    closes = NOON + 10 * DAY
    campaign = make_campaign(session, [TierSpec("Gold", codes=100)], lose_weight=9, closes_at=closes)
    many(session, campaign, 100, 100, 100, wins=10)
    # 100 an hour, one in ten wins: 100 units are 10 hours.
    at = (NOON + 10 * HOUR).isoformat()
    assert look(session) == [(AlertKind.RUNS_OUT, {"tier": "Gold", "at": at})]
    campaigns.set_lose_weight(session, campaign.id, 9999, actor=COMMAND_LINE, now=NOON)
    assert AlertKind.RUNS_OUT not in kinds(session)


def test_wins_far_ahead_of_the_odds_are_told(session: Session) -> None:
    campaign = make_campaign(session, lose_weight=9999)
    many(session, campaign, 1000, wins=1)
    assert kinds(session) == []
    campaign = make_campaign(session, lose_weight=9999, slug="winter", seed=5)
    many(session, campaign, 1000, wins=9)
    assert look(session) == [(AlertKind.AHEAD, {"wins": 9, "entries": 1000})]


def test_a_second_worker_tells_nothing_anew(session: Session, admin: Account) -> None:
    campaign = make_campaign(session, [TierSpec("Gold", codes=1)])
    enter(session, 1)
    found = alerts.due(session, campaign, now=NOON)
    for seed in (1, 2):
        alerts._store(session, campaign.id, found, now=NOON, rng=FakeRng(seed))
    assert len(messages(session)) == 1


def test_those_are_told_who_look_after_the_campaign(session: Session, admin: Account) -> None:
    campaign = make_campaign(session, [TierSpec("Gold", codes=1)])
    other = make_campaign(session, slug="winter", seed=3)

    def account(email: str, role: Role = Role.EDITOR) -> Account:
        return make_account(session, role, email, password=True)

    editor, limited, elsewhere = (account(f"{name}@example.org") for name in ("a", "b", "c"))
    account("viewer@example.org", Role.VIEWER)
    silent, gone = account("d@example.org"), account("e@example.org")
    make_account(session, Role.EDITOR, "invited@example.org")
    restrictions.change(session, limited.id, [campaign.id], actor=COMMAND_LINE, now=NOON)
    restrictions.change(session, elsewhere.id, [other.id], actor=COMMAND_LINE, now=NOON)
    alerts.choose_mails(session, silent.id, wanted=False, actor=COMMAND_LINE, now=NOON)
    accounts.disable(session, gone.id, actor=COMMAND_LINE, now=NOON)
    enter(session, 1)
    look(session)
    assert {message.account_id for message in messages(session)} == {admin.id, editor.id, limited.id}


class Kept:
    """A mailer that keeps what it is given."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []

    def send(self, mail: EmailMessage) -> Sending:
        """Take it."""
        self.mails.append(mail)
        return Sent()


def deliver(session: Session) -> list[EmailMessage]:
    """The mails to staff that a worker sends now."""
    mailer = Kept()
    letters = Letters(ROOT / "templates" / "email", Path(ROOT) / "app" / "translations")
    links = Links("https://win.example", Signer([SECRET_KEY]))
    office = PostOffice(mailer, letters, links, Sender("win@example.org", ""))
    while outbox.deliver_next(session, office, clock=lambda: NOON + HOUR, rng=FakeRng(3)):
        pass
    return [mail for mail in mailer.mails if mail["To"] == "admin@example.org"]


def test_the_mail_says_what_it_is_about_in_the_campaigns_zone(session: Session, admin: Account) -> None:
    opens = NOON + HOUR
    make_campaign(session, opens_at=opens, timezone="Europe/Istanbul")
    look(session)
    (mail,) = deliver(session)
    text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "Summer giveaway needs a look" in mail["Subject"]
    assert "The campaign opens on 15 June 2030, 16:00 (Europe/Istanbul)." in text
    assert "https://win.example/admin/campaigns/summer" in text


def test_what_was_seen_meanwhile_is_not_sent(session: Session, admin: Account) -> None:
    make_campaign(session, [TierSpec("Gold", codes=1)])
    enter(session, 1)
    look(session)
    (alert,) = session.scalars(select(Alert)).all()
    for _ in range(2):
        alerts.see(session, alert.id, actor=COMMAND_LINE, now=NOON)
    assert deliver(session) == []
    assert look(session) == []
    assert [record.action for record in audit.latest(session, limit=2)].count("alert.seen") == 1


def test_what_is_not_there_is_not_found(session: Session, admin: Account) -> None:
    with pytest.raises(NotFound):
        alerts.see(session, admin.id, actor=COMMAND_LINE, now=NOON)
    campaign = make_campaign(session)
    with pytest.raises(NotFound):
        alerts.choose_mails(session, campaign.id, wanted=True, actor=COMMAND_LINE, now=NOON)
    alerts.choose_mails(session, admin.id, wanted=True, actor=COMMAND_LINE, now=NOON)
    assert alerts.wants_mails(session, admin.id)


def test_a_round_adds_up_what_is_over(session: Session) -> None:
    make_campaign(session)
    enter(session, 1, now=NOON - HOUR)
    enter(session, 2)
    look(session)
    assert session.scalars(select(QuarterCount.entries)).all() == [1]
