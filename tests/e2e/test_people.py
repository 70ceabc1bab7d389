"""A second factor set up in a browser, the sign-in with it, and an export that asks once more."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pyotp
import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import create_engine, text

from tests.support.browser import violations
from tests.support.site import printed, site_of_its_own

pytestmark = pytest.mark.e2e

PASSWORD = "four words that nobody guesses"


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("people")


@pytest.fixture(scope="module")
def own_site(instance: Path) -> Iterator[str]:
    """The address of a site whose first admin nobody else has made use of."""
    with site_of_its_own(instance, captcha_cost=50) as address:
        yield address


def change(instance: Path, statement: str) -> None:
    """Turn the site's clock where it stands: no test waits for minutes to pass."""
    engine = create_engine(f"sqlite:///{instance / 'prizewell.sqlite3'}")
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


def code_of(secret: str) -> str:
    return pyotp.TOTP(secret).at(datetime.now(UTC))


def sign_in(page: Page, site: str, address: str) -> None:
    page.goto(f"{site}/account/sign-in")
    page.get_by_label("E-mail").fill(address)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def test_a_second_factor_from_its_set_up_to_an_export(
    own_site: str, instance: Path, new_visitor: Callable[..., Page]
) -> None:
    page = new_visitor(1280, 900)
    page.goto(printed(instance, r"Admin sign-in\s+(http\S+)"))
    address = printed(instance, r"one-time, for (\S+)")
    page.get_by_label("Your name").fill("Deniz")
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_label("The same once more").fill(PASSWORD)
    page.get_by_role("button", name="Set password and sign in").click()

    # From the console to the own account, and to the app's picture.
    page.get_by_role("link", name="Deniz").first.click()
    expect(page.get_by_role("heading", name="Your account")).to_be_visible()
    assert violations(page) == []
    page.get_by_role("link", name="Set up").click()
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("img", name=re.compile("QR code"))).to_be_visible()
    page.get_by_text("No camera? Type the secret").click()
    secret = page.locator("[data-copy-text]").inner_text().replace(" ", "")
    assert violations(page) == []
    page.get_by_role("textbox", name="Code").fill(code_of(secret))
    page.get_by_role("button", name="Switch it on").click()
    expect(page.locator(".recovery li")).to_have_count(10)
    recovery = page.locator(".recovery li").first.inner_text()
    assert violations(page) == []
    page.get_by_role("link", name="I have kept them").click()
    page.get_by_role("button", name="Sign out").first.click()

    # The second page of the sign-in: with the app, and in another browser with a recovery code.
    change(instance, "UPDATE second_factor SET last_step = 0")
    sign_in(page, own_site, address)
    expect(page.get_by_role("heading", name="Your code")).to_be_visible()
    assert violations(page) == []
    page.get_by_role("textbox", name="Code").fill("000000")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("This code is wrong")).to_be_visible()
    page.get_by_role("textbox", name="Code").fill(code_of(secret))
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Campaigns")).to_be_visible()
    other = new_visitor()
    sign_in(other, own_site, address)
    other.get_by_role("link", name="Use a recovery code").click()
    other.get_by_role("textbox", name="Code").fill(recovery.lower())
    other.get_by_role("button", name="Sign in").click()
    expect(other.get_by_role("heading", name="Campaigns")).to_be_visible()

    # A quarter of an hour later an export asks once more, comes back, and then does it.
    change(instance, "UPDATE staff_session SET proven_at = '2020-01-01 00:00:00'")
    change(instance, "UPDATE second_factor SET last_step = 0")
    page.goto(f"{own_site}/admin/audit?noun=account")
    assert violations(page) == []
    page.get_by_role("button", name="Export as CSV").click()
    expect(page.get_by_role("heading", name="Is it still you?")).to_be_visible()
    assert violations(page) == []
    page.get_by_role("textbox", name="Code").fill(code_of(secret))
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_text("is not done yet")).to_be_visible()
    assert page.url.endswith("/admin/audit?noun=account")
    with page.expect_download() as download:
        page.get_by_role("button", name="Export as CSV").click()
    assert download.value.suggested_filename == "changes.csv"

    # What htmx fetches asks as a whole page.
    page.goto(f"{own_site}/admin/campaigns/welcome/prizes")
    change(instance, "UPDATE staff_session SET proven_at = '2020-01-01 00:00:00'")
    page.get_by_role("link", name="Add a tier").click()
    page.get_by_role("link", name="Use your password instead").click()
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()
    expect(page).to_have_url(f"{own_site}/admin/campaigns/welcome/prizes")

    # The other browser's session is ended from here, and is over there at the next step.
    page.goto(f"{own_site}/account")
    page.get_by_role("button", name="End the session").click()
    expect(page.get_by_text("The session is ended.")).to_be_visible()
    other.reload()
    expect(other.get_by_role("heading", name="Sign in")).to_be_visible()
