"""The OpenAPI document: made from the operations that are served, and from the schemas they check."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.domain.scopes import Scope
from app.web.api.schemas import CURSOR, IDEMPOTENCY_KEY, MOMENT, NO_CONTROLS, SCHEMAS
from app.web.problems import KINDS, MIMETYPE

PREFIX = "/api/v1"
MAX_LIMIT = 100


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing the API does. `answer` is the schema of the one good answer, `problems` what else it may say,
    beside what every operation may.
    """

    name: str
    method: str
    path: str
    scope: Scope
    summary: str
    answer: str
    status: int = 200
    request: str | None = None
    is_write: bool = False
    query: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    text: str = ""

    @property
    def statuses(self) -> list[int]:
        """Each status it can answer with."""
        return sorted({self.status, *(KINDS[kind][0] for kind in self.kinds)})

    @property
    def kinds(self) -> tuple[str, ...]:
        """Each kind of problem it can answer with."""
        kinds = ["bad-request", "unauthorized", "forbidden", *self.problems]
        if self.request is not None:
            kinds += ["too-large", "unsupported-media-type"]
        if self.request is not None or self.query:
            kinds.append("invalid")
        if self.is_write:
            kinds += ["idempotency-key-missing", "request-running", "idempotency-key-reused"]
        return tuple(kind for kind in KINDS if kind in {*kinds, *EVERYWHERE})


EVERYWHERE = ("too-many-requests", "internal-error", "unavailable")

OPERATIONS = (
    Operation(
        "validateCode",
        "POST",
        "/codes/validate",
        Scope.VALIDATE,
        "Ask what a code is worth",
        "CodeState",
        request="CodeQuestion",
        text="Changes nothing. A code you may not take is “unknown”, whatever the reason.",
    ),
    Operation(
        "lookUpCode",
        "POST",
        "/codes/lookup",
        Scope.LOOK_UP,
        "See where a code came from and what became of it",
        "CodeHistory",
        request="CodeQuestion",
        problems=("code-unknown",),
        text="For support: campaign, prize, partner and every redemption. No person is named.",
    ),
    Operation(
        "redeemCode",
        "POST",
        "/redemptions",
        Scope.REDEEM,
        "Redeem a code",
        "Redeemed",
        status=201,
        request="RedemptionRequest",
        is_write=True,
        problems=("code-unknown", "code-used", "code-not-enough", "code-expired"),
        text="Of all who try at the same time, one gets 201. Give the prize only then.",
    ),
    Operation(
        "listRedemptions",
        "GET",
        "/redemptions",
        Scope.READ,
        "List redemptions",
        "RedemptionPage",
        query=("campaign_id", "status", "order_reference", "since", "until", "limit", "cursor"),
        text="The one told last first. Ask on with `cursor` set to `next`, until that is null.",
    ),
    Operation(
        "reverseRedemption",
        "POST",
        "/redemptions/{redemption_id}/reverse",
        Scope.REDEEM,
        "Reverse a redemption",
        "Redemption",
        request="ReversalRequest",
        is_write=True,
        problems=("not-found", "redemption-reversed"),
        text="For an order that was cancelled: the code can be used again.",
    ),
    Operation(
        "campaignFigures",
        "GET",
        "/campaigns/{campaign_id}/figures",
        Scope.FIGURES,
        "A campaign in figures",
        "Figures",
        problems=("not-found",),
        text="What the page of figures tells, as it was last added up: every few minutes.",
    ),
)
BY_NAME = {operation.name: operation for operation in OPERATIONS}

