"""Every page of the console in a browser: on a phone and a desk, light and dark, English and Turkish.

Each page is opened twice, and the two differ in all three; over the pages every pair of choices comes up.
What a campaign without anything shows is opened once. A new page is found in the map of the site, and one
that cannot be opened by its address alone fails until it is told how.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest
from flask import Flask
from playwright.sync_api import Page
from sqlalchemy import select
from werkzeug.routing import Rule

from app.adapters.tokens import Purpose
from app.config import load_settings
from app.extensions import db, tools
from app.models import Account, Award, Campaign, CodeBatch, Partner, Tier
from tests.e2e.test_marketer import PASSWORD, people_enter
from tests.support.application import application
from tests.support.browser import violations
from tests.support.hooks import any_endpoint
from tests.support.shop import api_till, counter_till
from tests.support.site import printed, site_of_its_own

pytestmark = pytest.mark.e2e

WELCOME = "welcome"  # the campaign that a fresh site has
EMPTY = "nothing-yet"
BEGINNINGS = ("/admin/", "/account")
NO_PAGES = {
    "admin.campaigns.figures_now": "a part of the overview",
    "admin.campaigns.suggest_address": "a part of a form",
    "admin.tiers.chance": "a part of a form",
    "admin.codes.plan": "a part of a form",
    "admin.codes.progress": "a part of a page",
    "fitting.style": "a style sheet",
    "admin.partners.qr": "a picture",
    "admin.figures.everything": "a file",
    "admin.figures.partners_file": "a file",
    "account.sign_in": "leads on whoever has signed in",
    "account.link": "leads on whoever has signed in",
    "account.code": "leads on whoever has signed in",
    "account.own.confirm": "leads on whoever has just signed in",
    "account.factor.set_up": "leads to the beginning of the set-up",
    "account.factor.switch_off": "leads back whoever has none",
}
ASKED_FOR = {"admin.campaigns.status": {"to": "closed"}}  # beside what stands in the path
IN_A_FRAME = re.compile(r"/form/preview|/look/page")  # its title is the page's around it
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@dataclass(frozen=True, slots=True)
class Seen:
    """Through whose eyes a page is looked at."""

    width: int
    scheme: Literal["light", "dark"]
    language: str

    @property
    def other(self) -> "Seen":
        """Somebody for whom all of it is different."""
        return Seen(
            1280 if self.width == 390 else 390,
            "dark" if self.scheme == "light" else "light",
            "tr" if self.language == "en" else "en",
        )


EYES = (Seen(390, "light", "en"), Seen(390, "dark", "en"), Seen(390, "light", "tr"), Seen(390, "dark", "tr"))


def one_of_each() -> dict[str, Any]:
    """One of everything that addresses name, made where a fresh site has none."""
    session = db.session()
    campaign = session.scalars(select(Campaign).where(Campaign.slug == WELCOME)).one()
    batch = session.scalars(select(CodeBatch).where(CodeBatch.campaign_id == campaign.id)).first()
    award = session.scalars(select(Award).where(Award.campaign_id == campaign.id)).first()
    tier = session.scalars(select(Tier).where(Tier.campaign_id == campaign.id)).first()
    account = session.scalars(select(Account)).first()
    partner = session.scalars(select(Partner).where(Partner.campaign_id == campaign.id)).first()
    assert batch is not None
    assert award is not None
    assert tier is not None
    assert account is not None
    assert partner is not None
    return {
        "slug": WELCOME,
        "tier_id": tier.id,
        "prize_id": batch.prize_id,
        "batch_id": batch.id,
        "entry_id": award.entry_id,
        "account_id": account.id,
        "partner_id": partner.id,
        "key_id": api_till(session).api_key_id,
        "location_id": counter_till(session).location_id,
        "endpoint_id": any_endpoint(session)[0],
        "token": tools().signer.sign(Purpose.NO_REPORTS, [account.id.hex, campaign.id.hex], tools().now()),
        "word": "wheel",
        "outcome": "won",
    }


def addresses(app: Flask, ids: Mapping[str, Any]) -> Iterator[str]:
    """Where the pages of the console are."""
    with app.test_request_context():
        for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
            if _is_page(rule):
                named = {name: ids[name] for name in rule.arguments} | ASKED_FOR.get(rule.endpoint, {})
                yield app.url_for(rule.endpoint, **named)
                if rule.arguments == {"slug"} and rule.endpoint not in ASKED_FOR:
                    yield app.url_for(rule.endpoint, slug=EMPTY)


def _is_page(rule: Rule) -> bool:
    is_read = "GET" in (rule.methods or ())
    return is_read and rule.rule.startswith(BEGINNINGS) and rule.endpoint not in NO_PAGES


def looked_at(page: Page, address: str, seen: Seen) -> list[str]:
    """What is wrong with a page for that pair of eyes."""
    page.set_viewport_size({"width": seen.width, "height": 844})
    page.emulate_media(color_scheme=seen.scheme)
    answer = page.goto(f"{address}{'&' if '?' in address else '?'}lang={seen.language}")
    assert answer is not None
    wrong = violations(page)
    if IN_A_FRAME.search(address):
        wrong.remove("page-has-heading-one: html")
    if not answer.ok or address not in page.url:
        wrong.append(f"answers {answer.status} at {page.url}")
    if page.locator("html").get_attribute("lang") != seen.language:
        wrong.append("is in another language")
    if (wide := page.evaluate(OVERFLOW)) > 0:
        wrong.append(f"is {wide} px too wide")
    return wrong


@pytest.mark.timeout(300)
def test_every_page_of_the_console(new_visitor: Callable[..., Page], tmp_path: Path) -> None:
    with site_of_its_own(tmp_path, captcha_cost=50) as own_site:
        page = new_visitor(base_url=own_site)
        page.goto(printed(tmp_path, r"Admin sign-in\s+(http\S+)"))
        page.get_by_label("Your name").fill("Deniz")
        page.get_by_label("New password").fill(PASSWORD)
        page.get_by_label("The same once more").fill(PASSWORD)
        page.get_by_role("button", name="Set password and sign in").click()
        page.get_by_role("link", name="New campaign").click()
        page.get_by_label("Title").fill("Nothing yet")
        page.get_by_role("button", name="Make the draft").click()
        page.wait_for_url(re.compile(rf"/{EMPTY}/"))
        assert people_enter(tmp_path, WELCOME, 30) > 0
        with application(load_settings({"PRIZEWELL_INSTANCE": str(tmp_path)})) as app, app.app_context():
            listed = list(addresses(app, one_of_each()))
        wrong: list[str] = []
        for number, address in enumerate(listed):
            eyes = EYES[number % len(EYES)]
            for seen in (eyes,) if EMPTY in address else (eyes, eyes.other):
                wrong += [f"{address} for {seen}: {one}" for one in looked_at(page, address, seen)]
        assert not wrong, "\n".join(wrong)
        assert len(listed) > 50
