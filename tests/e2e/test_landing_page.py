"""The landing page as it loads: what comes when, that nothing moves, and what happens without htmx."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Response, Route, expect

from tests.e2e.test_main_job import enter
from tests.support.browser import violations

pytestmark = pytest.mark.e2e

NewVisitor = Callable[..., Page]
AT_ONCE = {
    "tokens.css",
    "base.css",
    "public.css",
    "latin.woff2",
    "entry.js",
    "countdown.js",
    "own-clock.js",
    "favicon.svg",
}
FOR_THE_FORM = {
    "check.js",
    "htmx.min.js",
    "altcha.min.js",
    "altcha.css",
    "reveal.css",
    "reveal.js",
    "pbkdf2.js",
}

# Sums up what moved although nobody had touched anything.
SHIFTS = """() => new Promise((resolve) => {
  let sum = 0;
  new PerformanceObserver((list) => { for (const one of list.getEntries()) sum += one.value; })
    .observe({ type: "layout-shift", buffered: true });
  setTimeout(() => resolve(sum), 200);
})"""

HAS_A_SCALED_FACE = """async () => {
  const faces = ["Display on Roboto", "Display on Arial"];
  const found = await Promise.allSettled(faces.map((name) => document.fonts.load(`600 20px "${name}"`)));
  return found.some((one) => one.status === "fulfilled" && one.value.length > 0);
}"""


def static_files(loaded: list[Response]) -> set[str]:
    """The names of our own files among what was loaded; the language's own left out."""
    paths = (urlsplit(answer.url).path for answer in loaded)
    return {path.rpartition("/")[2] for path in paths if path.startswith("/static/")}


def test_the_form_brings_its_own_when_somebody_turns_to_it(site: Any, new_visitor: NewVisitor) -> None:
    page = new_visitor()
    loaded: list[Response] = []
    page.on("response", lambda answer: loaded.append(answer))  # noqa: PLW0108 -- it wants a function
    page.goto(f"{site.url}/c/welcome", wait_until="networkidle")
    assert static_files(loaded) <= AT_ONCE
    assert static_files(loaded) >= AT_ONCE - {"favicon.svg"}
    page.get_by_label("Name").focus()
    expect(page.locator("altcha-widget input[type=checkbox]")).to_be_attached()
    page.get_by_label("E-mail address").focus()
    page.wait_for_load_state("networkidle")
    assert [answer.status for answer in loaded if answer.url.endswith("/started")] == [204]  # counted once
    assert static_files(loaded) - AT_ONCE <= FOR_THE_FORM
    assert static_files(loaded) >= {"htmx.min.js", "altcha.min.js", "altcha.css", "reveal.css"}


@pytest.mark.parametrize("width", [390, 1280])  # at 390 the title breaks elsewhere in an unscaled face
def test_nothing_moves_when_the_font_comes_late(site: Any, new_visitor: NewVisitor, width: int) -> None:
    page = new_visitor(width, 900)

    def late(route: Route) -> None:
        page.wait_for_timeout(400)
        route.continue_()

    page.route(re.compile(r"\.woff2$"), late)
    page.goto(f"{site.url}/c/welcome", wait_until="networkidle")
    assert page.evaluate("document.fonts.check('600 20px \"Familjen Grotesk\"')")
    is_scaled = page.evaluate(HAS_A_SCALED_FACE)  # a system may have neither of the two
    assert page.evaluate(SHIFTS) < (0.01 if is_scaled else 0.1)


def test_the_form_goes_out_as_a_page_of_its_own_without_htmx(site: Any, new_visitor: NewVisitor) -> None:
    page = new_visitor()
    page.route(
        re.compile(r"htmx\.min\.js$"), lambda route: route.fulfill(body="", content_type="text/javascript")
    )
    page.goto(f"{site.url}/c/welcome")
    enter(page, "Ohne Htmx", "plain@example.org")
    expect(page).to_have_url(re.compile(r"/c/welcome/result/"), timeout=30_000)
    expect(page.locator("#reveal-title")).to_be_visible()
    assert violations(page) == []


def test_a_returning_visitor_loads_no_file_again(site: Any, new_visitor: NewVisitor) -> None:
    page = new_visitor()
    page.goto(f"{site.url}/c/welcome", wait_until="networkidle")
    loaded: list[Response] = []
    page.on("response", lambda answer: loaded.append(answer))  # noqa: PLW0108 -- it wants a function
    page.goto(f"{site.url}/c/welcome/rules", wait_until="networkidle")
    page.goto(f"{site.url}/c/welcome", wait_until="networkidle")
    fetched = static_files([answer for answer in loaded if _crossed_the_network(answer)])
    assert fetched - {"favicon.svg"} == {"reading.css"}


def _crossed_the_network(answer: Response) -> bool:
    return answer.request.timing["connectStart"] >= 0 or answer.request.timing["requestStart"] > 0
