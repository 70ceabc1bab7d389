"""A long list of codes for a live campaign: the bar while it is sent, how far it is while it is read in."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import NewVisitor
from tests.support.browser import violations
from tests.support.site import printed, site_of_its_own

pytestmark = pytest.mark.e2e

COUNT = 400_000  # reading them in takes several times as long as the page waits before it asks how far it is
PASSWORD = "four words that nobody guesses"
BYTES_PER_SECOND = 2_000_000
# Each value of the bar as it was painted, for it moves faster than anybody asks.
WATCH = """() => {
  window.seen = [];
  const bar = document.getElementById("sent");
  new MutationObserver(() => window.seen.push(bar.getAttribute("value"))).observe(bar, { attributes: true });
  window.read = [];
  new MutationObserver(() => {
    const told = document.getElementById("reading")?.textContent.trim();
    if (told) window.read.push(told);
  }).observe(document.getElementById("codes"), { childList: true, subtree: true });
}"""


@pytest.fixture
def own_site(tmp_path: Path) -> Iterator[str]:
    """The address of a site with its demo campaign, which nobody has signed in to yet."""
    with site_of_its_own(tmp_path, captcha_cost=50) as address:
        yield address


@pytest.mark.timeout(360)
def test_a_long_list_shows_how_far_it_is(
    own_site: str, new_visitor: NewVisitor, picture: Callable[[Page, str], None], tmp_path: Path
) -> None:
    page = new_visitor(1280, 900)
    page.goto(printed(tmp_path, r"(http\S+/account/link/\S+)"))
    page.get_by_label("Your name").fill("Elif")
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_label("The same once more").fill(PASSWORD)
    page.get_by_role("button", name="Set password and sign in").click()
    page.goto(f"{own_site}/admin/campaigns/welcome/prizes")
    page.get_by_role("link", name=re.compile("^Codes of")).first.click()
    file = tmp_path / "long.csv"
    file.write_text("code\n" + "".join(f"LONG-{number * 7919 % 1_000_003:07d}\n" for number in range(COUNT)))
    slow(page)
    page.get_by_label("File", exact=True).set_input_files(file)
    page.evaluate(WATCH)
    page.get_by_role("button", name="Check the file").click()
    expect(page.get_by_label("Sending the file")).to_be_visible()
    picture(page, "upload")
    expect(page.get_by_role("button", name=f"Import {COUNT:,} codes")).to_be_visible(timeout=60_000)
    seen = [float(value) for value in page.evaluate("window.seen") if value]
    assert len(seen) > 2, "the bar moves while the file is sent"
    assert seen == sorted(seen)
    assert 0 < seen[0] < 90
    assert violations(page) == []

    # The campaign is live: what the codes do is shown, and the reason is asked for.
    expect(page.get_by_role("group", name="What this change does")).to_be_visible()
    page.get_by_label("Reason").fill("Second delivery")
    page.evaluate(WATCH)
    page.get_by_role("button", name=f"Import {COUNT:,} codes").click()
    expect(page.get_by_text(f"{COUNT:,} codes are in stock")).to_be_visible(timeout=180_000)
    told = page.evaluate("window.read")
    assert any(re.fullmatch(rf"[\d,]+ of {COUNT:,}", text) for text in told), told
    expect(page.locator("#batches progress")).to_have_count(0)


def slow(page: Page) -> None:
    """A line that takes a while for a file, as those of people at home do."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    limits = {"offline": False, "latency": 5, "downloadThroughput": -1, "uploadThroughput": BYTES_PER_SECOND}
    session.send("Network.emulateNetworkConditions", limits)
