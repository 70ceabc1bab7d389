"""Figures of a campaign: how far people came, what it brought, what it cost; and campaigns side by side."""

from decimal import Decimal
from typing import Any

from babel.numbers import get_currency_precision
from flask import Blueprint, abort, make_response, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from werkzeug.wrappers import Response
from wtforms import BooleanField, SelectField
from wtforms.validators import ValidationError

from app.adapters.csv_export import write_rows
from app.domain import figures as formulas
from app.domain.figures import Costs
from app.domain.report_times import Every
from app.domain.roles import Role
from app.extensions import db, tools
from app.models import Campaign
from app.services import costs, partners_beside, report_mails, reports, shoppers
from app.services.report_mails import ReportPlan
from app.web import figure_words, locale
from app.web.access import requires, step_up, visible
from app.web.admin.answers import done, trail
from app.web.admin.downloads import as_download
from app.web.admin.frame import campaign_of
from app.web.admin.prize_forms import Amount
from app.web.charts import bars
from app.web.staff_forms import AtMost, Line, Present, StaffForm, Version, choice

blueprint = Blueprint("figures", __name__)
MOST_DAYS = 120
MOST_COHORTS = 12


class MailForm(StaffForm):
    """How somebody wants the figures mailed."""

    every = SelectField(
        _l("How often"),
        choices=[choice(Every.WEEKLY, _l("every Monday")), choice(Every.DAILY, _l("every day"))],
    )
    hour = SelectField(
        _l("At"), coerce=int, choices=[choice(str(hour), f"{hour:02}:00") for hour in range(24)], default=8
    )
    of_all = BooleanField(_l("Of all campaigns I see"))


class CostForm(StaffForm):
    """What a campaign costs, as people write it."""

    currency = Line(_l("Currency"), [Present(), AtMost(3)], description=_l("Three letters, such as EUR."))
    media = Amount(_l("Media"), description=_l("Advertisements, posts, printing."))
    prizes = Amount(_l("Prizes"), description=_l("What the prizes cost you, given or not."))
    other = Amount(_l("Other"), description=_l("Work, postage, fees."))
    discount = Amount(
        _l("Each redeemed win"), description=_l("What one redeemed code costs you, such as its discount.")
    )
    version = Version()

    def validate_currency(self, field: Line) -> None:
        """Three letters."""
        code = (field.data or "").upper()
        if not (len(code) == 3 and code.isascii() and code.isalpha()):
            raise ValidationError(_("Use the three letters of a currency, such as EUR."))
        digits = get_currency_precision(code)
        for name in costs.AMOUNTS:
            if -_exponent(self[name].data) > digits:
                raise ValidationError(
                    _("This currency has %(digits)s digits after the point.", digits=digits)
                )

    def costs(self) -> Costs:
        """What was entered, in minor units."""
        currency = str(self.currency.data).upper()
        digits = get_currency_precision(currency)
        amounts = {name: int((self[name].data or Decimal()).scaleb(digits)) for name in costs.AMOUNTS}
        return Costs(currency, **amounts)


@blueprint.get("/campaigns/<slug>/report")
@requires(Role.VIEWER)
def index(slug: str) -> str:
    """All figures of the campaign, as they were last added up; it prints as a report."""
    campaign = campaign_of(slug)
    report = reports.of_campaign(db.session(), campaign, now=tools().now())
    known = shoppers.known(db.session())
    mailed = report_mails.wanted(db.session(), current_user.account_id, campaign.id)
    return render_template(
        "admin/figures/index.html",
        campaign=campaign,
        mailed=mailed,
        mail_form=MailForm(formdata=None, obj=mailed),
        report=report,
        day_chart=bars([(tally.entries, tally.wins) for _day, tally in report.days[-MOST_DAYS:]]),
        hour_chart=bars([(tally.entries, tally.wins) for _hour, tally in report.hours]),
        known=known,
        cohorts=known[0].cohorts[-MOST_COHORTS:] if known else (),
        words=figure_words,
        formulas=formulas,
    )


