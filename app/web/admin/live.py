"""Changes of a live campaign: what one would do is shown before it is saved, and it needs a reason."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction
from typing import Any, TypeVar

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response
from wtforms import HiddenField

from app.domain.errors import InvalidInput
from app.domain.forecast import Forecast, Lasts, RunsOut
from app.domain.preview import Pool, Preview, Row, Standing
from app.extensions import db, tools
from app.models import Campaign
from app.services import campaigns, preview
from app.services.preview import Proposal
from app.web.admin.answers import Ask, asked, trail
from app.web.filters import deadline, grouped, odds, percent
from app.web.staff_forms import AtMost, Line, StaffForm
from app.web.wording import told

T = TypeVar("T")
Change = Callable[[Pool], Pool]


@dataclass(frozen=True, slots=True)
class Told:
    """A value before and after a change, in words; a dash where there is none."""

    before: str
    after: str

    @property
    def is_changed(self) -> bool:
        """Whether the two differ."""
        return self.before != self.after


@dataclass(frozen=True, slots=True)
class ToldRow:
    """One tier in the preview: how likely an entry gets it now, what it has left, and when it is used up."""

    name: str
    chance: Told
    left: Told
    used_up: Told


@dataclass(frozen=True, slots=True)
class ToldPreview:
    """The preview as the page shows it."""

    wins: Told
    rows: tuple[ToldRow, ...]
    is_rate_known: bool
    changes_figures: bool
    changes_odds: bool


class ReasonForm(StaffForm):
    """A form whose change of a live campaign is shown before it is saved.

    `seen` says which change was shown; the page then asks for the reason, too.
    """

    reason = Line(_l("Reason"), [AtMost(200)], description=_l("Kept in the audit list."))
    seen = HiddenField()
    preview: ToldPreview | None = None

    def save(
        self,
        campaign: Campaign,
        change: Callable[[], Change],
        act: Callable[[], T],
        current: Callable[[], tuple[dict[str, Any], int]] | None = None,
    ) -> T | None:
        """As `submit`, with the step between; None also when the preview is to be shown first."""

        def step() -> T | None:
            return act() if self.agreed(campaign, change()) else None

        return self.submit(step, current)

    def agreed(self, campaign: Campaign, change: Change) -> bool:
        """Whether that change may be made: there is nothing to ask, or it was shown and has its reason."""
        if not self.shown_before(campaign, change):
            self.status = 200
            return False
        if self.preview is None:
            return True
        try:
            campaigns.require_reason(campaign, tools().now(), trail()["reason"])
        except InvalidInput as error:
            self._put(error.field, told(error))
            return False
        return True

    def shown_before(self, campaign: Campaign, change: Change) -> bool:
        """Show what the change would do, if that is to be asked about; True when it is not, or not anew."""
        proposal = _held_back(campaign, change)
        if proposal is None:
            return True
        is_seen = bool(self.seen.data == proposal.key)
        self.seen.data, self.preview = proposal.key, _shown(campaign, proposal)
        return is_seen


def asked_first(campaign: Campaign, change: Change, ask: Ask) -> Response | None:
    """The question to answer before that change; None when it is answered, or there is none to ask."""
    proposal = _held_back(campaign, change)
    if proposal is None:
        return None
    asking = with_preview(campaign, proposal, ask)
    if request.form.get("seen") != proposal.key:
        return asked(asking)
    try:
        campaigns.require_reason(campaign, tools().now(), trail()["reason"])
    except InvalidInput as error:
        return asked(replace(asking, error=told(error)), 422)
    return None


def asking(campaign: Campaign, change: Change, ask: Ask) -> Ask:
    """The question itself, with the preview if the campaign is live."""
    proposal = _held_back(campaign, change)
    return ask if proposal is None else with_preview(campaign, proposal, ask)


def with_preview(campaign: Campaign, proposal: Proposal, ask: Ask) -> Ask:
    """The question with what the change would do."""
    return replace(
        ask,
        values=ask.values | {"seen": proposal.key},
        preview=_shown(campaign, proposal),
        needs_reason=True,
    )


def _held_back(campaign: Campaign, change: Change) -> Proposal | None:
    now = tools().now()
    if not campaigns.is_live(campaign, now):
        return None
    proposal = preview.proposed(db.session(), campaign, now, change)
    return proposal if proposal.is_asked else None


def _shown(campaign: Campaign, proposal: Proposal) -> ToldPreview:
    now = tools().now()
    shown = preview.show(db.session(), campaign, proposal, now)
    return in_words(shown, campaign.timezone, now, changes_odds=proposal.changes_odds)


def in_words(shown: Preview, zone: str, now: datetime, *, changes_odds: bool) -> ToldPreview:
    """The preview in the page's language, with times in the campaign's zone."""
    return ToldPreview(
        Told(chance_text(shown.before), chance_text(shown.after)),
        tuple(_row(row, zone, now) for row in shown.rows),
        shown.is_rate_known,
        any(row.is_changed for row in shown.rows),
        changes_odds,
    )


def chance_text(chance: Fraction | None) -> str:
    """A chance as "1 in 250 (0.4%)"."""
    if chance is None:
        return str(_("too tangled to tell"))
    words = odds(chance.numerator, chance.denominator)
    return f"{words} ({percent(chance.numerator, chance.denominator)})" if chance else words


def _row(row: Row, zone: str, now: datetime) -> ToldRow:
    def both(tell: Callable[[Standing], str]) -> Told:
        return Told(*(tell(standing) if standing else "–" for standing in (row.before, row.after)))

    return ToldRow(
        row.name,
        both(lambda standing: chance_text(standing.now)),
        both(lambda standing: grouped(standing.left)),
        both(lambda standing: _used_up(standing.runs_out, zone, now)),
    )


def _used_up(runs_out: Forecast | None, zone: str, now: datetime) -> str:
    match runs_out:
        case None:
            return "–"
        case RunsOut(at) if at <= now:
            return str(_("nothing left"))
        case RunsOut(at):
            return deadline(at, zone, now)
        case Lasts():
            return str(_("lasts"))
        case _:
            return str(_("not known yet"))
