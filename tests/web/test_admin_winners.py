"""Winners, partners and the audit list at the console."""

import csv
import io
import zipfile
from datetime import timedelta
from html import unescape

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.roles import Role
from app.models import Award, AwardStatus, Campaign, Code, Entry, Partner
from app.services import audit, handling, partners, prizes, redemptions
from app.services.audit import COMMAND_LINE
from app.services.entries import submit_entry
from app.services.handling import Handling
from app.services.prizes import PrizePlan
from app.services.redemptions import Order
from tests.support import visitor
from tests.support.factories import VAULT, TierSpec, make_campaign, submission
from tests.support.fakes import NOON, FakeRng
from tests.support.queries import counted
from tests.support.shop import counter_till
from tests.support.staff import HTMX, Staff, sign_in, version_in

pytestmark = pytest.mark.sqlite_is_enough


WINNERS = "/admin/campaigns/summer/winners"
PARTNERS = "/admin/campaigns/summer/partners"


@pytest.fixture
def editor(app: Flask, session: Session) -> Staff:
    return sign_in(app, session, Role.EDITOR)


@pytest.fixture
def campaign(session: Session) -> Campaign:
    return make_campaign(session, [TierSpec("Gold", codes=80)], timezone="Europe/Istanbul")


@pytest.fixture
def partner(session: Session, campaign: Campaign) -> Partner:
    return partners.add(session, campaign.id, "ayse", "Ayşe", actor=COMMAND_LINE, now=NOON, rng=FakeRng(2))


def enter(session: Session, count: int, first: int = 1, partner: Partner | None = None) -> None:
    for number in range(first, first + count):
        entry = submission(number, partner_id=partner.id if partner else None)
        submit_entry(session, entry, now=NOON + timedelta(minutes=number), rng=FakeRng(number), vault=VAULT)


def link_with(part: str, page: str) -> str:
    addresses = (piece.split('"')[0] for piece in page.split('href="')[1:])
    return next(unescape(address) for address in addresses if part in address)


def won_codes(session: Session) -> list[str]:
    session.rollback()
    return list(session.scalars(select(Code.text).join(Award, Award.code_id == Code.id)))


def test_winners_are_shown_with_masked_codes_in_the_campaigns_zone(
    editor: Staff, session: Session, campaign: Campaign, partner: Partner
) -> None:
    enter(session, 1, partner=partner)
    page = editor.page(WINNERS)
    for text in ("Person 1", "person1@example.org", "Gold prize", "15 Jun 2030, 15:01", "Ayşe"):
        assert text in page
    assert won_codes(session)[0] not in page


def test_a_code_is_shown_on_request_and_on_record(
    editor: Staff, session: Session, campaign: Campaign
) -> None:
    enter(session, 1)
    award = session.scalars(select(Award)).one()
    path = f"{WINNERS}/{award.entry_id.hex}/code"
    [code] = won_codes(session)
    cell = editor.post(path, htmx=True).get_data(as_text=True)
    assert code in cell
    assert "<table" not in cell
    assert code in editor.post(path).get_data(as_text=True)
    session.rollback()
    assert [record.action for record in audit.latest(session)[:2]] == ["winner.reveal"] * 2


def test_a_win_of_another_campaign_is_not_found(editor: Staff, session: Session, campaign: Campaign) -> None:
    make_campaign(session, slug="other", seed=9)
    enter(session, 1)
    award = session.scalars(select(Award)).one()
    assert editor.post(f"/admin/campaigns/other/winners/{award.entry_id.hex}/code").status_code == 404


def test_winners_are_found_by_text_prize_and_partner(
    editor: Staff, session: Session, campaign: Campaign, partner: Partner
) -> None:
    enter(session, 2)
    enter(session, 1, first=3, partner=partner)
    [prize] = prizes.listing(session, campaign.id)
    assert "Person 2" not in editor.page(f"{WINNERS}?text=person1@")
    by_partner = editor.page(f"{WINNERS}?partner={partner.id.hex}")
    assert "Person 3" in by_partner
    assert "Person 1" not in by_partner
    assert "Person 1" in editor.page(f"{WINNERS}?prize={prize.id.hex}&tier={prize.tier_id.hex}")
    assert "Person 1" in editor.page(f"{WINNERS}?prize=nonsense&after=nonsense")
    assert "Nobody fits this filter" in editor.page(f"{WINNERS}?text=zzz%00")


