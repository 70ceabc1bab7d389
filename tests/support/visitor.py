"""A visitor of the landing page as tests need one: reads the form, solves the CAPTCHA, sends the entry."""

import re
import secrets
from typing import Any

import altcha
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.adapters.picture_code import PictureCode

_FIELD = re.compile(r"<input[^>]*\bname=\"(?P<name>[a-z_]+)\"[^>]*>")
_VALUE = re.compile(r'\bvalue="(?P<value>[^"]*)"')


def hidden_fields(page: str) -> dict[str, str]:
    """The hidden fields of the entry form, as the server filled them in."""
    found = {}
    for field in _FIELD.finditer(page):
        value = _VALUE.search(field.group())
        if 'type="hidden"' in field.group() and value:
            found[field["name"]] = value["value"]
    return found


def solve(challenge: dict[str, Any]) -> str:
    """What the widget sends for a challenge."""
    asked = altcha.Challenge.from_dict(challenge)
    solution = altcha.solve_challenge(asked)
    assert solution is not None
    payload: str = altcha.Payload(asked, solution).to_base64()
    return payload


def read_code(maker: PictureCode, token: str, slug: str = "summer") -> str:
    """The digits of a picture, as somebody who can see reads them."""
    found = maker._read(token, slug)
    assert found is not None
    return maker._digits(found)


def filled_form(
    client: FlaskClient, slug: str = "summer", path: str | None = None, **changes: str
) -> dict[str, str]:
    """A form ready to be sent, with a nonce and a solved CAPTCHA of its own; `changes` win."""
    page = client.get(path or f"/c/{slug}").get_data(as_text=True)
    return (
        hidden_fields(page)
        | {
            "name": "Ayşe Kaya",
            "email": "ayse@example.org",
            "accept_rules": "y",
            "nonce": secrets.token_hex(16),
            "altcha": solve(client.get(f"/c/{slug}/challenge").get_json()),
        }
        | changes
    )


def enter(client: FlaskClient, form: dict[str, str], slug: str = "summer", **headers: str) -> TestResponse:
    """Send the form; by default as a program that wants JSON."""
    return client.post(f"/c/{slug}/entries", data=form, headers={"Accept": "application/json"} | headers)
