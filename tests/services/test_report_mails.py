"""Report mails: whoever wants a campaign's figures gets them once a day or week, and nobody else does."""

from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.domain.eligibility import CampaignStatus
from app.domain.errors import InvalidInput, NotFound
from app.domain.ids import random_id
from app.domain.report_times import Every
from app.domain.roles import Role
from app.models import Account, Campaign, Message, MessageKind, MessageState, ReportMail
from app.services import accounts, audit, campaigns, redemptions, report_mails, restrictions, rollups
from app.services.audit import COMMAND_LINE
from app.services.redemptions import Order
from app.services.report_mails import ReportPlan
from tests.support.factories import TierSpec, make_campaign
from tests.support.fakes import NOON, FakeRng
from tests.support.office import Postman, deliver_all, text_of
from tests.support.shop import STAFF, win
from tests.support.staff import make_account

DAY = timedelta(days=1)
MORNING = NOON.replace(hour=5) + DAY  # 08:00 in Istanbul, on the day after
DAILY = ReportPlan(Every.DAILY, 8)
_seeds = count(900)
HOW: dict[str, Any] = {"actor": COMMAND_LINE, "now": NOON}


def able(session: Session, role: Role) -> Account:
    """An account that can sign in."""
    account = make_account(session, role)
    account.password_hash = "-"
    session.commit()
    return account


@pytest.fixture
def campaign(session: Session) -> Campaign:
    return make_campaign(session, (TierSpec("Gold", codes=20),), timezone="Europe/Istanbul")


@pytest.fixture
def reader(session: Session) -> Account:
    return able(session, Role.EDITOR)


def want(session: Session, account: Account, campaign: Campaign, plan: ReportPlan = DAILY) -> None:
    report_mails.want(session, account.id, campaign.id, plan, rng=FakeRng(next(_seeds)), **HOW)


def send(session: Session, campaign: Campaign, now: datetime = MORNING, *, added_up: bool = True) -> int:
    if added_up:
        rollups.roll(session, campaign.id, now=now)
    return report_mails.send_due(session, campaign, now=now, rng=FakeRng(next(_seeds)))


def mails(session: Session, now: datetime = MORNING) -> list[Any]:
    postman = Postman()
    deliver_all(session, postman, now)
    return [mail for mail in postman.mails if mail["To"] != "person1@example.org"]


def reports(session: Session) -> list[Message]:
    session.rollback()
    return list(session.scalars(select(Message).where(Message.kind == MessageKind.REPORT)))


def test_the_mail_says_what_the_day_came_to(session: Session, campaign: Campaign, reader: Account) -> None:
    want(session, reader, campaign)
    win(session, 1, now=NOON - DAY)
    taken = win(session, 2)
    win(session, 3)
    redemptions.redeem(
        session, taken.code, Order("A", 4990, "EUR"), STAFF, now=NOON + timedelta(hours=1), rng=FakeRng(5)
    )
    assert send(session, campaign, MORNING - timedelta(minutes=1)) == 0
    assert send(session, campaign) == 1
    found = [mail for mail in mails(session) if mail["To"] == reader.email]
    (mail,) = found
    assert mail["Subject"] == "Summer giveaway: figures of 15 June 2030"
    text = text_of(mail)
    assert "Entries: 2 (before: 1, in all: 3)" in text
    assert "Redeemed: 1 (before: 0, in all: 1)" in text
    assert "Redemption rate: 50% (before: 0%, in all: 33.3%)" in text
    assert "Revenue: €49.90 (before: €0, in all: €49.90)" in text
    assert "https://win.example/admin/campaigns/summer/report" in text
    page = mail.get_body(("html",)).get_content()
    assert "<table" in page
    assert "person" not in text + page
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = mail["List-Unsubscribe"].strip("<>")
    assert link in text
    assert link in page.replace("&amp;", "&")
    assert link.startswith("https://win.example/account/reports/")


def test_in_turkish_and_by_week(session: Session, campaign: Campaign, reader: Account) -> None:
    want(session, reader, campaign, ReportPlan(Every.WEEKLY, 8, "tr"))
    win(session, 1)
    monday = MORNING + DAY
    assert send(session, campaign, monday - timedelta(hours=1)) == 0
    assert send(session, campaign, monday) == 1
    (mail,) = (each for each in mails(session, monday) if each["To"] == reader.email)
    assert mail["Subject"] == "Summer giveaway: 10 Haziran 2030 – 16 Haziran 2030 rakamları"
    assert "Katılım: 1" in text_of(mail)


def test_a_period_is_told_once(session: Session, campaign: Campaign, reader: Account) -> None:
    want(session, reader, campaign)
    assert send(session, campaign) == 1
    assert send(session, campaign, MORNING + timedelta(hours=3)) == 0
    day = MORNING.date()
    session.rollback()
    again = report_mails._send(
        session, reader.id, campaign.id, day, now=MORNING, rng=FakeRng(4)
    )  # another worker, which looked before the first had stored anything
    assert again is False
    late = MORNING + 3 * DAY + timedelta(hours=5)
    assert send(session, campaign, late) == 1  # what was missed is told by the last one
    assert [one.number for one in reports(session)] == [day.toordinal(), (day + 3 * DAY).toordinal()]


