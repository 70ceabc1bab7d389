"""A marketer alone: from a fresh site to a live campaign with 1,000 codes, and its winners, without docs."""

import re
import secrets
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from app.adapters.captcha import Solved
from app.config import load_settings
from app.domain.outcomes import Won
from app.extensions import db, tools
from app.models import NonceSource
from app.services.entries import Submission, submit_entry
from tests.support.application import application
from tests.support.browser import violations
from tests.support.site import printed, site_of_its_own

pytestmark = pytest.mark.e2e

PASSWORD = "four words that nobody guesses"
FIRST_NAMES = ("Ayşe", "Jonas", "Elif", "Chloé", "Mehmet", "Marta", "Ömer", "Nora")
LAST_NAMES = ("Yılmaz", "Weber", "Şahin", "Dubois", "Kaya", "Rossi", "Öztürk", "Lindqvist", "Çelik")
TITLE = "Spring giveaway"


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("marketer")


@pytest.fixture(scope="module")
def own_site(instance: Path) -> Iterator[str]:
    """The address of a site that nobody has signed in to yet."""
    with site_of_its_own(instance, captcha_cost=1000) as address:
        yield address


def people_enter(instance: Path, slug: str, count: int) -> int:
    """So many people take part while the marketer looks on; returns how many won."""
    wins = 0
    with application(load_settings({"PRIZEWELL_INSTANCE": str(instance)})) as app, app.app_context():
        for number in range(count):
            now = tools().now()
            submission = Submission(
                campaign=slug,
                name=f"{FIRST_NAMES[number % 8]} {LAST_NAMES[number % 9]}",
                email=f"person{number}@example.org",
                marketing=False,
                nonce=secrets.token_bytes(16),
                nonce_source=NonceSource.BROWSER,
                locale="en",
                captcha=Solved(secrets.token_bytes(32), now + timedelta(minutes=5)),
            )
            outcome = submit_entry(db.session(), submission, now=now, rng=tools().rng, vault=tools().vault)
            wins += isinstance(outcome, Won)
    return wins


def code_file(folder: Path, stem: str, count: int) -> Path:
    """A list of codes as a shop exports it."""
    path = folder / f"{stem.lower()}.csv"
    lines = (f"{stem}-{number:04d}-{number * 7919 % 99991:05d}" for number in range(1, count + 1))
    path.write_text("code\n" + "\n".join(lines) + "\n")
    return path


def keep(picture: Callable[[Page, str], None], page: Page, name: str) -> None:
    """A picture for docs/marketer-guide.md, of the page's beginning and with no pointer on it."""
    page.mouse.move(0, 0)
    page.evaluate("scrollTo(0, 0)")
    picture(page, name)


def tab_to(page: Page, wanted: Locator) -> None:
    """Go on with the Tab key until the wanted control has the focus."""
    for _step in range(40):
        page.keyboard.press("Tab")
        if wanted.evaluate("(one) => one === document.activeElement"):
            return
    raise AssertionError(f"the keyboard does not reach {wanted}")


def place(page: Page, name: str) -> None:
    """Go to a page of the campaign over the menu."""
    menu = page.get_by_role("navigation", name="Console", exact=True)
    link = menu.get_by_role("link", name=name, exact=True)
    address = link.get_attribute("href")
    link.click()
    page.wait_for_url(f"**{address}")


def edits_and_leaves(page: Page, links: Locator, number: int) -> None:
    """An inline form opens with the focus in it; Escape closes it, and the focus is where it was."""
    count = links.count()
    links.nth(number).focus()
    page.keyboard.press("Enter")
    cancel = page.get_by_role("link", name="Cancel", exact=True)
    expect(cancel).to_have_count(1)
    expect(page.locator("form :focus")).to_have_count(1)
    page.keyboard.type("1")
    page.keyboard.press("Escape")
    expect(cancel).to_have_count(0)
    expect(links).to_have_count(count)
    expect(links.nth(number)).to_be_focused()


