"""The prize manager: all tiers and prizes of a campaign with their live odds, and the form that is open."""

from collections import defaultdict
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any
from uuid import UUID

from flask import request, url_for
from werkzeug.wrappers import Response

from app.domain.errors import InvalidInput
from app.domain.preview import EffectiveOdds, Pool
from app.extensions import db, tools
from app.models import Campaign, Prize, Tier
from app.services import preview, prizes, tiers
from app.services.prizes import Stock
from app.services.tiers import TierPlan
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
class Chance:
    """How likely something is: as stated, and as it is with the stock and the limits of now.

    `wins` is how likely any tier is hit; `now` is None where it is too tangled to be worked out.
    """

    stated: Fraction
    wins: Fraction
    now: Fraction | None

    @property
    def differs(self) -> bool:
        """Whether what an entry gets now is not what is stated."""
        return self.now is not None and self.now != self.stated


@dataclass(frozen=True, slots=True)
class TierPanel:
    """A tier, its prizes, and where an entry goes that finds it empty."""

    tier: Tier
    rows: tuple[PrizeRow, ...]
    fallback: Tier | None
    chance: Chance
    can_give: bool

    @property
    def free(self) -> int:
        """Units left in the tier."""
        return sum(row.stock.free for row in self.rows)

    @property
    def gives_nothing(self) -> bool:
        """True when entries can hit the tier and it has nothing for them."""
        return self.tier.enabled and self.tier.weight > 0 and not self.can_give


@dataclass(frozen=True, slots=True)
class Manager:
    """Everything the prize manager shows."""

    campaign: Campaign
    panels: tuple[TierPanel, ...]
    no_win: Chance

    @property
    def wins_now(self) -> Fraction | None:
        """How likely an entry wins with the stock and the limits of now."""
        return None if self.no_win.now is None else 1 - self.no_win.now

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
    """Read a campaign's prize pool, six queries in all."""
    session, now = db.session(), tools().now()
    stock = prizes.stock_by_prize(session, campaign.id)
    rows: dict[UUID, list[PrizeRow]] = defaultdict(list)
    for prize in prizes.listing(session, campaign.id):
        rows[prize.tier_id].append(PrizeRow(prize, stock.get(prize.id, Stock())))
    in_order = tiers.listing(session, campaign.id)
    known = {tier.id: tier for tier in in_order}
    pool = preview.pool_of(session, campaign, now)
    effective = pool.effective(now)
    panels = tuple(
        TierPanel(
            tier,
            tuple(rows[tier.id]),
            known.get(tier.fallback_id) if tier.fallback_id else None,
            _chance(pool, effective, tier.id),
            level.can_give(now),
        )
        for tier, level in zip(in_order, pool.levels, strict=True)
    )
    return Manager(campaign, panels, _chance(pool, effective, None))


def typed_chance(
    campaign: Campaign,
    weight: int | None,
    *,
    enabled: bool = True,
    tier: Tier | None = None,
    of_no_win: bool = False,
) -> Chance | None:
    """What a weight comes to that is not saved yet: of a tier, of a new one, or of no win; None for what is
    no weight.
    """
    if weight is None:
        return None
    session, now = db.session(), tools().now()
    if of_no_win:
        change = preview.with_lose_weight(weight)
    else:
        plan = replace(TierPlan.of(tier) if tier else TierPlan("", 0), weight=weight, enabled=enabled)
        change = preview.planned(session, campaign, now, plan, tier.id if tier else None)
    try:
        pool = preview.proposed(session, campaign, now, change).after
    except InvalidInput:
        return None
    tier_id = None if of_no_win else (tier.id if tier else pool.levels[-1].odds.id)
    return _chance(pool, pool.effective(now), tier_id)


def _chance(pool: Pool, effective: EffectiveOdds | None, tier_id: UUID | None) -> Chance:
    """That of a tier, or of no win."""
    total, lose = pool.table.total, pool.lose_weight
    wins = Fraction(total - lose, total)
    if tier_id is None:
        return Chance(1 - wins, wins, effective.no_win if effective else None)
    weight = sum(line.weight for line in pool.table.tiers if line.id == tier_id)
    return Chance(Fraction(weight, total), wins, effective.of(tier_id) if effective else None)


def _typed(campaign: Campaign, editing: Editing | None) -> Chance | None:
    """The same for the form that is open."""
    if editing is None or "weight" not in editing.form:
        return None
    form: Any = editing.form
    tier = tiers.get(db.session(), editing.id) if editing.id else None
    if editing.what == "lose-weight":
        return typed_chance(campaign, form.weight.data, of_no_win=True)
    return typed_chance(campaign, form.weight.data, enabled=bool(form.enabled.data), tier=tier)


def show_manager(campaign: Campaign, editing: Editing | None = None) -> Response:
    """The prize manager as a page or, for htmx, as its part."""
    values: dict[str, Any] = {"manager": manager_of(campaign), "campaign": campaign, "editing": editing}
    status = editing.form.status if editing else 200
    values["currencies"] = CURRENCIES
    values["typed"] = _typed(campaign, editing)
    values["changed"] = request.args.get("changed", "")
    values["focus"] = "" if "stay" in request.args else values["changed"]
    return show("admin/prizes/index.html", "admin/prizes/_manager.html", status, **values)


def changed(campaign: Campaign, message: str, place: str, *, stay: bool = False) -> Response:
    """Back to the prize manager, at the row that was changed; `place` is that row's id in the page.

    The focus goes to that row, or stays on the control that was pressed.
    """
    values: dict[str, Any] = {"slug": campaign.slug, "changed": place, "stay": 1 if stay else None}
    return done(message, url_for("admin.prizes.index", _anchor=place, **values))
