"""One code followed from a partner's link to the figures; and the counter where shops take codes."""

import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import func, select, update

from app.adapters.links import Links
from app.config import ROOT, load_settings
from app.domain.roles import Role
from app.extensions import db, tools
from app.models import Award, Code, FigureBook, Partner, Redemption
from app.services import locations, partners, redemptions
from app.services.audit import COMMAND_LINE
from app.services.locations import LocationPlan
from app.services.partners import PartnerPlan
from app.services.redemptions import Order, Redeemed
from tests.e2e.test_marketer import tab_to
from tests.support.api import shop_of
from tests.support.application import application, environment
from tests.support.browser import violations
from tests.support.databases import Databases
from tests.support.factories import TierSpec, make_campaign
from tests.support.fakes import FakeRng
from tests.support.hooks import add_endpoint
from tests.support.receiver import Receiver, receiving
from tests.support.shop import api_till, win
from tests.support.site import free_port, running_site, served
from tests.support.smtp import Postbox, postbox
from tests.support.staff import PASSWORD, make_account

pytestmark = pytest.mark.e2e

NewVisitor = Callable[..., Page]
PIN = "274915"
BEFORE = 4  # wins and redemptions of the day before: too few for the partner to see
PATIENCE = 60
CAMERA = """
Object.defineProperty(document, "hidden", { get: () => globalThis.away === true });
globalThis.BarcodeDetector = class {
  async detect() { return globalThis.read ? [{ rawValue: globalThis.read }] : []; }
};
navigator.mediaDevices.getUserMedia = async () => {
  const drawn = document.createElement("canvas");
  drawn.getContext("2d").fillRect(0, 0, 10, 10);
  return (globalThis.shown = drawn.captureStream(5));
};
"""  # a browser that reads codes, and what its camera sees


@dataclass(frozen=True, slots=True)
class Shop:
    """A running site of a campaign that a partner shares, and all that stands around it."""

    url: str
    settings: dict[str, str]
    counter: str
    campaign: str  # its id
    key: str
    secret: str
    hooks: Receiver
    post: Postbox