def test_nobody_yet_is_said(editor: Staff, campaign: Campaign) -> None:
    assert "Nobody has won yet" in editor.page(WINNERS)


def test_winners_come_in_pages(editor: Staff, session: Session, campaign: Campaign) -> None:
    enter(session, 60)
    first = editor.page(f"{WINNERS}?text=person")
    assert first.count("Show the code of") == 50
    older = link_with("after=", first)
    second = editor.page(older)
    assert second.count("Show the code of") == 10
    assert "text=person" in older
    assert "Newest" in second


def test_the_export_is_safe_and_on_record(editor: Staff, session: Session, campaign: Campaign) -> None:
    enter(session, 3)
    answer = editor.post(f"{WINNERS}.csv", {"text": "person2@"})
    assert answer.headers["Content-Disposition"] == 'attachment; filename="summer-winners.csv"'
    assert answer.headers["Cache-Control"] == "no-store"
    header, *rows = csv.reader(io.StringIO(answer.get_data(as_text=True)))
    assert header[:3] == ["won_at", "name", "email"]
    assert len(rows) == 1
    assert rows[0][1] == "Person 2"
    assert rows[0][5] in won_codes(session)
    assert audit.latest(session)[0].action == "winners.export"


def test_what_shops_took_stands_in_the_list_at_the_cost_of_one_question(
    app: Flask, editor: Staff, session: Session, campaign: Campaign
) -> None:
    enter(session, 12)
    till = counter_till(session, "Moda")

    def asked() -> int:
        with counted(app) as said:
            editor.page(WINNERS)
        return len(said)

    before = asked()
    for number, code in enumerate(won_codes(session)[:10]):
        now = NOON + timedelta(days=1)
        redemptions.redeem(session, code, Order(), till, now=now, rng=FakeRng(90 + number))
    assert asked() == before + 1
    page = editor.page(WINNERS)
    assert page.count("· Moda") == 10
    assert editor.page(f"{WINNERS}?redeemed=yes").count("Show the code of") == 10
    assert editor.page(f"{WINNERS}?redeemed=no").count("Show the code of") == 2
    assert editor.page(f"{WINNERS}?redeemed=perhaps").count("Show the code of") == 12
    book = editor.post(f"{WINNERS}.xlsx", {"redeemed": "yes"})
    rows = zipfile.ZipFile(io.BytesIO(book.get_data())).read("xl/worksheets/sheet1.xml")
    assert rows.count(b"</row>") == 1 + rows.count(b">Moda<") == 11


def test_a_partner_is_added_with_two_links(editor: Staff, session: Session, campaign: Campaign) -> None:
    answer = editor.post(f"{PARTNERS}/new", {"name": "Şule & Ben"})
    page = editor.page(answer.location)
    assert "Send both links on" in page
    assert "http://localhost/c/summer/via/sule-ben" in page
    figures = next(
        part.split('"')[0] for part in page.split('"') if part.startswith("http://localhost/partner/")
    )
    own = editor.client.get(figures.removeprefix("http://localhost").partition("?")[0])
    assert own.status_code == 200
    assert "Şule" in own.get_data(as_text=True)


@pytest.mark.parametrize(
    ("fields", "status", "message"),
    [
        ({"name": ""}, 422, "Please fill this in."),
        ({"name": "抽"}, 422, "Use 2 to 40 small letters"),
        ({"name": "X", "slug": "../x"}, 422, "Use 2 to 40 small letters"),
        ({"name": "X", "slug": "ayse"}, 409, "is called"),
        ({"name": "x" * 121, "slug": "xx"}, 422, "Use at most 120 characters"),
    ],
)
def test_a_wrong_partner_says_so(
    editor: Staff,
    session: Session,
    campaign: Campaign,
    partner: Partner,
    fields: dict[str, str],
    status: int,
    message: str,
) -> None:
    answer = editor.post(f"{PARTNERS}/new", fields, htmx=True)
    assert answer.status_code == status
    assert message in answer.get_data(as_text=True)
    session.rollback()
    assert len(partners.listing(session, campaign.id)) == 1


