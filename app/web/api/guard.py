"""Who calls the API, whether they may, and what they sent: settled before an operation is at work."""

import math
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import wraps
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, request
from jsonschema import Draft202012Validator

from app.domain.errors import Busy, CommitUnknown
from app.extensions import client_network, db, limiter, tools
from app.models import ApiKey
from app.services import api_keys
from app.web import problems
from app.web.api.document import BY_NAME, QUERY, Operation
from app.web.api.json_body import NotJson, read_json
from app.web.api.schemas import SCHEMAS

MAX_BODY_BYTES = 16 * 1024
_PLACE = "prizewell.api_key"
View = Callable[..., Response]


@dataclass(frozen=True, slots=True)
class Policy:
    """How many requests in how many seconds: of a good key, or of all in a network that have none."""

    name: str
    requests: int
    has_key: bool
    seconds: int = 60

    def is_for_others(self) -> bool:
        """Whether the request at work is not counted by this policy."""
        return (current_key() is not None) is not self.has_key


POLICIES = (Policy("key", 600, has_key=True), Policy("network", 30, has_key=False))


class Refusal(Exception):
    """The request ends here, with that answer."""

    def __init__(self, answer: Response) -> None:
        super().__init__()
        self.answer = answer


@dataclass(frozen=True, slots=True)
class Call:
    """A request that may be worked on: the key, what the body says, and what the query asks for."""

    key: ApiKey
    body: Mapping[str, Any]
    query: Mapping[str, Any]
    raw: bytes


def serve(blueprint: Blueprint, name: str) -> Callable[[View], View]:
    """Serve the operation of that name with a view, which is given the Call and the parts of the address."""
    operation = BY_NAME[name]

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(**parts: str) -> Response:
            try:
                key = _known_key(operation)
                raw = _raw_body() if operation.method == "POST" else b""
                call = Call(key, _checked_body(operation, raw), _checked_query(operation), raw)
                return view(call, **parts)
            except Refusal as refusal:
                return refusal.answer

        guarded.required_scope = operation.scope  # type: ignore[attr-defined]
        blueprint.add_url_rule(
            operation.path.replace("{", "<").replace("}", ">"),
            view_func=guarded,
            methods=[operation.method],
            provide_automatic_options=False,
        )
        return guarded

    return decorate


def caller() -> str:
    """Who is counted: the key, or for those without a good one their network."""
    key = current_key()
    return key.id.hex if key is not None else client_network()


def current_key() -> ApiKey | None:
    """The key that came with the request, if it is good; looked up once."""
    if _PLACE not in request.environ:
        scheme, _space, text = request.headers.get("Authorization", "").partition(" ")
        found = None
        if scheme.lower() == "bearer":
            found = api_keys.authenticate(db.session(), text.strip(), now=tools().now())
        request.environ[_PLACE] = found
    key: ApiKey | None = request.environ[_PLACE]
    return key


def tell_limits(response: Response) -> Response:
    """Say how many requests are left to whoever is counted, in the fields of the IETF's draft."""
    for counted in limiter.current_limits:
        policy = next(one for one in POLICIES if one.requests == counted.limit.amount)
        seconds = max(0, math.ceil(counted.reset_at - time.time()))
        response.headers["RateLimit-Policy"] = f'"{policy.name}";q={policy.requests};w={policy.seconds}'
        response.headers["RateLimit"] = f'"{policy.name}";r={max(0, counted.remaining)};t={seconds}'
    return response


def moment(text: str, field: str) -> datetime:
    """The moment a text means that has the pattern of one. Raises Refusal for a day no calendar has."""
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        raise invalid([(field, "There is no such moment.")]) from None


def uuid_of(text: str) -> UUID | None:
    """The id, None for what is none: nothing has it."""
    try:
        return UUID(text)
    except ValueError:
        return None


def invalid(errors: list[tuple[str, str]]) -> Refusal:
    """Some values will not do."""
    told = [{"field": field, "detail": detail} for field, detail in errors]
    return Refusal(problems.problem("invalid", errors=told))


def _known_key(operation: Operation) -> ApiKey:
    key = current_key()
    if key is None:
        raise Refusal(problems.problem("unauthorized"))
    if operation.scope not in api_keys.scopes_of(key):
        detail = f"The key does not have the scope {operation.scope}."
        raise Refusal(problems.problem("forbidden", detail))
    now = tools().now()
    if api_keys.is_use_due(key, now):
        with suppress(Busy, CommitUnknown):
            api_keys.note_use(db.session(), key.id, now=now)
    return key


def _raw_body() -> bytes:
    request.max_content_length = MAX_BODY_BYTES
    return request.get_data(cache=False)


def _checked_body(operation: Operation, raw: bytes) -> Mapping[str, Any]:
    if operation.request is None or (not raw and operation.request == "ReversalRequest"):
        return {}
    if request.mimetype != "application/json":
        raise Refusal(problems.problem("unsupported-media-type"))
    try:
        value = read_json(raw)
    except NotJson as error:
        raise Refusal(problems.problem("bad-request", str(error))) from error
    faults = sorted(_VALIDATORS[operation.request].iter_errors(value), key=lambda fault: list(fault.path))
    if faults:
        raise invalid([(_place(fault.absolute_path), _words(fault)) for fault in faults[:20]])
    found: Mapping[str, Any] = value
    return found


def _checked_query(operation: Operation) -> Mapping[str, Any]:
    errors: list[tuple[str, str]] = []
    found: dict[str, Any] = {}
    for name, values in request.args.lists():
        if name not in operation.query:
            errors.append((name[:80], "No such parameter is known."))
        elif len(values) > 1:
            errors.append((name, "Give it once."))
        else:
            found[name] = _parsed(QUERY[name][0], values[0])
            if not _PARAMETERS[name].is_valid(found[name]):
                errors.append((name, "This value will not do."))
    if errors and operation.query:
        raise invalid(errors)
    return found


def _parsed(schema: Mapping[str, Any], text: str) -> Any:
    if schema["type"] == "integer" and text.isascii() and text.isdigit() and len(text) < 6:
        return int(text)
    if schema.get("format") == "uuid":
        return str(uuid_of(text) or "") or None
    return text


def _place(path: Any) -> str:
    return ".".join(str(part) for part in path)


def _words(fault: Any) -> str:
    """What is wrong, without the value: it may be a code."""
    match fault.validator:
        case "required" | "dependentRequired" | "additionalProperties":
            return str(fault.message)[:200] if fault.validator != "additionalProperties" else "Unknown names."
        case "type":
            return f"Must be of type {fault.validator_value}."
        case "minLength" | "maxLength" | "minimum" | "maximum":
            return f"{fault.validator} is {fault.validator_value}."
        case _:
            return "This value will not do."


_VALIDATORS = {
    name: Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": {"schemas": SCHEMAS}})
    for name in SCHEMAS
}
_PARAMETERS = {name: Draft202012Validator(schema) for name, (schema, _words_of) in QUERY.items()}
