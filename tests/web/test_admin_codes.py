"""Codes of a prize at the console: upload, dry run, generator, export."""

import io
import re
from fractions import Fraction
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.domain.code_list import read_code_list
from app.domain.eligibility import CampaignStatus
from app.domain.outcomes import Won
from app.domain.roles import Role
from app.models import Code, Prize
from app.services import audit, batches, campaigns, codes, prizes, restrictions
from app.services import stock as stock_service
from app.services.audit import COMMAND_LINE
from app.services.batches import BatchFigures
from app.services.entries import submit_entry
from app.services.prizes import PrizePlan, Stock
from app.web.admin.codes import power_of_ten, risk_level
from tests.support.factories import VAULT, TierSpec, make_campaign, submission
from tests.support.fakes import NOON, FakeRng
from tests.support.staff import HTMX, Staff, make_account, seen_in, sign_in, staff_of

pytestmark = pytest.mark.sqlite_is_enough


GOOD = "code\r\nAAAA-1111\r\nBBBB-2222\r\n\r\nCCCC-3333\r\n"


@pytest.fixture
def editor(app: Flask, session: Session) -> Staff:
    return sign_in(app, session, Role.EDITOR)


@pytest.fixture
def prize(session: Session) -> Prize:
    campaign = make_campaign(session, [TierSpec("Gold", codes=0)], lose_weight=9)
    found = prizes.find_by_name(session, campaign.id, "Gold prize")
    assert found
    return found


def path(prize: Prize, what: str = "") -> str:
    return f"/admin/campaigns/summer/prizes/{prize.id.hex}/codes{what}"


def upload(
    editor: Staff, prize: Prize, content: str | bytes, step: str = "check", *, htmx: bool = False
) -> TestResponse:
    """The answer to a file; one that is to be imported is looked at first, as the campaign is live."""
    data = content.encode() if isinstance(content, str) else content

    def send(**more: str) -> TestResponse:
        fields: dict[str, Any] = {"file": (io.BytesIO(data), "codes.csv"), "step": step} | more
        return editor.post(path(prize, "/upload"), fields, content_type="multipart/form-data", htmx=htmx)

    answer = send()
    if step == "check" or answer.status_code != 200:
        return answer
    return send(seen=seen_in(answer.get_data(as_text=True)), reason="restocked")


def stock(session: Session, prize: Prize) -> Stock:
    session.rollback()
    return prizes.stock_of(session, prize.id)


def test_a_file_is_checked_first_and_then_taken_in(editor: Staff, session: Session, prize: Prize) -> None:
    answer = upload(editor, prize, GOOD, htmx=True)
    assert answer.status_code == 200
    report = answer.get_data(as_text=True)
    assert "3 new codes" in report
    assert "codes.csv has no mistakes." in report
    assert "Import 3 codes" in report
    assert 'hx-preserve="true"' in report
    assert stock(session, prize) == Stock()
    taken = upload(editor, prize, GOOD, "import")
    assert taken.status_code == 303
    assert "3 codes are in stock for Gold prize." in editor.page(taken.location)
    assert stock(session, prize) == Stock(free=3)


@pytest.mark.parametrize("step", ["check", "import"])
def test_a_wrong_file_names_its_lines_and_writes_nothing(
    editor: Staff, session: Session, prize: Prize, step: str
) -> None:
    upload(editor, prize, "KNOWN-0001\n", "import")
    answer = upload(editor, prize, "code\nKNOWN-0001\nNEW-0001\nnew-0001\nxx\n=SUM(A1)\n", step)
    assert answer.status_code == 422
    page = answer.get_data(as_text=True)
    assert "Nothing was imported." in page
    assert "Line 4: the same code as line 3" in page
    assert "Line 5: shorter than 4 characters" in page
    assert "Line 6: would run as a formula in a spreadsheet" in page
    assert "1 code is known in this campaign" in page
    assert "Import " not in page.split('id="report"')[1].split("Generate")[0]
    assert stock(session, prize) == Stock(free=1)


