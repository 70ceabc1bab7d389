"""The operations of the API: each reads its Call, asks one service, and tells what came of it."""

import json
import re
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, request
from sqlalchemy.orm import Session

from app.domain.errors import Conflict, InvalidInput, NotFound
from app.domain.redemption import Verdict
from app.extensions import csrf, db, limiter, tools
from app.models import Campaign, Redemption
from app.services import api_keys, campaigns, idempotency, redemptions, reports
from app.services.idempotency import Answer, Asked, OtherRequest, StillRunning
from app.services.redemptions import Order, Redeemed, Seen, Standing, Wanted
from app.web import problems
from app.web.api.document import PREFIX
from app.web.api.guard import (
    POLICIES,
    Call,
    Refusal,
    caller,
    invalid,
    moment,
    serve,
    tell_limits,
    uuid_of,
)
from app.web.api.schemas import IDEMPOTENCY_KEY

api = Blueprint("api", __name__, url_prefix=PREFIX)
api.after_request(tell_limits)
csrf.exempt(api)  # it takes no cookie
for policy in POLICIES:  # each over all operations together
    limiter.shared_limit(
        f"{policy.requests}/minute",
        scope=f"api-{policy.name}",
        key_func=caller,
        exempt_when=policy.is_for_others,
    )(api)

_KEY = re.compile(IDEMPOTENCY_KEY, re.ASCII)
_REFUSED = {
    Verdict.UNKNOWN: "code-unknown",
    Verdict.USED: "code-used",
    Verdict.EXPIRED: "code-expired",
    Verdict.NOT_ENOUGH: "code-not-enough",
}


@serve(api, "validateCode")
def validate(call: Call) -> Response:
    """What a code is worth."""
    till = api_keys.till_of(call.key)
    return _json(_state(redemptions.look_up(db.session(), call.body["code"], till, now=tools().now())))


@serve(api, "lookUpCode")
def look_up(call: Call) -> Response:
    """Where a code came from, and what became of it."""
    till = api_keys.till_of(call.key)
    seen = redemptions.look_up(db.session(), call.body["code"], till, now=tools().now())
    if seen.standing is None:
        return problems.problem("code-unknown")
    standing = seen.standing
    history = redemptions.of_code(db.session(), standing.code_id)
    more = {
        "entry_id": str(standing.entry_id),
        "won_at": _told(standing.won_at),
        "partner": standing.partner,
        "redemptions": [_redemption(one) for one in history],
    }
    return _json(_state(seen) | more)


@serve(api, "redeemCode")
def redeem(call: Call) -> Response:
    """Take a code."""
    body, now = call.body, tools().now()
    value = body.get("order_value")
    order = Order(
        body.get("order_reference", ""),
        None if value is None else int(value),
        body.get("currency", ""),
        body.get("location", ""),
        moment(body["redeemed_at"], "redeemed_at") if "redeemed_at" in body else None,
        int(body.get("units", 1)),
    )
    till = api_keys.till_of(call.key)

    def work(session: Session) -> Answer:
        done = redemptions.redeem_in(session, body["code"], order, till, now=now, rng=tools().rng)
        if isinstance(done, Redeemed):
            seen = Seen(
                Verdict.VALID if done.standing.uses_left else Verdict.USED, done.standing, (done.redemption,)
            )
            told = {"redemption": _redemption(done.redemption), "code": _state(seen)}
            return Answer(201, json.dumps(told, ensure_ascii=False))
        kind = _REFUSED[done.seen.verdict]
        more: dict[str, Any] = {"code": _state(done.seen)} if done.seen.standing else {}
        return Answer(problems.KINDS[kind][0], problems.body(kind, **more))

    return _once(call, work, now)


@serve(api, "reverseRedemption")
def reverse(call: Call, redemption_id: str) -> Response:
    """Take a redemption back."""
    now, till, wanted = tools().now(), api_keys.till_of(call.key), uuid_of(redemption_id)

    def work(session: Session) -> Answer:
        try:
            if wanted is None:
                raise NotFound
            reason = call.body.get("reason", "")
            done = redemptions.reverse_in(session, wanted, till, now=now, reason=reason)
        except NotFound:
            return Answer(404, problems.body("not-found"))
        except Conflict:
            return Answer(409, problems.body("redemption-reversed"))
        return Answer(200, json.dumps(_redemption(done), ensure_ascii=False))

    return _once(call, work, now)


