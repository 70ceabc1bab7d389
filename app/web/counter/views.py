"""The counter of one location: sign in with its PIN, check a code, redeem it, undo that for some minutes."""

import json
from collections.abc import Mapping
from uuid import UUID

from flask import Blueprint, abort, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response
from wtforms import PasswordField

from app.domain.codes import mask
from app.domain.errors import Conflict, InvalidInput, NotFound
from app.domain.redemption import MAX_REFERENCE, UNDO_WITHIN, Verdict
from app.extensions import db, limiter, tools
from app.models import Location, Redemption
from app.services import campaigns, idempotency, locations, redemptions
from app.services.idempotency import Answer, Asked
from app.services.money import minor_units
from app.services.redemptions import Order, Redeemed, Seen
from app.web.access import is_htmx
from app.web.counter.entrance import at_work, begin, end, guesser_key, is_known_device, location_key
from app.web.staff_forms import AtMost, Present, StaffForm
from app.web.wording import told

counter = Blueprint("counter", __name__, url_prefix="/counter/<id:location_id>")

_CAMERA_HERE = "camera=(self), microphone=(), geolocation=(), payment=()"
MAX_TYPED = 200
RECENT = 5


class PinForm(StaffForm):
    """The PIN of the shop."""

    pin = PasswordField(_l("PIN"), [Present(), AtMost(64)])


@counter.get("")
@limiter.limit("120/minute")
def page(location_id: UUID) -> Response:
    """The counter, or first its door."""
    location = at_work(location_id)
    if location is None:
        return _door(location_id, PinForm(formdata=None))
    return _counter(location)


# As with staff: strangers can use up the tries from everywhere; a device that was in before has its own.
@counter.post("/sign-in")
@limiter.limit("8/15 minutes", key_func=guesser_key)
@limiter.limit("60/hour", key_func=location_key, exempt_when=is_known_device)
def sign_in(location_id: UUID) -> Response:
    """Open the counter for a shift; the answer is the same for a counter that is not there."""
    form = PinForm()
    if form.validate_on_submit():
        found = locations.sign_in(db.session(), location_id, str(form.pin.data).strip())
        if found is not None:
            return begin(redirect(url_for("counter.page", location_id=location_id), 303), found)
        form.form_errors.append(_("This is not the PIN of this counter."))
    return _door(location_id, form)


@counter.post("/sign-out")
def sign_out(location_id: UUID) -> Response:
    """End the shift in this browser."""
    return end(redirect(url_for("counter.page", location_id=location_id), 303))


@counter.post("/check")
@limiter.limit("60/minute", key_func=location_key)
def check(location_id: UUID) -> Response:
    """Say what a code is worth; nothing is taken."""
    location = _staffed(location_id)
    typed = _typed()
    seen = redemptions.look_up(db.session(), typed, locations.till_of(location), now=tools().now())
    return _counter(location, seen=seen, typed=typed)


@counter.post("/redeem")
@limiter.limit("60/minute", key_func=location_key)
def redeem(location_id: UUID) -> Response:
    """Take a code. Sent again under the same key, it is not taken again, and the answer is the same."""
    location, typed, now = _staffed(location_id), _typed(), tools().now()
    till = locations.till_of(location)
    try:
        order = _order(location)
    except InvalidInput as error:
        return _not_so(location, typed, error)

    def work(session: Session) -> Answer:
        done = redemptions.redeem_in(session, typed, order, till, now=now, rng=tools().rng)
        if isinstance(done, Redeemed):
            return Answer(201, json.dumps({"redemption": done.redemption.id.hex}))
        return Answer(409, json.dumps({"verdict": done.seen.verdict.value}))

    what = f"redeem\n{typed}\n{order.reference}\n{order.value}".encode(errors="replace")
    try:
        answer = idempotency.once(db.session(), Asked(location.id, _key(), what), work, now=now)
    except InvalidInput as error:
        return _not_so(location, typed, error)
    if not isinstance(answer, Answer):
        return _counter(
            location, problem=_("The same is being done right now. Look again in a moment."), status=409
        )
    body = json.loads(answer.body)
    if "redemption" in body:
        done = redemptions.get(db.session(), UUID(hex=body["redemption"]), till)
        return _counter(location, redeemed=done, typed=typed)
    seen = redemptions.look_up(db.session(), typed, till, now=now)
    return _counter(
        location, seen=seen if seen.verdict.value == body["verdict"] else Seen(Verdict(body["verdict"]))
    )