def test_long_lists_of_mistakes_are_cut(editor: Staff, prize: Prize) -> None:
    page = upload(editor, prize, "code\n" + "x\n" * 1500).get_data(as_text=True)
    assert "1,500 lines cannot be read" in page
    assert "and 1,480 more" in page


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xff\xfe\x00", "is not UTF-8 text"),
        (b"code\nA\x80\xff\n", "Line 2 is not UTF-8 text"),
        (b"", "There is no code in this file."),
        (b"code\n\n", "There is no code in this file."),
    ],
)
def test_a_file_that_is_no_list_says_so(editor: Staff, prize: Prize, content: bytes, message: str) -> None:
    answer = upload(editor, prize, content)
    assert answer.status_code == 422
    assert message in answer.get_data(as_text=True)


def test_codes_of_a_live_campaign_are_shown_before_they_come_in(
    editor: Staff, session: Session, prize: Prize
) -> None:
    page = upload(editor, prize, GOOD).get_data(as_text=True)
    assert "What this change does" in page
    assert re.search(r"no chance.*1 in 10 \(10%\)", page, re.DOTALL)
    seen = seen_in(page)

    def again(**fields: Any) -> TestResponse:
        values = {"file": (io.BytesIO(GOOD.encode()), "codes.csv"), "step": "import"} | fields
        return editor.post(path(prize, "/upload"), values, content_type="multipart/form-data")

    unseen = again(reason="restocked")
    assert (unseen.status_code, seen_in(unseen.get_data(as_text=True))) == (200, seen)
    without = again(seen=seen)
    assert without.status_code == 422
    assert "Say why: people are entering now" in without.get_data(as_text=True)
    assert "3 new codes" in without.get_data(as_text=True), "the report stays"
    assert stock(session, prize) == Stock()
    assert again(seen=seen, reason="restocked").status_code == 303
    session.rollback()
    record = audit.latest(session)[0]
    assert (record.action, record.reason) == ("codes.import", "restocked")
    generated = editor.post(path(prize, "/generate"), {"count": "7"})
    assert re.search(r'"old">3</span>.*"new">10</span>', generated.get_data(as_text=True), re.DOTALL)
    assert stock(session, prize) == Stock(free=3)


def test_a_code_of_another_campaign_is_named_to_those_who_see_it(
    app: Flask, editor: Staff, session: Session, prize: Prize
) -> None:
    other = make_campaign(session, [TierSpec("Gold", codes=0)], slug="other", seed=3)
    other.title = "Winter giveaway"
    session.commit()
    far = prizes.find_by_name(session, other.id, "Gold prize")
    assert far
    listed = read_code_list(["FAR-0001"])
    codes.import_codes(session, far.id, listed, actor=COMMAND_LINE, now=NOON, rng=FakeRng(1))
    upload(editor, prize, "NEAR-0001\n", "import")
    page = upload(editor, prize, "near-0001\nfar-0001\n").get_data(as_text=True)
    assert "1 code is known in this campaign" in page
    assert "1 code is known in another campaign" in page
    assert "Line 2: in Winter giveaway" in page
    account = make_account(session, Role.EDITOR, "limited@example.org")
    campaign_id = prize.campaign_id
    restrictions.change(session, account.id, [campaign_id], actor=COMMAND_LINE, now=NOON)
    page = upload(staff_of(app, session, account), prize, "far-0001\n").get_data(as_text=True)
    assert "1 code is known in another campaign" in page
    assert "Winter giveaway" not in page


def test_codes_of_a_draft_come_in_at_once(editor: Staff, session: Session) -> None:
    draft = make_campaign(session, [TierSpec("Gold", codes=0)], slug="draft", status=CampaignStatus.DRAFT)
    found = prizes.find_by_name(session, draft.id, "Gold prize")
    assert found
    where = f"/admin/campaigns/draft/prizes/{found.id.hex}/codes"
    assert editor.post(f"{where}/generate", {"count": "5"}).status_code == 303
    fields = {"file": (io.BytesIO(GOOD.encode()), "codes.csv"), "step": "import"}
    taken = editor.post(f"{where}/upload", fields, content_type="multipart/form-data")
    assert taken.status_code == 303
    assert stock(session, found) == Stock(free=8)


