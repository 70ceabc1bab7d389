"""Costs of a campaign: what is entered is kept, and what cannot be a cost is refused."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy.orm import Session

from app.domain.errors import InvalidInput
from app.domain.figures import Costs
from app.domain.redemption import MAX_ORDER_VALUE
from app.services import costs
from app.services.audit import COMMAND_LINE
from tests.support.factories import make_campaign
from tests.support.fakes import NOON

PLAN = Costs("EUR", media=60_000, prizes=MAX_ORDER_VALUE, other=0, discount=500)


def test_what_is_entered_is_kept(session: Session) -> None:
    campaign = make_campaign(session)
    assert costs.of_campaign(session, campaign.id) == (Costs(), 0)
    session.rollback()
    costs.edit(session, campaign.id, PLAN, actor=COMMAND_LINE, now=NOON)
    assert costs.of_campaign(session, campaign.id) == (PLAN, 1)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("currency", ""),
        ("currency", "EURO"),
        ("currency", "eur"),
        ("currency", "E1R"),
        ("currency", "ÄÖÜ"),
        *((name, wrong) for name in costs.AMOUNTS for wrong in (-1, MAX_ORDER_VALUE + 1)),
    ],
)
def test_what_cannot_be_a_cost_is_refused(session: Session, field: str, value: Any) -> None:
    campaign = make_campaign(session)
    with pytest.raises(InvalidInput) as refused:
        costs.edit(session, campaign.id, replace(PLAN, **{field: value}), actor=COMMAND_LINE, now=NOON)
    assert refused.value.field == field
    assert costs.of_campaign(session, campaign.id) == (Costs(), 0)
