"""Every reveal is played from the form to the result, with and without scripts, for all kinds of people.

The suite plays so many cases that every two values meet; PRIZEWELL_TEST_SOAK=1 plays all 240.
"""

import os
import re
from collections.abc import Callable
from itertools import count
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from app.domain.reveals import Reveal
from tests.support.browser import scripted_twin, violations
from tests.support.layout import WATCH_SHIFTS, assert_still, slips
from tests.support.pairs import Case, all_cases, pairs_of, pairwise
from tests.support.stage import OUTCOMES, PRIZE, Stage

pytestmark = pytest.mark.e2e

NewVisitor = Callable[..., Page]
PATIENCE = 30_000  # milliseconds; a crowded machine solves the check slowly
SCREENS = {
    "phone": {"width": 390, "height": 844, "has_touch": True, "is_mobile": True},
    "desktop": {"width": 1280, "height": 900},
}
FACTORS = {
    "reveal": tuple(Reveal),
    "language": ("en", "tr", "ar"),
    "outcome": OUTCOMES,
    "screen": tuple(SCREENS),
    "colours": ("light", "dark"),
    "scripts": (True, False),
}
CASES = all_cases(FACTORS) if os.environ.get("PRIZEWELL_TEST_SOAK") == "1" else pairwise(FACTORS)

_people = count(1)


def name_of(case: Case) -> str:
    return "-".join(["plain" if one is False else str(one) for one in case.values() if one is not True])


def test_the_cases_have_every_pair() -> None:
    wanted = {pair for case in all_cases(FACTORS) for pair in pairs_of(case)}
    assert {pair for case in CASES for pair in pairs_of(case)} == wanted
    assert len(all_cases(FACTORS)) == 240


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_a_reveal_is_played_to_its_end(stage: Stage, new_visitor: NewVisitor, case: Case) -> None:
    sees = {"locale": case["language"], "color_scheme": case["colours"], **SCREENS[case["screen"]]}
    page = new_visitor(**sees, java_script_enabled=case["scripts"])
    if case["scripts"]:
        page.add_init_script(WATCH_SHIFTS)
    judged = page if case["scripts"] else new_visitor(**sees)
    page.goto(stage.landing(case["reveal"], case["outcome"]))
    direction = "rtl" if case["language"] == "ar" else "ltr"
    expect(page.locator("html")).to_have_attribute("dir", direction)
    assert_in_order(page, judged)
    fill_in(page)
    (played if case["scripts"] else sent)(stage, page, case)
    assert_in_order(page, judged)
    expect(page.locator("#entry")).to_have_attribute("data-reveal", case["outcome"])
    assert page.locator("[data-copy-text]").is_visible() == (case["outcome"] == "won")
    assert "/result/" in page.url
    assert_kept(page, case)


def fill_in(page: Page) -> None:
    """Somebody new fills in the form."""
    page.locator("[name=name]").fill("Zeynep Çağlar")
    page.locator("[name=email]").fill(f"zeynep{next(_people)}@example.org")
    page.locator("[name=accept_rules]").check()


def sent(stage: Stage, page: Page, _case: Case) -> None:
    """Without scripts: the digits of the picture, and the result as a page of its own."""
    slug = urlsplit(page.url).path.split("/")[2]
    token = page.locator("[name=code_token]").get_attribute("value") or ""
    page.locator("[name=code]").fill(stage.digits(token, slug))
    page.locator("button.wide").click()
    expect(page).to_have_url(re.compile("/result/"), timeout=PATIENCE)
    expect(page.locator("#reveal-title")).to_be_visible()
    for needs_script in ("[data-start]", "[data-replay]", "[data-copy]", "[data-share-button]"):
        expect(page.locator(needs_script).filter(visible=True)).to_have_count(0)


def played(_stage: Stage, page: Page, case: Case) -> None:
    """With scripts: the game stands in the place of the form and tells nothing before its end."""
    send = page.locator("button.wide")
    send.tap() if case["screen"] == "phone" else send.click()
    if case["reveal"] is not Reveal.PLAIN:
        start = page.locator("[data-start]")
        expect(start).to_be_focused(timeout=PATIENCE)
        assert_tells_nothing(page)
        assert_in_order(page, page)
        if case["screen"] == "phone":
            start.tap()
        else:
            page.keyboard.press("Enter")
    assert_uncovered(page)
    assert_still(page)


def assert_tells_nothing(page: Page) -> None:
    """Nothing of the result can be seen, heard or reached while it is covered."""
    assert PRIZE not in page.locator("#entry").aria_snapshot()
    expect(page.locator("[data-result]")).to_be_hidden()
    expect(page.locator("[data-copy-text]").filter(visible=True)).to_have_count(0)


def assert_uncovered(page: Page) -> None:
    """The result is in the open, has the focus, and was said."""
    title = page.locator("#reveal-title")
    expect(title).to_be_visible(timeout=PATIENCE)
    expect(title).to_be_focused()
    expect(page.locator("#announce")).to_have_text(re.sub(r"\s+", " ", title.text_content() or "").strip())
    expect(page.locator(".game")).to_have_count(0)


def assert_kept(page: Page, case: Case) -> None:
    """Loaded again, the page shows the same result in the open."""
    told = page.locator("#reveal-title").inner_text()
    codes = page.locator("[data-copy-text]").all_inner_texts()
    page.goto(page.url)
    expect(page.locator("#reveal-title")).to_be_visible()
    assert page.locator("#reveal-title").inner_text() == told
    assert page.locator("[data-copy-text]").all_inner_texts() == codes
    assert len(codes) == (case["outcome"] == "won")
    expect(page.locator(".game")).to_have_count(0)


def assert_in_order(page: Page, judged: Page) -> None:
    """Accessible, and nothing is cut off or overlaps; `judged` is in a browser that runs scripts."""
    if judged is not page:
        scripted_twin(page, judged)
    assert violations(judged) == []
    assert slips(judged) == []
