"""The landing page in a frame on another site: played through there, and refused where it was not let in."""

import http.server
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from app.config import load_settings
from app.domain.theme import Theme
from app.extensions import db
from app.services import campaigns, looks
from app.services.audit import COMMAND_LINE
from tests.e2e.test_main_job import enter
from tests.support.application import application
from tests.support.browser import violations
from tests.support.fakes import NOON
from tests.support.site import site_of_its_own

pytestmark = pytest.mark.e2e

NewVisitor = Callable[..., Page]


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("embedding")


@pytest.fixture(scope="module")
def own_site(instance: Path) -> Iterator[str]:
    with site_of_its_own(instance, captcha_cost=50) as address:
        yield address


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, own_site: str) -> Iterator[int]:
    """A site of somebody else's, on a port of its own; its page holds the snippet and nothing more."""
    folder = tmp_path_factory.mktemp("shop")
    frame = f'<iframe src="{own_site}/c/welcome/embed" title="Win" width="100%" height="1400"></iframe>'
    (folder / "index.html").write_text(f"<!doctype html><title>Shop</title><h1>Shop</h1>{frame}")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=folder))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module", autouse=True)
def _admitted(instance: Path, shop: int) -> None:
    """The shop is let in under the name localhost, and not under its number."""
    with application(load_settings({"PRIZEWELL_INSTANCE": str(instance)})) as app, app.app_context():
        campaign = campaigns.get(db.session(), "welcome")
        theme = Theme(colour="#0e7c66", parents=(f"http://localhost:{shop}",))
        looks.edit(db.session(), campaign.id, theme, actor=COMMAND_LINE, now=NOON)


@pytest.mark.parametrize("width", [390, 1280])
def test_an_entry_is_played_through_in_a_frame(
    shop: int, own_site: str, new_visitor: NewVisitor, width: int
) -> None:
    page = new_visitor(width, 900)
    page.goto(f"http://localhost:{shop}/")
    frame = page.frame_locator("iframe")
    expect(frame.get_by_role("heading", name="Win your perfect weekend")).to_be_visible()
    enter(frame, "Ada Lovelace", f"ada{width}@example.org")  # type: ignore[arg-type]
    expect(frame.locator("[data-reveal]")).to_be_visible(timeout=20_000)
    inside = page.frames[1]
    assert inside.url.startswith(f"{own_site}/c/welcome/result/")
    assert [cookie["name"] for cookie in page.context.cookies()] == []
    assert violations(inside) == []  # type: ignore[arg-type]


def test_an_entry_without_scripts_is_taken_as_well(shop: int, own_site: str, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"http://localhost:{shop}/")
    frame = page.frame_locator("iframe")
    frame.get_by_label("Name").fill("Ada")
    frame.get_by_label("E-mail address").fill("ada@example.org")
    frame.get_by_label("I accept the rules").check()
    frame.get_by_role("button", name="Try my luck").click()
    # The check for humans is not answered; the form that comes back is not called stale.
    expect(frame.get_by_role("button", name="Try my luck")).to_be_visible()
    expect(frame.get_by_text("This page was open for too long")).to_have_count(0)
    context.close()


def test_a_site_that_is_not_let_in_is_refused_by_the_browser(
    shop: int, own_site: str, browser: Browser
) -> None:
    context = browser.new_context()
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(f"http://127.0.0.1:{shop}/")
    page.wait_for_timeout(500)
    assert page.frame_locator("iframe").get_by_role("heading").count() == 0
    assert any("frame-ancestors" in text for text in said)
    context.close()
