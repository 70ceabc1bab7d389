"""The forms about a win: status and notes, void, replacement; and what its status is called."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from wtforms import SelectField

from app.models import Award, AwardStatus
from app.services.handling import NOTES, OPEN_STATUSES, Handling, Issue, Offer
from app.web.filters import grouped
from app.web.staff_forms import AtMost, Line, Paragraphs, Present, StaffForm, Version, choice

STATUS_NAMES = {
    AwardStatus.NEW: _l("New"),
    AwardStatus.CONTACTED: _l("Contacted"),
    AwardStatus.CLAIMED: _l("Claimed"),
    AwardStatus.SENT: _l("Sent"),
    AwardStatus.VOID: _l("Void"),
}


class HandlingForm(StaffForm):
    """How far a win has come, and what staff note about it."""

    stage = SelectField(_l("Status"))
    notes = Paragraphs(
        _l("Notes"), [AtMost(NOTES)], description=_l("For your team; the winner never sees them.")
    )
    version = Version()

    def offer(self, status: AwardStatus) -> None:
        """Fill the choices: a void win stays void, any other does not become so here."""
        offered = (status,) if status is AwardStatus.VOID else OPEN_STATUSES
        self.stage.choices = [choice(each.value, STATUS_NAMES[each]) for each in offered]

    def plan(self) -> Handling:
        """What the form asks for."""
        return Handling(AwardStatus(str(self.stage.data)), self.notes.data or "")


class VoidForm(StaffForm):
    """Why a win is void."""

    reason = Line(
        _l("Why"),
        [Present(), AtMost(200)],
        description=_l("Kept with the win and in the audit list."),
        id="void-reason",
    )
    version = Version()


class ReplaceForm(StaffForm):
    """What the winner gets in place of what is void."""

    prize = SelectField(_l("Prize"), [Present()])
    reason = Line(_l("Reason"), [AtMost(200)], id="replace-reason")
    version = Version()

    def offer(self, offers: Iterable[Offer], prize_id: UUID) -> None:
        """Fill the choices with what is in stock; the same prize is chosen where it is there."""
        self.prize.choices = [choice(each.prize.id.hex, _offer_text(each)) for each in offers]
        if self.prize.data is None:
            self.prize.data = prize_id.hex


def _offer_text(offer: Offer) -> str:
    left = ngettext("%(count)s free", "%(count)s free", offer.free, count=grouped(offer.free))
    return str(_("%(prize)s · %(tier)s · %(left)s", prize=offer.prize.name, tier=offer.tier_name, left=left))


def handling_form(award: Award, last: Issue) -> HandlingForm:
    """The form about a win as it stands."""
    form = HandlingForm(data=handling_values(award, last) | {"version": award.version})
    form.offer(last.status)
    return form


def handling_values(award: Award, last: Issue) -> dict[str, Any]:
    """The values of a win as the form's fields hold them."""
    return {"stage": last.status.value, "notes": award.notes}