def overview(page: Page) -> None:
    place(page, "Overview")


def tier(page: Page, name: str) -> Locator:
    """The panel of a tier."""
    return page.locator("section.tier").filter(has=page.get_by_role("heading", name=name, exact=True))


def make_draft(page: Page, title: str, words: str) -> None:
    """Fill in the form of a new campaign; the address is left to the title."""
    page.get_by_label("Title").fill(title)
    page.get_by_label("One sentence for visitors").fill("Leave your name and find out at once.")
    page.get_by_label("Who gives the prizes").fill("Corner & Pine")
    page.get_by_label("Who may take part").fill(words)


def add_tier(page: Page, name: str, weight: int) -> None:
    """A tier, with the keyboard alone from one end to the other."""
    tab_to(page, page.get_by_role("link", name="Add a tier"))
    page.keyboard.press("Enter")
    expect(page.get_by_label("Name", exact=True)).to_be_focused()
    page.keyboard.type(name)
    tab_to(page, page.get_by_role("textbox", name="Weight"))
    page.keyboard.type(str(weight))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()
    assert page.evaluate("document.activeElement !== document.body"), "the focus is lost"
    page.locator("#main").focus()


def add_prize(page: Page, in_tier: str, name: str, things: int = 0) -> None:
    """A prize: codes, or so many things."""
    tier(page, in_tier).get_by_role("link", name=re.compile("Add a prize")).click()
    page.get_by_label("Name", exact=True).fill(name)
    if things:
        page.get_by_role("radio", name=re.compile("hysical")).check()
        page.get_by_label(re.compile("How many")).fill(str(things))
    page.get_by_role("button", name="Add the prize").click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()


def upload(page: Page, prize: str, file: Path, count: int) -> None:
    """Upload a prize's codes from its row in the list of prizes."""
    page.get_by_role("link", name=f"Codes of {prize}").click()
    page.get_by_label("File", exact=True).set_input_files(file)
    page.get_by_role("button", name="Check the file").click()
    expect(page.get_by_role("button", name=f"Import {count:,} codes")).to_be_visible()


def take_in(page: Page, count: int) -> None:
    """Have what was checked written, and go back to the prizes."""
    page.get_by_role("button", name=f"Import {count:,} codes").click()
    expect(page.get_by_text(re.compile(f"{count:,} codes are in stock"))).to_be_visible()
    place(page, "Prizes")


