"""The document that describes the API, and a page made from it for people."""

from typing import Any

from flask import Blueprint, Response, jsonify, make_response, render_template

from app.extensions import limiter, tools
from app.web.api.document import FIRST, NOTES, OPERATIONS, PREFIX, document, problems_of
from app.web.api.schemas import SCHEMAS

api_docs = Blueprint("api_docs", __name__, url_prefix=PREFIX)


@api_docs.get("/openapi.json")
@limiter.limit("60/minute")
def openapi() -> Response:
    """The OpenAPI document."""
    return jsonify(document(tools().settings.public_url))


@api_docs.get("/docs")
@limiter.limit("60/minute")
def page() -> Response:
    """The same for people, from local files only."""
    described = document(tools().settings.public_url)
    return make_response(
        render_template(
            "api/docs.html",
            document=described,
            operations=OPERATIONS,
            details=described["paths"],
            schemas=SCHEMAS,
            shape=_shape,
            problems=problems_of(),
            first=FIRST,
            notes=NOTES,
            base=described["servers"][0]["url"],
        )
    )


def _shape(schema: dict[str, Any]) -> str:
    """The type of a value in a word or two."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    kinds = schema.get("type", "")
    kind = " or ".join(kinds) if isinstance(kinds, list) else str(kinds)
    if kind == "array":
        return f"list of {_shape(schema['items'])}"
    if "enum" in schema:
        return " | ".join(schema["enum"])
    named = {"date-time": "moment", "uuid": "id"}.get(schema.get("format", ""))
    return kind.replace("string", named) if named else kind
