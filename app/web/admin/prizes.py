"""Prizes: the prize manager page, and adding, changing and removing a prize in place."""

from typing import Any, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import Blueprint, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from app.domain.errors import StaleEdit
from app.domain.roles import Role
from app.extensions import db, tools
from app.models import Campaign, Prize, PrizeKind
from app.services import prizes as service
from app.services.preview import Restocking
from app.services.prizes import PrizePlan, Stock
from app.web.access import StepUp, may, requires, step_up
from app.web.admin.answers import Ask, asked, trail
from app.web.admin.frame import campaign_of, prize_of, tier_of
from app.web.admin.live import asked_first, asking
from app.web.admin.manager import Editing, changed, show_manager
from app.web.admin.prize_forms import (
    NewPrizeForm,
    PrizeForm,
    edit_form,
    prize_values,
)
from app.web.admin.wording import staying, withdrawal
from app.web.filters import grouped

Form = TypeVar("Form", bound=PrizeForm)

blueprint = Blueprint("prizes", __name__, url_prefix="/campaigns/<slug>")

MAX_BODY_BYTES = 12 * 1024 * 1024  # a picture that is a little too large still gets an answer in its place
READ_AT_ONCE_BYTES = 1024 * 1024  # of a file, too: the parser's buffer counts as form memory
WITH_PICTURE = {"admin.prizes.add", "admin.prizes.edit"}


@blueprint.url_value_preprocessor
def _admit_picture(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Let editors send a picture along with these forms: before anything reads the body."""
    if endpoint in WITH_PICTURE and may(Role.EDITOR):
        request.max_content_length = MAX_BODY_BYTES
        request.max_form_memory_size = READ_AT_ONCE_BYTES


@blueprint.get("/prizes")
@requires(Role.VIEWER)
def index(slug: str) -> Response:
    """The prize manager: tiers in draw order with live odds, their prizes and stock."""
    return show_manager(campaign_of(slug))


@blueprint.route("/tiers/<id:tier_id>/prizes/new", methods=["GET", "POST"])
@requires(Role.EDITOR)
@step_up(StepUp.LIVE)
def add(slug: str, tier_id: UUID) -> Response:
    """A new prize in a tier."""
    campaign = campaign_of(slug)
    tier_of(campaign, tier_id)
    form = _ready(NewPrizeForm(), campaign)
    prize = form.save(
        campaign,
        lambda: _added(campaign, tier_id, form),
        lambda: service.add(
            db.session(), tier_id, form.plan(), quantity=form.units, rng=tools().rng, **trail()
        ),
    )
    if prize is None:
        return show_manager(campaign, Editing("new-prize", form, tier_id))
    if prize.kind is PrizeKind.CODES:
        message = _("%(prize)s is in. Give it codes next.", prize=prize.name)
    else:
        message = _("%(prize)s is in.", prize=prize.name)
    return changed(campaign, message, place_of(prize))


@blueprint.route("/prizes/<id:prize_id>/edit", methods=["GET", "POST"])
@requires(Role.EDITOR)
@step_up(StepUp.LIVE)
def edit(slug: str, prize_id: UUID) -> Response:
    """Change a prize in place."""
    campaign = campaign_of(slug)
    prize = prize_of(campaign, prize_id)
    units = service.stock_of(db.session(), prize_id)
    form = _ready(edit_form(prize, units.total), campaign)
    saved = form.save(
        campaign,
        lambda: _edited(campaign, prize, form, units),
        lambda: service.edit(
            db.session(),
            prize_id,
            form.plan(),
            quantity=form.units,
            expected_version=form["version"].data,
            rng=tools().rng,
            **trail(),
        ),
        lambda: (prize_values(prize, service.stock_of(db.session(), prize_id).total), prize.version),
    )
    if saved is None:
        return show_manager(campaign, Editing("prize", form, prize_id))
    return changed(campaign, _("%(prize)s is saved.", prize=saved.name), place_of(saved))


@blueprint.route("/prizes/<id:prize_id>/remove", methods=["GET", "POST"])
@requires(Role.EDITOR)
@step_up(StepUp.LIVE)
def remove(slug: str, prize_id: UUID) -> Response:
    """Ask, with numbers; then take the prize out and withdraw its free codes."""
    campaign = campaign_of(slug)
    prize = prize_of(campaign, prize_id)
    stock = service.stock_of(db.session(), prize_id)
    change = Restocking(prize.tier_id, -stock.free, f"prize.remove {prize_id}")
    if request.method == "GET":
        return asked(asking(campaign, change, _question(slug, prize, stock)))
    if (question := asked_first(campaign, change, _question(slug, prize, stock))) is not None:
        return question
    name, tier_id = prize.name, prize.tier_id
    count = service.remove(db.session(), prize_id, **trail())
    message = ngettext(
        "%(prize)s is removed and %(count)s free code withdrawn.",
        "%(prize)s is removed and %(count)s free codes withdrawn.",
        count,
        count=grouped(count),
        prize=name,
    )
    return changed(campaign, message, f"tier-{tier_id.hex}")


def place_of(prize: Prize) -> str:
    """The prize's id in the page."""
    return f"prize-{prize.id.hex}"


def _added(campaign: Campaign, tier_id: UUID, form: NewPrizeForm) -> Restocking:
    """What the form adds. Raises InvalidInput and Conflict."""
    units = form.units
    kind = PrizeKind.CODES if units is None else PrizeKind.QUANTITY
    plan = service.checked(db.session(), campaign.id, form.plan(), kind, None)
    return Restocking(tier_id, units or 0, f"prize.add {tier_id} {units} {plan}")


def _edited(campaign: Campaign, prize: Prize, form: PrizeForm, offered: Stock) -> Restocking:
    """What the form changes. Raises StaleEdit, InvalidInput and Conflict."""
    if form["version"].data != prize.version:
        raise StaleEdit
    plan, units = service.checked(db.session(), campaign.id, form.plan(), prize.kind, prize), form.units
    more = 0
    if units is not None:
        service.check_offered(units, offered)
        more = units - offered.total
    is_changed = more or plan != PrizePlan.of(prize)
    return Restocking(
        prize.tier_id, more, f"prize.edit {prize.id} {prize.version} {units} {plan}" if is_changed else ""
    )


def _ready(form: Form, campaign: Campaign) -> Form:
    """The form with what it has to know, and the picture that came with it."""
    form.today = tools().now().astimezone(ZoneInfo(campaign.timezone)).date()
    form.take_picture(tools().pictures)
    return form


def _question(slug: str, prize: Prize, stock: Stock) -> Ask:
    return Ask(
        _("Remove %(prize)s?", prize=prize.name),
        (withdrawal(stock.free), staying(stock.won)),
        url_for("admin.prizes.remove", slug=slug, prize_id=prize.id),
        _("Remove the prize"),
        url_for("admin.prizes.index", slug=slug),
        swaps="#manager",
    )
