"""One entry over HTTP: JSON, htmx and plain forms; and everything a form can get wrong."""

import secrets
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.eligibility import CampaignStatus
from app.models import Entry, NonceSource, SpentChallenge
from tests.support.factories import TierSpec, make_campaign
from tests.support.fakes import NOON
from tests.support.visitor import enter, filled_form, hidden_fields, solve

HTMX = {"HX-Request": "true", "Accept": "text/html"}
PAGE = {"Accept": "text/html"}


def entries(session: Session) -> int:
    session.rollback()
    return session.scalar(select(func.count()).select_from(Entry)) or 0


@pytest.fixture
def live(session: Session) -> Session:
    """A live campaign in which every entry wins."""
    make_campaign(session)
    return session


def test_a_win_as_json(client: FlaskClient, live: Session) -> None:
    answer = enter(client, filled_form(client))
    assert answer.status_code == 200
    assert set(answer.json or {}) == {"outcome", "tier", "prize", "code", "entry"}
    assert answer.json is not None
    won = (answer.json["outcome"], answer.json["tier"], answer.json["prize"])
    assert won == ("won", "Gold", "Gold prize")
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_loss_as_json(client: FlaskClient, session: Session) -> None:
    make_campaign(session, [TierSpec("Gold", weight=0)], lose_weight=1)
    answer = enter(client, filled_form(client))
    assert answer.json is not None
    assert (answer.status_code, answer.json["outcome"], set(answer.json)) == (
        200,
        "lost",
        {"outcome", "entry"},
    )


def test_the_same_form_sent_twice_is_answered_twice_and_entered_once(
    client: FlaskClient, live: Session
) -> None:
    form = filled_form(client)
    first, second = enter(client, form), enter(client, form)
    assert first.data == second.data
    assert entries(live) == 1


def test_htmx_gets_the_reveal_alone(client: FlaskClient, live: Session) -> None:
    answer = enter(client, filled_form(client), **HTMX)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert "<html" not in page
    assert 'id="entry"' in page
    assert "Gold prize" in page
    reloaded = client.get(answer.headers["HX-Replace-Url"])
    assert reloaded.status_code == 200
    assert "Gold prize" in reloaded.get_data(as_text=True)


def test_a_plain_form_is_sent_on_to_a_page_that_can_be_reloaded(client: FlaskClient, live: Session) -> None:
    form = filled_form(client)
    answer = enter(client, form, **PAGE)
    assert answer.status_code == 303
    target = answer.headers["Location"]
    pages = [client.get(target) for _ in range(2)]
    assert [page.status_code for page in pages] == [200, 200]
    assert pages[0].headers["X-Robots-Tag"] == "noindex"
    assert pages[0].headers["Cache-Control"] == "no-store"
    code = (enter(client, form).json or {})["code"]
    assert code in pages[1].get_data(as_text=True)
    assert code not in target
    assert entries(live) == 1


@pytest.mark.parametrize("token", ["x", "a.b", "..", "W10.abc"])
def test_a_result_link_cannot_be_made_up(client: FlaskClient, live: Session, token: str) -> None:
    assert client.get(f"/c/summer/result/{token}").status_code == 404


def test_a_result_link_belongs_to_its_campaign(client: FlaskClient, live: Session) -> None:
    make_campaign(live, slug="winter", seed=1)
    target = enter(client, filled_form(client), **PAGE).headers["Location"]
    assert client.get(target.replace("/summer/", "/winter/")).status_code == 404


def test_a_second_entry_is_refused(client: FlaskClient, live: Session) -> None:
    enter(client, filled_form(client))
    for headers, word in (({}, b'"already_entered"'), (HTMX, b'id="entry"'), (PAGE, b"<html")):
        answer = enter(client, filled_form(client), **headers)
        assert answer.status_code == 409
        assert word in answer.data
    assert entries(live) == 1


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (CampaignStatus.DRAFT, "not_open"),
        (CampaignStatus.PAUSED, "paused"),
        (CampaignStatus.CLOSED, "closed"),
    ],
)
def test_a_campaign_that_is_not_live_says_so(
    client: FlaskClient, session: Session, status: CampaignStatus, reason: str
) -> None:
    make_campaign(session, slug="open", seed=1)
    make_campaign(session, status=status)
    token = filled_form(client, "open")["csrf_token"]
    page = client.get("/c/summer")
    assert page.status_code == 200
    form = filled_form(client, csrf_token=token)
    answer = enter(client, form)
    assert (answer.status_code, answer.json) == (409, {"outcome": "refused", "reason": reason})


