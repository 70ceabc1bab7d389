"""The API under requests nobody thought of: no fault of ours, and no answer the document does not know."""

from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from sqlalchemy.orm import Session

from app.domain.scopes import Scope
from app.web.api.document import OPERATIONS, Operation
from tests.support.api import BASE, Shop, shop_of
from tests.support.factories import make_campaign

pytestmark = pytest.mark.sqlite_is_enough
CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
)
EXAMPLES = 15


@pytest.fixture
def shop(app: Flask, session: Session) -> Shop:
    make_campaign(session)
    return shop_of(app, session, frozenset(Scope))


@pytest.mark.parametrize("mode", GenerationMode)
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.name)
def test_no_request_finds_what_the_document_does_not_tell(
    app: Flask, shop: Shop, operation: Operation, mode: GenerationMode
) -> None:
    schema = schemathesis.openapi.from_wsgi(f"{BASE}/openapi.json", app)
    described = schema[operation.path][operation.method]

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def run(case: Any) -> None:
        case.call_and_validate(headers={"Authorization": f"Bearer {shop.text}"}, checks=list(CHECKS))

    strategy = described.as_strategy(generation_mode=mode)
    given(case=strategy)(run)()
