"""The main job, the whole way: from a pool of codes to a won code in a browser and the winners list."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import violations

pytestmark = pytest.mark.e2e

CODES = [f"SUMMER-{number:04d}-KEY" for number in range(1, 26)]
PASSWORD = "four words that nobody guesses"


def enter(page: Page, name: str, address: str) -> None:
    """Fill in the form and send it; the CAPTCHA solves itself."""
    page.get_by_label("Name").fill(name)
    page.get_by_label("E-mail address").fill(address)
    page.get_by_label("I accept the rules").check()
    page.get_by_role("button", name="Try my luck").click()


def test_from_a_pool_of_codes_to_a_won_code(
    site: Any, new_visitor: Callable[..., Page], picture: Callable[[Page, str], None], tmp_path: Path
) -> None:
    # The marketer signs in with the printed link and chooses a password.
    staff = new_visitor(1280, 900)
    staff.goto(site.link("Admin sign-in"))
    staff.get_by_label("Your name").fill("Deniz")
    staff.get_by_label("New password").fill(PASSWORD)
    staff.get_by_label("The same once more").fill(PASSWORD)
    staff.get_by_role("button", name="Set password and sign in").click()
    expect(staff.get_by_role("heading", name="Campaigns")).to_be_visible()

    # A campaign, with a tier that every entry hits, and a prize in it.
    staff.goto(f"{site.url}/admin/campaigns/new")
    assert violations(staff) == []
    staff.get_by_label("Title").fill("Ağustos’ta büyük çekiliş")
    staff.get_by_label("Address").fill("august")
    staff.get_by_label("Who gives the prizes").fill("Corner & Pine")
    staff.get_by_label("Time zone").fill("Europe/Istanbul")
    staff.get_by_label("Who may take part").fill("Everyone who is 18 or older.")
    staff.get_by_role("button", name="Make the draft").click()
    expect(staff.get_by_text("Draft").first).to_be_visible()
    staff.goto(f"{site.url}/admin/campaigns/august/prizes")
    staff.get_by_role("link", name="Add a tier").click()
    staff.get_by_label("Name").fill("Gold")
    staff.get_by_role("textbox", name="Weight").fill("10")
    staff.get_by_role("button", name="Add the tier").click()
    expect(staff.get_by_role("heading", name="Gold")).to_be_visible()
    staff.get_by_role("link", name="Edit the weight of no win").click()
    staff.get_by_role("textbox", name=re.compile("eight")).fill("0")
    staff.get_by_role("button", name="Save").click()
    expect(staff.get_by_text("always", exact=False).or_(staff.get_by_text("1 in 1")).first).to_be_visible()
    staff.get_by_role("link", name="Add a prize").click()
    staff.get_by_label("Name").fill("20 % off everything")
    staff.get_by_role("button", name="Add the prize").click()
    expect(staff.get_by_role("heading", name="20 % off everything")).to_be_visible()

    # Codes come from a file: a wrong one is named line by line, the right one goes in whole.
    staff.get_by_role("link", name=re.compile("Codes")).last.click()
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("code\n" + "\n".join([*CODES[:3], CODES[0], "=cmd()"]) + "\n")
    staff.get_by_label(re.compile("File|CSV")).set_input_files(wrong)
    staff.get_by_role("button", name="Check the file").click()
    expect(staff.get_by_text("Nothing was imported.")).to_be_visible()
    expect(staff.get_by_text("the same code as line 2")).to_be_visible()
    right = tmp_path / "codes.csv"
    right.write_text("\ufeffcode;note\r\n" + "".join(f'"{code}";x\r\n' for code in CODES), encoding="utf-8")
    staff.get_by_label(re.compile("File|CSV")).set_input_files(right)
    staff.get_by_role("button", name="Check the file").click()
    staff.get_by_role("button", name="Import 25 codes").click()
    expect(staff.get_by_text("25").first).to_be_visible()
    assert violations(staff) == []
    staff.goto(f"{site.url}/admin/campaigns/august/prizes")
    expect(staff.get_by_text("25 of 25 left")).to_be_visible()
    assert violations(staff) == []

    # A partner, and the opening.
    staff.goto(f"{site.url}/admin/campaigns/august/partners")
    staff.get_by_label("Name", exact=True).fill("Ayşe Yılmaz")
    staff.get_by_label("Name in the link").fill("ayse")
    staff.get_by_role("button", name="Add", exact=True).click()
    expect(staff.get_by_role("rowheader", name=re.compile("Ayşe Yılmaz"))).to_be_visible()
    staff.goto(f"{site.url}/admin/campaigns/august")
    staff.get_by_role("link", name="Open").or_(staff.get_by_role("button", name="Open")).first.click()
    staff.get_by_role("button", name=re.compile("Open")).last.click()
    expect(staff.get_by_text("Live").first).to_be_visible()

    # A visitor follows the partner's link, enters, wins, and still has the code after reloading.
    visitor = new_visitor()
    visitor.goto(f"{site.url}/c/august/via/ayse")
    expect(visitor.get_by_text("You were invited by Ayşe Yılmaz")).to_be_visible()
    assert violations(visitor) == []
    picture(visitor, "landing")
    enter(visitor, "Zeynep Çağlar", "zeynep@example.org")
    expect(visitor.locator("#reveal-title")).to_contain_text("You won", timeout=30_000)
    code = visitor.locator("[data-copy-text]").inner_text()
    assert code in CODES
    assert violations(visitor) == []
    picture(visitor, "won")
    visitor.reload()
    expect(visitor.get_by_text(code)).to_be_visible()
    assert code not in visitor.url
    assert violations(visitor) == []

    # The same person again, in another browser.
    again = new_visitor(1280, 900)
    again.goto(f"{site.url}/c/august")
    enter(again, "Zeynep", "Zeynep@Example.org")
    expect(again.locator("#reveal-title")).to_have_text("You are in already", timeout=30_000)
    assert violations(again) == []

    # The marketer sees who won what, when and through whom; the code is masked until asked for.
    staff.goto(f"{site.url}/admin/campaigns/august/winners")
    row = staff.get_by_role("row").filter(has_text="zeynep@example.org")
    expect(row).to_contain_text("20 % off everything")
    expect(row).to_contain_text("Ayşe Yılmaz")
    assert code not in staff.content()
    row.get_by_role("button", name=re.compile("Show")).click()
    expect(row).to_contain_text(code)
    assert violations(staff) == []
    staff.goto(f"{site.url}/admin/campaigns/august/partners")
    partner = staff.get_by_role("row").filter(has_text="Ayşe Yılmaz")
    expect(partner.get_by_role("cell").nth(0)).to_have_text("1")
    expect(partner.get_by_role("cell").nth(2)).to_have_text("1")


def test_the_partner_sees_counts_and_nothing_else(site: Any, new_visitor: Callable[..., Page]) -> None:
    page = new_visitor()
    page.goto(site.link("Its figures"))
    page.get_by_role("button", name="Open my figures").click()
    expect(page.get_by_text("Visits").first).to_be_visible()
    assert violations(page) == []
    assert "@" not in page.locator("main").inner_text()


def test_errors_stand_in_place_and_what_was_filled_in_stays(
    site: Any, new_visitor: Callable[..., Page]
) -> None:
    page = new_visitor()
    page.goto(f"{site.url}/c/welcome")
    page.get_by_label("Name").fill("Ali")
    page.get_by_label("E-mail address").fill("not an address")
    page.get_by_role("button", name="Try my luck").click()
    expect(page.get_by_label("E-mail address")).to_be_focused()
    expect(page.get_by_label("E-mail address")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Name")).to_have_value("Ali")
    assert violations(page) == []


def test_the_keyboard_is_enough(site: Any, new_visitor: Callable[..., Page]) -> None:
    page = new_visitor(1280, 900)
    page.goto(f"{site.url}/c/welcome")
    page.get_by_label("Name").focus()
    page.keyboard.type("Klavye")
    page.keyboard.press("Tab")
    page.keyboard.type("klavye@example.org")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    title = page.locator("#reveal-title")
    expect(title).to_be_focused(timeout=30_000)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("language", ["en-GB", "tr-TR"])
def test_public_pages_have_no_barriers(
    site: Any, new_visitor: Callable[..., Page], width: int, scheme: str, language: str
) -> None:
    page = new_visitor(width, 900, color_scheme=scheme, locale=language)
    for path in ("/c/welcome", "/c/welcome/rules", "/c/welcome/fairness", "/nothing", "/account/sign-in"):
        with page.expect_response(lambda _response: True):
            page.goto(site.url + path)
        assert violations(page) == [], path
        overflow = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert overflow <= 0, f"{path} is wider than the window"
