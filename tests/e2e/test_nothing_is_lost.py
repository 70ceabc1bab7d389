"""Proof of address in a browser: enter, read the mail, press the button, see the code; then be forgotten."""

import email
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from sqlalchemy import update

from app.config import load_settings
from app.extensions import db
from app.models import Campaign
from app.services import campaigns
from app.services.audit import COMMAND_LINE
from tests.support.application import application
from tests.support.browser import violations

pytestmark = pytest.mark.e2e

NewVisitor = Callable[..., Page]
WAIT_SECONDS = 60


def instance_of(site: Any) -> Path:
    found = re.search(r"Data\s+(\S+)/prizewell\.sqlite3", site.printed)
    assert found
    return Path(found[1])


def ask_for_proof(site: Any, proof: str) -> None:
    """The demo asks for proof from now on, and everybody wins."""
    app: Flask
    with application(load_settings({"PRIZEWELL_INSTANCE": str(instance_of(site))})) as app, app.app_context():
        session = db.session()
        campaign = campaigns.get(session, "welcome")
        session.execute(update(Campaign).values(proof=proof))
        session.commit()
        campaigns.set_lose_weight(
            session, campaign.id, 0, actor=COMMAND_LINE, now=datetime.now(UTC), reason="a test"
        )


def link_in_mail(site: Any, address: str, part: str) -> str:
    """The link with that part in the newest mail to the address, once it is there."""
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        for file in sorted((instance_of(site) / "mail").glob("*.eml"), reverse=True):
            mail = email.message_from_bytes(file.read_bytes(), policy=default)
            text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
            found = re.search(rf"http\S*{part}\S*", text)
            if address in str(mail["To"]) and found:
                return str(site.url) + re.sub(r"^https?://[^/]+", "", found[0])
        time.sleep(0.5)
    raise AssertionError(f"no mail to {address}")


@pytest.mark.parametrize("proof", ["code", "reveal"])
def test_from_the_entry_to_being_forgotten(
    site: Any, new_visitor: NewVisitor, picture: Any, proof: str
) -> None:
    ask_for_proof(site, proof)
    page = new_visitor()
    address = f"ada-{proof}@example.org"
    page.goto(f"{site.url}/c/welcome")
    page.locator("[name=name]").fill("Ada")
    page.locator("[name=email]").fill(address)
    page.locator("[name=accept_rules]").check()
    page.locator("#entry button[type=submit]").last.click()
    expect(page.locator("#reveal-title")).to_be_visible(timeout=60_000)
    expect(page.locator(".code-text")).to_have_count(0)
    assert violations(page) == []
    picture(page, f"proof-{proof}")
    page.goto(link_in_mail(site, address, "/me/proof/"))
    assert violations(page) == []
    page.get_by_role("button", name="Get my code" if proof == "code" else "See my result").click()
    expect(page).to_have_url(re.compile("/result/"))
    expect(page.locator(".code-text")).to_be_attached()
    code = page.locator(".code-text").inner_text()
    page.goto(link_in_mail(site, address, "/me/[^p/]"))
    expect(page.get_by_text(code)).to_be_visible()
    assert violations(page) == []
    picture(page, f"my-prizes-{proof}")
    page.get_by_role("link", name="Erase my data").click()
    assert violations(page) == []
    picture(page, f"erase-{proof}")
    page.get_by_role("button", name="Erase everything about me").click()
    expect(page.get_by_role("heading", name="Your data is erased")).to_be_visible()