def test_no_file_is_asked_for(editor: Staff, prize: Prize) -> None:
    answer = editor.post(path(prize, "/upload"), {"step": "check"}, content_type="multipart/form-data")
    assert answer.status_code == 422
    assert "Choose a file." in answer.get_data(as_text=True)


def test_only_this_route_and_only_editors_may_send_much(
    app: Flask, editor: Staff, session: Session, prize: Prize
) -> None:
    much = "code\n" + "\n".join(f"CODE-{number:06d}" for number in range(20_000))
    assert "20,000 new codes" in upload(editor, prize, much).get_data(as_text=True)
    assert editor.client.post("/admin/campaigns/new", data={"rules": "x" * 100_000}).status_code == 413
    viewer = sign_in(app, session, Role.VIEWER)
    assert upload(viewer, prize, much).status_code == 413
    claimed = {"CONTENT_LENGTH": str(51 * 2**20), "CONTENT_TYPE": "multipart/form-data; boundary=x"}
    too_much = editor.client.post(path(prize, "/upload"), environ_overrides=claimed)
    assert too_much.status_code == 413


def test_codes_are_generated(editor: Staff, session: Session, prize: Prize) -> None:
    answer = editor.change(path(prize, "/generate"), {"count": "1200", "prefix": "summer"}, reason="more")
    assert "1,200 codes are made for Gold prize." in editor.page(answer.location)
    assert stock(session, prize) == Stock(free=1200)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"count": "0"}, "Use a number from 1 to 1,000,000."),
        ({"count": "-1"}, "Use a number of at least 1."),
        ({"count": "2.5"}, "Use a whole number in digits"),
        ({"count": "10000000000000000000"}, "Use a number from 1 to 1,000,000."),
        ({"count": ""}, "Please fill this in."),
        ({"count": "5", "prefix": "?!"}, "prefix"),
        ({"count": "5", "prefix": "x" * 30}, "Use at most 20 characters"),
    ],
)
def test_wrong_orders_to_the_generator_say_so(
    editor: Staff, session: Session, prize: Prize, fields: dict[str, str], message: str
) -> None:
    answer = editor.post(path(prize, "/generate"), fields)
    assert answer.status_code == 422
    assert message in answer.get_data(as_text=True)
    assert stock(session, prize) == Stock()


def test_free_codes_go_out_on_record(editor: Staff, session: Session, prize: Prize) -> None:
    upload(editor, prize, GOOD, "import")
    answer = editor.post(path(prize, "/export"))
    assert answer.mimetype == "text/csv"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="summer-codes.csv"'
    lines = answer.get_data(as_text=True).splitlines()
    assert lines[0] == '"code"'
    assert sorted(lines[1:]) == ['"AAAA-1111"', '"BBBB-2222"', '"CCCC-3333"']
    session.rollback()
    assert audit.latest(session)[0].action == "codes.export"


def test_a_number_of_things_takes_no_codes(editor: Staff, session: Session, prize: Prize) -> None:
    campaign = campaigns.get(session, "summer")
    plan = PrizePlan("Mug")
    mug = prizes.add(session, prize.tier_id, plan, quantity=3, actor=COMMAND_LINE, now=NOON, rng=FakeRng(5))
    assert mug.campaign_id == campaign.id
    assert "its claim codes are made by themselves" in editor.page(path(mug))
    assert upload(editor, mug, GOOD).status_code == 409
    assert editor.post(path(mug, "/generate"), {"count": "5"}).status_code == 409
    assert stock(session, mug) == Stock(free=3)


def test_the_part_comes_alone_for_htmx(editor: Staff, prize: Prize) -> None:
    part = editor.get(path(prize), headers=HTMX).get_data(as_text=True)
    assert "<html" not in part
    assert 'id="codes"' in part


def batch_of(session: Session, prize: Prize) -> BatchFigures:
    session.rollback()
    return batches.listing(session, prize.id)[0]


