"""The browser of the end-to-end tests: the system's, since Playwright's own is not to be had everywhere."""

import os
import re
import shutil
from pathlib import Path

from playwright.sync_api import Page

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
FLAGS = (
    "--no-sandbox",  # refuses to start as root otherwise; it only ever opens our own pages
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    # Like one with a person in front of it: visits of what calls itself headless are not counted.
    "--user-agent=Mozilla/5.0 (X11; Linux x86_64) Chrome/120.0.0.0 Safari/537.36",
)
AXE = Path(__file__).parent / "vendor" / "axe-core@4.14.1" / "axe.min.js"


# Colours are judged once what moves has come to rest, or after a while where it is.
AXE_RUN = """async () => {
  const ends = (one) => one.effect.getComputedTiming().endTime !== Infinity;
  const moving = document.getAnimations().filter(ends);
  const patience = new Promise((enough) => setTimeout(enough, 5000));
  await Promise.race([patience, Promise.allSettled(moving.map((one) => one.finished))]);
  return (await axe.run({ preload: false, resultTypes: ["violations"] })).violations.map(
    (found) => `${found.id}: ${found.nodes.map((node) => node.target.join(" ")).join(", ")}`
  );
}"""


def find() -> Path | None:
    """The browser's program, or None: the variable CHROMIUM, then the usual names on PATH."""
    program = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    return Path(program) if program and Path(program).exists() else None


def launch_options() -> dict[str, object]:
    """What Playwright's `launch` needs to start it."""
    return {"executable_path": str(find()), "args": list(FLAGS), "headless": True}


def violations(page: Page) -> list[str]:
    """What axe finds wrong with the page as it stands, a line each."""
    if not page.evaluate("'axe' in globalThis"):
        page.evaluate(AXE.read_text())
    found: list[str] = page.evaluate(AXE_RUN)
    return found


def scripted_twin(page: Page, twin: Page) -> Page:
    """The page that stands in a browser without JavaScript, in one where axe can run: with the same markup,
    what such a browser shows alone among it, and none of the page's own scripts.
    """
    markup = re.sub(r"</?noscript[^>]*>", "", page.content())
    markup = re.sub(r"<script\b.*?</script>", "", markup, flags=re.DOTALL)
    twin.route(page.url, lambda route: route.fulfill(body=markup, content_type="text/html; charset=utf-8"))
    twin.goto(page.url)
    twin.unroute(page.url)
    return twin
