"""How a session of staff begins, and who is counted when somebody tries to begin one."""

import hashlib
from datetime import UTC, datetime, timedelta
from uuid import UUID

from flask import after_this_request, make_response, redirect, request, session, url_for
from flask_babel import gettext as _
from flask_login import current_user, login_user
from werkzeug.wrappers import Response

from app.adapters.tokens import LIFETIMES, Purpose
from app.domain.agents import agent_words
from app.domain.errors import SecretUnreadable
from app.extensions import client_network, db, tools
from app.models import Account
from app.services import accounts, second_factor, sessions, sign_in
from app.web.access import SignedIn, same_site
from app.web.account.forms import CodeForm, PasswordForm, SwitchOffForm
from app.web.wording import told

DEVICE_COOKIE = "prizewell_device"
PENDING = "pending"
PENDING_FOR = timedelta(minutes=10)


def proceed(found: Account, target: str | None) -> Response:
    """After the right password: on to the second factor, or in."""
    if not second_factor.is_on(db.session(), found.id):
        begin_session(found)
        return redirect(same_site(target), 303)
    session.clear()
    now = int(tools().now().timestamp())
    session[PENDING] = [found.id.hex, found.session_counter, now, target or ""]
    return redirect(url_for("account.code"), 303)


def pending() -> tuple[Account, str] | None:
    """Who has given the right password some minutes ago and not the code yet, and where they want to go."""
    account_id, counter, at, target = session.get(PENDING) or ("", 0, 0, "")
    if tools().now() - datetime.fromtimestamp(at, UTC) > PENDING_FOR:
        return None
    found = accounts.find_active_hex(db.session(), account_id)
    return (found, target) if found is not None and found.session_counter == counter else None


def begin_session(found: Account) -> None:
    """Sign in under a session of its own: nothing that stood in it before is taken over."""
    session.clear()
    session.permanent = True
    agent = agent_words(request.user_agent.string)
    now, rng, counter = tools().now(), tools().rng, found.session_counter
    begun = sessions.begin(db.session(), found.id, counter, agent, now=now, rng=rng)
    presence = sessions.find(db.session(), begun.id, now=now)
    if presence is not None:
        login_user(SignedIn(presence))
        _know_device(found)


def is_right_password(form: PasswordForm | SwitchOffForm, account_id: UUID) -> bool:
    """Whether the form holds the account's password; says so in it if not."""
    right = sign_in.knows_password(db.session(), account_id, str(form.password.data))
    if not right:
        form.show_error("password", _("This is not your password."))
    return right


def is_right_code(form: CodeForm | SwitchOffForm, account_id: UUID) -> bool:
    """Whether the form holds a code of the account, which is used up by that; says so in it if not."""
    now, vault = tools().now(), tools().secrets
    try:
        right = second_factor.use(db.session(), account_id, str(form.code.data), now=now, vault=vault)
    except SecretUnreadable as error:
        form.form_errors.append(told(error))
        return False
    if not right:
        form.show_error("code", _("This code is wrong, or was used already. Wait for the next one."))
    return right


def private(page: str, status: int = 200) -> Response:
    """A page that is kept nowhere and named to nobody."""
    response = make_response(page, status)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def guesser_key() -> str:
    """Who tries an address: a device that was in with it, else the network; the address is not kept."""
    return f"{request.cookies[DEVICE_COOKIE] if is_known_device() else client_network()}/{address_key()}"


def address_key() -> str:
    """Who is tried to be, whatever network the tries come from."""
    address = accounts.plain_address(request.form.get("email", ""))
    return hashlib.sha256(address.encode(errors="replace")).hexdigest()


def pending_key() -> str:
    """Who has given the right password, and tries codes."""
    return str((session.get(PENDING) or [client_network()])[0])


def own_key() -> str:
    """Who is signed in, and tries passwords or codes."""
    return current_user.account_id.hex if current_user.is_authenticated else client_network()


def is_known_device() -> bool:
    """True when the address typed has been signed in with in this very browser before: then what strangers
    try elsewhere does not count.
    """
    if DEVICE_COOKIE not in request.cookies:
        return False
    known = tools().signer.read(Purpose.DEVICE, request.cookies[DEVICE_COOKIE], tools().now())
    found = accounts.find_by_email(db.session(), request.form.get("email", ""))
    return found is not None and isinstance(known, list) and known[0] == found.id.hex


def _know_device(found: Account) -> None:
    # The random part tells devices of one person apart: each is counted by itself.
    value = [found.id.hex, tools().rng.token_bytes(8).hex()]
    token = tools().signer.sign(Purpose.DEVICE, value, tools().now())

    @after_this_request
    def remember(response: Response) -> Response:
        response.set_cookie(
            DEVICE_COOKIE,
            token,
            max_age=LIFETIMES[Purpose.DEVICE],
            path="/account",
            secure=tools().settings.is_https,
            httponly=True,
            samesite="Lax",
        )
        return response