@serve(api, "listRedemptions")
def listing(call: Call) -> Response:
    """The redemptions of the key's campaigns, the one told last first."""
    query = call.query
    status, limit = query.get("status"), query.get("limit", 50)
    wanted = Wanted(
        UUID(query["campaign_id"]) if "campaign_id" in query else None,
        moment(query["since"], "since") if "since" in query else None,
        moment(query["until"], "until") if "until" in query else None,
        query.get("order_reference", ""),
        None if status is None else status == "reversed",
    )
    after = UUID(hex=query["cursor"]) if "cursor" in query else None
    till = api_keys.till_of(call.key)
    found = redemptions.page(db.session(), till, wanted, after=after, limit=limit + 1)
    last = found[limit - 1].id.hex if len(found) > limit else None
    return _json({"data": [_redemption(one) for one in found[:limit]], "next": last})


@serve(api, "campaignFigures")
def campaign_figures(call: Call, campaign_id: str) -> Response:
    """What a campaign has come to, as its page of figures tells it."""
    campaign = _campaign(call, campaign_id)
    at, total = reports.total_of(db.session(), campaign.id)
    return _json(
        {
            "campaign_id": str(campaign.id),
            "campaign": campaign.slug,
            "as_of": _told(at) if at else None,
            **asdict(total.tally),
            "takings": [
                {"currency": one.currency, "orders": one.orders, "value": one.amount} for one in total.money
            ],
        }
    )


def _campaign(call: Call, campaign_id: str) -> Campaign:
    wanted = uuid_of(campaign_id)
    try:
        if wanted is None or call.key.campaign_id not in {None, wanted}:
            raise NotFound
        return campaigns.get_by_id(db.session(), wanted)
    except NotFound:
        raise Refusal(problems.problem("not-found")) from None


def _once(call: Call, work: Any, now: datetime) -> Response:
    """Do the work once for the request's Idempotency-Key, and answer alike each time."""
    given = request.headers.getlist("Idempotency-Key")
    if len(given) != 1 or not _KEY.fullmatch(given[0]):
        return problems.problem("idempotency-key-missing")
    what = b"\n".join((request.method.encode(), request.path.encode(), call.raw))
    try:
        done = idempotency.once(db.session(), Asked(call.key.id, given[0], what), work, now=now)
    except InvalidInput as error:
        raise invalid([(error.field, str(error))]) from error
    match done:
        case StillRunning():
            return problems.problem("request-running")
        case OtherRequest():
            return problems.problem("idempotency-key-reused")
        case Answer():
            return _answered(done)


def _answered(done: Answer) -> Response:
    if done.status >= 400:
        response = problems.answer(done.status, done.body)
    else:
        response = Response(done.body, done.status, mimetype="application/json")
    if done.is_replayed:
        response.headers["Idempotent-Replayed"] = "true"
    return response


def _json(value: dict[str, Any]) -> Response:
    return Response(json.dumps(value, ensure_ascii=False), 200, mimetype="application/json")


def _state(seen: Seen) -> dict[str, Any]:
    if seen.standing is None:
        return {"status": Verdict.UNKNOWN.value}
    status = Verdict.VALID if seen.verdict is Verdict.NOT_ENOUGH else seen.verdict
    return (
        {"status": status.value} | _standing(seen.standing) | {"taken": [_taken(one) for one in seen.taken]}
    )


def _standing(standing: Standing) -> dict[str, Any]:
    return {
        "campaign_id": str(standing.campaign_id),
        "campaign": standing.campaign,
        "tier": standing.tier,
        "prize": standing.prize,
        "uses": standing.uses,
        "uses_left": standing.uses_left,
        "expires_at": _told(standing.expires_at) if standing.expires_at else None,
    }


def _taken(one: Redemption) -> dict[str, Any]:
    return {
        "redemption_id": str(one.id),
        "redeemed_at": _told(one.at),
        "location": one.location,
        "units": one.units,
    }


def _redemption(one: Redemption) -> dict[str, Any]:
    return {
        "id": str(one.id),
        "status": "redeemed" if one.reversed_at is None else "reversed",
        "campaign_id": str(one.campaign_id),
        "prize_id": str(one.prize_id),
        "entry_id": str(one.entry_id),
        "units": one.units,
        "redeemed_at": _told(one.at),
        "recorded_at": _told(one.created_at),
        "source": one.source.value,
        "location": one.location,
        "order_reference": one.order_reference,
        "order_value": one.order_value,
        "currency": one.currency or None,
        "reversed_at": _told(one.reversed_at) if one.reversed_at else None,
        "reverse_reason": one.reverse_reason,
    }


def _told(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