def test_partners_are_listed_with_their_figures(
    editor: Staff, session: Session, campaign: Campaign, partner: Partner
) -> None:
    enter(session, 2, partner=partner)
    partners.record_visit(session, partner.id, "somebody", now=NOON, rng=FakeRng(7))
    page = editor.page(PARTNERS)
    assert f'winners?partner={partner.id.hex}">2<' in page
    assert 'data-label="Visits">1<' in page


def test_the_audit_list_tells_who_did_what(
    app: Flask, editor: Staff, session: Session, campaign: Campaign
) -> None:
    editor.change("/admin/campaigns/summer/tiers/no-win", {"weight": "1234"})
    page = editor.page("/admin/campaigns/summer/audit")
    assert "Weight of no win changed" in page
    assert "editor@example.org" in page
    assert "<ins>1,234</ins>" in page
    assert "Weight of no win changed" not in editor.page("/admin/campaigns/summer/audit?noun=tier")
    assert "Tier added" in editor.page("/admin/campaigns/summer/audit?noun=tier")
    assert "Tier added" not in editor.page("/admin/campaigns/summer/audit?text=EDITOR%40")
    assert "Nothing fits this filter." in editor.page("/admin/campaigns/summer/audit?text=zzz&before=oops")


def test_the_audit_list_comes_in_pages(app: Flask, session: Session, campaign: Campaign) -> None:
    admin = sign_in(app, session, Role.ADMIN)
    for weight in range(60):
        admin.change("/admin/campaigns/summer/tiers/no-win", {"weight": str(weight + 1)})
    first = admin.page("/admin/audit")
    assert "One-time link made" not in first
    assert "One-time link made" in admin.page(link_with("before=", first))
    part = admin.get("/admin/audit?noun=account", headers=HTMX).get_data(as_text=True)
    assert "<html" not in part
    assert "Weight of no win changed" not in part


def handled(session: Session) -> Award:
    session.rollback()
    session.expire_all()
    return session.scalars(select(Award)).one()


def test_a_win_is_changed_in_its_row(editor: Staff, session: Session, campaign: Campaign) -> None:
    enter(session, 1)
    path = f"{WINNERS}/{handled(session).entry_id.hex}/edit?text=person"
    form = editor.page(path)
    assert 'name="notes"' in form
    values = {"stage": "contacted", "notes": "Called on Tuesday", "version": version_in(form)}
    part = editor.post(path, values, htmx=True).get_data(as_text=True)
    assert "Called on Tuesday" in part
    assert 'name="notes"' not in part
    assert (handled(session).status, handled(session).notes) == (AwardStatus.CONTACTED, "Called on Tuesday")
    answer = editor.post(path, values | {"version": "2", "stage": "sent"})
    assert answer.status_code == 303
    assert "text=person" in answer.location
    assert handled(session).status is AwardStatus.SENT


def test_a_stale_row_shows_what_is_there_now(editor: Staff, session: Session, campaign: Campaign) -> None:
    enter(session, 1)
    path = f"{WINNERS}/{handled(session).entry_id.hex}/edit"
    editor.post(path, {"stage": "sent", "notes": "theirs", "version": "1"})
    late = editor.post(path, {"stage": "claimed", "notes": "mine", "version": "1"}, htmx=True)
    assert late.status_code == 409
    page = late.get_data(as_text=True)
    assert "theirs" in page
    assert "mine" in page
    assert handled(session).notes == "theirs"


@pytest.mark.parametrize(
    ("values", "words"),
    [({"stage": "void"}, "Not a valid choice"), ({"notes": "x" * 2001}, "Use at most 2,000 characters")],
)
def test_a_wrong_row_says_so(
    editor: Staff, session: Session, campaign: Campaign, values: dict[str, str], words: str
) -> None:
    enter(session, 1)
    path = f"{WINNERS}/{handled(session).entry_id.hex}/edit"
    answer = editor.post(path, {"stage": "new", "notes": "", "version": "1"} | values)
    assert answer.status_code == 422
    assert words in answer.get_data(as_text=True)


