"""In a browser, with mail over a real SMTP server: hear of an opening; bring a friend, enter once more."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import update

from app.config import load_settings
from app.extensions import db, tools
from app.models import Entry, Message
from app.services import campaigns, opening_reminders, outbox
from app.services.audit import COMMAND_LINE
from tests.support.application import application, environment, migrate
from tests.support.browser import violations
from tests.support.factories import TierSpec, make_campaign
from tests.support.site import running_site
from tests.support.smtp import Postbox, postbox

pytestmark = pytest.mark.e2e

NewVisitor = Callable[..., Page]


@dataclass(frozen=True, slots=True)
class Town:
    """A running site, and the postbox its mail comes to."""

    url: str
    settings: dict[str, str]
    box: Postbox

    @contextmanager
    def behind(self) -> Iterator[None]:
        """In the application, on the site's own database."""
        with application(load_settings(self.settings)) as app, app.app_context():
            yield

    def deliver(self) -> None:
        """Have all mail sent that waits, as the worker does; nobody waits for an hour between two."""
        with self.behind():
            session, office = db.session(), tools().office
            assert office is not None
            session.execute(update(Message).values(due_at=datetime.now(UTC), tried_at=None))
            session.commit()
            while outbox.deliver_next(session, office, clock=tools().now, rng=tools().rng):
                session.execute(update(Message).values(tried_at=None))
                session.commit()

    def link(self, address: str, part: str) -> str:
        """The link with that part in the newest mail to the address."""
        for mail in reversed(self.box.mails):
            text = mail.get_body(("plain",)).get_content()
            found = re.search(rf"http\S*{part}\S*", text)
            if mail["To"] == address and found:
                return self.here(found[0])
        raise AssertionError(f"no mail to {address}")

    def here(self, link: str) -> str:
        """A link of the site's public address, where it runs."""
        return self.url + re.sub(r"^https?://[^/]+", "", link)


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    folder: Path = tmp_path_factory.mktemp("town")
    url, now = f"sqlite:///{folder / 'prizewell.sqlite3'}", datetime.now(UTC) - timedelta(seconds=2)
    migrate(url, folder)
    with postbox() as box:
        mail = {
            "PRIZEWELL_MAIL": f"smtp://localhost:{box.port}",
            "PRIZEWELL_MAIL_FROM": "Prizewell <win@example.org>",
        }
        settings = environment(url, folder, **mail)
        with application(load_settings(settings)) as app, app.app_context():
            session = db.session()
            stock = [TierSpec("Gold", codes=9)]
            make_campaign(session, stock, slug="later", seed=1, now=now, opens_at=now + timedelta(days=3))
            made = make_campaign(session, stock, slug="friends", seed=2, now=now)
            plan = replace(campaigns.plan_of(made), refer_most=2)
            campaigns.edit(session, made.id, plan, actor=COMMAND_LINE, now=now)
        with running_site(url, folder) as port:
            yield Town(f"http://127.0.0.1:{port}", settings, box)


def enter(page: Page, address: str) -> None:
    page.locator("[name=name]").fill("Ada")
    page.locator("[name=email]").fill(address)
    page.locator("[name=accept_rules]").check()
    page.locator("#entry button[type=submit]").last.click()
    expect(page.locator("#reveal-title")).to_be_visible(timeout=60_000)
    assert violations(page) == []


def test_who_waits_is_told_of_the_opening(town: Town, new_visitor: NewVisitor) -> None:
    page = new_visitor()
    page.goto(f"{town.url}/c/later")
    page.locator("[name=waiting_email]").fill("ada@example.org")
    page.locator("[name=waiting_email]").press("Enter")
    expect(page.get_by_role("heading", name="We write to you when it opens")).to_be_visible()
    town.deliver()
    assert town.box.mails == []
    with town.behind():
        session, now = db.session(), datetime.now(UTC)
        campaign = campaigns.get(session, "later")
        plan = replace(campaigns.plan_of(campaign), opens_at=now - timedelta(seconds=1))
        campaigns.edit(session, campaign.id, plan, actor=COMMAND_LINE, now=now)
        opening_reminders.call(session, campaigns.get(session, "later"), now=now, rng=tools().rng)
    town.deliver()
    page.goto(town.link("ada@example.org", "/c/later"))
    enter(page, "ada@example.org")
    expect(page.locator("#reveal-title")).to_contain_text("You won")


def test_a_friend_brings_one_more_entry(town: Town, new_visitor: NewVisitor) -> None:
    mine = new_visitor()
    mine.goto(f"{town.url}/c/friends")
    enter(mine, "me@example.org")
    link = mine.locator("[data-share]").get_attribute("data-share")
    assert link is not None
    with town.behind():  # the friend is somewhere else
        db.session().execute(update(Entry).values(network=None))
        db.session().commit()
    friend = new_visitor()
    friend.goto(town.here(link))
    expect(friend.get_by_text("A friend has invited you")).to_be_visible()
    enter(friend, "friend@example.org")
    mine.goto(f"{town.url}/c/friends")
    enter(mine, "me@example.org")
    expect(mine.locator("#reveal-title")).to_have_text("You are in already")
    town.deliver()
    mine.goto(town.link("me@example.org", "/c/friends/again/"))
    expect(mine.get_by_text("Friends have earned you one more entry")).to_be_visible()
    enter(mine, "me@example.org")
    expect(mine.locator("#reveal-title")).to_contain_text("You won")


def test_who_asks_for_the_link_is_checked_to_be_human(town: Town, new_visitor: NewVisitor) -> None:
    page = new_visitor()
    page.goto(f"{town.url}/c/friends")
    enter(page, "asks@example.org")
    page.goto(f"{town.url}/me")
    assert page.evaluate("customElements.get('altcha-widget') === undefined")
    page.locator("[name=email]").fill("asks@example.org")
    assert violations(page) == []
    page.get_by_role("button", name="Mail me the link").click()
    expect(page).to_have_url(re.compile("/me/asked"), timeout=30_000)
    town.deliver()
    page.goto(town.link("asks@example.org", "/me/"))
    expect(page.get_by_role("heading", name="Bring friends")).to_be_visible()
    assert violations(page) == []
