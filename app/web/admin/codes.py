"""Codes of a prize: upload after a dry run, generate, export what is free, withdraw a batch."""

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, BinaryIO, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from babel.numbers import format_decimal
from flask import Blueprint, make_response, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from flask_wtf.file import FileField
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response
from wtforms import RadioField

from app.adapters.csv_export import write_rows
from app.domain.code_list import CodeList, NotText, TooManyCodes, decode_code_file, read_code_list
from app.domain.code_names import season_of, suggested_prefixes
from app.domain.codes import GUESS_RISK_LIMIT, LENGTHS, SYMBOLS
from app.domain.errors import InvalidInput
from app.domain.roles import Role
from app.extensions import db, tools
from app.models import BatchState, Campaign, Prize, PrizeKind
from app.services import batches, campaigns, prizes, tiers
from app.services import codes as service
from app.services import stock as stock_service
from app.services.batches import BatchFigures
from app.services.codes import ImportReport
from app.services.preview import Restocking
from app.services.stock import MAX_UNITS
from app.web.access import StepUp, current_actor, may, requires, step_up, visible
from app.web.admin.answers import Ask, asked, done, show, trail
from app.web.admin.downloads import as_download
from app.web.admin.frame import campaign_of, prize_of
from app.web.admin.live import ReasonForm, asked_first, asking
from app.web.admin.wording import staying, withdrawal
from app.web.filters import grouped, locale
from app.web.staff_forms import AtMost, Line, Present, WholeNumber, choice

blueprint = Blueprint("codes", __name__, url_prefix="/campaigns/<slug>/prizes/<id:prize_id>/codes")

MAX_UPLOAD_BYTES = 50 * 1024 * 1024
READ_AT_ONCE_BYTES = 1024 * 1024  # of a file, too: the parser's buffer counts as form memory
LINES_NAMED = 20
UPLOAD = "admin.codes.upload"


class UploadForm(ReasonForm):
    """A file of codes."""

    file = FileField(
        _l("File"),
        description=_l("CSV with a column called “code”, or plain text with one code a line; 50 MB at most."),
    )


class GenerateForm(ReasonForm):
    """How many codes to make, and what they begin with."""

    count = WholeNumber(_l("How many"), [Present()], low=1, high=MAX_UNITS)
    prefix = Line(
        _l("Beginning"),
        [AtMost(20)],
        description=_l("Such as SUMMER; the codes then read SUMMER-XXXX-XXXX-XXXX-XXXX."),
    )
    length = RadioField(
        _l("Length"),
        choices=[
            choice("12", _l("12 symbols: for a few dozen codes")),
            choice("16", _l("16 symbols: for any number")),
            choice("20", _l("20 symbols: longer than you need")),
        ],
        default="16",
    )


