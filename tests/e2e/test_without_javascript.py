"""A whole entry in a browser that runs no JavaScript: the digits of the picture, a wrong try, the result."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from app.adapters.picture_code import PictureCode
from app.config import load_settings
from tests.support.visitor import read_code

pytestmark = pytest.mark.e2e

NewVisitor = Callable[..., Page]
LEAST_SECONDS = 2200  # what a form is filled in in at least, in milliseconds


def digits_on(page: Page, site: Any) -> str:
    """What somebody who sees the picture reads."""
    instance = re.search(r"Data\s+(\S+)/prizewell\.sqlite3", site.printed)
    assert instance is not None
    maker = PictureCode(load_settings({"PRIZEWELL_INSTANCE": instance[1]}).secret_keys[0])
    return read_code(maker, page.locator("[name=code_token]").get_attribute("value") or "", "welcome")


def test_somebody_enters_without_javascript(site: Any, new_visitor: NewVisitor) -> None:
    page = new_visitor(java_script_enabled=False, locale="ar")
    page.goto(f"{site.url}/c/welcome")
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    expect(page.locator(".human-note")).to_be_hidden()
    picture = page.locator(".picture-code img")
    expect(picture).to_be_visible()
    assert (
        page.request.get(site.url + str(picture.get_attribute("src"))).headers["content-type"] == "image/png"
    )
    page.locator("[name=name]").fill("Noor")
    page.locator("[name=email]").fill("noor@example.org")
    page.locator("[name=accept_rules]").check()
    page.locator("[name=code]").fill("000000" if digits_on(page, site) != "000000" else "111111")
    page.wait_for_timeout(LEAST_SECONDS)
    page.locator("[name=code]").press("Enter")
    expect(page.locator("#altcha-errors li")).to_be_visible()
    expect(page.locator("[name=email]")).to_have_value("noor@example.org")
    page.locator("[name=another_code]").click()
    expect(page.locator("[name=name]")).to_have_value("Noor")
    page.locator("[name=code]").fill(digits_on(page, site))
    page.wait_for_timeout(LEAST_SECONDS)
    page.locator("button.wide").click()
    expect(page).to_have_url(re.compile(r"/c/welcome/result/"))
    expect(page.locator("#reveal-title")).to_be_visible()
