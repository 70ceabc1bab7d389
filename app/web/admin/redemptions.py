"""Redemptions of a campaign: what shops took, and more of it out of a file."""

import io
from typing import Any

from flask import Blueprint, make_response, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response

from app.domain.errors import InvalidInput
from app.domain.roles import Role
from app.extensions import db, tools
from app.models import Campaign, RedemptionSource
from app.services import redemption_imports, redemptions
from app.services.redemption_imports import Report
from app.services.redemptions import Till, Wanted
from app.web.access import StepUp, current_actor, is_htmx, may, requires, step_up
from app.web.admin.answers import done, trail
from app.web.admin.frame import campaign_of
from app.web.staff_forms import StaffForm

blueprint = Blueprint("redemptions", __name__, url_prefix="/campaigns/<slug>/redemptions")

MAX_BYTES = 4 * 1024 * 1024
SHOWN = 100


class ImportForm(StaffForm):
    """A file of redemptions."""

    file = FileField(
        _l("CSV file"),
        description=_l("Columns: code, order_reference, order_total, currency, redeemed_at, location."),
    )

    @property
    def text(self) -> io.StringIO:
        """What the file holds. Raises InvalidInput when there is none, or it is no text."""
        sent = self.file.data
        if not isinstance(sent, FileStorage) or not sent.filename:
            raise InvalidInput("file", "choose a file")
        try:
            return io.StringIO(sent.read().decode("utf-8-sig"), newline="")
        except UnicodeDecodeError as error:
            raise InvalidInput("file", "this is not a CSV file") from error


@blueprint.url_value_preprocessor
def _admit_large_file(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Let editors, on this one route, send more than a form's worth: before anything reads the body."""
    if endpoint == "admin.redemptions.import_" and may(Role.EDITOR):
        request.max_content_length = MAX_BYTES


@blueprint.get("")
@requires(Role.VIEWER)
def index(slug: str) -> Response:
    """What shops took, the last first."""
    form = ImportForm(formdata=None)
    form.status = 200
    return _page(campaign_of(slug), form)


@blueprint.post("")
@requires(Role.EDITOR)
@step_up(StepUp.LIVE)
def import_(slug: str) -> Response:
    """Say what a file would do; asked to, do it: all of it, or nothing."""
    campaign, form = campaign_of(slug), ImportForm()
    answer = form.submit(lambda: _taken_in(campaign, form))
    if answer is None:
        return _page(campaign, form)
    report, is_done = answer
    if is_done:
        return done(_("The redemptions are imported."), url_for("admin.redemptions.index", slug=slug))
    form.status = 200
    return _page(campaign, form, report)


def _taken_in(campaign: Campaign, form: ImportForm) -> tuple[Report, bool]:
    now, wanted = tools().now(), request.form.get("step") == "import"
    till = Till(RedemptionSource.IMPORT, current_actor(), campaign.id)
    listed = redemption_imports.read(form.text, now)
    report = redemption_imports.check(db.session(), listed, till, now=now)
    if not (wanted and report.ok):
        return report, False
    reason = trail()["reason"]
    return redemption_imports.take_in(
        db.session(), listed, till, now=now, rng=tools().rng, reason=reason
    ), True


def _page(campaign: Campaign, form: ImportForm, report: Report | None = None) -> Response:
    values = {"campaign": campaign, "form": form, "report": report}
    if is_htmx():
        return make_response(render_template("admin/redemptions/_report.html", **values), form.status)
    till = Till(RedemptionSource.STAFF, current_actor(), campaign.id)
    page = render_template(
        "admin/redemptions/index.html",
        redeemed=redemptions.page(db.session(), till, Wanted(), limit=SHOWN),
        figures=redemptions.figures(db.session(), campaign.id),
        **values,
    )
    return make_response(page, form.status)
