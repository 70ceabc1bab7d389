"""While staff work on a campaign, people keep entering: on PostgreSQL a long change holds nobody up."""

import threading

import pytest
from sqlalchemy.orm import Session

from app.domain.outcomes import Outcome, Won
from app.services import campaigns
from tests.race.crowd import engine_for, enter
from tests.support.factories import make_campaign, submission

pytestmark = pytest.mark.race
# SQLite has one writer at a time.
only_postgres = pytest.param("postgres", marks=pytest.mark.postgres)


@pytest.mark.parametrize("databases", [only_postgres], indirect=True)
def test_an_entry_does_not_wait_for_a_change_of_its_campaign(session: Session, database_url: str) -> None:
    """Such as the upload of a hundred thousand codes."""
    campaign = make_campaign(session)
    outcomes: list[Outcome] = []
    with engine_for(database_url, 1) as engine:
        entrant = threading.Thread(target=lambda: outcomes.append(enter(engine, submission())))
        campaigns.get_for_change(session, campaign.id)
        entrant.start()
        entrant.join(5)
        was_held_up = entrant.is_alive()
        session.rollback()
        entrant.join(5)
    assert isinstance(outcomes[0], Won)
    assert not was_held_up