QUERY: dict[str, tuple[dict[str, Any], str]] = {
    "campaign_id": ({"type": "string", "format": "uuid"}, "Only of this campaign."),
    "status": ({"type": "string", "enum": ["redeemed", "reversed"]}, "Only those that stand, or do not."),
    "order_reference": (
        {"type": "string", "minLength": 1, "maxLength": 120, "pattern": NO_CONTROLS},
        "Only with this order number.",
    ),
    "since": (
        {"type": "string", "format": "date-time", "pattern": MOMENT},
        "Redeemed at this moment or later.",
    ),
    "until": ({"type": "string", "format": "date-time", "pattern": MOMENT}, "Redeemed before this moment."),
    "limit": (
        {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": 50},
        "How many on one page.",
    ),
    "cursor": ({"type": "string", "pattern": CURSOR}, "`next` of the page before."),
}
FIRST = (
    "What a shop's system needs to take codes that were won: ask about one, redeem it, take that back, list"
    " what was redeemed."
)
NOTES: tuple[tuple[str, str], ...] = (
    (
        "Keys",
        (
            "An admin makes keys in the console, under “API keys”. Send one with each request, as"
            " `Authorization: Bearer pzk_…`. A key has scopes, and may be limited to one campaign."
        ),
    ),
    ("Codes", "They stand in bodies only, never in an address: addresses end up in logs."),
    (
        "Writes",
        (
            "They need a header `Idempotency-Key`, new for each thing you want done. Sent again within 24"
            " hours with the same body, it does nothing more and is answered alike, with"
            " `Idempotent-Replayed: true`."
            " So after a time-out, ask again with the same key."
        ),
    ),
    (
        "Limits",
        (
            "Each key has 600 requests a minute over all operations, and a network without a good key has 30;"
            " `RateLimit` and `RateLimit-Policy` tell how many are left. Once there are none, 429 says in"
            " `Retry-After` how many seconds to wait. Bodies have 16 KiB at most."
        ),
    ),
    ("Moments and money", "Moments are RFC 3339 with an offset; we answer in UTC. Money is in minor units."),
)


def document(public_url: str) -> dict[str, Any]:
    """The whole document for a site at that address."""
    paths: dict[str, Any] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _described(operation)
    description = "\n\n".join((FIRST, *(f"**{title}.** {text}" for title, text in NOTES)))
    return {
        "openapi": "3.1.0",
        "info": {"title": "Prizewell API", "version": "1", "description": description},
        "servers": [{"url": f"{public_url}{PREFIX}"}],
        "paths": paths,
        "components": {
            "schemas": SCHEMAS,
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An API key; the scopes are named with each operation.",
                }
            },
        },
    }


def _described(operation: Operation) -> dict[str, Any]:
    found: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "security": [{"key": [operation.scope.value]}],
        "parameters": _parameters(operation),
        "responses": {str(status): _answer(operation, status) for status in operation.statuses},
    }
    if operation.text:
        found["description"] = operation.text
    if operation.request is not None:
        content = {"application/json": {"schema": _ref(operation.request)}}
        found["requestBody"] = {"required": operation.request != "ReversalRequest", "content": content}
    return found


def _parameters(operation: Operation) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {
            "name": part.strip("{}"),
            "in": "path",
            "required": True,
            "schema": {"type": "string", "format": "uuid"},
        }
        for part in operation.path.split("/")
        if part.startswith("{")
    ]
    found += [
        {"name": name, "in": "query", "schema": QUERY[name][0], "description": QUERY[name][1]}
        for name in operation.query
    ]
    if operation.is_write:
        found.append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": True,
                "schema": {"type": "string", "pattern": IDEMPOTENCY_KEY},
                "description": "New for each thing you want done; the same to ask again.",
            }
        )
    return found


def _answer(operation: Operation, status: int) -> dict[str, Any]:
    kinds = [kind for kind in operation.kinds if KINDS[kind][0] == status]
    headers = dict(_LIMITS)
    if status in {429, 503}:
        headers["Retry-After"] = {"schema": {"type": "integer"}, "description": "Seconds to wait."}
    if operation.is_write and status in {operation.status, 404, 409, 410}:
        headers["Idempotent-Replayed"] = {
            "schema": {"type": "string", "const": "true"},
            "description": "There when this was answered before, and nothing more was done.",
        }
    mimetype, schema = (MIMETYPE, "Problem") if kinds else ("application/json", operation.answer)
    return {
        "description": "; ".join(f"{KINDS[kind][1]} ({kind})" for kind in kinds) or "Done.",
        "headers": headers,
        "content": {mimetype: {"schema": _ref(schema)}},
    }


_LIMITS: dict[str, Any] = {
    "RateLimit": {
        "schema": {"type": "string", "pattern": '^"(key|network)";r=[0-9]+;t=[0-9]+$'},
        "description": "Requests left (r), and seconds until there are more (t).",
        "example": '"key";r=599;t=60',
    },
    "RateLimit-Policy": {
        "schema": {"type": "string", "pattern": '^"(key|network)";q=[0-9]+;w=[0-9]+$'},
        "description": "Requests (q) in how many seconds (w).",
        "example": '"key";q=600;w=60',
    },
}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def problems_of(operations: Sequence[Operation] = OPERATIONS) -> list[tuple[str, int, str, str]]:
    """Each kind of problem some operation may answer with: name, status, title, words."""
    met = {kind for operation in operations for kind in operation.kinds}
    return [(kind, *words) for kind, words in KINDS.items() if kind in met]
