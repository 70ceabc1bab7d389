"""A site started with the one command that serves, and a browser that objects to every slip of the pages."""

import io
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from tests.support.site import free_port, served
from tests.support.stage import Stage, staged

FLASK = Path(sys.executable).with_name("flask")
REPORT_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) => {
  console.error(`policy violated: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`);
});
"""


@dataclass(frozen=True, slots=True)
class Site:
    """A running site and what it printed when it started."""

    url: str
    printed: str

    def link(self, label: str) -> str:
        """The address printed behind a label."""
        found = re.search(rf"{label}\s+(http\S+)", self.printed)
        assert found, f"no {label} in {self.printed}"
        return found[1]


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """`flask prizewell serve` on an empty instance folder: migrated, seeded, served."""
    instance, port = tmp_path_factory.mktemp("instance"), free_port()
    log = instance / "serve.log"
    settings = {
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "PRIZEWELL_INSTANCE": str(instance),
        "PRIZEWELL_CAPTCHA_COST": "50",
        "PRIZEWELL_RATE_LIMITS": "off",
    }
    with served([FLASK, "prizewell", "serve"], settings, port=port, log=log):
        yield Site(f"http://127.0.0.1:{port}", log.read_text())


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A site with a campaign of each kind; somebody has entered those that come to a sure outcome."""
    with staged(tmp_path_factory.mktemp("stage")) as running:
        yield running


def _slips(said: ConsoleMessage) -> list[str]:
    """Errors and warnings; but the browser also reports answers that refuse a form: those are as planned."""
    is_refusal = said.text.startswith("Failed to load resource") and "/static/" not in said.location["url"]
    return [said.text] if said.type in {"error", "warning"} and not is_refusal else []


NewVisitor = Callable[..., Page]


@pytest.fixture
def new_visitor(browser: Browser) -> Iterator[NewVisitor]:
    """Somebody with a browser of their own. Any error, warning or policy violation in it fails the test."""
    contexts: list[BrowserContext] = []
    slips: list[str] = []

    def visit(width: int = 390, height: int = 844, **options: Any) -> Page:
        options = {"locale": "en-GB", "timezone_id": "Europe/Istanbul"} | options
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        context.add_init_script(REPORT_VIOLATIONS)
        page = context.new_page()
        page.on("console", lambda said: slips.extend(_slips(said)))
        page.on("pageerror", lambda error: slips.append(str(error)))
        return page

    yield visit
    for context in contexts:
        context.close()
    assert slips == []


@pytest.fixture
def picture(request: pytest.FixtureRequest) -> Callable[[Page, str], None]:
    """Keep a screenshot, small, under docs/screenshots when asked to with --keep-pictures."""
    folder = Path(__file__).resolve().parents[2] / "docs" / "screenshots"
    keep = request.config.getoption("--keep-pictures")

    def take(page: Page, name: str) -> None:
        if keep:
            folder.mkdir(parents=True, exist_ok=True)
            taken = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
            taken.quantize(128, dither=Image.Dither.NONE).save(folder / f"{name}.png", optimize=True)

    return take