def test_before_the_opening(client: FlaskClient, session: Session) -> None:
    make_campaign(session, slug="open", seed=1)
    make_campaign(session, opens_at=NOON + timedelta(days=3650))
    form = filled_form(client, csrf_token=filled_form(client, "open")["csrf_token"])
    assert (enter(client, form).json or {})["reason"] == "not_open"


WRONG = {
    "no name": ("name", ""),
    "blank name": ("name", "   "),
    "long name": ("name", "x" * 1000),
    "name with a line break": ("name", "Ayşe\r\nBcc: all@example.org"),
    "name with NUL": ("name", "Ay\x00se"),
    "name that turns the line round": ("name", "Ay\u202eşe"),
    "name of two lines": ("name", "Ay\u2028şe"),
    "name that cannot be seen": ("name", "\u200b\u200d"),
    "no address": ("email", ""),
    "no at sign": ("email", "ayse.example.org"),
    "two at signs": ("email", "ayse@x@example.org"),
    "no host": ("email", "ayse@"),
    "address with a line break": ("email", "ayse@example.org\r\nBcc: all@example.org"),
    "address with NUL": ("email", "ay\x00se@example.org"),
    "address of 1,000 characters": ("email", "a" * 990 + "@example.org"),
    "address with a space": ("email", "ay se@example.org"),
    "two addresses": ("email", "a@example.org,b@example.org"),
    "no nonce": ("nonce", ""),
    "short nonce": ("nonce", "00"),
    "nonce of other letters": ("nonce", "g" * 32),
    "long nonce": ("nonce", "0" * 64),
    "no captcha": ("altcha", ""),
    "made-up captcha": ("altcha", "e30="),
    "no token": ("csrf_token", ""),
    "wrong token": ("csrf_token", "x"),
    "rules not accepted": ("accept_rules", ""),
}


@pytest.mark.parametrize(("field", "value"), WRONG.values(), ids=WRONG)
def test_a_wrong_field_is_named_and_nothing_is_stored(
    client: FlaskClient, live: Session, field: str, value: str
) -> None:
    form = filled_form(client, **{field: value})
    answer = enter(client, form)
    assert answer.status_code == 422
    assert answer.json is not None
    assert list(answer.json["errors"]) == [field]
    assert len(answer.json["errors"][field]) == 1
    assert entries(live) == 0
    assert live.scalar(select(func.count()).select_from(SpentChallenge)) == 0
    for headers in (HTMX, PAGE):
        again = enter(client, form, **headers)
        assert again.status_code == 422
        assert b'id="entry"' in again.data
        assert b"was used already" not in again.data
    assert live.scalar(select(func.count()).select_from(SpentChallenge)) == 0


def test_a_page_that_was_open_too_long_can_be_sent_again(client: FlaskClient, live: Session) -> None:
    form = filled_form(client)
    client.delete_cookie("prizewell")
    refused = enter(client, form, **HTMX)
    assert refused.status_code == 422
    assert "open for too long" in refused.get_data(as_text=True)
    fresh = hidden_fields(refused.get_data(as_text=True))["csrf_token"]
    assert enter(client, form | {"csrf_token": fresh}).status_code == 200


def test_all_fields_missing(client: FlaskClient, live: Session) -> None:
    answer = enter(client, {})
    assert answer.status_code == 422
    assert {"name", "email", "accept_rules", "nonce", "csrf_token"} <= set((answer.json or {})["errors"])


def test_what_was_filled_in_is_kept_and_shown_harmlessly(client: FlaskClient, live: Session) -> None:
    page = enter(client, filled_form(client, name='"><script>x</script>', email="no"), **HTMX)
    text = page.get_data(as_text=True)
    assert "<script>" not in text
    assert "&lt;script&gt;" in text
    assert 'value="no"' in text


