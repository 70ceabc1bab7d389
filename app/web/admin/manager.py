"""The prize manager: all tiers and prizes of a campaign with their live odds, and the form that is open."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import request, url_for
from werkzeug.wrappers import Response

from app.extensions import db
from app.models import Campaign, Prize, Tier
from app.services import prizes, tiers
from app.services.prizes import Stock
from app.web.admin.answers import done, show
from app.web.admin.prize_forms import CURRENCIES
from app.web.staff_forms import StaffForm


@dataclass(frozen=True, slots=True)
class Editing:
    """The form that is open: `what` is tier, prize, new-tier, new-prize or lose-weight; `id` whose it is."""

    what: str
    form: StaffForm
    id: UUID | None = None

    def at(self, what: str, row_id: UUID | None = None) -> bool:
        """True when this is the form of that row."""
        return self.what == what and self.id == row_id


@dataclass(frozen=True, slots=True)
class PrizeRow:
    """A prize and its units."""

    prize: Prize
    stock: Stock


@dataclass(frozen=True, slots=True)
class TierPanel:
    """A tier, its prizes, and where an entry goes that finds it empty."""

    tier: Tier
    rows: tuple[PrizeRow, ...]
    fallback: Tier | None

    @property
    def free(self) -> int:
        """Units left in the tier."""
        return sum(row.stock.free for row in self.rows)

    @property
    def gives_nothing(self) -> bool:
        """True when entries can hit the tier and it has nothing for them."""
        return self.tier.enabled and self.tier.weight > 0 and self.free == 0


@dataclass(frozen=True, slots=True)
class Manager:
    """Everything the prize manager shows."""

    campaign: Campaign
    panels: tuple[TierPanel, ...]

    @property
    def win_weight(self) -> int:
        """The weights of the tiers in the draw."""
        return sum(panel.tier.weight for panel in self.panels if panel.tier.enabled)

    @property
    def total_weight(self) -> int:
        """All weights in the draw, with the one for no win."""
        return self.win_weight + self.campaign.lose_weight

    @property
    def free(self) -> int:
        """Units left in tiers that are in the draw."""
        return sum(panel.free for panel in self.panels if panel.tier.enabled)


def manager_of(campaign: Campaign) -> Manager:
    """Read a campaign's prize pool, three queries in all."""
    session = db.session()
    stock = prizes.stock_by_prize(session, campaign.id)
    rows: dict[UUID, list[PrizeRow]] = defaultdict(list)
    for prize in prizes.listing(session, campaign.id):
        rows[prize.tier_id].append(PrizeRow(prize, stock.get(prize.id, Stock())))
    in_order = tiers.listing(session, campaign.id)
    known = {tier.id: tier for tier in in_order}
    panels = tuple(
        TierPanel(tier, tuple(rows[tier.id]), known.get(tier.fallback_id) if tier.fallback_id else None)
        for tier in in_order
    )
    return Manager(campaign, panels)


def show_manager(campaign: Campaign, editing: Editing | None = None) -> Response:
    """The prize manager as a page or, for htmx, as its part."""
    values: dict[str, Any] = {"manager": manager_of(campaign), "campaign": campaign, "editing": editing}
    status = editing.form.status if editing else 200
    values["currencies"] = CURRENCIES
    values["changed"] = request.args.get("changed", "")
    values["focus"] = "" if "stay" in request.args else values["changed"]
    return show("admin/prizes/index.html", "admin/prizes/_manager.html", status, **values)


def changed(campaign: Campaign, message: str, place: str, *, stay: bool = False) -> Response:
    """Back to the prize manager, at the row that was changed; `place` is that row's id in the page.

    The focus goes to that row, or stays on the control that was pressed.
    """
    values: dict[str, Any] = {"slug": campaign.slug, "changed": place, "stay": 1 if stay else None}
    return done(message, url_for("admin.prizes.index", _anchor=place, **values))