@pytest.fixture(scope="module")
def shop(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """Somebody has been there yesterday. The server, its worker, SMTP and the receiver are real."""
    folder, port, database = tmp_path_factory.mktemp("shop"), free_port(), databases.create()
    with receiving() as hooks, postbox() as post:
        settings = environment(
            database,
            folder,
            HOST="127.0.0.1",
            PORT=str(port),
            PRIZEWELL_PUBLIC_URL=f"http://127.0.0.1:{port}",
            PRIZEWELL_MAIL=f"smtp://127.0.0.1:{post.port}",
            PRIZEWELL_MAIL_FROM="Corner & Pine <win@example.org>",
            PRIZEWELL_WEBHOOK_ALLOW=hooks.origin,
        )
        with application(load_settings(settings)) as app, app.app_context():
            session, yesterday = db.session(), datetime.now(UTC) - timedelta(days=1)
            campaign = make_campaign(session, [TierSpec("Gold", codes=30)], now=yesterday)
            plan = PartnerPlan("ayse", "Ayşe Yılmaz")
            act: dict[str, Any] = {"actor": COMMAND_LINE, "now": yesterday, "rng": tools().rng}
            partner = partners.add(session, campaign.id, "ayse", "Ayşe Yılmaz", plan=plan, **act)
            till = api_till(session)
            for number in range(1, BEFORE + 1):
                known: dict[str, Any] = {"now": yesterday, "rng": FakeRng(number)}
                partners.record_visit(session, partner.id, f"10.0.{number}.0/24", **known)
                code = win(session, number, now=yesterday, partner=partner.id).code
                order = Order(f"S-{number}", 2500, "EUR")
                assert isinstance(redemptions.redeem(session, code, order, till, **known), Redeemed)
            make_account(session, Role.ADMIN, password=True)
            location = locations.add(session, LocationPlan("Kadıköy", currency="EUR"), PIN, **act)
            endpoint, secret = add_endpoint(session, hooks, with_codes=True, now=datetime.now(UTC))
            key = shop_of(app, session).text
            counter = f"http://127.0.0.1:{port}/counter/{location.id.hex}"
            session.commit()
            assert endpoint.campaign_id is None
            found = Shop(
                f"http://127.0.0.1:{port}", settings, counter, str(campaign.id), key, secret, hooks, post
            )
        command: list[str | Path] = [Path(sys.executable).with_name("flask"), "prizewell", "serve"]
        with served(command, settings | {"PRIZEWELL_WORKER": "on"}, port=port, log=folder / "serve.log"):
            yield found
    databases.discard(database)


def enter(page: Page, shop: Shop, name: str) -> str:
    """Follow the partner's link, send the form, win; gives the code."""
    page.goto(f"{shop.url}/c/summer/via/ayse")
    expect(page.get_by_text("You were invited by Ayşe Yılmaz")).to_be_visible()
    page.get_by_label("Name").fill(name)
    page.get_by_label("E-mail address").fill(f"{name.lower()}@example.org")
    page.get_by_label("I accept the rules").check()
    page.get_by_role("button", name="Try my luck").click()
    expect(page.locator("#reveal-title")).to_contain_text("You won", timeout=30_000)
    return page.locator("[data-copy-text]").inner_text()


def open_counter(page: Page, shop: Shop) -> None:
    page.goto(shop.counter)
    page.get_by_label("PIN").fill(PIN)
    page.get_by_role("button", name="Open the counter").click()
    expect(page.get_by_role("heading", name="Kadıköy")).to_be_visible()


def check(page: Page, typed: str) -> Locator:
    """Type a code at the counter; gives what is said of it."""
    page.get_by_label("Code").fill(typed)
    page.get_by_role("button", name="Check").click()
    return page.locator("#result [data-verdict]")


def told(shop: Shop, event: str, code: str) -> dict[str, Any]:
    """What the receiver was told of the code, once; its signature is right."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        calls = [call.verified(shop.secret) for call in list(shop.hooks.calls)]
        found = [call["data"] for call in calls if call["type"] == event and call["data"].get("code") == code]
        if found:
            assert len(found) == 1
            data: dict[str, Any] = found[0]
            return data
        time.sleep(0.1)
    raise AssertionError(f"nobody was told {event}")


def add_up(shop: Shop) -> None:
    """Minutes later the worker adds up."""
    with application(load_settings(shop.settings)) as app, app.app_context():
        earlier = datetime.now(UTC) - timedelta(minutes=10)
        db.session.execute(update(FigureBook).values(rolled_at=earlier))
        db.session.commit()
    flask = Path(sys.executable).with_name("flask")
    command = [str(flask), "prizewell", "worker", "--once"]
    subprocess.run(command, cwd=ROOT, env=shop.settings | {"PATH": "/usr/bin:/bin"}, check=True)


def stage_of(page: Page, name: str) -> Locator:
    """How many came to that stage of the funnel, on the page of figures."""
    funnel = page.get_by_role("region", name="How far they came")
    row = funnel.get_by_role("row").filter(has=page.get_by_role("rowheader", name=name, exact=True))
    return row.get_by_role("cell").first


def tile(page: Page, label: str) -> Locator:
    """A figure of a page, by what stands over it."""
    return page.locator(".tile, .portal-tiles > div").filter(has_text=re.compile(rf"^\s*{label}\b")).first


def of_partner(page: Page) -> list[str]:
    """The partner's line on the page of figures."""
    row = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name="Ayşe Yılmaz"))
    return row.get_by_role("cell").all_inner_texts()


def portal_link(shop: Shop) -> str:
    """The partner's link to the own figures, as staff see it; good once."""
    with application(load_settings(shop.settings)) as app, app.app_context():
        partner = db.session.scalars(select(Partner)).one()
        links = Links(tools().settings.public_url, tools().signer)
        return links.partner(partner.id, partner.link_counter, tools().now())


def open_portal(page: Page, link: str) -> None:
    page.goto(link)
    page.get_by_role("button", name="Open my figures").click()
    expect(page.get_by_role("heading", name="Ayşe Yılmaz")).to_be_visible()


