"""A shop's system for tests: it has a key, and calls the API."""

import json
from dataclasses import dataclass
from itertools import count
from typing import Any
from uuid import UUID

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.domain.scopes import Scope
from app.services import api_keys
from app.services.api_keys import KeyPlan
from app.services.audit import COMMAND_LINE
from tests.support.fakes import NOON, FakeRng

BASE = "/api/v1"
_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Shop:
    """A client with a key."""

    client: FlaskClient
    key_id: UUID
    text: str

    def ask(
        self,
        path: str,
        body: object = None,
        *,
        key: str | None = None,
        method: str = "POST",
        headers: dict[str, str] | None = None,
        raw: bytes | None = None,
    ) -> TestResponse:
        """Send something, as JSON unless it is `raw`; `key` is the Idempotency-Key."""
        sent = {"Authorization": f"Bearer {self.text}", "Content-Type": "application/json"}
        if key is not None:
            sent["Idempotency-Key"] = key
        data = raw if raw is not None else (b"" if body is None else json.dumps(body).encode())
        return self.client.open(BASE + path, method=method, headers=sent | (headers or {}), data=data)

    def get(self, path: str, **query: Any) -> TestResponse:
        """Read something."""
        headers = {"Authorization": f"Bearer {self.text}"}
        return self.client.get(BASE + path, headers=headers, query_string=query)


def shop_of(
    app: Flask, session: Session, scopes: frozenset[Scope] = frozenset(Scope), campaign_id: UUID | None = None
) -> Shop:
    """A shop with a fresh key."""
    number = next(_numbers)
    plan = KeyPlan(f"Shop {number}", scopes, campaign_id)
    key, text = api_keys.create(session, plan, actor=COMMAND_LINE, now=NOON, rng=FakeRng(5000 + number))
    return Shop(app.test_client(), key.id, text)