def test_a_batch_is_withdrawn_after_a_question_with_numbers(
    editor: Staff, session: Session, prize: Prize
) -> None:
    upload(editor, prize, GOOD, "import")
    page = editor.page(path(prize))
    assert "codes.csv" in page
    found = batch_of(session, prize)
    where = path(prize, f"/batches/{found.batch.id}/withdraw")
    question = editor.page(where)
    assert "3 free codes are withdrawn and can no longer be won." in question
    assert stock(session, prize) == Stock(free=3)
    answer = editor.change(where, reason="leaked")
    assert "3 codes of Gold prize are withdrawn." in editor.page(answer.location)
    assert stock(session, prize) == Stock(withdrawn=3)
    record = audit.latest(session)[0]
    assert (record.action, record.reason) == ("codes.withdraw", "leaked")
    assert editor.get(path(prize, f"/batches/{found.batch.id + 1}/withdraw")).status_code == 404
    again = upload(editor, prize, GOOD).get_data(as_text=True)
    assert "3 more codes were withdrawn before anybody won them, and come back." in again
    assert "Import 3 codes" in again
    taken = upload(editor, prize, GOOD, "import")
    assert "3 codes are in stock for Gold prize." in editor.page(taken.location)
    assert "3 had been withdrawn before" in editor.page(path(prize))


@pytest.mark.parametrize(
    ("unit", "told", "button", "message", "left"),
    [
        ("_decide", "Coming in: 6 so far", "Stop it", "Stopped. Nothing of it came in.", Stock()),
        ("_offer_some", "Being put on offer: 6 to go", "Put on offer now", "are on offer.", Stock(free=6)),
    ],
)
def test_what_was_left_half_way_is_settled(
    editor: Staff,
    session: Session,
    prize: Prize,
    monkeypatch: pytest.MonkeyPatch,
    unit: str,
    told: str,
    button: str,
    message: str,
    left: Stock,
) -> None:
    def broken_off(*_args: Any, **_options: Any) -> None:
        raise KeyboardInterrupt

    listed = read_code_list(f"CODE-{number}" for number in range(6))
    with monkeypatch.context() as patch:
        patch.setattr(stock_service, "PART", 4)
        patch.setattr(batches, unit, broken_off)
        patch.setattr(batches, "stop", lambda *_args: None)
        with pytest.raises(KeyboardInterrupt):
            codes.import_codes(session, prize.id, listed, actor=COMMAND_LINE, now=NOON, rng=FakeRng(1))
    page = editor.page(path(prize))
    assert told in page
    assert button in page
    assert 'hx-trigger="reading, every 2s"' in page
    part = editor.page(path(prize, "/batches"))
    assert "<html" not in part
    assert told in part
    assert re.search(r'id="reading"[^>]*>\s*3 of 6\s*<', part)
    assert 'id="code-stock"' in part
    answer = editor.post(path(prize, f"/batches/{batch_of(session, prize).batch.id}/settle"))
    page = editor.page(answer.location)
    assert message in page
    assert 'hx-trigger="reading"' in editor.page(path(prize, "/batches")), "nothing is left to ask for"
    assert ("Did not come in" in page) == (left == Stock())
    assert stock(session, prize) == left


def test_the_meter_and_the_samples_follow_the_form(editor: Staff, session: Session, prize: Prize) -> None:
    page = editor.page(path(prize))
    assert "Nobody guesses these" in page
    part = editor.page(path(prize, "/plan?count=5000&prefix=summer26g&length=12"))
    assert "<html" not in part
    assert "Too easy to guess: refused" in part
    assert "2·10⁻⁴; at most 1·10⁻⁶" in part
    assert len(re.findall(r"SUMMER26G(?:-[0-9A-Z]{4}){3}<", part)) == 3
    assert "Nobody guesses these" in editor.page(path(prize, "/plan?count=5000&prefix=&length=16"))
    odd = editor.page(path(prize, "/plan?count=x&prefix=%00!&length=9"))
    assert "Sample" not in odd
    refused = editor.post(path(prize, "/generate"), {"count": "5000", "length": "12"})
    assert refused.status_code == 409
    assert "so many codes this short could be guessed" in refused.get_data(as_text=True).lower()
    assert stock(session, prize) == Stock()
    made = editor.change(path(prize, "/generate"), {"count": "20", "length": "12", "prefix": "VIP"})
    assert "20 codes are made" in editor.page(made.location)