def test_from_a_fresh_site_to_a_live_campaign_and_its_winners(
    own_site: str,
    instance: Path,
    new_visitor: Callable[..., Page],
    picture: Callable[[Page, str], None],
    tmp_path: Path,
) -> None:
    # The one-time link; too short a password is refused beside its field.
    page = new_visitor(1280, 800)
    page.goto(printed(instance, r"Admin sign-in\s+(http\S+)"))
    page.get_by_label("Your name").fill("Deniz")
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_label("The same once more").fill("something else altogether")
    page.get_by_role("button", name="Set password and sign in").click()
    expect(page.locator("[aria-invalid=true]")).to_be_visible()
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_label("The same once more").fill(PASSWORD)
    page.get_by_role("button", name="Set password and sign in").click()
    expect(page.get_by_role("heading", name="Campaigns")).to_be_visible()
    assert violations(page) == []

    # The draft: the time zone is the marketer's own already, the address comes out of the title.
    page.get_by_role("link", name="New campaign").click()
    expect(page.get_by_label("Time zone")).to_have_value("Europe/Istanbul")
    make_draft(page, TITLE, "")
    expect(page.get_by_text("Left empty, it becomes /c/spring-giveaway")).to_be_visible()
    assert violations(page) == []
    keep(picture, page, "new-campaign")
    page.get_by_role("button", name="Make the draft").click()
    expect(page.get_by_text("The draft is made.")).to_be_visible()
    assert violations(page) == []

    # Tiers with the keyboard alone, then prizes and a thousand codes out of two files.
    page.locator("#main").focus()
    for name, weight in (("Gold", 10), ("Silver", 90), ("Bronze", 500)):
        add_tier(page, name, weight)
    page.get_by_role("link", name="Edit the weight of no win").click()
    page.get_by_role("textbox", name=re.compile("eight")).fill("400")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("60%").first).to_be_visible()
    add_prize(page, "Gold", "Weekend for two", things=5)
    add_prize(page, "Silver", "20 % off everything")
    add_prize(page, "Bronze", "Free coffee")
    assert violations(page) == []

    # Opening too early: what stands in the way is counted and listed, and nothing opens.
    page.get_by_role("link", name="To the launch check").click()
    expect(page.get_by_text("Not ready")).to_be_visible()
    assert violations(page) == []
    keep(picture, page, "launch-check")
    page.get_by_role("link", name="Open", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("3 things stand in the way")
    assert dialog.get_by_role("button").count() == 0
    assert violations(page) == []
    dialog.get_by_role("link", name="Back to the launch check").click()
    expect(dialog).to_have_count(0)

    # Each finding leads to the place where it is mended.
    page.get_by_role("link", name="Mend it").first.click()
    upload(page, "20 % off everything", code_file(tmp_path, "SPRING26", 400), 400)
    assert violations(page) == []
    take_in(page, 400)
    upload(page, "Free coffee", code_file(tmp_path, "COFFEE26", 600), 600)
    keep(picture, page, "codes")
    take_in(page, 600)
    assert violations(page) == []
    keep(picture, page, "prizes")
    for number in (0, 1, -1):  # a tier, its prize, and the chance of no win
        edits_and_leaves(page, page.get_by_role("link", name=re.compile("^Edit ")), number)
    edits_and_leaves(page, page.get_by_role("link", name=re.compile("Add a prize")), 0)
    overview(page)
    page.get_by_role("link", name="Mend it").first.click()
    expect(page.get_by_label("Who may take part")).to_be_visible()
    page.get_by_label("Who may take part").fill("Everyone who is 18 or older.")
    assert violations(page) == []
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Nothing stands in the way.")).to_be_visible()

    # The question before opening says what will happen, in numbers.
    page.get_by_role("link", name="Open", exact=True).click()
    expect(dialog).to_contain_text("People can enter at once.")
    expect(dialog).to_contain_text("1,005 prizes are in stock")
    assert violations(page) == []
    dialog.get_by_role("button", name="Open").click()
    expect(page.get_by_text("The campaign is open.")).to_be_visible()
    place(page, "Winners")
    expect(page.get_by_role("heading", name="Nobody has won yet")).to_be_visible()
    assert violations(page) == []

    # People enter, one of them with the form, and the figures follow.
    visitor = new_visitor()
    visitor.goto(f"{own_site}/c/spring-giveaway")
    visitor.get_by_label("Name").fill("Zeynep Çağlar")
    visitor.get_by_label("E-mail address").fill("zeynep@example.org")
    visitor.get_by_label("I accept the rules").check()
    visitor.get_by_role("button", name="Try my luck").click()
    expect(visitor.locator("#reveal-title")).to_be_focused(timeout=30_000)
    assert people_enter(instance, "spring-giveaway", 60) >= 3
    overview(page)
    expect(page.get_by_text("61", exact=True).first).to_be_visible()
    assert violations(page) == []
    keep(picture, page, "overview")

    # A winner found by the beginning of a name; the code shown, the win marked as sent.
    place(page, "Winners")
    assert violations(page) == []
    keep(picture, page, "winners")
    first = page.locator("#winners tbody tr").first
    name = first.get_by_role("rowheader").get_by_role("link").inner_text()
    first.get_by_role("button", name=re.compile("Show the code")).click()
    expect(first.get_by_role("button", name="Copy")).to_be_focused()
    page.get_by_role("searchbox").fill(name.split()[1][:3].lower())
    page.get_by_role("button", name="Find").click()
    expect(first).to_contain_text(name)
    first.get_by_role("link", name=re.compile("Status and notes")).click()
    expect(page.get_by_label("Status", exact=True).last).to_be_focused()
    page.get_by_label("Status", exact=True).last.select_option(label="Sent")
    page.get_by_role("textbox", name="Notes").fill("Parcel left on Tuesday.")
    assert violations(page) == []
    page.get_by_role("button", name="Save").click()
    expect(first).to_contain_text("Sent")
    expect(first.get_by_role("link", name=re.compile("Status and notes"))).to_be_focused()

    # A win declared void with a reason, and another code in its place; the focus goes on where the work does.
    first.get_by_role("link", name=re.compile("Status and notes")).click()
    page.get_by_role("link", name="Void it, or give another code").click()
    page.get_by_text("Declare this win void").click()
    page.get_by_role("textbox", name="Why").fill("Entered under a false name")
    assert violations(page) == []
    page.get_by_role("button", name="Declare it void").click()
    expect(page.get_by_text("The win is void.")).to_be_visible()
    expect(page.get_by_role("heading", name="The win")).to_be_focused()
    assert violations(page) == []
    page.get_by_role("button", name="Give it").click()
    expect(page.get_by_text("is given in its place")).to_be_visible()
    expect(page.get_by_role("heading", name="The win")).to_be_focused()
    assert violations(page) == []
    keep(picture, page, "win")

    # The list of changes names all of it.
    place(page, "Changes")
    listed = page.locator("#audit")
    expect(listed).to_contain_text("Entered under a false name")
    expect(listed.get_by_role("link", name=name).first).to_be_visible()
    assert violations(page) == []
    keep(picture, page, "changes")
    place(page, "Partners")
    page.get_by_label("Name", exact=True).fill("Ayşe Yılmaz")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("rowheader", name=re.compile("Ayşe Yılmaz"))).to_be_visible()
    expect(page.get_by_label("Name", exact=True)).to_be_focused()
    assert violations(page) == []

    # What the pages look like, what the form asks, and what they say in each language.
    for name in ("Look", "Form", "Texts"):
        place(page, name)
        page.wait_for_load_state("networkidle")  # the frame beside the form, too
        assert violations(page) == []
        keep(picture, page, name.lower())


