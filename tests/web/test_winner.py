"""A winner's own pages: from the mail to the code, all prizes, one's data, and being forgotten."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.adapters.tokens import Purpose
from app.domain.proof import Proof
from app.extensions import tools
from app.models import Award, Code, Entrant, Entry, Message, MessageKind
from app.services import campaigns, proof
from app.services.audit import COMMAND_LINE
from tests.support.factories import TierSpec, make_campaign
from tests.support.fakes import NOON, FakeRng
from tests.support.office import SIGNER
from tests.support.staff import csrf_token
from tests.support.visitor import enter, filled_form, hidden_fields, read_code, solve

pytestmark = pytest.mark.sqlite_is_enough

HTML = {"Accept": "text/html"}


def campaign_with(session: Session, setting: Proof, codes: int = 1) -> None:
    campaign = make_campaign(session, [TierSpec("Gold", codes=codes)])
    plan = replace(campaigns.plan_of(campaign), proof=setting)
    campaigns.edit(session, campaign.id, plan, actor=COMMAND_LINE, now=NOON)


def proof_path(entry: str) -> str:
    return f"/me/proof/{SIGNER.sign(Purpose.PROOF, entry, datetime.now(UTC))}"


def my_path(session: Session) -> str:
    session.rollback()
    entrant = session.scalars(select(Entrant.id)).one()
    return f"/me/{SIGNER.sign(Purpose.MY_PRIZES, entrant.hex, datetime.now(UTC))}"


def press(client: FlaskClient, path: str, action: str | None = None) -> str:
    """Press the button of a page, and follow where it leads."""
    token = csrf_token(client.get(path).get_data(as_text=True))
    answer = client.post(action or path, data={"csrf_token": token}, follow_redirects=True)
    return answer.get_data(as_text=True)


def test_from_the_entry_to_the_code(app: Flask, client: FlaskClient, session: Session) -> None:
    campaign_with(session, Proof.CODE)
    told = enter(client, filled_form(client)).get_json()
    assert told == {"outcome": "held", "entry": told["entry"], "prize": "Gold prize"}
    mailed = app.test_client()
    path = proof_path(told["entry"])
    answer = mailed.get(path)
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert session.get_one(Entry, UUID(told["entry"])).proved_at is None, "opening a link proves nothing"
    session.rollback()
    page = press(mailed, path)
    code = code_of(session)
    assert code in page
    assert mailed.get(path).status_code == 303, "the second time it leads to the result"


def code_of(session: Session) -> str:
    session.rollback()
    return session.scalars(select(Code.text)).one()


@pytest.mark.parametrize("htmx", [True, False])
def test_before_the_reveal_a_page_tells_nothing(app: Flask, session: Session, htmx: bool) -> None:
    campaign = make_campaign(session, [TierSpec("Gold", codes=9)], lose_weight=1)
    plan = replace(campaigns.plan_of(campaign), proof=Proof.REVEAL)
    campaigns.edit(session, campaign.id, plan, actor=COMMAND_LINE, now=NOON)
    pages = []
    for number in range(8):
        client = app.test_client()
        form = filled_form(client, email=f"p{number}@example.org", nonce=f"{number:032x}")
        headers = HTML | ({"HX-Request": "true"} if htmx else {})
        answer = client.post("/c/summer/entries", data=form, headers=headers, follow_redirects=not htmx)
        pages.append(answer.get_data(as_text=True))
    session.rollback()
    assert 0 < len(session.scalars(select(Award.entry_id)).all()) < 8
    assert "Your entry is drawn" in pages[0]
    assert len(set(map(words_of, pages))) == 1


def words_of(page: str) -> str:
    """A page without its addresses, tokens and moments, which differ from entry to entry."""
    return " ".join(re.sub(r"<time.*?</time>|<[^>]*>", " ", page, flags=re.DOTALL).split())


def test_the_link_is_sent_again_to_whoever_waits(client: FlaskClient, session: Session) -> None:
    campaign_with(session, Proof.REVEAL)
    answer = client.post("/c/summer/entries", data=filled_form(client), headers=HTML)
    page = client.get(answer.location).get_data(as_text=True)
    assert "Send the link again" in page
    mail = client.post(f"{answer.location}/mail")
    assert mail.status_code == 303


def test_who_proved_in_this_browser_is_told_at_once(client: FlaskClient, session: Session) -> None:
    campaign_with(session, Proof.CODE)
    told = enter(client, filled_form(client)).get_json()
    press(client, proof_path(told["entry"]))
    other = make_campaign(session, slug="winter", seed=1)
    plan = replace(campaigns.plan_of(other), proof=Proof.CODE)
    campaigns.edit(session, other.id, plan, actor=COMMAND_LINE, now=NOON)
    again = enter(client, filled_form(client, "winter"), "winter").get_json()
    assert again["outcome"] == "won"


def test_a_code_that_went_back_is_told_of(client: FlaskClient, session: Session) -> None:
    campaign_with(session, Proof.CODE)
    told = enter(client, filled_form(client)).get_json()
    proof.lapse(session, now=NOON, rng=FakeRng(6))
    late = client.get(proof_path(told["entry"]), follow_redirects=True).get_data(as_text=True)
    assert "This code went back" in late
    assert "Went back" in client.get(my_path(session)).get_data(as_text=True)


def test_the_page_shows_all_and_proves_what_waits(client: FlaskClient, session: Session) -> None:
    campaign_with(session, Proof.CODE)
    told = enter(client, filled_form(client)).get_json()
    path = my_path(session)
    page = client.get(path).get_data(as_text=True)
    assert "Waits for you to confirm your address" in page
    assert code_of(session) not in page
    token = csrf_token(page)
    assert client.post(f"{path}/prove/{UUID(int=5)}", data={"csrf_token": token}).status_code == 404
    assert code_of(session) in press(client, path, f"{path}/prove/{UUID(told['entry'])}")
    assert code_of(session) in client.get(path).get_data(as_text=True)


def test_a_result_that_waits_is_opened_from_the_page(client: FlaskClient, session: Session) -> None:
    campaign_with(session, Proof.REVEAL)
    told = enter(client, filled_form(client)).get_json()
    assert told == {"outcome": "held", "entry": told["entry"]}
    path = my_path(session)
    assert "See my result" in client.get(path).get_data(as_text=True)
    assert code_of(session) in press(client, path, f"{path}/prove/{UUID(told['entry'])}")


@pytest.mark.parametrize("path", ["/me/x", "/me/x/data.json", "/me/x/mail", "/me/x/erase", "/me/proof/x"])
def test_a_link_that_is_none_opens_nothing(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert "This link does not work any more" in answer.get_data(as_text=True)


def test_the_same_answer_for_known_and_unknown(client: FlaskClient, session: Session) -> None:
    make_campaign(session)
    enter(client, filled_form(client))
    answers = []
    for email in ("ayse@example.org", "nobody@example.org"):
        token = csrf_token(client.get("/me").get_data(as_text=True))
        form = {"csrf_token": token, "email": email, "altcha": solve(client.get("/me/challenge").get_json())}
        answer = client.post("/me", data=form, follow_redirects=True)
        answers.append((answer.status_code, answer.get_data()))
    assert answers[0] == answers[1]
    session.rollback()
    kinds = session.scalars(select(Message.kind).order_by(Message.id)).all()
    assert kinds == [MessageKind.AWARD_WON, MessageKind.MY_PRIZES]


@pytest.mark.parametrize("email", ["", "nobody", "x" * 250 + "@example.org"])
def test_what_is_no_address_is_told(client: FlaskClient, email: str) -> None:
    token = csrf_token(client.get("/me").get_data(as_text=True))
    assert client.post("/me", data={"csrf_token": token, "email": email}).status_code == 422


def asked(client: FlaskClient, **values: str) -> TestResponse:
    token = csrf_token(client.get("/me").get_data(as_text=True))
    return client.post("/me", data={"csrf_token": token, "email": "ayse@example.org"} | values)


def test_programs_ask_for_no_mail(client: FlaskClient, session: Session) -> None:
    make_campaign(session)
    enter(client, filled_form(client))
    once = solve(client.get("/me/challenge").get_json())
    elsewhere = solve(client.get("/c/summer/challenge").get_json())
    for altcha, words in (("", "confirm that you are human"), (elsewhere, "confirm that you are human")):
        answer = asked(client, altcha=altcha)
        assert answer.status_code == 422
        assert words in answer.get_data(as_text=True)
    assert asked(client, altcha=once).status_code == 303
    assert "was used already" in asked(client, altcha=once).get_data(as_text=True)
    session.rollback()
    kinds = session.scalars(select(Message.kind).order_by(Message.id)).all()
    assert kinds == [MessageKind.AWARD_WON, MessageKind.MY_PRIZES]


def test_without_javascript_the_digits_are_typed(app: Flask, client: FlaskClient) -> None:
    page = client.get("/me").get_data(as_text=True)
    token = hidden_fields(page)["code_token"]
    assert client.get(f"/c/me/code/{token}.png").status_code == 200
    assert asked(client, another_code="1").status_code == 200
    wrong = asked(client, code_token=token, code="000000")
    assert "Those were not the digits" in wrong.get_data(as_text=True)
    token = hidden_fields(wrong.get_data(as_text=True))["code_token"]
    with app.app_context():
        maker = tools().picture_code
    assert maker is not None
    right = asked(client, code_token=token, code=read_code(maker, token, "me"))
    assert right.status_code == 303


def test_ones_data_as_a_file(client: FlaskClient, session: Session) -> None:
    make_campaign(session)
    enter(client, filled_form(client))
    answer = client.get(f"{my_path(session)}/data.json")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="my-data.json"'
    assert answer.get_json()["entries"][0]["email"] == "ayse@example.org"


def test_mail_is_stopped_by_a_button_and_by_mail_programs(client: FlaskClient, session: Session) -> None:
    make_campaign(session)
    enter(client, filled_form(client))
    path = f"{my_path(session)}/mail"
    assert client.post(path, data={"List-Unsubscribe": "One-Click"}).status_code == 303
    assert "Send me such mail again" in client.get(path).get_data(as_text=True)
    client.post(path, data={"wanted": "yes"})
    assert "Send me such mail again" not in client.get(path).get_data(as_text=True)


def test_erasing_asks_first_and_closes_the_page(client: FlaskClient, session: Session) -> None:
    make_campaign(session)
    enter(client, filled_form(client))
    path = my_path(session)
    assert client.get(path).status_code == 200
    assert client.post(f"{path}/erase").status_code in {400, 422}
    assert "Your data is erased" in press(client, f"{path}/erase")
    assert client.get(path).status_code == 404
    assert enter(client, filled_form(client)).get_json() == {
        "outcome": "refused",
        "reason": "already_entered",
    }