@pytest.mark.parametrize(
    ("number", "text", "level"),
    [
        (Fraction(0), "0", 2),
        (Fraction(1, 10**6), "1·10⁻⁶", 100),
        (Fraction(3, 10**8), "3·10⁻⁸", 91),
        (Fraction(996, 10**6), "1·10⁻³", 100),
        (Fraction(1110), "1,110", 100),
        (Fraction(1, 10**40), "1·10⁻⁴⁰", 2),
    ],
)
def test_risks_read_like_figures_and_show_as_a_bar(
    app: Flask, number: Fraction, text: str, level: int
) -> None:
    with app.test_request_context(headers={"Accept-Language": "en"}):
        assert (power_of_ten(number), risk_level(number)) == (text, level)


def test_beginnings_are_suggested_and_fill_the_field(editor: Staff, prize: Prize) -> None:
    page = editor.page(path(prize))
    names = re.findall(r'data-value="([^"]+)"', page)
    assert "SUMMER-GOLD" in names
    assert re.fullmatch(r"SUMMER\d\dG", names[0])
    assert 'value="SUMMER-GOLD"' in editor.page(path(prize, "?prefix=SUMMER-GOLD"))


SEARCH = "/admin/campaigns/summer/codes"


def test_a_code_is_looked_up_by_itself(editor: Staff, session: Session, prize: Prize) -> None:
    editor.change(path(prize, "/generate"), {"count": "3", "length": "16"})
    session.rollback()
    code = session.query(Code).first()
    assert code is not None
    answer = editor.post(SEARCH, {"code": code.text.lower().replace("-", " ")}, htmx=True)
    part = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert "<html" not in part
    assert "Gold prize" in part
    assert "Generated" in part
    assert code.text not in part
    outcomes = (
        submit_entry(session, submission(number), now=NOON, rng=FakeRng(number), vault=VAULT)
        for number in range(1, 200)
    )
    outcome = next(one for one in outcomes if isinstance(one, Won))
    page = editor.post(SEARCH, {"code": outcome.code}).get_data(as_text=True)
    assert f"/entries/{outcome.entry.hex}" in page
    prizes.remove(session, prize.id, actor=COMMAND_LINE, now=NOON)
    assert "Removed" in editor.post(SEARCH, {"code": outcome.code}).get_data(as_text=True)
    acts = [record.action for record in audit.latest(session)]
    assert acts.count("codes.find") == 3


@pytest.mark.parametrize(
    ("typed", "status", "says"),
    [
        ("NO-SUCH-CODE", 200, "No code of this campaign reads like that."),
        ("", 422, "Please fill this in."),
        ("x" * 201, 422, "Use at most 200 characters"),
    ],
)
def test_a_search_that_finds_nothing_says_so(
    editor: Staff, prize: Prize, typed: str, status: int, says: str
) -> None:
    assert "The whole code" in editor.page(SEARCH)
    answer = editor.post(SEARCH, {"code": typed})
    assert answer.status_code == status
    assert says in answer.get_data(as_text=True)


def test_a_claim_code_is_found_too(editor: Staff, session: Session, prize: Prize) -> None:
    plan = PrizePlan("Mug")
    prizes.add(session, prize.tier_id, plan, quantity=2, actor=COMMAND_LINE, now=NOON, rng=FakeRng(8))
    code = session.query(Code).first()
    assert code is not None
    code.batch_id = None  # as those from before batches were kept
    session.commit()
    page = editor.post(SEARCH, {"code": code.text}).get_data(as_text=True)
    assert "Mug" in page
    assert "Free" in page
