"""A campaign copied, exported as a file, and made from such a file."""

from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response

from app.domain.errors import InvalidInput
from app.domain.roles import Role
from app.extensions import db, tools
from app.services import campaign_file, duplicate
from app.services.campaign_file import MAX_BYTES, Made
from app.web.access import current_actor, is_htmx, may, requires, step_up
from app.web.admin.answers import done, trail
from app.web.admin.campaign_forms import DuplicateForm, ExportForm, ImportForm, suggested_slug
from app.web.admin.frame import campaign_of

blueprint = Blueprint("campaign_files", __name__, url_prefix="/campaigns")

IMPORT = "admin.campaign_files.import_"


@blueprint.url_value_preprocessor
def _admit_large_file(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Let editors, on this one route, send more than a form's worth: before anything reads the body."""
    if endpoint == IMPORT and may(Role.EDITOR):
        request.max_content_length = MAX_BYTES + 64 * 1024
        request.max_form_memory_size = MAX_BYTES


@blueprint.route("/<slug>/duplicate", methods=["GET", "POST"])
@requires(Role.EDITOR)
def copy(slug: str) -> Response:
    """The same campaign once more, as a draft without dates, codes and entries."""
    campaign = campaign_of(slug)
    form = DuplicateForm(data={"title": _("%(title)s (copy)", title=campaign.title)[:120], "slug": ""})
    made = form.submit(
        lambda: duplicate.duplicate(
            db.session(),
            campaign.id,
            slug=form.slug.data or suggested_slug(str(form.title.data)),
            title=form.title.data,
            rng=tools().rng,
            vault=tools().vault,
            **trail(),
        )
    )
    if made is not None:
        return done(
            _("The copy is made. It has no dates and no codes yet."),
            url_for("admin.campaigns.detail", slug=made.slug),
        )
    return Response(
        render_template("admin/campaigns/duplicate.html", campaign=campaign, form=form),
        form.status,
        mimetype="text/html",
    )


@blueprint.route("/<slug>/file", methods=["GET", "POST"])
@requires(Role.EDITOR)
@step_up()
def export(slug: str) -> Response:
    """The whole campaign as one file; codes only when asked for."""
    campaign = campaign_of(slug)
    form = ExportForm()
    document = form.submit(
        lambda: campaign_file.export(
            db.session(),
            campaign.id,
            with_codes=bool(form.codes.data),
            store=tools().pictures,
            actor=current_actor(),
            now=tools().now(),
        )
    )
    if document is None:
        page = render_template("admin/campaigns/export.html", campaign=campaign, form=form)
        return Response(page, form.status, mimetype="text/html")
    return Response(
        document,
        mimetype="application/json",
        headers={
            "Content-Disposition": f'attachment; filename="{campaign.slug}.campaign.json"',
            "Cache-Control": "no-store",
        },
    )


@blueprint.route("/import", methods=["GET", "POST"])
@requires(Role.EDITOR)
def import_() -> Response:
    """Say what a file would make and, when `step` is "import", make all of it."""
    form = ImportForm()
    is_import = request.form.get("step") == "import"
    made = form.submit(lambda: _take(form, is_import=is_import))
    if made is not None and is_import:
        answer = done(
            _("“%(title)s” is made, as a draft.", title=made.title),
            url_for("admin.campaigns.detail", slug=made.slug),
        )
        return Response(headers={"HX-Redirect": answer.location}) if is_htmx() else answer
    status = 200 if made is not None else form.status
    template = "_import_report" if is_htmx() else "import"
    page = render_template(f"admin/campaigns/{template}.html", form=form, made=made)
    return Response(page, status, mimetype="text/html")


def _take(form: ImportForm, *, is_import: bool) -> Made:
    file: FileStorage | None = form.file.data
    if file is None or not file.filename:
        raise InvalidInput("file", "Choose a file.")
    sheet = campaign_file.with_pictures(campaign_file.read(file.stream.read(MAX_BYTES + 1)), tools().pictures)
    act = campaign_file.import_campaign if is_import else campaign_file.check_import
    return act(
        db.session(),
        sheet,
        slug=form.slug.data or None,
        actor=current_actor(),
        now=tools().now(),
        rng=tools().rng,
        vault=tools().vault,
    )