def test_winners_are_found_by_status_and_day(editor: Staff, session: Session, campaign: Campaign) -> None:
    enter(session, 2)
    assert "Person 1" in editor.page(f"{WINNERS}?state=new&since=2030-06-15&until=2030-06-15")
    for wanted in ("state=sent", "since=2030-06-16", "until=2030-06-14"):
        assert "Nobody fits this filter" in editor.page(f"{WINNERS}?{wanted}")
    for none in ("state=x", "since=x", "until=0001-01-01"):
        assert "Person 1" in editor.page(f"{WINNERS}?{none}")
    page = editor.page(f"{WINNERS}?text=person&since=2030-06-15&sort=oldest")
    assert page.index("Person 1") < page.index("Person 2")
    assert "text=person" not in link_with("winners?since", page)
    assert "Take away: from 2030-06-15" in page


def test_the_workbook_is_streamed_and_on_record(editor: Staff, session: Session, campaign: Campaign) -> None:
    enter(session, 2)
    answer = editor.post(f"{WINNERS}.xlsx", {"text": "person2@"})
    assert answer.headers["Content-Disposition"] == 'attachment; filename="summer-winners.xlsx"'
    with zipfile.ZipFile(io.BytesIO(answer.data)) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "Person 2" in sheet
    assert "Person 1" not in sheet
    assert audit.latest(session)[0].action == "winners.export"


def test_a_win_is_void_and_replaced_on_its_page(editor: Staff, session: Session, campaign: Campaign) -> None:
    enter(session, 1)
    entry = f"/admin/campaigns/summer/entries/{handled(session).entry_id.hex}"
    assert "Declare this win void" in editor.page(entry)
    refused = editor.post(f"{entry}/void", {"version": "1", "reason": " "}, htmx=True)
    assert refused.status_code == 422
    assert "Please fill this in." in refused.get_data(as_text=True)
    part = editor.post(f"{entry}/void", {"version": "1", "reason": "Bought twice"}, htmx=True)
    assert part.status_code == 200
    text = part.get_data(as_text=True)
    assert "The win is void." in text
    assert "Bought twice" in text
    assert "has been shown to somebody" in text
    assert "<html" not in text
    assert editor.post(f"{entry}/return").status_code == 409
    assert editor.post(f"{entry}/void", {"version": "1", "reason": "x"}).status_code == 409
    assert editor.post(f"/admin/campaigns/summer/winners/{entry[-32:]}/mail").status_code == 409
    [prize] = prizes.listing(session, campaign.id)
    stale = editor.post(f"{entry}/replace", {"version": "1", "prize": prize.id.hex})
    assert stale.status_code == 409
    none = editor.post(f"{entry}/replace", {"version": "2", "prize": "nonsense"})
    assert none.status_code == 422
    assert editor.post(f"{entry}/replace", {"version": "2", "prize": prize.id.hex}).status_code == 303
    page = editor.page(entry)
    assert "Gold prize is given in its place." in page
    assert page.count("<strong>Gold prize</strong>") == 2
    assert "instead of Gold prize" in editor.page(WINNERS)


def test_a_thing_is_put_back_on_the_page_of_its_win(
    editor: Staff, session: Session, campaign: Campaign
) -> None:
    enter(session, 1)
    [gold] = prizes.listing(session, campaign.id)
    plan = PrizePlan("Mug")
    rng = FakeRng(5)
    mug = prizes.add(session, gold.tier_id, plan, quantity=2, actor=COMMAND_LINE, now=NOON, rng=rng)
    entry = f"/admin/campaigns/summer/entries/{handled(session).entry_id.hex}"
    editor.post(f"{entry}/void", {"version": "1", "reason": "broken"})
    editor.post(f"{entry}/replace", {"version": "2", "prize": mug.id.hex})
    editor.post(f"{entry}/void", {"version": "3", "reason": "lost"})
    assert "Put one back" in editor.page(entry)
    assert "One more of Mug" in editor.post(f"{entry}/return", htmx=True).get_data(as_text=True)
    assert "One was put back into stock for it." in editor.page(entry)


