"""Every page an entrant meets, in each state, look, language and width: accessible, nothing is cut off.

Also with text set as far apart as a reader may ask for, and at 200 % zoom. The suite looks at so many cases
that every two values meet; PRIZEWELL_TEST_SOAK=1 looks at all.
"""

import os
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from app.domain.eligibility import Phase
from app.domain.palette import Ground
from tests.support.browser import scripted_twin, violations
from tests.support.layout import slips, space_text
from tests.support.pairs import all_cases, pairwise
from tests.support.stage import PHASES, Stage

pytestmark = pytest.mark.e2e

NewVisitor = Callable[..., Page]
COLOURS = ("light", "dark")
LANGUAGES = ("en", "tr", "de", "es", "ar")
WIDTHS = (320, 640, 768, 1280)  # 640 is what is left of 1280 at 200 %
chosen = all_cases if os.environ.get("PRIZEWELL_TEST_SOAK") == "1" else pairwise
STATES = chosen(
    {"state": PHASES, "language": LANGUAGES, "ground": tuple(Ground), "width": WIDTHS, "colours": COLOURS}
)
OTHERS = (
    *(
        "before the code",
        "before the reveal",
        "proof of the code",
        "proof of the reveal",
        "lapsed",
        "withdrawn",
    ),
    *("my prizes", "stop mail", "erase", "erased", "ask", "asked", "over"),
    *("reminded", "not reminded", "reminder over", "draft", "all campaigns", "rules", "fairness", "frame"),
    *("404", "429", "503", "plain-won", "plain-lost"),
)
STATUSES = {"over": 404, "404": 404, "429": 429, "503": 503}
STATUS = "performance.getEntriesByType('navigation')[0].responseStatus"
OTHER_PAGES = chosen({"name": OTHERS, "language": LANGUAGES, "width": WIDTHS, "colours": COLOURS})
TOKENS = {
    "name": "name",
    "email": "email",
    "phone": "tel",
    "birth_date-day": "bday-day",
    "birth_date-month": "bday-month",
    "birth_date-year": "bday-year",
    "country": "country",
    "postcode": "postal-code",
}
HAS_VISIBLE_FOCUS = """() => {
  const node = document.activeElement;
  const ring = (one) => {
    const style = getComputedStyle(one);
    const edge = node.matches("input, select") ? parseFloat(style.borderTopWidth) : 0;
    return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) + edge >= 2;
  };
  const around = node.closest("label, altcha-widget");
  return ring(node) || Boolean(around && ring(around));
}"""


def look_at(page: Page, address: str, width: int, colours: str) -> list[str]:
    """Open a page and tell all that is wrong with it, as it is and with its text set apart."""
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme="dark" if colours == "dark" else "light")
    page.goto(address)
    found = violations(page) + slips(page)
    space_text(page)
    return found + [f"set apart: {slip}" for slip in slips(page)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_state_in_each_look(stage: Stage, new_visitor: NewVisitor, language: str) -> None:
    page = new_visitor(locale=language)
    found: dict[str, list[str]] = {}
    for case in STATES:
        if case["language"] == language:
            address = stage.in_state(case["state"], case["ground"])
            wrong = look_at(page, address, case["width"], case["colours"])
            expect(page.locator(f".phase-{case['state'].value}")).to_be_visible()
            found |= {str(list(map(str, case.values()))): wrong} if wrong else {}
    assert found == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_other_pages(stage: Stage, new_visitor: NewVisitor, language: str) -> None:
    page = new_visitor(locale=language)
    found: dict[str, list[str]] = {}
    for case in OTHER_PAGES:
        if case["language"] == language:
            address = stage.url + (stage.others | stage.results)[case["name"]]
            wrong = look_at(page, address, case["width"], case["colours"])
            assert page.evaluate(STATUS) == STATUSES.get(case["name"], 200), case["name"]
            found |= {str(list(map(str, case.values()))): wrong} if wrong else {}
    assert found == {}


def assert_errors_are_tied(page: Page) -> int:
    """Each field that is called wrong is read with what is wrong; gives how many there are."""
    wrong = page.locator("#entry [aria-invalid=true]").all()
    for field in wrong:
        assert told_with(page, field), field.get_attribute("name")
    return len(wrong)


def told_with(page: Page, field: Locator) -> str:
    """The errors that are read with a field, its own or those of its group."""
    own = field.get_attribute("aria-describedby") or ""
    group = field.evaluate("(node) => node.closest('fieldset')?.getAttribute('aria-describedby') ?? ''")
    names = [name for name in f"{own} {group}".split() if name.endswith("-errors")]
    return " ".join(page.locator(f"#{name}").inner_text() for name in names).strip()


@pytest.mark.parametrize(("language", "colours"), [("en", "dark"), ("ar", "light")])
def test_errors_stand_at_their_fields_and_what_was_filled_in_stays(
    stage: Stage, new_visitor: NewVisitor, language: str, colours: str
) -> None:
    page = new_visitor(360, 800, locale=language, color_scheme=colours)
    page.goto(stage.in_state(Phase.LIVE, Ground.COOL))
    page.locator("[name=name]").fill("Ada Lovelace")
    page.locator("[name=email]").fill("ada@")
    page.locator("button.wide").click()
    expect(page.locator("[name=email]")).to_be_focused()
    assert assert_errors_are_tied(page) >= 5
    assert violations(page) == []
    assert slips(page) == []
    page.locator("[name=email]").fill("ada@example.org")
    expect(page.locator("[name=email]")).not_to_have_attribute("aria-invalid", "true")
    expect(page.locator("[name=name]")).to_have_value("Ada Lovelace")


def test_the_server_says_so_to_a_browser_without_scripts(stage: Stage, new_visitor: NewVisitor) -> None:
    page, twin = (new_visitor(360, 800, locale="de", java_script_enabled=on) for on in (False, True))
    page.goto(stage.in_state(Phase.LIVE, Ground.BRAND))
    assert violations(scripted_twin(page, twin)) == []
    assert slips(twin) == []
    for name, value in {"name": "Ada", "email": "ada@example.org", "text_2": "38", "code": "1"}.items():
        page.locator(f"[name={name}]").fill(value)
    page.evaluate("document.querySelector('form.entry-form').noValidate = true")
    page.locator("button.wide").click()
    expect(page.locator("[name=text_2]")).to_have_value("38")
    expect(page.locator("[name=email]")).to_have_value("ada@example.org")
    assert assert_errors_are_tied(page) >= 5
    assert violations(scripted_twin(page, twin)) == []
    assert slips(twin) == []


def test_browsers_can_fill_in_the_form_and_the_keyboard_shows_where_it_is(
    stage: Stage, new_visitor: NewVisitor
) -> None:
    page = new_visitor(1280, 900)
    page.goto(stage.in_state(Phase.LIVE, Ground.PLAIN))
    told = {name: page.locator(f"[name={name}]").get_attribute("autocomplete") for name in TOKENS}
    assert told == TOKENS
    met = set()
    for _step in range(80):
        page.keyboard.press("Tab")
        here = page.evaluate("document.activeElement.name || document.activeElement.tagName")
        if here == "BODY":
            break
        met.add(here)
        assert page.evaluate(HAS_VISIBLE_FOCUS), here
    assert met >= {*TOKENS, "accept_rules", "marketing", "partner_consent", "A", "BUTTON"}