def test_a_report_waits_until_all_is_added_up(session: Session, campaign: Campaign, reader: Account) -> None:
    want(session, reader, campaign)
    assert send(session, campaign, added_up=False) == 0
    rollups.roll(session, campaign.id, now=MORNING - timedelta(minutes=2))
    assert send(session, campaign, added_up=False) == 0
    assert send(session, campaign, MORNING + timedelta(minutes=4)) == 1


def test_who_asks_late_in_the_day_is_not_told_of_the_past(
    session: Session, campaign: Campaign, reader: Account
) -> None:
    want(session, reader, campaign)
    rollups.roll(session, campaign.id, now=NOON)
    assert report_mails.send_due(session, campaign, now=NOON, rng=FakeRng()) == 0


def test_whoever_may_not_see_it_gets_none(session: Session, campaign: Campaign, reader: Account) -> None:
    other = make_campaign(session, slug="other", seed=8)
    admin = able(session, Role.ADMIN)
    want(session, reader, campaign)
    want(session, admin, campaign)
    restrictions.change(session, reader.id, {other.id}, **HOW)
    assert send(session, campaign) == 1
    assert reports(session)[0].account_id == admin.id
    restrictions.change(session, reader.id, {campaign.id}, **HOW)
    assert send(session, campaign) == 1
    accounts.disable(session, reader.id, **HOW)
    assert send(session, campaign, MORNING + DAY) == 1
    to_admin = [mail["To"] for mail in mails(session, MORNING + DAY)]
    assert set(to_admin) == {admin.email}  # what waited for the other account is not sent
    told = {one.account_id: one.state for one in reports(session)}
    assert told[reader.id] is MessageState.FAILED


def test_of_all_campaigns_and_of_one_by_itself(session: Session, campaign: Campaign, reader: Account) -> None:
    other = make_campaign(session, slug="other", timezone="UTC", seed=8)
    want(session, reader, campaign, ReportPlan(Every.DAILY, 8, of_all=True))
    want(session, reader, other, ReportPlan(Every.DAILY, 20))
    assert report_mails.wanted(session, reader.id, campaign.id) == ReportPlan(Every.DAILY, 8, of_all=True)
    assert report_mails.wanted(session, reader.id, other.id) == ReportPlan(Every.DAILY, 20)
    assert send(session, campaign) == 1
    assert send(session, other, NOON.replace(hour=9)) == 0  # at 20:00, not at 8:00
    assert send(session, other, NOON.replace(hour=20)) == 1
    want(session, reader, campaign, ReportPlan(Every.WEEKLY, 8))
    assert report_mails.wanted(session, reader.id, campaign.id) == ReportPlan(Every.WEEKLY, 8)
    report_mails.stop(session, reader.id, campaign.id, **HOW)
    assert report_mails.wanted(session, reader.id, campaign.id) is None
    assert [row.campaign_id for row in session.scalars(select(ReportMail))] == [other.id]


def test_no_more_is_no_more(session: Session, campaign: Campaign, reader: Account) -> None:
    want(session, reader, campaign)
    want(session, reader, campaign)
    assert send(session, campaign) == 1
    report_mails.stop(session, reader.id, campaign.id, actor=None, now=NOON)
    report_mails.stop(session, reader.id, campaign.id, actor=None, now=NOON)
    assert mails(session) == []
    assert send(session, campaign, MORNING + DAY) == 0
    said = [each for each in audit.latest(session) if each.action == "account.reports"]
    assert [(each.actor, each.after) for each in said] == [
        (reader.email, {"reports": []}),
        (COMMAND_LINE.name, {"reports": ["daily", "8:00"]}),
    ]


@pytest.mark.parametrize("status", [CampaignStatus.DRAFT, CampaignStatus.CLOSED])
def test_nothing_of_drafts_nor_of_quiet_days_after_the_end(
    session: Session, campaign: Campaign, reader: Account, status: CampaignStatus
) -> None:
    want(session, reader, campaign)
    session.execute(update(Campaign).values(status=status))
    session.commit()
    assert send(session, campaign) == 0
    assert report_mails.wanted(session, reader.id, campaign.id) == DAILY


def test_the_last_day_of_a_campaign_is_told(session: Session, campaign: Campaign, reader: Account) -> None:
    want(session, reader, campaign)
    win(session, 1)
    campaigns.set_status(session, campaign.id, CampaignStatus.CLOSED, **HOW)
    session.refresh(campaign)
    assert send(session, campaign) == 1
    assert send(session, campaign, MORNING + DAY) == 0


def test_what_cannot_be_is_refused(session: Session, campaign: Campaign, reader: Account) -> None:
    with pytest.raises(InvalidInput):
        want(session, reader, campaign, ReportPlan(Every.DAILY, 24))
    with pytest.raises(NotFound):
        report_mails.want(session, random_id(FakeRng(1)), campaign.id, DAILY, rng=FakeRng(2), **HOW)
    want(session, reader, campaign, ReportPlan(Every.DAILY, 8, "xx"))
    assert report_mails.wanted(session, reader.id, campaign.id) == DAILY
