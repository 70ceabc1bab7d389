"""How results are uncovered besides the usual: mouse, no motion, scripts that fail, the smallest phone.

What a finger does, each language, and life without scripts are in test_entrants_matrix.py.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect

from app.domain.reveals import Reveal
from tests.support.browser import violations
from tests.support.layout import slips
from tests.support.stage import PRIZE, Stage

pytestmark = pytest.mark.e2e

NewVisitor = Callable[..., Page]
DESKTOP = (1280, 900)
TITLES = {"won": f"You won: {PRIZE}", "lost": "Not this time"}
STARTS = {Reveal.SCRATCH: "Uncover", Reveal.WHEEL: "Spin", Reveal.SLOTS: "Spin", Reveal.GIFT: "Open the box"}
BOTH = pytest.mark.parametrize("outcome", ["won", "lost"])


def cover(page: Page, address: str) -> None:
    """Open a result and ask for its game."""
    page.goto(address)
    expect(page.locator("#reveal-title")).to_be_visible()
    page.get_by_role("button", name="Show it as a game once more").click()
    expect(page.locator("#reveal-title")).to_be_hidden()


def assert_tells_nothing(page: Page) -> None:
    """Nothing of the result can be seen, heard or reached while it is covered."""
    heard = page.locator("#entry").aria_snapshot()
    assert not [word for word in (PRIZE, "You won", "Not this time", "TIER-") if word in heard], heard
    expect(page.locator("#announce")).to_be_empty()
    for part in ("[data-copy-text]", "[data-result]"):
        for found in page.locator(part).all():
            expect(found).to_be_hidden()


def assert_uncovered(page: Page, outcome: str) -> None:
    """The result is in the open, has the focus, and was said."""
    expect(page.locator("#reveal-title")).to_be_visible(timeout=8_000)
    expect(page.locator("#announce")).to_have_text(TITLES[outcome])
    expect(page.locator("#reveal-title")).to_be_focused()
    expect(page.locator(".game")).to_have_count(0)
    name = TITLES[outcome].rpartition(": ")[2]
    expect(page.get_by_role("region", name=name)).to_be_visible()
    assert page.locator("[data-copy-text]").is_visible() == (outcome == "won")


@pytest.mark.parametrize(("game", "outcome"), [*zip(STARTS, ["won", "lost"] * 2, strict=True)], ids=str)
def test_the_keyboard_uncovers_it_and_nothing_moves_for_who_asked_for_that(
    stage: Stage, new_visitor: NewVisitor, game: Reveal, outcome: str
) -> None:
    page = new_visitor(*DESKTOP, reduced_motion="reduce")
    cover(page, stage.result(game, outcome))
    start = page.get_by_role("button", name=STARTS[game])
    expect(start).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#reveal-title")).to_be_visible(timeout=400)
    assert_uncovered(page, outcome)
    assert not page.evaluate("document.getAnimations().length")
    assert violations(page) == []


@BOTH
def test_the_cover_is_scratched_away_with_the_mouse(
    stage: Stage, new_visitor: NewVisitor, outcome: str
) -> None:
    page = new_visitor(*DESKTOP)
    cover(page, stage.result(Reveal.SCRATCH, outcome))
    box = page.locator("[data-cover]").bounding_box()
    assert box
    left, right = box["x"] + 8, box["x"] + box["width"] - 8
    page.mouse.move(left, box["y"] + 30)
    page.mouse.down()
    page.mouse.move(right, box["y"] + 30, steps=6)
    assert_tells_nothing(page)  # a fifth of it is not enough
    for row in range(1, 8):
        there, back = (right, left) if row % 2 else (left, right)
        page.mouse.move(there, box["y"] + 30 + 40 * row, steps=2)
        page.mouse.move(back, box["y"] + 30 + 40 * row, steps=6)
        if not page.locator("[data-cover]").count():
            break
    page.mouse.up()
    assert_uncovered(page, outcome)


@pytest.mark.parametrize("missing", ["game.js", "game-wheel.js"])
def test_a_game_that_does_not_come_leaves_the_result_in_the_open(
    stage: Stage, new_visitor: NewVisitor, missing: str
) -> None:
    page = new_visitor()
    page.route(
        re.compile(rf"/{re.escape(missing)}$"),
        lambda route: route.fulfill(body="", content_type="text/javascript"),
    )
    page.goto(stage.result(Reveal.WHEEL, "won"))
    page.get_by_role("button", name="Show it as a game once more").click()
    assert_uncovered(page, "won")


def test_a_game_that_stops_halfway_is_ended(stage: Stage, new_visitor: NewVisitor) -> None:
    page = new_visitor()
    page.add_init_script(
        "Element.prototype.animate = () => ({ finished: new Promise(() => {}), effect: null })"
    )
    cover(page, stage.result(Reveal.GIFT, "won"))
    page.get_by_role("button", name="Open the box").click()
    assert_uncovered(page, "won")


def test_sounds_are_off_until_asked_for_and_that_is_remembered(stage: Stage, new_visitor: NewVisitor) -> None:
    page = new_visitor()
    for wanted in ("false", "true"):
        cover(page, stage.result(Reveal.GIFT, "lost"))
        sound = page.get_by_role("button", name="Sound")
        expect(sound).to_have_attribute("aria-pressed", wanted)
        if wanted == "false":
            sound.click()
            expect(sound).to_have_attribute("aria-pressed", "true")


def test_the_card_of_a_win_keeps_copies_and_shares(stage: Stage, new_visitor: NewVisitor) -> None:
    page = new_visitor(permissions=["clipboard-read", "clipboard-write"])
    page.goto(stage.result(Reveal.PLAIN, "won"))
    code = page.locator("[data-copy-text]").inner_text()
    page.get_by_role("button", name="Copy the code").click()
    expect(page.locator("#announce")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == code
    page.get_by_role("button", name="Copy the link").click()
    expect(page.get_by_role("button", name="Link copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()").endswith("/c/plain-won")
    expect(page.get_by_role("img", name="Your code as a QR code")).to_be_visible()
    page.get_by_role("button", name="Mail it to me again").click()
    expect(page.get_by_text("We mail it to you again")).to_be_visible()
    expect(page.locator("[data-copy-text]")).to_have_text(code)
    page.emulate_media(media="print")
    expect(page.locator("[data-copy-text]")).to_be_visible()
    expect(page.get_by_role("button", name="Copy the code")).to_be_hidden()


def test_nothing_of_a_win_is_cut_off_on_the_smallest_phone(stage: Stage, new_visitor: NewVisitor) -> None:
    page = new_visitor(320, 640, locale="de-DE")  # words are longest there
    page.goto(stage.result(Reveal.PLAIN, "won"))
    assert slips(page) == []
    assert violations(page) == []


def test_the_time_to_the_next_chance_is_kept_true(stage: Stage, new_visitor: NewVisitor) -> None:
    page = new_visitor(timezone_id="Europe/London")
    page.clock.install(time=datetime.now(UTC))
    page.goto(stage.result(Reveal.PLAIN, "lost"))
    told = page.locator("[data-countdown]")
    expect(told).to_contain_text("You can play again in")
    expect(page.get_by_text("on your clock")).to_be_visible()
    assert "Europe/Istanbul" in (told.get_attribute("title") or "")
    page.clock.fast_forward("25:00:00")
    expect(told).to_have_text("You can play again now")
