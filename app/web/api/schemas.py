"""The shapes of what is sent and answered, as JSON Schema: requests are checked against these very ones."""

from typing import Any

from app.domain.redemption import MAX_LOCATION, MAX_ORDER_VALUE, MAX_REFERENCE, MAX_USES
from app.models import RedemptionSource

Schema = dict[str, Any]

NO_CONTROLS = r"^[^\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]*$"
MOMENT = r"^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})$"
CURSOR = "^[0-9a-f]{32}$"
IDEMPOTENCY_KEY = r"^[A-Za-z0-9._:-]{1,255}$"


def _text(description: str, longest: int, least: int = 0) -> Schema:
    return {
        "type": "string",
        "minLength": least,
        "maxLength": longest,
        "pattern": NO_CONTROLS,
        "description": description,
    }


def _whole(description: str, least: int, most: int) -> Schema:
    return {"type": "integer", "minimum": least, "maximum": most, "description": description}


def _count(description: str) -> Schema:
    return {"type": "integer", "minimum": 0, "description": description}


def _id(description: str) -> Schema:
    return {"type": "string", "format": "uuid", "description": description}


def _moment(description: str, *, nullable: bool = False) -> Schema:
    kind: Any = ["string", "null"] if nullable else "string"
    return {"type": kind, "format": "date-time", "description": description}


def _object(properties: Schema, *, optional: tuple[str, ...] = (), **more: Any) -> Schema:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": [name for name in properties if name not in optional],
        "properties": properties,
        **more,
    }


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _list(name: str) -> Schema:
    return {"type": "array", "items": _ref(name)}


COUNTED = {
    "visits": "How often the landing page was shown, about.",
    "started": "How often somebody turned to the form, about.",
    "sent": "How often a filled-in form was sent, about.",
    "entries": "Forms that were taken and drawn.",
    "people": "Those who entered, each counted once.",
    "wins": "Entries that won, without wins that are void.",
    "winners": "People who won, each counted once.",
    "seen": "Wins shown in the answer to the entry, or whose page was opened.",
    "redeemed": "Wins whose code a shop took at least once and did not give back.",
    "redeemers": "People who redeemed, each counted once.",
    "again": "Redeemed wins whose winner redeemed another code later, on another order, in any campaign.",
}
_CODE = _text("The code as somebody typed or scanned it. Case, spaces and dashes are read as meant.", 200, 1)
_CURRENCY = {"type": "string", "pattern": "^[A-Z]{3}$", "description": "ISO 4217, such as EUR."}
_STATE: Schema = {
    "status": {
        "type": "string",
        "enum": ["valid", "used", "expired", "unknown"],
        "description": "unknown: no code, not won, void, or none of this key's business.",
    },
    "campaign_id": _id("The campaign it was won in."),
    "campaign": {"type": "string", "description": "The address part of that campaign."},
    "tier": {"type": "string"},
    "prize": {"type": "string"},
    "uses": _whole("How often it can be used in all.", 1, MAX_USES),
    "uses_left": _whole("How often it can still be used.", 0, MAX_USES),
    "expires_at": _moment("From when on it is not good any more; null: never.", nullable=True),
    "taken": {**_list("Taken"), "description": "What counts as used, newest first, 20 at most."},
}
_HISTORY: Schema = {
    **_STATE,
    "entry_id": _id("The entry that won it; the same as in webhooks and exports."),
    "won_at": _moment("When it was won."),
    "partner": {"type": ["string", "null"], "description": "The partner whose link the winner came by."},
    "redemptions": {**_list("Redemption"), "description": "All of them, reversed ones too, newest first."},
}

SCHEMAS: dict[str, Schema] = {
    "CodeQuestion": _object({"code": _CODE}),
    "Taken": _object(
        {
            "redemption_id": _id("Which redemption."),
            "redeemed_at": _moment("When the shop took it."),
            "location": {"type": "string", "description": "Where, as it was told."},
            "units": _whole("How many uses it took.", 1, MAX_USES),
        }
    ),
    "CodeState": _object(_STATE, optional=tuple(name for name in _STATE if name != "status")),
    "CodeHistory": _object(_HISTORY),
    "RedemptionRequest": _object(
        {
            "code": _CODE,
            "units": {
                **_whole("How many uses to take, for codes that have several.", 1, MAX_USES),
                "default": 1,
            },
            "order_reference": _text("Your number of the order.", MAX_REFERENCE),
            "order_value": _whole(
                "What the order came to, in minor units (4990 is 49.90 EUR).", 0, MAX_ORDER_VALUE
            ),
            "currency": _CURRENCY,
            "location": _text("Which shop or till, in words.", MAX_LOCATION),
            "redeemed_at": {
                **_moment("When you took the code, if not now; not before it was won."),
                "pattern": MOMENT,
            },
        },
        optional=("units", "order_reference", "order_value", "currency", "location", "redeemed_at"),
        dependentRequired={"order_value": ["currency"], "currency": ["order_value"]},
    ),
    "Redemption": _object(
        {
            "id": _id("The redemption."),
            "status": {"type": "string", "enum": ["redeemed", "reversed"]},
            "campaign_id": _id("The campaign the code was won in."),
            "prize_id": _id("The prize."),
            "entry_id": _id("The entry that won the code."),
            "units": _whole("How many uses it took.", 1, MAX_USES),
            "redeemed_at": _moment("When the shop took the code."),
            "recorded_at": _moment("When we were told."),
            "source": {"type": "string", "enum": [source.value for source in RedemptionSource]},
            "location": {"type": "string"},
            "order_reference": {"type": "string"},
            "order_value": {"type": ["integer", "null"], "minimum": 0, "description": "In minor units."},
            "currency": {"type": ["string", "null"], "description": "Of the order value."},
            "reversed_at": _moment("When it was taken back; null: it stands.", nullable=True),
            "reverse_reason": {"type": "string"},
        }
    ),
    "Redeemed": _object({"redemption": _ref("Redemption"), "code": _ref("CodeState")}),
    "ReversalRequest": _object({"reason": _text("Why, for your own records.", 500)}, optional=("reason",)),
    "RedemptionPage": _object(
        {
            "data": _list("Redemption"),
            "next": {
                "type": ["string", "null"],
                "description": "The cursor of the next page; null: no more.",
            },
        }
    ),
    "Takings": _object(
        {
            "currency": {"type": "string"},
            "orders": _count("Redemptions that came with a value."),
            "value": _count("Their sum, in minor units."),
        }
    ),
    "Figures": _object(
        {
            "campaign_id": _id("The campaign."),
            "campaign": {"type": "string"},
            "as_of": _moment("When they were added up; null: not yet, all are 0.", nullable=True),
            **{name: _count(text) for name, text in COUNTED.items()},
            "takings": {**_list("Takings"), "description": "By currency, of redemptions that stand."},
        }
    ),
    "FieldError": _object(
        {
            "field": {"type": "string", "description": "Which value; empty: the whole."},
            "detail": {"type": "string"},
        }
    ),
    "Problem": _object(
        {
            "type": {
                "type": "string",
                "format": "uri",
                "description": "What kind; leads to its words below.",
            },
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "errors": {**_list("FieldError"), "description": "With 422: value by value."},
            "code": {**_ref("CodeState"), "description": "With 409 and 410 about a code: how it stands."},
        },
        optional=("errors", "code"),
    ),
}