def test_the_same_on_a_phone(
    own_site: str,
    instance: Path,
    new_visitor: Callable[..., Page],
    picture: Callable[[Page, str], None],
    tmp_path: Path,
) -> None:
    page = new_visitor(390, 844)
    page.goto(f"{own_site}/account/sign-in")
    page.get_by_label("E-mail").fill(printed(instance, r"one-time, for (\S+)"))
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="New campaign").click()
    make_draft(page, "Weeknight giveaway", "Everyone who is 18 or older.")
    page.get_by_role("button", name="Make the draft").click()
    expect(page.get_by_text("The draft is made.")).to_be_visible()
    page.locator("#main").focus()
    for name, weight in (("Gold", 1), ("Silver", 10), ("Bronze", 100)):
        add_tier(page, name, weight)
    add_prize(page, "Gold", "Weekend for two", things=1)
    add_prize(page, "Silver", "Headphones", things=10)
    add_prize(page, "Bronze", "Free tea")
    upload(page, "Free tea", code_file(tmp_path, "TEA26", 1000), 1000)
    page.get_by_role("button", name="Import 1,000 codes").click()
    expect(page.get_by_text("1,000 codes are in stock")).to_be_visible()
    place(page, "Prizes")
    assert violations(page) == []
    keep(picture, page, "phone-prizes")
    overview(page)
    page.get_by_role("link", name="Open", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Open").click()
    expect(page.get_by_text("The campaign is open.")).to_be_visible()
    assert violations(page) == []
    overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert overflow <= 0
