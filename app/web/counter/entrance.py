"""Who stands at a counter: a session for a shift, and who is counted when somebody tries PINs."""

from datetime import timedelta
from uuid import UUID

from flask import request
from werkzeug.wrappers import Response

from app.adapters.tokens import LIFETIMES, Purpose
from app.extensions import client_network, db, tools
from app.models import Location
from app.services import locations

SESSION_COOKIE = "prizewell_counter"
DEVICE_COOKIE = "prizewell_till"
PATH = "/counter"


def at_work(location_id: UUID) -> Location | None:
    """The location, when this browser has signed in there in this shift and may still be there."""
    value = _read(SESSION_COOKIE, Purpose.COUNTER)
    if not (isinstance(value, list) and len(value) == 2 and value[0] == location_id.hex):
        return None
    return locations.at_work(db.session(), location_id, value[1])


def begin(response: Response, location: Location) -> Response:
    """Sign the browser in for a shift, and know it from now on."""
    _keep(response, SESSION_COOKIE, Purpose.COUNTER, [location.id.hex, location.pin_counter])
    # The random part tells devices of one shop apart: each is counted by itself.
    _keep(response, DEVICE_COOKIE, Purpose.TILL, [location.id.hex, tools().rng.token_bytes(8).hex()])
    return response


def end(response: Response) -> Response:
    """Sign the browser out."""
    response.delete_cookie(SESSION_COOKIE, path=PATH)
    return response


def guesser_key() -> str:
    """Who tries PINs: a device that was in before, else the network."""
    who = request.cookies[DEVICE_COOKIE] if is_known_device() else client_network()
    return f"{who}/{location_key()}"


def location_key() -> str:
    """The location whose PIN is tried, whoever tries."""
    return str((request.view_args or {}).get("location_id", ""))


def is_known_device() -> bool:
    """True in a browser that was in here before: what strangers try elsewhere does not count for it."""
    value = _read(DEVICE_COOKIE, Purpose.TILL)
    wanted = (request.view_args or {}).get("location_id")
    return isinstance(value, list) and isinstance(wanted, UUID) and value[:1] == [wanted.hex]


def _read(cookie: str, purpose: Purpose) -> object:
    token = request.cookies.get(cookie)
    return tools().signer.read(purpose, token, tools().now()) if token else None


def _keep(response: Response, cookie: str, purpose: Purpose, value: list[object]) -> None:
    lifetime: timedelta = LIFETIMES[purpose]
    response.set_cookie(
        cookie,
        tools().signer.sign(purpose, value, tools().now()),
        max_age=lifetime,
        path=PATH,
        secure=tools().settings.is_https,
        httponly=True,
        samesite="Lax",
    )