@blueprint.url_value_preprocessor
def _admit_large_file(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Let editors, on this one route, send more than a form's worth: before anything reads the body."""
    if endpoint == UPLOAD and may(Role.EDITOR):
        request.max_content_length = MAX_UPLOAD_BYTES
        request.max_form_memory_size = READ_AT_ONCE_BYTES


@blueprint.get("")
@requires(Role.EDITOR)
def index(slug: str, prize_id: UUID) -> Response:
    """What is in stock, and the ways to add to it."""
    campaign = campaign_of(slug)
    return _page(campaign, prize_of(campaign, prize_id))


@blueprint.get("/batches")
@requires(Role.EDITOR)
def progress(slug: str, prize_id: UUID) -> Response:
    """How far batches are that are coming in, and the stock with them: for a page that asks again."""
    campaign = campaign_of(slug)
    prize = prize_of(campaign, prize_id)
    values = {"campaign": campaign, "prize": prize, "stock": prizes.stock_of(db.session(), prize.id)}
    found = batches.listing(db.session(), prize.id)
    answer = make_response(render_template("admin/codes/_progress.html", batches=found, **values))
    answer.headers["Cache-Control"] = "no-store"
    return answer


@blueprint.post("/upload")
@requires(Role.EDITOR)
@step_up(StepUp.LIVE)
def upload(slug: str, prize_id: UUID) -> Response:
    """Report what a file holds and, when `step` is "import" and no line is wrong, take all of it in."""
    campaign = campaign_of(slug)
    prize = prize_of(campaign, prize_id)
    form = UploadForm()
    is_import = request.form.get("step") == "import"
    read = form.submit(lambda: _read(form, campaign, prize, is_import=is_import))
    if read is None:
        return _page(campaign, prize, upload=form)
    report, is_taken_in = read
    if is_taken_in and report.ok:
        message = ngettext(
            "%(count)s code is in stock for %(prize)s.",
            "%(count)s codes are in stock for %(prize)s.",
            report.taken_in,
            count=grouped(report.taken_in),
            prize=prize.name,
        )
        return done(message, url_for("admin.codes.index", slug=slug, prize_id=prize_id))
    form.status = 200 if report.ok and not form.errors else 422
    return _page(campaign, prize, upload=form, report=report, file_name=form.file.data.filename)


@blueprint.post("/generate")
@requires(Role.EDITOR)
@step_up(StepUp.LIVE)
def generate(slug: str, prize_id: UUID) -> Response:
    """Make new codes, which nobody can guess."""
    campaign = campaign_of(slug)
    prize = prize_of(campaign, prize_id)
    form = GenerateForm()
    count = form.save(
        campaign,
        lambda: _ordered(form, prize),
        lambda: service.generate_codes(
            db.session(),
            prize_id,
            form.count.data,
            prefix=form.prefix.data or "",
            length=int(form.length.data),
            rng=tools().rng,
            **trail(),
        ),
    )
    if count is None:
        return _page(campaign, prize, generate=form)
    message = ngettext(
        "%(count)s code is made for %(prize)s.",
        "%(count)s codes are made for %(prize)s.",
        count,
        count=grouped(count),
        prize=prize.name,
    )
    return done(message, url_for("admin.codes.index", slug=slug, prize_id=prize_id))


@blueprint.get("/plan")
@requires(Role.EDITOR)
def plan(slug: str, prize_id: UUID) -> Response:
    """What codes made like this would be, while the form is filled in; nothing is made."""
    campaign = campaign_of(slug)
    prize = prize_of(campaign, prize_id)
    form = GenerateForm(request.args, meta={"csrf": False})
    values = {"campaign": campaign, "prize": prize, "plan": _planned(form)}
    return make_response(render_template("admin/codes/_plan_alone.html", **values))


@blueprint.post("/export")
@requires(Role.EDITOR)
@step_up()
def export(slug: str, prize_id: UUID) -> Response:
    """The free codes as CSV, streamed; the export is in the audit list before the first code is out."""
    campaign = campaign_of(slug)
    prize = prize_of(campaign, prize_id)
    free = service.export_free(db.session(), prize.id, actor=current_actor(), now=tools().now())
    return as_download(write_rows(("code",), ((code,) for code in free)), f"{campaign.slug}-codes.csv")


@blueprint.route("/batches/<int:batch_id>/withdraw", methods=["GET", "POST"])
@requires(Role.EDITOR)
@step_up(StepUp.LIVE)
def withdraw(slug: str, prize_id: UUID, batch_id: int) -> Response:
    """Ask, with numbers; then withdraw what is free of one batch."""
    campaign = campaign_of(slug)
    prize = prize_of(campaign, prize_id)
    found = batches.get(db.session(), prize.id, batch_id)
    change = Restocking(prize.tier_id, -found.free, f"codes.withdraw {batch_id}")
    if request.method == "GET":
        return asked(asking(campaign, change, _question(slug, found)))
    if (question := asked_first(campaign, change, _question(slug, found))) is not None:
        return question
    count = batches.withdraw(db.session(), prize_id, batch_id, **trail())
    message = ngettext(
        "%(count)s code of %(prize)s is withdrawn.",
        "%(count)s codes of %(prize)s are withdrawn.",
        count,
        count=grouped(count),
        prize=prize.name,
    )
    return done(message, url_for("admin.codes.index", slug=slug, prize_id=prize_id))


@blueprint.post("/batches/<int:batch_id>/settle")
@requires(Role.EDITOR)
@step_up(StepUp.LIVE)
def settle(slug: str, prize_id: UUID, batch_id: int) -> Response:
    """End what was left half-way: a decided batch comes in, any other is stopped."""
    campaign = campaign_of(slug)
    prize = prize_of(campaign, prize_id)
    found = batches.get(db.session(), prize.id, batch_id)
    if found.batch.state is BatchState.OFFERING:
        batches.finish(db.session(), batch_id, now=tools().now())
        message = _("The codes are on offer.")
    else:
        batches.stop(db.session(), batch_id)
        message = _("Stopped. Nothing of it came in.")
    return done(message, url_for("admin.codes.index", slug=slug, prize_id=prize_id))


def _question(slug: str, found: BatchFigures) -> Ask:
    prize_id = found.batch.prize_id
    return Ask(
        _("Withdraw this batch?"),
        (withdrawal(found.free), staying(found.won)),
        url_for("admin.codes.withdraw", slug=slug, prize_id=prize_id, batch_id=found.batch.id),
        _("Withdraw the codes"),
        url_for("admin.codes.index", slug=slug, prize_id=prize_id),
    )


def _read(
    form: UploadForm, campaign: Campaign, prize: Prize, *, is_import: bool
) -> tuple[ImportReport, bool]:
    """What the file holds, and whether that was to be taken in."""
    file: FileStorage | None = form.file.data
    if file is None or not file.filename:
        raise InvalidInput("file", "Choose a file.")
    listed = _listed(file)
    count = len(listed.codes)
    change = Restocking(prize.tier_id, count, f"codes.import {prize.id} {count}")
    if is_import and form.agreed(campaign, change):
        report = service.import_codes(
            db.session(), prize.id, listed, file_name=file.filename, rng=tools().rng, **trail()
        )
        return report, True
    report = service.check_import(db.session(), prize.id, listed)
    if report.ok:
        form.shown_before(campaign, change)
    return report, False


def _ordered(form: GenerateForm, prize: Prize) -> Restocking:
    """What the form does to the stock. Raises InvalidInput and Conflict."""
    count, length = form.count.data, int(form.length.data)
    prefix = service.check_order(db.session(), prize.id, count, form.prefix.data or "", length)
    return Restocking(prize.tier_id, count, f"codes.generate {prize.id} {count} {length} {prefix}")


def _listed(file: FileStorage) -> CodeList:
    try:
        listed = read_code_list(decode_code_file(cast(BinaryIO, file.stream)))
    except (NotText, TooManyCodes) as error:
        raise InvalidInput.of("file", error) from error
    if not (listed.codes or listed.malformed):
        raise InvalidInput("file", "There is no code in this file.")
    return listed


def _page(
    campaign: Campaign,
    prize: Prize,
    *,
    upload: UploadForm | None = None,
    generate: GenerateForm | None = None,
    report: ImportReport | None = None,
    file_name: str = "",
) -> Response:
    sent = upload or generate
    making = generate or GenerateForm(formdata=None, data={"prefix": request.args.get("prefix", "")[:20]})
    return show(
        "admin/codes/index.html",
        "admin/codes/_codes.html",
        sent.status if sent else 200,
        campaign=campaign,
        prize=prize,
        takes_codes=prize.kind is PrizeKind.CODES,
        stock=prizes.stock_of(db.session(), prize.id),
        batches=batches.listing(db.session(), prize.id) if prize.kind is PrizeKind.CODES else [],
        upload=upload or UploadForm(formdata=None),
        generate=making,
        plan=_planned(making),
        suggestions=_suggestions(campaign, prize),
        report=report,
        file_name=file_name,
        lines_named=LINES_NAMED,
        faults=fault_texts(),
        owners=_owners(report),
    )


def _owners(report: ImportReport | None) -> dict[UUID, str]:
    """The titles of the campaigns that have codes of the file, of those that one may see."""
    if report is None or not report.elsewhere:
        return {}
    return {found.id: found.title for found in visible(campaigns.listing(db.session()))}


@dataclass(frozen=True, slots=True)
class PlanShown:
    """A CodePlan in words and as a bar of 0 to 100."""

    risk: str
    limit: str
    tries: int
    level: int
    is_refused: bool
    samples: tuple[str, ...]


def _planned(form: GenerateForm) -> PlanShown:
    """What the form as it stands would make; fields that will not do yet count as usual ones."""
    length = int(form.length.data) if form.length.data in dict.fromkeys(map(str, LENGTHS)) else SYMBOLS
    count = form.count.data if isinstance(form.count.data, int) else 1000
    made = service.preview(db.session(), count, prefix=form.prefix.data or "", length=length, rng=tools().rng)
    return PlanShown(
        power_of_ten(made.risk),
        power_of_ten(GUESS_RISK_LIMIT),
        stock_service.GUESSES_PER_HOUR,
        risk_level(made.risk),
        made.is_refused,
        made.samples,
    )


def risk_level(risk: Fraction) -> int:
    """A risk as a bar of 0 to 100: each ten times more is as long, and the bar is full from the limit on."""
    return max(2, min(100, 100 + round(6 * math.log10(risk / GUESS_RISK_LIMIT)))) if risk else 2


def power_of_ten(number: Fraction) -> str:
    """A small number as "3·10⁻⁸"; one from a hundredth on in digits."""
    if number == 0 or number >= Fraction(1, 100):
        return format_decimal(float(round(number, 2)), locale=locale())
    exponent = math.floor(math.log10(number))
    digits = round(number / Fraction(10) ** exponent)
    if digits == 10:
        digits, exponent = 1, exponent + 1
    return f"{digits}·10{str(exponent).translate(_RAISED)}"


_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def _suggestions(campaign: Campaign, prize: Prize) -> tuple[str, ...]:
    at = (campaign.opens_at or tools().now()).astimezone(ZoneInfo(campaign.timezone))
    seasons = {
        "spring": _("Spring"),
        "summer": _("Summer"),
        "autumn": _("Autumn"),
        "winter": _("Winter"),
    }
    tier = tiers.get(db.session(), prize.tier_id).name
    return suggested_prefixes(campaign.title, tier, seasons[season_of(at.date())], at.date())


def fault_texts() -> dict[str, str]:
    """What is wrong with a line, in words; the keys are app.domain.code_list's."""
    return {
        "too_short": _("shorter than 4 characters"),
        "too_long": _("longer than 64 characters"),
        "unprintable": _("holds invisible characters"),
        "line_break": _("holds a line break"),
        "formula": _("would run as a formula in a spreadsheet"),
        "quotes": _("quotes are out of place"),
        "columns": _("more columns than the heading names"),
        "missing": _("the code is missing"),
        "heading": _("the heading has to hold exactly one column called “code”"),
    }
