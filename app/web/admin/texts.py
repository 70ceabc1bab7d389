"""Texts: the languages a campaign speaks, and its words in each, one language at a time."""

from typing import Any

from babel import Locale
from flask import Blueprint, make_response, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response
from wtforms import RadioField, SelectMultipleField
from wtforms.widgets import CheckboxInput, ListWidget

from app.domain.campaign_texts import LONGEST, LONGEST_LINE, WITHOUT_A_ROW
from app.domain.languages import ENTRANTS, direction
from app.domain.roles import Role
from app.extensions import db, tools
from app.models import Campaign
from app.services import campaign_texts as service
from app.services import campaigns
from app.services.campaign_texts import Slot
from app.web.access import requires
from app.web.admin.answers import done, trail
from app.web.admin.frame import campaign_of
from app.web.filters import locale
from app.web.staff_forms import AtMost, Line, Paragraphs, StaffForm, Version, choice

blueprint = Blueprint("texts", __name__)


class LanguagesForm(StaffForm):
    """Which languages a campaign speaks."""

    own = RadioField(
        _l("Title, prizes and rules are written in"),
        choices=[],
    )
    others = SelectMultipleField(
        _l("It also speaks"),
        choices=[],
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
        validate_choice=False,
    )
    reason = Line(
        _l("Reason"), [AtMost(200)], id="reason-of-languages", description=_l("Kept in the audit list.")
    )  # another form on the page asks for a reason, too
    version = Version()


@blueprint.route("/campaigns/<slug>/texts", methods=["GET", "POST"])
@requires(Role.EDITOR)
def index(slug: str) -> Response:
    """The words of one language, beside those of the campaign's own."""
    campaign = campaign_of(slug)
    language = _chosen(campaign)
    listed = _asked_for(service.slots(db.session(), campaign), campaign, language)
    form = _form_of(listed)(data=_stored(campaign, listed, language) | {"version": campaign.version})
    saved = form.submit(
        lambda: _save(campaign, language, listed, form),
        lambda: (_stored(campaign, listed, language), campaign.version),
    )
    if saved is not None:
        return done(_("Saved."), _here(saved, language))
    return _page(campaign, language, listed, form, _languages_form(campaign), form.status)


@blueprint.post("/campaigns/<slug>/texts/languages")
@requires(Role.EDITOR)
def speak(slug: str) -> Response:
    """Choose the languages."""
    campaign = campaign_of(slug)
    form = _languages_form(campaign)
    saved = form.submit(
        lambda: _speak(campaign, form),
        lambda: ({"own": campaign.language}, campaign.version),
    )
    if saved is not None:
        return done(_("Saved."), _here(saved, service.texts_of(saved).languages[-1]))
    language = service.texts_of(campaign).languages[-1]
    listed = _asked_for(service.slots(db.session(), campaign), campaign, language)
    stored = _stored(campaign, listed, language) | {"version": campaign.version}
    return _page(campaign, language, listed, _form_of(listed)(formdata=None, data=stored), form, form.status)


def _page(
    campaign: Campaign,
    language: str,
    listed: list[Slot],
    form: StaffForm,
    languages_form: LanguagesForm,
    status: int,
) -> Response:
    everything = service.slots(db.session(), campaign)
    spoken = service.texts_of(campaign).languages
    page = render_template(
        "admin/texts/index.html",
        campaign=campaign,
        language=language,
        language_name=language_name(language),
        own_name=language_name(campaign.language),
        way=direction,
        slots=listed,
        form=form,
        languages_form=languages_form,
        chips=[
            (one, language_name(one), service.missing(everything, campaign, one), _here(campaign, one))
            for one in spoken
        ],
        is_live=campaigns.is_live(campaign, tools().now()),
        here=_here(campaign, language),
    )
    return make_response(page, status)


def _save(campaign: Campaign, language: str, listed: list[Slot], form: Any) -> Campaign:
    campaigns.require_reason(campaign, tools().now(), trail()["reason"])
    said = {slot.key: form[slot.key].data or "" for slot in listed}
    return service.edit(
        db.session(), campaign.id, language, said, expected_version=form["version"].data, **trail()
    )


def _speak(campaign: Campaign, form: LanguagesForm) -> Campaign:
    campaigns.require_reason(campaign, tools().now(), trail()["reason"])
    return service.speak(
        db.session(),
        campaign.id,
        str(form.own.data),
        form.others.data or [],
        expected_version=form.version.data,
        **trail(),
    )


def _chosen(campaign: Campaign) -> str:
    """The language asked for, if the campaign speaks it; else the first it is translated into."""
    spoken = service.texts_of(campaign).languages
    asked = request.args.get("language", "")
    return asked if asked in spoken else (*spoken, *spoken)[1]


def _asked_for(listed: list[Slot], campaign: Campaign, language: str) -> list[Slot]:
    """What is typed in here: of the own language only what has no place of its own elsewhere."""
    return [slot for slot in listed if slot.key in WITHOUT_A_ROW or language != campaign.language]


def _stored(campaign: Campaign, listed: list[Slot], language: str) -> dict[str, Any]:
    said = campaign.texts.get(language, {})
    return {slot.key: said.get(slot.key, "") for slot in listed}


def _form_of(listed: list[Slot]) -> Any:
    """A form with a field for each text, called by the text's key."""
    names = _part_names()
    fields: dict[str, Any] = {
        slot.key: Line(names[_named(slot)], [AtMost(LONGEST_LINE)])
        if slot.is_line
        else Paragraphs(names[_named(slot)], [AtMost(LONGEST)])
        for slot in listed
    }
    fields["reason"] = Line(_l("Reason"), [AtMost(200)], description=_l("Kept in the audit list."))
    fields["version"] = Version()
    return type("TextsForm", (StaffForm,), fields)


def _named(slot: Slot) -> str:
    return "consent" if slot.key.startswith("form.") and slot.part == "text" else slot.part


def _languages_form(campaign: Campaign) -> LanguagesForm:
    spoken = service.texts_of(campaign).languages
    form = LanguagesForm(
        data={"own": campaign.language, "others": list(spoken[1:]), "version": campaign.version}
    )
    offered = [choice(one, language_name(one)) for one in ENTRANTS]
    form.own.choices, form.others.choices = offered, offered
    return form


def _here(campaign: Campaign, language: str) -> str:
    return url_for("admin.texts.index", slug=campaign.slug, language=language)


def language_name(language: str) -> str:
    """A language's name in the language of the console."""
    name = Locale.parse(language).get_display_name(locale()) or language
    return name[:1].upper() + name[1:]


def _part_names() -> dict[str, Any]:
    return {
        "title": _l("Title"),
        "intro": _l("One sentence for visitors"),
        "name": _l("Name"),
        "text": _l("Words for visitors"),
        "instructions": _l("How the winner gets it"),
        "greeting": _l("Greeting on the landing page"),
        "label": _l("Name of the field"),
        "help": _l("Help under it"),
        "option": _l("Choice"),
        "consent": _l("Consent"),
        "state.not_open": _l("While it is not open yet"),
        "state.paused": _l("While it is paused"),
        "state.sold_out": _l("When nothing is left"),
        "state.ended": _l("After the end"),
        "won": _l("Beside a win"),
        "lost": _l("Instead of the words for no win"),
    }
