"""The API: what it answers is what its document says, for every operation, status and field."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import time_machine
from flask import Flask
from jsonschema import Draft202012Validator
from limits import parse
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.config import Settings
from app.domain.errors import Busy
from app.domain.scopes import Scope
from app.extensions import limiter
from app.models import ApiKey, Award, Campaign, IdempotencyKey, Prize, Redemption
from app.services import api_keys, idempotency, redemptions, reports, rollups
from app.services.audit import COMMAND_LINE
from app.services.idempotency import StillRunning
from app.web.api.document import OPERATIONS, document
from app.web.api.schemas import COUNTED
from tests.support.api import BASE, Shop, shop_of
from tests.support.application import application
from tests.support.factories import make_campaign
from tests.support.fakes import NOON
from tests.support.queries import counted
from tests.support.shop import Win, win

pytestmark = pytest.mark.sqlite_is_enough
LATER = NOON + timedelta(hours=1)


@pytest.fixture(autouse=True)
def _at_that_hour() -> Iterator[None]:
    with time_machine.travel(LATER, tick=False):
        yield


@pytest.fixture
def won(session: Session) -> Win:
    make_campaign(session)
    return win(session)


@pytest.fixture
def shop(app: Flask, session: Session, won: Win) -> Shop:
    return shop_of(app, session)


def redeem(shop: Shop, code: str, key: str = "order-1", **more: Any) -> TestResponse:
    return shop.ask("/redemptions", {"code": code, **more}, key=key)


def kind(answer: TestResponse) -> str:
    """What kind of problem an answer tells."""
    assert answer.mimetype == "application/problem+json", answer.get_data(as_text=True)
    told = answer.get_json(force=True)
    assert told["status"] == answer.status_code
    assert "Set-Cookie" not in answer.headers
    return str(told["type"]).rpartition("#problem-")[2]


def test_a_code_is_asked_about_redeemed_and_given_back(shop: Shop, won: Win) -> None:
    asked = shop.ask("/codes/validate", {"code": won.code.lower()}).get_json()
    assert (asked["status"], asked["prize"], asked["uses_left"], asked["taken"]) == (
        "valid",
        "Gold prize",
        1,
        [],
    )
    made = redeem(
        shop, won.code, order_reference="A-17", order_value=4990, currency="EUR", location="Kadıköy"
    )
    assert made.status_code == 201
    told = made.get_json()["redemption"]
    assert told["redeemed_at"] == "2030-06-15T13:00:00.000Z"
    assert (told["order_value"], told["currency"], told["source"]) == (4990, "EUR", "api")
    assert won.code not in made.get_data(as_text=True)
    assert kind(redeem(shop, won.code, "order-2")) == "code-used"
    used = redeem(shop, won.code, "order-3").get_json(force=True)["code"]
    assert used["taken"] == [
        {"redemption_id": told["id"], "redeemed_at": told["redeemed_at"], "location": "Kadıköy", "units": 1}
    ]
    back = shop.ask(f"/redemptions/{told['id']}/reverse", {"reason": "cancelled"}, key="back-1")
    assert (back.status_code, back.get_json()["status"]) == (200, "reversed")
    assert kind(shop.ask(f"/redemptions/{told['id']}/reverse", key="back-2")) == "redemption-reversed"
    assert redeem(shop, won.code, "order-4").status_code == 201
    history = shop.ask("/codes/lookup", {"code": won.code}).get_json()
    assert sorted(one["status"] for one in history["redemptions"]) == ["redeemed", "reversed"]
    assert history["entry_id"] == str(won.entry_id)


def test_the_same_request_is_answered_byte_for_byte_and_done_once(
    shop: Shop, session: Session, won: Win
) -> None:
    first, again = redeem(shop, won.code), redeem(shop, won.code)
    assert (first.status_code, first.data) == (again.status_code, again.data)
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    refused, same = redeem(shop, won.code, "other"), redeem(shop, won.code, "other")
    assert (refused.status_code, refused.data, refused.mimetype) == (409, same.data, same.mimetype)
    assert same.headers["Idempotent-Replayed"] == "true"
    assert kind(redeem(shop, won.code, units=2)) == "idempotency-key-reused"
    assert len(session.scalars(select(Redemption)).all()) == 1
    kept = session.scalars(select(IdempotencyKey.body)).all()
    assert all(won.code not in body for body in kept)


@pytest.mark.parametrize("given", [None, "", "two words", "x" * 256, "schlüssel"])
def test_a_write_needs_its_key(shop: Shop, won: Win, given: str | None) -> None:
    headers = {} if given is None else {"Idempotency-Key": given}
    answer = shop.ask("/redemptions", {"code": won.code}, headers=headers)
    assert (answer.status_code, kind(answer)) == (400, "idempotency-key-missing")


def test_what_a_shop_may_not_take_is_unknown_in_the_same_words(
    app: Flask, session: Session, won: Win
) -> None:
    make_campaign(session, slug="winter", seed=3)
    foreign = win(session, 2, campaign="winter")
    campaign_id = session.get_one(Award, won.entry_id).campaign_id
    shop = shop_of(app, session, campaign_id=campaign_id)
    session.execute(update(Award).where(Award.entry_id == won.entry_id).values(status="void", voided_at=NOON))
    session.commit()
    bodies = set()
    for number, code in enumerate((foreign.code, won.code, "NO-SUCH-CODE", "\u0130", "ФЫВА")):
        assert shop.ask("/codes/validate", {"code": code}).get_json() == {"status": "unknown"}
        assert kind(shop.ask("/codes/lookup", {"code": code})) == "code-unknown"
        answer = redeem(shop, code, f"k-{number}")
        assert answer.status_code == 404
        bodies.add(answer.data)
    assert len(bodies) == 1


def test_an_end_and_too_many_uses_are_told(shop: Shop, session: Session, won: Win) -> None:
    session.execute(update(Prize).values(uses=3))
    session.commit()
    assert redeem(shop, won.code, "1", units=1).get_json()["code"]["uses_left"] == 2
    short = redeem(shop, won.code, "2", units=3)
    assert (short.status_code, kind(short)) == (409, "code-not-enough")
    assert short.get_json(force=True)["code"]["uses_left"] == 2
    session.execute(update(Award).values(expires_at=NOON))
    session.commit()
    over = redeem(shop, won.code, "3")
    assert (over.status_code, kind(over)) == (410, "code-expired")
    assert over.get_json(force=True)["code"]["expires_at"] == "2030-06-15T12:00:00.000Z"


def test_redemptions_come_page_by_page(shop: Shop, session: Session, won: Win) -> None:
    codes = [won.code, *(win(session, number).code for number in range(2, 6))]
    made = [redeem(shop, code, f"k{n}", order_reference=f"A-{n}") for n, code in enumerate(codes)]
    ids = [one.get_json()["redemption"]["id"] for one in made]
    shop.ask(f"/redemptions/{ids[0]}/reverse", {}, key="back")
    met: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = shop.get("/redemptions", limit=2, **cursor).get_json()
        met += [one["id"] for one in page["data"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert sorted(met) == sorted(ids)
    assert len(met) == 5
    campaign_id = str(session.get_one(Award, won.entry_id).campaign_id)
    assert [one["id"] for one in shop.get("/redemptions", status="reversed").get_json()["data"]] == [ids[0]]
    found = shop.get("/redemptions", order_reference="A-3", status="redeemed", campaign_id=campaign_id)
    assert [one["id"] for one in found.get_json()["data"]] == [ids[3]]
    span = {"since": "2030-06-15T16:00:00+03:00", "until": "2030-06-15T13:00:01Z"}
    assert len(shop.get("/redemptions", **span).get_json()["data"]) == 5
    assert shop.get("/redemptions", until="2030-06-15T13:00:00Z").get_json() == {"data": [], "next": None}


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "0"}, {"limit": "101"}, {"limit": "x"}, {"cursor": "x"}, {"status": "x"}, {"nonsense": "1"},
        {"since": "yesterday"}, {"since": "2030-02-31T00:00:00Z"}, {"campaign_id": "x"},
        {"limit": ["1", "2"]},
    ],
)  # fmt: skip
def test_a_query_that_will_not_do_is_refused(shop: Shop, query: dict[str, Any]) -> None:
    answer = shop.get("/redemptions", **query)
    assert (answer.status_code, kind(answer)) == (422, "invalid")
    assert [one["field"] for one in answer.get_json(force=True)["errors"]] == list(query)


def test_a_campaign_in_figures(app: Flask, session: Session, shop: Shop, won: Win) -> None:
    redeem(shop, won.code, order_value=4990, currency="EUR")
    campaign_id = session.get_one(Award, won.entry_id).campaign_id
    path = f"/campaigns/{campaign_id}/figures"
    nothing = dict.fromkeys(COUNTED, 0)
    frame = {"campaign_id": str(campaign_id), "campaign": "summer"}
    assert shop.get(path).get_json() == {**frame, "as_of": None, **nothing, "takings": []}
    rollups.roll(session, campaign_id, now=LATER)
    figures = shop.get(path).get_json()
    assert figures == {
        **frame, "as_of": "2030-06-15T13:00:00.000Z", **nothing,
        "entries": 1, "people": 1, "wins": 1, "winners": 1, "redeemed": 1, "redeemers": 1,
        "takings": [{"currency": "EUR", "orders": 1, "value": 4990}],
    }  # fmt: skip
    report = reports.of_campaign(session, session.get_one(Campaign, campaign_id), now=LATER)
    assert reports.total_of(session, campaign_id) == (report.at, report.total)
    with counted(app) as said:
        shop.get(path)
    read = " ".join(" ".join(said).lower().split())
    assert not [table for table in ("entry", "award", "redemption") if f"from {table} " in read]
    other = make_campaign(session, slug="winter", seed=3)
    limited = shop_of(app, session, campaign_id=other.id)
    for path in (
        f"/campaigns/{campaign_id}/figures",
        f"/campaigns/{UUID(int=1)}/figures",
        "/campaigns/x/figures",
    ):
        assert kind(limited.get(path)) == "not-found"


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"", 400), (b"{", 400), (b"\xff{}", 400), (b'{"code": NaN}', 400), (b'{"code": 1e999}', 400),
        (b'{"code": "A", "code": "B"}', 400), (b'{"code": "\\ud800"}', 400), (b"[" * 16000, 400),
        (b'{"units":' + b"9" * 15000 + b"}", 400), (b'{"code":' + b"[" * 20 + b"]" * 20 + b"}", 400),
        (b"[]", 422), (b'{"code": 7}', 422), (b'{"code": ""}', 422), (b'{"code": "A\\u0000"}', 422),
        (b'{"code": "A", "tier": "Gold"}', 422), (b'{"code": "A", "units": 1.5}', 422),
        (b'{"code": "A", "units": true}', 422), (b'{"code": "A", "order_value": 1}', 422),
        (b'{"code": "A", "order_value": 1, "currency": "eur"}', 422), (b'{"code": "A", "units": 0}', 422),
        (b'{"code": "A", "redeemed_at": "2030-06-15T12:00:00"}', 422),
        (b'{"code": "A", "redeemed_at": "2030-02-30T12:00:00Z"}', 422),
        (b'{"code": "A", "redeemed_at": "2031-01-01T12:00:00Z"}', 422),
        (b'{"code": "' + b"A" * 201 + b'"}', 422), (b" " * 17000, 413),
    ],
)  # fmt: skip
def test_a_body_that_will_not_do_is_refused(shop: Shop, raw: bytes, status: int) -> None:
    answer = shop.ask("/redemptions", raw=raw, key="k")
    assert answer.status_code == status
    told = kind(answer)
    assert told == {400: "bad-request", 413: "too-large", 422: "invalid"}[status]
    if status == 422:
        assert answer.get_json(force=True)["errors"]


def test_a_whole_number_may_be_written_with_a_point(shop: Shop, won: Win) -> None:
    raw = f'{{"code": "{won.code}", "units": 1.0, "redeemed_at": "2030-06-15T15:30:00+03:00"}}'.encode()
    made = shop.ask("/redemptions", raw=raw, key="k").get_json()["redemption"]
    assert (made["units"], made["redeemed_at"]) == (1, "2030-06-15T12:30:00.000Z")


def test_only_json_is_read(shop: Shop, won: Win) -> None:
    body = {"code": won.code}
    for wrong in ("text/plain", "application/x-www-form-urlencoded", ""):
        answer = shop.ask("/redemptions", body, key="k", headers={"Content-Type": wrong})
        assert (answer.status_code, kind(answer)) == (415, "unsupported-media-type")
    fine = shop.ask("/codes/validate", body, headers={"Content-Type": "application/json; charset=utf-8"})
    assert fine.status_code == 200


def test_who_has_no_key_gets_nothing(app: Flask, shop: Shop, session: Session) -> None:
    for given in ("", "Bearer", "Bearer pzk_x", f"Basic {shop.text}", f"Bearer {shop.text}x"):
        answer = app.test_client().post(f"{BASE}/codes/validate", headers={"Authorization": given})
        assert (answer.status_code, kind(answer)) == (401, "unauthorized")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    api_keys.revoke(session, shop.key_id, actor=COMMAND_LINE, now=NOON)
    assert shop.get("/redemptions").status_code == 401


@pytest.mark.parametrize("scope", Scope)
def test_each_scope_opens_its_operations_and_no_other(
    app: Flask, session: Session, won: Win, scope: Scope
) -> None:
    shop = shop_of(app, session, frozenset({scope}))
    for operation in OPERATIONS:
        path = operation.path.replace("{", "").replace("}", "")
        answer = shop.get(path) if operation.method == "GET" else shop.ask(path, {"code": won.code}, key="k")
        assert (answer.status_code == 403) == (operation.scope is not scope), operation.name
        if answer.status_code == 403:
            assert kind(answer) == "forbidden"


def test_what_is_not_there_is_told_in_the_same_form(shop: Shop) -> None:
    assert kind(shop.get("/nothing")) == "not-found"
    assert kind(shop.get("/redemptions/x/y/z")) == "not-found"
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"):
        answer = shop.ask("/redemptions", method=method)
        assert (answer.status_code, kind(answer)) == (405, "method-not-allowed"), method
        assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "POST"}
    assert kind(shop.ask(f"/redemptions/{UUID(int=1)}/reverse", {}, key="k")) == "not-found"
    assert kind(shop.ask("/redemptions/none/reverse", {}, key="k2")) == "not-found"


def test_its_use_is_noted_but_not_at_each_request(shop: Shop, session: Session) -> None:
    shop.get("/redemptions")
    first = session.get_one(ApiKey, shop.key_id, populate_existing=True).last_used_at
    assert first == LATER
    session.rollback()
    shop.get("/redemptions")
    assert session.get_one(ApiKey, shop.key_id, populate_existing=True).last_used_at == first


def test_a_crowded_moment_does_not_stop_who_only_reads(
    shop: Shop, won: Win, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crowded(*_args: object, **_more: object) -> None:
        raise Busy

    monkeypatch.setattr(api_keys, "note_use", crowded)
    assert shop.get("/redemptions").status_code == 200
    monkeypatch.setattr(idempotency, "_once", crowded)
    answer = redeem(shop, won.code)
    assert (answer.status_code, kind(answer)) == (503, "unavailable")
    assert answer.headers["Retry-After"] == "2"


def test_what_is_running_is_told_so(shop: Shop, won: Win, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idempotency, "_once", lambda *_args, **_more: StillRunning())
    assert kind(redeem(shop, won.code)) == "request-running"


def test_our_own_faults_tell_nothing(
    app: Flask, shop: Shop, won: Win, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: object, **_more: object) -> None:
        raise RuntimeError(won.code)

    monkeypatch.setattr(redemptions, "look_up", broken)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    answer = shop.ask("/codes/validate", {"code": won.code})
    assert (answer.status_code, kind(answer)) == (500, "internal-error")
    assert won.code not in answer.get_data(as_text=True)


# --- The document ---------------------------------------------------------------------------------------


def _fails_of(schema: dict[str, Any], value: object, whole: dict[str, Any]) -> list[str]:
    checker = Draft202012Validator({**schema, "components": whole["components"]})
    return [fault.message for fault in checker.iter_errors(value)]


def test_every_route_is_in_the_document_and_the_reverse(app: Flask) -> None:
    routes = {
        (rule.rule.removeprefix(BASE).replace("<", "{").replace(">", "}"), method)
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("api.")
        for method in (rule.methods or set()) - {"HEAD"}
    }
    described = app.test_client().get(f"{BASE}/openapi.json").get_json()
    paths = {(path, method.upper()) for path, found in described["paths"].items() for method in found}
    assert routes == paths
    assert described == document("http://localhost")
    assert described["openapi"] == "3.1.0"
    for schema in described["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_every_field_of_an_answer_is_in_the_document_and_the_reverse(
    shop: Shop, session: Session, won: Win
) -> None:
    whole = document("http://localhost")
    schemas = whole["components"]["schemas"]
    session.execute(update(Prize).values(uses=2))
    session.commit()
    made = redeem(shop, won.code, order_value=1, currency="EUR")
    again = redeem(shop, won.code, "k2", units=2)
    campaign_id = session.get_one(Award, won.entry_id).campaign_id
    rollups.roll(session, campaign_id, now=LATER)
    answers: list[tuple[str, Callable[[], TestResponse]]] = [
        ("CodeState", lambda: shop.ask("/codes/validate", {"code": won.code})),
        ("CodeState", lambda: shop.ask("/codes/validate", {"code": "none"})),
        ("CodeHistory", lambda: shop.ask("/codes/lookup", {"code": won.code})),
        ("Redeemed", lambda: made),
        ("Problem", lambda: again),
        ("Problem", lambda: shop.get("/redemptions", limit="x")),
        ("RedemptionPage", lambda: shop.get("/redemptions")),
        ("Figures", lambda: shop.get(f"/campaigns/{campaign_id}/figures")),
    ]
    met: dict[str, set[str]] = {}

    def note(name: str, value: dict[str, Any]) -> None:
        met.setdefault(name, set()).update(value)
        for field, part in value.items():
            described = schemas[name]["properties"][field]
            inner = described.get("$ref") or described.get("items", {}).get("$ref")
            for one in (part if isinstance(part, list) else [part]) if inner else []:
                note(inner.rpartition("/")[2], one)

    for name, ask in answers:
        value = ask().get_json(force=True)
        assert _fails_of(schemas[name], value, whole) == []
        note(name, value)
    sent = {"CodeQuestion", "RedemptionRequest", "ReversalRequest"}
    assert {name: set(schema["properties"]) for name, schema in schemas.items() if name not in sent} == met


def test_the_page_about_it_names_every_operation_and_problem(app: Flask) -> None:
    answer = app.test_client().get(f"{BASE}/docs")
    page = answer.get_data(as_text=True)
    assert "Set-Cookie" not in answer.headers
    assert "://" not in page.replace("http://localhost", "").replace("http://www.w3.org", "")
    for operation in OPERATIONS:
        assert f'id="{operation.name}"' in page
        for name in operation.kinds:
            assert f'id="problem-{name}"' in page
    turkish = app.test_client().get(f"{BASE}/docs?lang=tr").get_data(as_text=True)
    assert 'lang="tr"' in turkish


def test_bodies_of_problems_are_json(shop: Shop) -> None:
    told = json.loads(shop.get("/nothing").data)
    assert told["type"] == "http://localhost/api/v1/docs#problem-not-found"


# --- Limits ---------------------------------------------------------------------------------------------


@pytest.fixture
def limited(settings: Settings) -> Iterator[Flask]:
    """The application with its limits on: the last one made says if they are."""
    with application(replace(settings, rate_limits=True)) as found:
        yield found


def _left(answer: TestResponse) -> tuple[str, int, int]:
    """Policy, requests left, and seconds until there are more; as the document describes the fields."""
    described = document("http://localhost")["paths"]["/codes/validate"]["post"]["responses"]
    fields = described[str(answer.status_code)]["headers"]
    for name in ("RateLimit", "RateLimit-Policy"):
        assert re.fullmatch(fields[name]["schema"]["pattern"], answer.headers[name])
    found = re.fullmatch(r'"(.+)";r=(\d+);t=(\d+)', answer.headers["RateLimit"])
    assert found
    assert answer.headers["RateLimit-Policy"].startswith(f'"{found[1]}";')
    return found[1], int(found[2]), int(found[3])


def test_a_key_has_so_many_requests_over_all_operations(limited: Flask, session: Session, won: Win) -> None:
    shop, other = shop_of(limited, session), shop_of(limited, session)
    first = shop.ask("/codes/validate", {"code": won.code})
    assert first.headers["RateLimit-Policy"] == '"key";q=600;w=60'
    assert _left(first)[:2] == ("key", 599)
    assert '"key";r=598;' in shop.get("/redemptions").headers["RateLimit"]
    assert '"key";r=597;' in redeem(shop, "none", key="no").headers["RateLimit"]
    limiter.limiter.hit(parse("600/minute"), shop.key_id.hex, "api-key", cost=595)
    last = [shop.ask("/codes/validate", {}) for _more in range(2)][-1]
    assert (last.status_code, _left(last)[1]) == (422, 0)
    over = shop.ask("/codes/validate", {"code": won.code})
    assert (over.status_code, kind(over)) == (429, "too-many-requests")
    assert _left(over)[:2] == ("key", 0)
    assert 1 <= int(over.headers["Retry-After"]) <= 121
    assert _left(over)[2] >= 1
    whole = document("http://localhost")
    described = whole["paths"]["/codes/validate"]["post"]["responses"]["429"]
    assert {"RateLimit", "RateLimit-Policy", "Retry-After"} <= described["headers"].keys()
    schema = described["content"]["application/problem+json"]["schema"]
    assert _fails_of(schema, over.get_json(force=True), whole) == []
    assert redeem(shop, won.code).status_code == 429  # and nothing was done
    assert redeem(other, won.code).status_code == 201  # who has another key is counted apart


def test_who_has_no_key_has_fewer_and_takes_none_of_a_keys(
    limited: Flask, session: Session, won: Win
) -> None:
    shop = shop_of(limited, session)
    stranger = replace(shop, text="pzk_made_up")
    tries = [stranger.ask("/codes/validate", {"code": won.code}) for _ in range(15)]
    tries += [stranger.get("/redemptions") for _ in range(16)]
    assert [answer.status_code for answer in tries] == [401] * 30 + [429]
    assert _left(tries[0])[:2] == ("network", 29)
    assert tries[-1].headers["RateLimit-Policy"] == '"network";q=30;w=60'
    assert int(tries[-1].headers["Retry-After"]) >= 1
    assert kind(tries[-1]) == "too-many-requests"
    assert _left(shop.ask("/codes/validate", {"code": won.code}))[:2] == ("key", 599)


def test_without_limits_nothing_is_told_of_them(shop: Shop, won: Win) -> None:
    assert "RateLimit" not in shop.ask("/codes/validate", {"code": won.code}).headers