def test_status_and_notes_on_the_page_of_the_entry(
    editor: Staff, session: Session, campaign: Campaign
) -> None:
    enter(session, 1)
    entry = f"/admin/campaigns/summer/entries/{handled(session).entry_id.hex}"
    values = {"stage": "claimed", "notes": "by phone", "version": "1"}
    assert "by phone" in editor.post(entry, values, htmx=True).get_data(as_text=True)
    assert editor.post(entry, values).status_code == 409
    assert handled(session).status is AwardStatus.CLAIMED


def test_a_viewer_reads_and_does_not_handle(app: Flask, session: Session, campaign: Campaign) -> None:
    enter(session, 1)
    award = handled(session)
    plan = Handling(AwardStatus.SENT, "noted")
    handling.edit(session, award.entry_id, plan, actor=COMMAND_LINE, now=NOON)
    page = sign_in(app, session, Role.VIEWER).page(f"/admin/campaigns/summer/entries/{award.entry_id.hex}")
    assert "noted" in page
    assert 'name="notes"' not in page


def test_every_outcome_is_explained(editor: Staff, session: Session) -> None:
    tiers = (TierSpec("Bronze", weight=0, codes=1), TierSpec("Gold", codes=1, fallback="Bronze"))
    make_campaign(session, [*tiers, TierSpec("Tin", weight=0, codes=0)], slug="chain", seed=3)
    for number in (1, 2, 3):
        entry = submission(number, campaign="chain")
        submit_entry(session, entry, now=NOON + timedelta(minutes=number), rng=FakeRng(number), vault=VAULT)
    make_campaign(session, [TierSpec("Gold")], slug="thin", seed=4, lose_weight=10**15)
    submit_entry(session, submission(9, campaign="thin"), now=NOON, rng=FakeRng(9), vault=VAULT)
    words = ("and Gold had a prize left", "Bronze gave in its place", "Asked in turn: Gold → Bronze")
    listed = session.scalars(select(Entry).order_by(Entry.name)).all()
    for row, expected in zip(listed, (*words, "belongs to no tier"), strict=True):
        slug = "thin" if row.name == "Person 9" else "chain"
        page = unescape(editor.page(f"/admin/campaigns/{slug}/entries/{row.id.hex}"))
        assert expected in page
        assert row.entry_commit.hex() in page


def test_all_entries_are_listed_and_found(editor: Staff, session: Session, campaign: Campaign) -> None:
    entries = "/admin/campaigns/summer/entries"
    assert "Nobody has entered yet" in editor.page(entries)
    enter(session, 60)
    first = editor.page(f"{entries}?outcome=won")
    assert first.count('scope="row"') == 50
    older = editor.page(link_with("after=", first))
    assert older.count('scope="row"') == 10
    assert "To the beginning" in older
    assert editor.page(f"{entries}?text=person7@example.org").count('scope="row"') == 1
    assert "No entry fits" in editor.page(f"{entries}?outcome=lost")
    part = editor.get(f"{entries}?outcome=x", headers=HTMX).get_data(as_text=True)
    assert part.count('scope="row"') == 50
    assert "<html" not in part


def test_the_winner_is_told_what_stands_now(app: Flask, session: Session, campaign: Campaign) -> None:
    client = app.test_client()
    answer = visitor.enter(client, visitor.filled_form(client), Accept="text/html")
    [code] = won_codes(session)
    assert code in client.get(answer.location).get_data(as_text=True)
    entry_id = handled(session).entry_id
    handling.void(session, entry_id, reason="Bought twice", actor=COMMAND_LINE, now=NOON)
    page = client.get(answer.location).get_data(as_text=True)
    assert "This win was withdrawn" in page
    assert "Bought twice" not in page
    assert code not in page
    [prize] = prizes.listing(session, campaign.id)
    given = handling.replace(session, entry_id, prize.id, actor=COMMAND_LINE, now=NOON, rng=FakeRng(77))
    page = client.get(answer.location).get_data(as_text=True)
    assert session.get_one(Code, given.code_id).text in page
    assert code not in page
