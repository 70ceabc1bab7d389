"""Every way to show a result, with both results: by finger, mouse and keyboard, and where scripts fail."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from app.config import load_settings
from app.domain.reveals import Reveal
from app.extensions import db, tools
from tests.e2e.test_main_job import enter
from tests.support.application import application, environment, migrate
from tests.support.browser import violations
from tests.support.outcomes import make_reveal, result_page
from tests.support.site import running_site

pytestmark = pytest.mark.e2e

NewVisitor = Callable[..., Page]
PHONE, DESKTOP = (390, 844), (1280, 900)
PRIZE = "Coffee for two"
TITLES = {"won": f"You won: {PRIZE}", "lost": "Not this time"}
STARTS = {Reveal.SCRATCH: "Uncover", Reveal.WHEEL: "Spin", Reveal.SLOTS: "Spin", Reveal.GIFT: "Open the box"}
EACH_GAME = pytest.mark.parametrize("game", list(STARTS), ids=str)
BOTH = pytest.mark.parametrize("outcome", ["won", "lost"])


@dataclass(frozen=True, slots=True)
class Stage:
    """A running site, and the page of one result of each kind by its campaign."""

    url: str
    results: dict[str, str]

    def result(self, reveal: Reveal, outcome: str) -> str:
        return self.url + self.results[f"{reveal.value}-{outcome}"]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A campaign of each kind with somebody who has entered it."""
    folder = tmp_path_factory.mktemp("reveals")
    url, now = f"sqlite:///{folder / 'prizewell.sqlite3'}", datetime.now(UTC) - timedelta(seconds=2)
    migrate(url, folder)
    results: dict[str, str] = {}
    with application(load_settings(environment(url, folder))) as app, app.app_context():
        for reveal in Reveal:
            for outcome in TITLES:
                slug = make_reveal(db.session(), reveal, outcome, now=now, prize=PRIZE)
                results[slug], _found = result_page(db.session(), tools().signer, slug, 1, now=now)
    with running_site(url, Path(folder)) as port:
        yield Stage(f"http://127.0.0.1:{port}", results)


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


@EACH_GAME
@BOTH
def test_a_finger_uncovers_it_on_a_phone(
    stage: Stage, new_visitor: NewVisitor, game: Reveal, outcome: str
) -> None:
    page = new_visitor(*PHONE, has_touch=True, is_mobile=True, color_scheme="dark")
    cover(page, stage.result(game, outcome))
    assert_tells_nothing(page)
    assert violations(page) == []
    page.get_by_role("button", name=STARTS[game]).tap()
    assert_uncovered(page, outcome)


@EACH_GAME
@BOTH
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
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_a_plain_result_stands_in_the_open(
    stage: Stage, new_visitor: NewVisitor, outcome: str, size: tuple[int, int]
) -> None:
    page = new_visitor(*size)
    page.goto(stage.result(Reveal.PLAIN, outcome))
    expect(page.locator("#reveal-title")).to_have_text(re.compile(TITLES[outcome].rpartition(": ")[2]))
    expect(page.get_by_role("button", name="Show it as a game once more")).to_have_count(0)
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


@EACH_GAME
@BOTH
def test_without_scripts_the_result_is_plain(
    stage: Stage, new_visitor: NewVisitor, game: Reveal, outcome: str
) -> None:
    page = new_visitor(*PHONE, java_script_enabled=False)
    page.goto(stage.result(game, outcome))
    expect(page.locator("#reveal-title")).to_be_visible()
    expect(page.locator("[data-start]")).to_have_count(0)
    expect(page.get_by_role("button", name="Copy the link")).to_have_count(0)


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


def test_a_fresh_result_is_played_once_in_the_place_of_the_form(
    stage: Stage, new_visitor: NewVisitor
) -> None:
    page = new_visitor()
    page.goto(f"{stage.url}/c/slots-won")
    enter(page, "Zeynep Çağlar", "zeynep@example.org")
    spin = page.get_by_role("button", name="Spin")
    expect(spin).to_be_focused(timeout=30_000)
    expect(page.locator("[data-result]")).to_be_hidden()
    assert "/result/" in page.url
    spin.click()
    assert_uncovered(page, "won")
    code = page.locator("[data-copy-text]").inner_text()
    page.reload()
    expect(page.locator("[data-copy-text]")).to_have_text(code)
    expect(page.locator(".game")).to_have_count(0)


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
    edge = page.locator("#entry").evaluate("(card) => card.getBoundingClientRect().right")
    for part in page.locator("#entry [data-result] :is(p, h2, output, button, a, .qr)").all():
        if part.is_visible():
            assert part.evaluate("(node) => node.getBoundingClientRect().right") <= edge
    assert violations(page) == []


@pytest.mark.parametrize("language", ["tr", "ar"])
def test_a_win_reads_right_in_other_languages(stage: Stage, new_visitor: NewVisitor, language: str) -> None:
    page = new_visitor(*PHONE, locale=language, color_scheme="dark")
    page.goto(stage.result(Reveal.SCRATCH, "won"))
    assert page.locator("html").get_attribute("dir") == ("rtl" if language == "ar" else "ltr")
    assert violations(page) == []
    page.locator("[data-replay]").click()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator("[data-start]").click()
    expect(page.locator("[data-copy-text]")).to_be_visible(timeout=8_000)


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
