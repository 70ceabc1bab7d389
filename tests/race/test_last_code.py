"""The last code in other hands: "nothing left" is only said when that is so."""

import threading

import pytest
from sqlalchemy.orm import Session

from app.adapters.chance import SystemRng
from app.adapters.database import WRITE, Isolation, Limits
from app.adapters.direct import DirectConnection
from app.domain.errors import Busy
from app.domain.outcomes import Lost, Outcome, Won
from app.services import allocation, uow
from app.services.allocation import claim
from app.services.tiers import listing
from tests.race.crowd import engine_for, enter
from tests.support.factories import TierSpec, make_campaign, submission

only_postgres = pytest.param("postgres", marks=pytest.mark.postgres)  # SQLite has one writer at a time
pytestmark = [
    pytest.mark.race,
    pytest.mark.parametrize("databases", [only_postgres], indirect=True),
    pytest.mark.parametrize("isolation", Isolation),
]


def enter_while_the_last_code_is_held(
    session: Session, url: str, isolation: Isolation, *, keep: bool
) -> Outcome:
    """Somebody holds the only code in a transaction of their own, then commits it or gives it back."""
    campaign = make_campaign(session, [TierSpec("Gold", codes=1)])
    tier = listing(session, campaign.id)[0]
    outcomes: list[Outcome] = []
    with engine_for(url, 2, limits=Limits(isolation)) as engine:
        with engine.connect() as other:
            other.execution_options(**{WRITE: True}).begin()
            assert claim(DirectConnection(other), tier.id, SystemRng()) is not None
            entrant = threading.Thread(target=lambda: outcomes.append(enter(engine, submission())))
            entrant.start()
            entrant.join(0.5)
            assert entrant.is_alive(), "it waits for what becomes of the last code"
            if keep:
                other.commit()
        entrant.join(10)
    return outcomes[0]


def test_a_code_that_is_given_back_is_won(session: Session, database_url: str, isolation: Isolation) -> None:
    assert isinstance(enter_while_the_last_code_is_held(session, database_url, isolation, keep=False), Won)


def test_a_code_that_is_gone_is_gone(session: Session, database_url: str, isolation: Isolation) -> None:
    assert isinstance(enter_while_the_last_code_is_held(session, database_url, isolation, keep=True), Lost)


def test_patience_ends_in_busy_not_in_a_false_loss(
    session: Session, database_url: str, isolation: Isolation, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_campaign(session)
    monkeypatch.setattr(allocation, "_PATIENCE", 0)
    monkeypatch.setattr(uow, "MAX_ATTEMPTS", 2)
    with engine_for(database_url, 1, limits=Limits(isolation)) as engine, pytest.raises(Busy):
        enter(engine, submission())
