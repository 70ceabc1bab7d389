"""The form of a campaign's entrants: what it asks, in which order, of whom, with the form itself beside."""

from flask import Blueprint, make_response, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.domain.entry_form import FormPlan, problems
from app.domain.roles import Role
from app.extensions import db, tools
from app.models import Campaign
from app.services import campaigns, entry_forms
from app.web import headers
from app.web.access import requires
from app.web.admin.answers import done, trail
from app.web.admin.frame import campaign_of
from app.web.entry_form_fields import (
    FormPlanForm,
    addable,
    names_of,
    read_rows,
    rearranged,
    rows_of,
    values_of,
)

blueprint = Blueprint("entry_form", __name__, url_prefix="/campaigns/<slug>/form")


@blueprint.route("", methods=["GET", "POST"])
@requires(Role.EDITOR)
def edit(slug: str) -> Response:
    """Change the form. Buttons of the list put it in another order; nothing counts before it is saved."""
    campaign = campaign_of(slug)
    stored = entry_forms.plan_of(campaign)
    form = FormPlanForm(stored, campaign.version)
    if request.method == "GET":
        return _page(campaign, form, stored)
    plan = form.plan(read_rows(request.form, stored))
    act = request.form.get("do", "save")
    if act != "save":
        plan, said = rearranged(plan, act, request.form.get("new", ""), stored)
        form.status = 200
        return _page(campaign, form, plan, said)
    current = (values_of(stored), campaign.version)
    if form.submit(lambda: _save(campaign, form, plan), lambda: current) is None:
        if form.status == 409:
            form.compare_fields(stored, plan)
        return _page(campaign, form, plan)
    return done(_("Saved. This is the form from now on."), url_for("admin.entry_form.edit", slug=slug))


def _save(campaign: Campaign, form: FormPlanForm, plan: FormPlan) -> Campaign | None:
    if form.tell(problems(plan)):
        return None
    what = trail()
    campaigns.require_reason(campaign, what["now"], what["reason"])
    session = db.session()
    return entry_forms.save(session, campaign.id, plan, expected_version=form.version.data, **what)


def _page(campaign: Campaign, form: FormPlanForm, plan: FormPlan, said: str = "") -> Response:
    headers.allow("frame-src", "'self'")
    page = render_template(
        "admin/form/index.html",
        campaign=campaign,
        form=form,
        removed=names_of(plan.following(entry_forms.plan_of(campaign)).removed),
        rows=list(rows_of(plan, form.row_errors)),
        addable=addable(plan),
        said=said,
        is_live=campaigns.is_live(campaign, tools().now()),
        preview_url=url_for("form_preview.page", slug=campaign.slug),
    )
    return make_response(page, form.status)