@counter.post("/undo")
@limiter.limit("60/minute", key_func=location_key)
def undo(location_id: UUID) -> Response:
    """Take back what was redeemed here some minutes ago."""
    location = _staffed(location_id)
    try:
        wanted = UUID(hex=request.form.get("redemption", ""))
        till, now = locations.till_of(location), tools().now()
        done = redemptions.reverse(db.session(), wanted, till, now=now, within=UNDO_WITHIN)
    except (ValueError, NotFound):
        abort(404)
    except Conflict as error:
        return _counter(location, problem=told(error), status=409)
    return _counter(location, redeemed=done)


def _staffed(location_id: UUID) -> Location:
    location = at_work(location_id)
    if location is None:
        abort(make_response(_sign_in_again(location_id)))
    return location


def _sign_in_again(location_id: UUID) -> Response:
    target = url_for("counter.page", location_id=location_id)
    if is_htmx():
        return Response(status=401, headers={"HX-Redirect": target})
    flash(_("Please sign in again. Nothing was redeemed."), "warn")
    return redirect(target, 303)


def _typed() -> str:
    return request.form.get("code", "").replace("\0", "").strip()[:MAX_TYPED]


def _order(location: Location) -> Order:
    """What is told of the order. Raises InvalidInput for an amount that is none."""
    receipt = request.form.get("receipt", "").strip()[:MAX_REFERENCE]
    total = request.form.get("value", "").strip() if location.currency else ""
    if not total:
        return Order(receipt)
    return Order(receipt, minor_units(total, location.currency), location.currency)


def _not_so(location: Location, typed: str, error: InvalidInput) -> Response:
    """Nothing was taken: the same again, with what is wrong beside the field."""
    seen = redemptions.look_up(db.session(), typed, locations.till_of(location), now=tools().now())
    return _counter(location, seen=seen, typed=typed, wrong={error.field: told(error)}, status=422)


def _key() -> str:
    """What the page made up for this try; for one without, something nobody has used."""
    given = request.form.get("key", "")
    is_fit = 0 < len(given) <= 64 and given.isascii() and given.isprintable()
    return given if is_fit else tools().rng.token_bytes(16).hex()


def _counter(
    location: Location,
    *,
    seen: Seen | None = None,
    redeemed: Redemption | None = None,
    typed: str = "",
    problem: str = "",
    wrong: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response:
    now, till = tools().now(), locations.till_of(location)
    values = {
        "location": location,
        "seen": seen,
        "redeemed": redeemed,
        "typed": typed,
        "masked": mask(typed.upper()) if typed else "",
        "problem": problem,
        "wrong": wrong or {},
        "sent": request.form,
        "key": tools().rng.token_bytes(16).hex(),
        "can_undo": redeemed is not None and now < redeemed.created_at + UNDO_WITHIN,
        "Verdict": Verdict,
        "zone": _zone(location, seen, redeemed),
    }
    if is_htmx():
        return _private(make_response(render_template("counter/_result.html", **values), status))
    recent = redemptions.page(db.session(), till, redemptions.Wanted(), limit=RECENT)
    content = render_template("counter/counter.html", recent=recent, undo_from=now - UNDO_WITHIN, **values)
    response = _private(make_response(content, status))
    response.headers["Permissions-Policy"] = _CAMERA_HERE
    return response


def _zone(location: Location, seen: Seen | None, redeemed: Redemption | None) -> str:
    """The clocks of the campaign this is about; those of the latest where it may be any."""
    about = location.campaign_id
    if redeemed is not None:
        about = redeemed.campaign_id
    elif seen is not None and seen.standing is not None:
        about = seen.standing.campaign_id
    if about is not None:
        return campaigns.get_by_id(db.session(), about).timezone
    return next((one.timezone for one in campaigns.listing(db.session())), "UTC")


def _door(location_id: UUID, form: PinForm) -> Response:
    """Alike for a counter that is not there or switched off: the address gives nothing away."""
    return _private(
        make_response(render_template("counter/door.html", form=form, location_id=location_id), form.status)
    )


def _private(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    return response
