"""An entry form that is not saved: staff see it in the frame beside the form builder."""

from zoneinfo import ZoneInfo

from flask import Blueprint, render_template, request, url_for

from app.domain.roles import Role
from app.extensions import db
from app.services import campaigns, entry_forms, landing
from app.web import headers
from app.web.access import requires
from app.web.campaign_words import page_in_words
from app.web.entry_form_fields import FormPlanForm, read_rows
from app.web.public.forms import Shown, class_of

form_preview = Blueprint("form_preview", __name__, url_prefix="/admin/campaigns/<slug>/form/preview")


@form_preview.route("", methods=["GET", "POST"])
@requires(Role.EDITOR)
def page(slug: str) -> str:
    """The form as entrants would see it: as sent, else as stored; nothing on it can be pressed."""
    campaign = campaigns.get(db.session(), slug)
    plan = stored = entry_forms.plan_of(campaign)
    if request.method == "POST":
        plan = FormPlanForm(stored, campaign.version).plan(read_rows(request.form, stored))
    headers.allow("frame-ancestors", "'self'")
    here = url_for("form_preview.page", slug=slug)
    return render_template(
        "public/form_preview.html",
        page=page_in_words(landing.preview_page(db.session(), slug)),
        form=class_of(Shown(plan, ZoneInfo(campaign.timezone)))(),
        submit_url=here,
        landing_url=here,
        challenge_url=here,
        rules_url=here,
        fairness_url=here,
    )
