"""The link in a mailed report by which its reader says: no more of these. It needs no sign-in (RFC 8058)."""

from uuid import UUID

from flask import Blueprint, render_template
from werkzeug.wrappers import Response

from app.adapters.tokens import Purpose
from app.domain.errors import NotFound
from app.extensions import csrf, db, limiter, tools
from app.services import campaigns, report_mails
from app.web.account.entrance import private

blueprint = Blueprint("report_mails", __name__)


@blueprint.get("/<token>")
@limiter.limit("60/minute")
def ask(token: str) -> Response:
    """A button, since programs that look through mail open links."""
    account_id, campaign_id = _read(token)
    is_wanted = report_mails.wanted(db.session(), account_id, campaign_id) is not None
    return _page(campaign_id, is_wanted=is_wanted)


@blueprint.post("/<token>")
@csrf.exempt  # mail programs send it themselves; whoever has the link may
@limiter.limit("60/minute")
def stop(token: str) -> Response:
    """No more reports of this campaign."""
    account_id, campaign_id = _read(token)
    report_mails.stop(db.session(), account_id, campaign_id, actor=None, now=tools().now())
    return _page(campaign_id, is_wanted=False)


def _read(token: str) -> tuple[UUID, UUID]:
    value = tools().signer.read(Purpose.NO_REPORTS, token, tools().now())
    if value is None:
        raise NotFound("no such link")
    return UUID(hex=value[0]), UUID(hex=value[1])


def _page(campaign_id: UUID, *, is_wanted: bool) -> Response:
    campaign = campaigns.get_by_id(db.session(), campaign_id)
    response = private(
        render_template("account/report_mails.html", title=campaign.title, is_wanted=is_wanted)
    )
    response.headers["Referrer-Policy"] = "no-referrer"  # the address is a link to act by
    return response