@pytest.mark.timeout(240)
def test_from_the_partners_link_to_the_figures(shop: Shop, new_visitor: NewVisitor, tmp_path: Path) -> None:
    # What the staff and the partner see before.
    staff = new_visitor(1280, 900)
    staff.goto(f"{shop.url}/account/sign-in")
    staff.get_by_label("E-mail").fill("admin@example.org")
    staff.get_by_label("Password").fill(PASSWORD)
    staff.get_by_role("button", name="Sign in").click()
    add_up(shop)
    staff.goto(f"{shop.url}/admin/campaigns/summer/report")
    expect(stage_of(staff, "Redeemed")).to_have_text("4")
    expect(tile(staff, "Revenue")).to_contain_text("€100")
    assert of_partner(staff)[:5] == ["4", "4", "4", "4", "4"]
    ayse = new_visitor()
    open_portal(ayse, portal_link(shop))
    for label in ("Visits", "Entries", "Wins", "Redeemed"):
        expect(tile(ayse, label)).to_contain_text("<5")
    expect(tile(ayse, "Revenue")).to_contain_text("–")

    # Two people follow her link and win; the mail comes, other systems are told.
    codes = [enter(new_visitor(), shop, name) for name in ("Zeynep", "Jonas")]
    for code, name in zip(codes, ("zeynep", "jonas"), strict=True):
        won = told(shop, "award.won", code)
        assert won["entry"]["partner"] == "ayse"
        deadline = time.monotonic() + PATIENCE
        while not any(f"{name}@example.org" in str(mail["To"]) for mail in shop.post.mails):
            assert time.monotonic() < deadline, "no mail came"
            time.sleep(0.1)

    # The one takes the code to the shop, where it is typed as people type.
    till = new_visitor()
    open_counter(till, shop)
    assert violations(till) == []
    said = check(till, f"  {codes[0].lower()} ")
    expect(said).to_have_class(re.compile("good"))
    expect(said).to_contain_text("Valid")
    till.get_by_label("Receipt number").fill("B-17")
    value = till.get_by_label("Value of the order, in EUR")
    value.fill("1.000")  # a thousand, or one? it is asked again
    till.get_by_role("button", name="Redeem", exact=True).click()
    expect(value).to_be_focused()
    expect(value).to_have_attribute("aria-invalid", "true")
    assert violations(till) == []
    value.fill("20,10")
    till.get_by_role("button", name="Redeem", exact=True).click()
    expect(said).to_contain_text("Redeemed")
    expect(said).to_contain_text("€20.10")
    assert violations(till) == []
    at_counter = told(shop, "code.redeemed", codes[0])
    assert at_counter["redemption"]["location"] == "Kadıköy"
    assert at_counter["redemption"]["order_reference"] == "B-17"
    assert (at_counter["redemption"]["order_value"], at_counter["redemption"]["currency"]) == (2010, "EUR")

    # The other orders online; the shop's system asks twice, and is answered alike.
    order = {
        "code": codes[1],
        "order_reference": "W-1",
        "order_value": 4990,
        "currency": "EUR",
        "location": "shop.example.org",
    }
    headers = {"Authorization": f"Bearer {shop.key}", "Idempotency-Key": "order-W-1"}
    asked = [
        till.request.post(f"{shop.url}/api/v1/redemptions", data=order, headers=headers) for _ in range(2)
    ]
    assert [answer.status for answer in asked] == [201, 201]
    assert asked[0].body() == asked[1].body()
    through_api = told(shop, "code.redeemed", codes[1])
    assert through_api["redemption"]["order_value"] == 4990
    assert through_api["entry"]["partner"] == "ayse"
    expect(check(till, codes[1])).to_contain_text("Used")

    # Every figure has moved by that, and by no more.
    add_up(shop)
    staff.reload()
    for stage in ("Entries", "Wins", "Redeemed"):
        expect(stage_of(staff, stage)).to_have_text("6")
    expect(stage_of(staff, "Wins seen")).to_have_text("2")  # nobody had a page yesterday
    expect(tile(staff, "Revenue")).to_contain_text("€170")
    expect(tile(staff, "Revenue")).to_contain_text("6 orders")
    expect(tile(staff, "Average order")).to_contain_text("€28.33")
    expect(tile(staff, "Redemption rate")).to_contain_text("100")
    line = of_partner(staff)
    assert [*line[1:5]] == ["6", "6", "6", "6"]
    assert "€170" in line[-1]
    answer = till.request.get(f"{shop.url}/api/v1/campaigns/{shop.campaign}/figures", headers=headers)
    told_by_api = answer.json()
    assert (told_by_api["wins"], told_by_api["redeemed"]) == (6, 6)
    assert told_by_api["takings"] == [{"currency": "EUR", "orders": 6, "value": 17000}]
    ayse.reload()
    expect(tile(ayse, "Redeemed")).to_contain_text("<5")  # today is not over

    # Tomorrow the partner sees today: enough people for nobody to be singled out.
    database = shop.settings["PRIZEWELL_DATABASE_URL"]
    with running_site(database, tmp_path, module="tests.support.tomorrow:app") as port:
        later = new_visitor()
        link = portal_link(shop).replace(shop.url, f"http://127.0.0.1:{port}")
        open_portal(later, link)
        for label in ("Entries", "Wins", "Redeemed", "People"):
            expect(tile(later, label)).to_contain_text("6")
        expect(tile(later, "Revenue")).to_contain_text("€170")
        assert violations(later) == []
        assert "@" not in later.locator("main").inner_text()
        assert not [code for code in codes if code in later.content()]


