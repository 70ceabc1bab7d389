"""A filled-in form as `submit_entry` takes it: what it says, and what came with it."""

from datetime import datetime
from uuid import UUID

from flask import request

from app.adapters.tokens import Purpose
from app.domain.agents import device_class
from app.domain.sources import Source, source_of
from app.extensions import db, known_network, tools
from app.models import NonceSource
from app.services import referrals
from app.services.entries import Submission
from app.services.referrals import Invitation
from app.web import locale, picture_code, proved
from app.web.errors import wants_json
from app.web.public.forms import EntryForm


def submission(slug: str, form: EntryForm, now: datetime) -> Submission:
    """The submission of a form whose fields are valid."""
    nonce = bytes.fromhex(form.nonce.data)
    return Submission(
        campaign=slug,
        name=form.text("name"),
        email=str(form.email.data),
        marketing=form.ticked("marketing"),
        form_version=form.shown.version,
        form_of=form.shown.campaign_id,
        answers=form.answers.document,
        nonce=nonce,
        nonce_source=NonceSource.SERVER if tools().nonces.is_ours(nonce) else NonceSource.BROWSER,
        locale=locale.language(),
        captcha=picture_code.verdict_on(slug, form, now),
        partner_id=_attribution(slug, form.partner.data),
        network=_network(now),
        invited=_invited(slug, form.invite.data),
        again=further_of(slug, form.again.data) if form.again.data else None,
        proved=proved.people(),
        source=_source(),
        shown=bool(request.headers.get("HX-Request")) or wants_json(),
    )


def link_of(slug: str, token: str) -> UUID | None:
    """The entry whose link for friends this is; None for no link of this campaign's."""
    return _signed_for(slug, Purpose.REFERRAL, token)


def further_of(slug: str, token: str) -> UUID | None:
    """The entry whose maker's link to a further one this is; None for no link of this campaign's."""
    return _signed_for(slug, Purpose.FURTHER, token)


def _source() -> Source:
    """What the address of the page said that the form stood on: no field of it, and no cookie."""
    address = request.headers.get("HX-Current-URL") or request.referrer or ""
    return source_of(address, device_class(request.user_agent.string))


def _invited(slug: str, token: str) -> Invitation | None:
    """By whose link this form came; None where there was none, or it is of another campaign."""
    link = link_of(slug, token) if token else None
    if link is None:
        return None
    return referrals.invitation(db.session(), link, known_network(), tools().networks)


def _network(now: datetime) -> bytes | None:
    prefix = known_network()
    if prefix is None:
        return None
    return tools().networks.hashed(db.session(), prefix, now=now, rng=tools().rng)


def _attribution(slug: str, token: str) -> UUID | None:
    """The partner whose link this form came from; None for no token, or one for another campaign."""
    return _signed_for(slug, Purpose.ATTRIBUTION, token)


def _signed_for(slug: str, purpose: Purpose, token: str) -> UUID | None:
    """What a token of this campaign's names."""
    match tools().signer.read(purpose, token, tools().now()):
        case [str(campaign), str(named)] if campaign == slug:
            return UUID(hex=named)
        case _:
            return None
