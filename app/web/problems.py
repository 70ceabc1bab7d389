"""Problem details (RFC 9457): how the API tells programs what went wrong. Always English, never a trace."""

import json
from typing import Any

from flask import Response

from app.extensions import tools

API = "/api/"
MIMETYPE = "application/problem+json"

# By the last part of the type's address, which leads to the place in the documentation: status, title, and
# what is said where nothing more is known.
KINDS: dict[str, tuple[int, str, str]] = {
    "bad-request": (
        400,
        "The request could not be read",
        "Send UTF-8 JSON without duplicate names, NaN or deep nesting.",
    ),
    "idempotency-key-missing": (
        400,
        "Idempotency-Key is missing",
        "Send a header Idempotency-Key of 1 to 255 letters, digits and . _ : - with each write.",
    ),
    "unauthorized": (
        401,
        "No valid API key",
        "Send a header Authorization: Bearer with a key that is neither revoked nor over.",
    ),
    "forbidden": (403, "Not with this key", "The key does not have the scope this needs."),
    "not-found": (404, "Nothing here", "There is no such thing, or it is not this key's business."),
    "code-unknown": (404, "Unknown code", "No code that this key may take reads like this."),
    "method-not-allowed": (405, "Not that method", "See the header Allow."),
    "conflict": (409, "Not as things stand", "It contradicts what is stored."),
    "code-used": (409, "Code used", "The code has been used up."),
    "code-not-enough": (409, "Not enough uses left", "The code cannot be used so many times any more."),
    "redemption-reversed": (409, "Reversed already", "This redemption has been reversed already."),
    "request-running": (409, "Still running", "The same request is being worked on; ask again in a moment."),
    "code-expired": (410, "Code expired", "The code was good, and is not any longer."),
    "too-large": (413, "Too large", "A body may have 16 KiB at most."),
    "unsupported-media-type": (415, "JSON only", "Send a body of type application/json."),
    "invalid": (422, "Please check", "Some values will not do; see errors."),
    "idempotency-key-reused": (
        422,
        "Idempotency-Key was used",
        "Another request was sent under this key; use a new one.",
    ),
    "too-many-requests": (429, "Too many requests", "Wait as long as the header Retry-After says."),
    "internal-error": (
        500,
        "Something went wrong",
        "It is our fault. With the same Idempotency-Key you can safely ask again.",
    ),
    "unavailable": (503, "One moment", "Please ask again in a moment, with the same Idempotency-Key."),
}
_USUAL = {
    status: name
    for name, (status, _title, _detail) in reversed(KINDS.items())
    if not name.startswith("code-")
} | {409: "conflict", 400: "bad-request", 422: "invalid"}


def body(kind: str, detail: str = "", **more: Any) -> str:
    """A problem of that kind as text; `more` are its extension members."""
    status, title, usual = KINDS[kind]
    address = f"{tools().settings.public_url}{API}v1/docs#problem-{kind}"
    return json.dumps(
        {"type": address, "title": title, "status": status, "detail": detail or usual, **more},
        ensure_ascii=False,
    )


def problem(kind: str, detail: str = "", **more: Any) -> Response:
    """An answer that tells a problem of that kind."""
    return answer(KINDS[kind][0], body(kind, detail, **more))


def answer(status: int, text: str) -> Response:
    """A problem that is text already."""
    response = Response(text, status, mimetype=MIMETYPE)
    response.headers["Cache-Control"] = "no-store"
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="Prizewell"'
    return response


def of_status(status: int) -> Response:
    """The usual problem with that status; what has none of its own is a bad request, or our fault."""
    kind = _USUAL.get(status, "bad-request" if status < 500 else "internal-error")
    return problem(kind)