@pytest.mark.sqlite_is_enough
@pytest.mark.timeout(180)
def test_the_counter_says_in_colour_and_word_what_a_code_is_worth(
    shop: Shop, new_visitor: NewVisitor
) -> None:
    code, over = (enter(new_visitor(), shop, name) for name in ("Elif", "Nora"))
    with application(load_settings(shop.settings)) as app, app.app_context():
        ended = update(Award).where(
            Award.code_id == select(Code.id).where(Code.text == over).scalar_subquery()
        )
        db.session.execute(ended.values(expires_at=datetime.now(UTC)))
        db.session.commit()
    page = new_visitor()
    open_counter(page, shop)
    said = page.locator("#result [data-verdict]")

    # Colour and word, each its own; the keyboard is enough, and leads on to what is said.
    for typed, word, colour in (("NOBODY-HAS-THIS", "Unknown", "bad"), (over, "Expired", "warn")):
        page.get_by_label("Code").fill(typed)
        page.keyboard.press("Enter")
        expect(said.get_by_role("heading")).to_have_text(word)
        expect(said).to_have_class(re.compile(rf"\b{colour}\b"))
        expect(said).to_be_focused()
        expect(page.get_by_role("button", name="Redeem", exact=True)).to_have_count(0)
        assert violations(page) == []
    expect(check(page, code).get_by_role("heading")).to_have_text("Valid")
    expect(page.locator("#result [data-verdict]")).to_have_class(re.compile(r"\bgood\b"))
    tab_to(page, page.get_by_role("button", name="Redeem", exact=True))
    page.keyboard.press("Enter")
    expect(said.get_by_role("heading")).to_have_text("Redeemed")
    expect(check(page, code).get_by_role("heading")).to_have_text("Used")
    expect(said).to_have_class(re.compile(r"\bbad\b"))
    expect(said).to_contain_text("Kadıköy")
    assert violations(page) == []

    # Undone within minutes, it is good again; after ten nobody at the counter can.
    page.reload()
    page.get_by_role("button", name="Undo").first.click()
    expect(said.get_by_role("heading")).to_have_text("Undone")
    expect(check(page, code).get_by_role("heading")).to_have_text("Valid")
    page.get_by_role("button", name="Redeem", exact=True).click()
    expect(said.get_by_role("heading")).to_have_text("Redeemed")
    with application(load_settings(shop.settings)) as app, app.app_context():
        long_ago = datetime.now(UTC) - timedelta(minutes=11)
        db.session.execute(update(Redemption).values(created_at=long_ago))
        db.session.commit()
    page.get_by_role("button", name="Undo").first.click()
    expect(said.get_by_role("heading")).to_have_text("Not done")
    page.reload()
    expect(page.get_by_role("button", name="Undo")).to_have_count(0)


