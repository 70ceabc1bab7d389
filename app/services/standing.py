"""Standing: which wins count. A win that is void does not, unless a replacement stands in its place."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, literal_column, select
from sqlalchemy.orm import Session

from app.domain.timeline import quarter_of
from app.models import Award, AwardStatus, Entry, Replacement
from app.services.counts import Counted
from app.services.drawn import is_drawn

# Literals, not parameters: only so can a planner prove that the partial indexes apply.
_VOID: ColumnElement[str] = literal_column(f"'{AwardStatus.VOID}'")
_NEW: ColumnElement[str] = literal_column(f"'{AwardStatus.NEW}'")

Voided = Counter[tuple[int, int]]


def is_void() -> ColumnElement[bool]:
    """For queries over awards: whether the winner has nothing any more."""
    is_replaced = exists().where(Replacement.entry_id == Award.entry_id, Replacement.status != _VOID)
    return and_(Award.status == _VOID, Award.status != _NEW, ~is_replaced)


def voided(session: Session, campaign_id: UUID) -> Voided:
    """How many wins of the campaign do not stand, by the quarter and the odds they were drawn in."""
    query = (
        select(Entry.created_at, Entry.odds_version)
        .join(Award, Award.entry_id == Entry.id)
        .where(Award.campaign_id == campaign_id, is_void(), is_drawn())
        .execution_options(yield_per=10_000)
    )
    return Counter((quarter_of(at), version) for at, version in session.execute(query))


def without(counted: Sequence[Counted], void: Voided) -> list[Counted]:
    """The counts with only the wins that stand."""
    return [replace(row, wins=row.wins - void[row.quarter, row.odds_version]) for row in counted]