@blueprint.post("/campaigns/<slug>/report/mail")
@requires(Role.VIEWER)
def mail_me(slug: str) -> Response:
    """Have these figures mailed to oneself, or no more."""
    campaign, form = campaign_of(slug), MailForm()
    back = url_for("admin.figures.index", slug=campaign.slug)
    who, act = (current_user.account_id, campaign.id), trail()
    del act["reason"]
    if "stop" in request.form:
        report_mails.stop(db.session(), *who, **act)
        return done(_("These figures are not mailed to you any more."), back)
    if not form.validate_on_submit():
        abort(422)
    plan = ReportPlan(Every(form.every.data), form.hour.data, locale.language(), form.of_all.data)
    report_mails.want(db.session(), *who, plan, rng=tools().rng, **act)
    return done(_("These figures are mailed to you from now on."), back)


@blueprint.get("/campaigns/<slug>/report.csv")
@requires(Role.VIEWER)
@step_up()
def everything(slug: str) -> Response:
    """Every sum by day and dimension, as a file. It holds no person."""
    campaign = campaign_of(slug)
    lines = write_rows(reports.HEADER, reports.everything(db.session(), campaign.id))
    return as_download(lines, f"{campaign.slug}-figures.csv")


@blueprint.route("/campaigns/<slug>/report/costs", methods=["GET", "POST"])
@requires(Role.EDITOR)
def edit_costs(slug: str) -> Response:
    """What the campaign costs."""
    campaign = campaign_of(slug)
    stored, version = _stored(campaign)
    form = CostForm(data=stored | {"version": version})
    saved = form.submit(
        lambda: costs.edit(
            db.session(), campaign.id, form.costs(), expected_version=form.version.data, **trail()
        ),
        lambda: _stored(campaign),
    )
    if saved is not None:
        return done(_("Saved."), url_for("admin.figures.index", slug=campaign.slug))
    page = render_template("admin/figures/costs.html", campaign=campaign, form=form)
    return make_response(page, form.status)


@blueprint.get("/figures")
@requires(Role.VIEWER)
def compare() -> str:
    """Campaigns side by side."""
    sides = {side.campaign.id: side for side in reports.side_by_side(db.session())}
    shown = [sides[campaign.id] for campaign in visible(side.campaign for side in sides.values())]
    return render_template("admin/figures/compare.html", sides=shown, words=figure_words, formulas=formulas)


@blueprint.get("/campaigns/<slug>/report/partners")
@requires(Role.VIEWER)
def partners(slug: str) -> str:
    """The partners of one campaign side by side, in the order asked for."""
    campaign = campaign_of(slug)
    by = request.args.get("by", "entries")
    by = by if by in partners_beside.ORDERS else "entries"
    is_rising = request.args.get("up", "1" if by == "name" else "0") == "1"
    found = partners_beside.beside(db.session(), campaign.id)
    return render_template(
        "admin/figures/partners.html",
        campaign=campaign,
        beside=found,
        partners=found.ordered(by, is_rising=is_rising),
        by=by,
        is_rising=is_rising,
        orders=partners_beside.ORDERS,
        words=figure_words,
        formulas=formulas,
    )


@blueprint.get("/campaigns/<slug>/report/partners.csv")
@requires(Role.VIEWER)
@step_up()
def partners_file(slug: str) -> Response:
    """The same as a file."""
    campaign = campaign_of(slug)
    header, rows = partners_beside.as_table(partners_beside.beside(db.session(), campaign.id))
    return as_download(write_rows(header, rows), f"{campaign.slug}-partners.csv")


def _stored(campaign: Campaign) -> tuple[dict[str, Any], int]:
    found, version = costs.of_campaign(db.session(), campaign.id)
    if not version:
        return {"currency": ""}, 0
    digits = get_currency_precision(found.currency)
    amounts = {name: Decimal(getattr(found, name)).scaleb(-digits) for name in costs.AMOUNTS}
    return {"currency": found.currency, **amounts}, version


def _exponent(amount: Decimal | None) -> int:
    exponent = amount.as_tuple().exponent if amount is not None else 0
    return exponent if isinstance(exponent, int) else 0