@pytest.mark.sqlite_is_enough
@pytest.mark.timeout(180)
def test_a_counter_without_a_connection_never_says_yes(shop: Shop, new_visitor: NewVisitor) -> None:
    first, second = (enter(new_visitor(), shop, name) for name in ("Mehmet", "Marta"))
    page = new_visitor()
    open_counter(page, shop)
    said = page.locator("#result [data-verdict]").get_by_role("heading")
    waiting, banner = page.locator("[data-queue] li"), page.locator("[data-offline]")

    # The connection goes before the check, and before the redemption of what was checked.
    expect(check(page, first).get_by_role("heading")).to_have_text("Valid")
    page.context.set_offline(True)
    page.get_by_role("button", name="Redeem", exact=True).click()
    expect(said).to_have_text("Not known yet")
    check(page, second)
    expect(said).to_have_text("No connection")
    assert violations(page) == []
    page.get_by_role("button", name="Redeem it when the connection is back").click()
    expect(waiting).to_have_count(2)
    expect(banner).to_contain_text("nothing is redeemed now")
    expect(banner).to_contain_text("2")
    expect(page.get_by_text("Redeemed", exact=True)).to_have_count(0)
    assert first not in page.locator("[data-queue]").inner_text()
    assert redeemed(shop, first) == redeemed(shop, second) == 0

    # Somebody else takes one of them meanwhile: what waited is not taken for a yes.
    other = new_visitor()
    open_counter(other, shop)
    check(other, second)
    other.get_by_role("button", name="Redeem", exact=True).click()
    expect(other.locator("#result [data-verdict]").get_by_role("heading")).to_have_text("Redeemed")
    page.context.set_offline(False)
    expect(waiting).to_have_count(0, timeout=40_000)
    expect(banner).to_be_hidden()
    expect(said).to_have_text(re.compile(f"Used …{second[-4:]}"))
    assert (redeemed(shop, first), redeemed(shop, second)) == (1, 1)


@pytest.mark.sqlite_is_enough
@pytest.mark.timeout(180)
def test_the_camera_is_on_only_while_somebody_looks(shop: Shop, new_visitor: NewVisitor) -> None:
    code = enter(page := new_visitor(), shop, "Omer")
    assert page.evaluate("document.featurePolicy.allowsFeature('camera')") is False
    without = new_visitor()
    open_counter(without, shop)
    assert without.evaluate("document.featurePolicy.allowsFeature('camera')") is True
    expect(without.get_by_role("button", name="Scan with the camera")).to_have_count(0)
    expect(without.get_by_label("Code")).to_be_focused()

    till = new_visitor()
    till.add_init_script(CAMERA)
    open_counter(till, shop)
    scan, stop = (
        till.get_by_role("button", name=name) for name in ("Scan with the camera", "Stop the camera")
    )
    is_live = "globalThis.shown.getTracks().some((track) => track.readyState === 'live')"
    scan.click()
    expect(till.locator("video")).to_be_visible()
    assert till.evaluate(is_live)
    assert violations(till) == []
    till.evaluate("globalThis.away = true; document.dispatchEvent(new Event('visibilitychange'))")
    expect(till.locator("video")).to_be_hidden()
    assert not till.evaluate(is_live)
    till.evaluate("globalThis.away = false")
    scan.click()
    stop.click()
    assert not till.evaluate(is_live)
    scan.click()
    till.evaluate("(code) => { globalThis.read = code; }", code)
    expect(till.locator("#result [data-verdict]").get_by_role("heading")).to_have_text("Valid")
    assert not till.evaluate(is_live)
    expect(till.locator("video")).to_be_hidden()


def redeemed(shop: Shop, code: str) -> int:
    """How often a code was taken."""
    with application(load_settings(shop.settings)) as app, app.app_context():
        query = select(func.count()).select_from(Redemption).join(Code, Code.id == Redemption.code_id)
        return db.session.scalars(query.where(Code.text == code)).one()