def test_extra_fields_change_nothing(client: FlaskClient, session: Session) -> None:
    make_campaign(session, [TierSpec("Gold", weight=0)], lose_weight=1)
    extra = {"tier": "Gold", "weight": "1", "is_winner": "1", "created_at": "2001-01-01", "id": "0" * 32}
    answer = enter(client, filled_form(client, **extra))
    assert (answer.json or {})["outcome"] == "lost"


def test_a_captcha_opens_one_entry(client: FlaskClient, live: Session) -> None:
    form = filled_form(client)
    enter(client, form)
    answer = enter(client, form | {"email": "b@example.org", "nonce": secrets.token_hex(16)})
    assert (answer.status_code, list((answer.json or {})["errors"])) == (422, ["altcha"])
    assert entries(live) == 1


def test_a_captcha_of_another_campaign_opens_none(client: FlaskClient, live: Session) -> None:
    make_campaign(live, slug="winter", seed=1)
    foreign = solve(client.get("/c/winter/challenge").get_json())
    answer = enter(client, filled_form(client, altcha=foreign))
    assert (answer.status_code, list((answer.json or {})["errors"])) == (422, ["altcha"])


def test_a_nonce_sent_with_another_address_is_refused(client: FlaskClient, live: Session) -> None:
    form = filled_form(client)
    enter(client, form)
    again = filled_form(client, email="b@example.org", nonce=form["nonce"])
    assert enter(client, again).json == {"outcome": "refused", "reason": "nonce_used"}


def test_who_made_the_nonce_is_stored(client: FlaskClient, live: Session) -> None:
    enter(client, filled_form(client))
    page_nonce = filled_form(client)
    page_nonce.update(email="b@example.org")
    from_server = {**page_nonce}
    from_server["nonce"] = _server_nonce(client)
    enter(client, from_server)
    live.rollback()
    sources = live.scalars(select(Entry.nonce_source).order_by(Entry.email)).all()
    assert sources == [NonceSource.BROWSER, NonceSource.SERVER]


def _server_nonce(client: FlaskClient) -> str:
    page = client.get("/c/summer").get_data(as_text=True)
    return page.split('name="nonce"', 1)[1].split('value="', 1)[1].split('"', 1)[0]


def test_networks_are_told_apart_and_no_address_is_stored(client: FlaskClient, live: Session) -> None:
    for name, address in (("a", "192.0.2.1"), ("b", "192.0.2.99"), ("c", "198.51.100.1"), ("d", "unknown")):
        client.environ_base["REMOTE_ADDR"] = address
        enter(client, filled_form(client, email=f"{name}@example.org"))
    live.rollback()
    one, same, other, unknown = live.scalars(select(Entry.network).order_by(Entry.email))
    assert one == same
    assert one is not None
    assert other not in {one, None}
    assert unknown is None


def test_an_oversized_body(client: FlaskClient, live: Session) -> None:
    assert enter(client, filled_form(client, name="x" * 200_000)).status_code == 413


@pytest.mark.parametrize(
    "path", ["/c/nowhere", "/c/nowhere/challenge", "/c/nowhere/rules", "/c/%00", "/nothing"]
)
def test_unknown_addresses(client: FlaskClient, live: Session, path: str) -> None:
    assert client.get(path).status_code == 404
    assert client.get(path, headers={"Accept": "application/json"}).is_json


def test_unknown_campaign_on_entry(client: FlaskClient, live: Session) -> None:
    assert enter(client, filled_form(client), slug="nowhere").status_code == 404
    assert enter(client, {}, slug="nowhere").status_code == 404


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_wrong_methods(client: FlaskClient, live: Session, method: str) -> None:
    answer = client.open("/c/summer/entries", method=method)
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]


def test_a_body_that_is_no_form(client: FlaskClient, live: Session) -> None:
    answer = client.post(
        "/c/summer/entries",
        data=b"\xff\xfe{",
        content_type="application/json",
        headers={"Accept": "application/json"},
    )
    assert answer.status_code == 422
